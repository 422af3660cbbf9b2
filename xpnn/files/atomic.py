"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["atomic_write", "check_writable", "named"]


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : str or path
        The file to write.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If its folder doesn't exist, or the path is that of a folder.
    ValueError
        If the path is that of a pipe or a device.
    OSError
        If it can't be written, as on a full disk; it names the file.

    Yields
    ------
    pathlib.Path
        A file beside it to write to, which takes its name when the block ends well, and
        is removed when it doesn't.
    """
    with named(path):
        target, temporary = _begin(path)
        try:
            # the rights that a new file gets here, or those of the old one, whoever writes it
            mode = (target if target.exists() else temporary).stat().st_mode & 0o7777
            yield temporary
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(target)
            _sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check that a file can be written, before the work that it will hold.

    Parameters
    ----------
    path : str or path
        The file, for `atomic_write`, which tells what is raised.  It is not touched.
    """
    with named(path):
        _begin(path)[1].unlink(missing_ok=True)


def _begin(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return what is to be written, past links, and a new file beside it."""
    import secrets

    target = Path(os.path.realpath(path))  # a link stays one, and what it leads to is replaced
    if not os.path.isdir(target.parent):
        raise FileNotFoundError(f"there is no folder {target.parent} to write {path} to")
    with suppress(FileNotFoundError):
        os.lstat(target)  # asks whether there can be such a name
    if target.is_dir():
        raise IsADirectoryError(f"{path} must be a file, but is a folder")
    if target.exists() and not target.is_file():
        raise ValueError(f"{path} must be a file, but is a pipe or a device")
    # of a name that may be as long as one can be
    name = f".{target.name[:20]}.{secrets.token_hex(4)}{target.suffix[-20:]}"
    temporary = target.with_name(name)
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return target, temporary


@contextmanager
def named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let what the system says of a file name it as who asked for it knows it."""
    try:
        yield
    except OSError as error:
        name = os.fspath(path)
        if error.errno is not None:
            raise OSError(error.errno, error.strerror, name) from error
        if str(name) in str(error):
            raise
        raise OSError(f"{name}: {error}") from error


def _sync(folder: Path) -> None:
    """Wait until the disk has a folder's new entry, where a system offers that."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
