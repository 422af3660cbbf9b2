"""Compiled steps on the user's disk, so that a later process need not compile them.

What is found here runs as machine code in the user's process.  So it is trusted only where
nobody else could have put it: in a folder and a file that belong to this user and that nobody
else may write to, neither of them a symbolic link.  That is asked of what is open, not of its
path, which may lead elsewhere a moment later.  Digests find what is damaged, was written for
another step, or is of another format.  What isn't trusted is as good as not there.
"""

from __future__ import annotations

import os
import re
import stat
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import NamedTuple

__all__ = ["LIMIT", "find", "keep"]

LIMIT = 64 * 2**20
"""How many bytes are kept in all; what was used longest ago goes first."""

ABANDONED = 3600.0
"""After how many seconds an unfinished file is taken for one of a process that was killed."""

MAGIC = b"xpnn compiled step, format 1\n"
HEADER = len(MAGIC) + 2 * sha256().digest_size

NAME = re.compile(r"[0-9a-f]{64}|\.[0-9a-f]{64}\.[0-9a-f]{16}")
"""What files are called here, the unfinished ones with a dot; others are left alone."""

# neither through a link, nor waiting for the other end of a pipe; bytes as they are
FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))

POSIX = os.name == "posix"
"""Elsewhere folders can't be opened and files have no owner to compare: there the user's cache
is protected by the system, and a folder that the user names is trusted."""

_warned = False


def find(text: str) -> bytes | None:
    """Return the code that was kept for a text, or None if there is none to be trusted.

    Parameters
    ----------
    text : str
        All that determines the code, as it was given to `keep`.
    """
    key = sha256(text.encode())
    with suppress(OSError), _opened_folder() as folder:
        name = folder.named(key.hexdigest())
        with _opened(name, os.O_RDONLY, folder) as descriptor:
            status = os.fstat(descriptor)
            is_short_file = stat.S_ISREG(status.st_mode) and status.st_size <= LIMIT
            if not is_short_file or _is_exposed(status):
                return None
            with open(descriptor, "rb", closefd=False) as file:
                contents = file.read()
        code = contents[HEADER:]
        if contents == _packed(key.digest(), code):
            with suppress(OSError):  # a folder to read only tells no use
                os.utime(name, dir_fd=folder.descriptor)
            return code
    return None


def keep(text: str, code: bytes) -> None:
    """Keep code for a text, in place of what is there.

    Nothing is kept that is longer than `LIMIT`.

    Parameters
    ----------
    text : str
        All that determines the code: what it was compiled from, by which versions of packages,
        for which processor.
    code : bytes
        The code.

    Warns
    -----
    UserWarning
        If it can't be kept, once in a process.
    """
    global _warned
    key = sha256(text.encode())
    contents = _packed(key.digest(), code)
    if len(contents) > LIMIT:
        return
    try:
        with _opened_folder(make=True) as folder:
            _write(folder, key.hexdigest(), contents)
            _tidy(folder, newest=key.hexdigest())
    except OSError as error:
        # another process may have kept the same, and be reading it
        if not _warned and find(text) is None:
            _warned = True
            warnings.warn(
                f"compiled steps can't be kept in {_path()} ({error.strerror or error}), so "
                "each process compiles them anew. XPNN_CACHE_DIR may name another folder",
                UserWarning,
                stacklevel=2,
            )


def _packed(key: bytes, code: bytes) -> bytes:
    """Return what a file holds, whose text has this digest."""
    return b"".join((MAGIC, key, sha256(code).digest(), code))


# ------------------------------------------------------------------------------------- files


class _Folder(NamedTuple):
    """Where code is kept, by a descriptor where the system has one of a folder."""

    path: str
    descriptor: int | None

    def named(self, name: str) -> str:
        """Return the path of a file, for functions that are given the descriptor too."""
        return os.path.join(self.path, name) if self.descriptor is None else name


def _path() -> str:
    """Return the path of the folder."""
    cache = os.environ.get("XPNN_CACHE_DIR")
    if not cache:
        import pooch

        cache = pooch.os_cache("xpnn")
    return os.path.join(cache, "numba")


@contextmanager
def _opened_folder(*, make: bool = False) -> Iterator[_Folder]:
    """Yield the folder, which belongs to this user alone."""
    path = _path()
    if path.startswith("~"):  # of a user without a home; it would be made where we are
        raise FileNotFoundError("~ stands for no folder")
    if make:
        os.makedirs(path, 0o700, exist_ok=True)
    if not POSIX:
        yield _Folder(path, None)
        return
    with _opened(path, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        if _is_exposed(os.fstat(descriptor)):
            raise PermissionError("it must be this user's, and nobody else may write to it")
        yield _Folder(path, descriptor)


@contextmanager
def _opened(path: str, flags: int, folder: _Folder | None = None) -> Iterator[int]:
    """Yield a descriptor of a file, or of a folder, which is no symbolic link."""
    descriptor = os.open(path, flags | FLAGS, 0o600, dir_fd=folder and folder.descriptor)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_exposed(status: os.stat_result) -> bool:
    """Whether somebody else could have written what has this status."""
    others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return POSIX and bool(others or status.st_uid != os.geteuid())


def _write(folder: _Folder, name: str, contents: bytes) -> None:
    """Write a file so that it is there whole or not at all, whoever else writes it."""
    where, flags = folder.descriptor, os.O_WRONLY | os.O_CREAT | os.O_EXCL
    unfinished = folder.named(f".{name}.{os.urandom(8).hex()}")
    try:
        with (
            _opened(unfinished, flags, folder) as descriptor,
            open(descriptor, "wb", closefd=False) as file,
        ):
            file.write(contents)
        os.replace(unfinished, folder.named(name), src_dir_fd=where, dst_dir_fd=where)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished, dir_fd=where)
        raise


def _tidy(folder: _Folder, newest: str) -> None:
    """Remove what was used longest ago, down to the limit, and what killed processes left."""
    found = []
    with os.scandir(folder.path if folder.descriptor is None else folder.descriptor) as files:
        for file in files:
            with suppress(OSError):  # another process may have removed it
                if NAME.fullmatch(file.name) and file.is_file(follow_symlinks=False):
                    found.append((file.stat(follow_symlinks=False), file.name))
    total = sum(status.st_size for status, _ in found)
    abandoned = time.time() - ABANDONED
    for status, name in sorted(found, key=lambda one: one[0].st_mtime_ns):
        is_unfinished = name.startswith(".")
        if status.st_mtime < abandoned if is_unfinished else total > LIMIT and name != newest:
            total -= status.st_size
            with suppress(OSError):
                os.unlink(folder.named(name), dir_fd=folder.descriptor)
