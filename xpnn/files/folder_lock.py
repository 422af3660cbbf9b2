"""Owning a folder: one training writes there, and who comes second is told who it is."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
import warnings
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["FolderLock"]

NAME = ".owner"

WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
"""What a file system answers that has no locks."""

_held: weakref.WeakSet[FolderLock] = weakref.WeakSet()

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # who comes second must be able to read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # not lockf, whose locks a process has only once, and loses with any closed file
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """A folder that nobody else owns until it is released, or this process ends.

    A file in it is locked by the system, which unlocks it when the process ends in whichever
    way, also by SIGKILL; so no lock is left behind, only the file.  Another thread of the
    process is refused as another process is, and a forked child does not share the lock.
    Between machines it holds where the file system passes locks on, as NFS does on Linux.  On
    Windows it is `msvcrt.locking`; nobody has tested that.

    Parameters
    ----------
    folder : Path
        The folder, which exists.

    Raises
    ------
    ValueError
        If somebody has it; the message tells the host, the process, and since when.
    OSError
        If the file can't be written there.

    Warns
    -----
    UserWarning
        If the file system has no locks, so that nobody can be told.
    """

    def __init__(self, folder: Path) -> None:
        import socket
        from datetime import datetime

        self._path = folder / NAME
        descriptor = self._take(folder)
        self._descriptor: int | None = descriptor
        _held.add(self)
        record = {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "since": datetime.now().astimezone().isoformat(" ", "seconds"),
        }
        try:
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, json.dumps(record).encode())
        except BaseException:
            self.release()
            raise

    def _take(self, folder: Path) -> int:
        """Lock the file, and return its descriptor."""
        while True:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self._path, flags, 0o666)
            try:
                _lock(descriptor)
            except OSError as error:
                if error.errno in WITHOUT_LOCKS:
                    warnings.warn(
                        f"{folder} is on a file system without locks: two trainings that "
                        "write there would not notice one another",
                        UserWarning,
                        stacklevel=2,
                    )
                    return descriptor
                owner = _owner(descriptor)
                os.close(descriptor)
                raise ValueError(
                    f"{folder} belongs to a training that is running, {owner}: wait until it "
                    "has ended, or choose another directory"
                ) from error
            if self._is_there(descriptor):
                return descriptor
            os.close(descriptor)  # it was the last owner's, who has removed it

    def _is_there(self, descriptor: int) -> bool:
        """Whether the file that is locked is the one in the folder."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def release(self) -> None:
        """Let go of the folder, and remove the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        _held.discard(self)
        try:
            self._path.unlink(missing_ok=True)
        except OSError:  # as on Windows, where it is open; or the folder is one no more
            os.close(descriptor)
            with suppress(OSError):  # nobody holds what is left, so it keeps nobody out
                self._path.unlink(missing_ok=True)
        else:
            os.close(descriptor)

    def leave(self) -> None:
        """Say that this process is a forked child: the folder stays its parent's."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _owner(descriptor: int) -> str:
    """Return what the file says of who has locked it, who may not have written it yet."""
    record: Any = None
    for _ in range(10):
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            record = json.loads(os.read(descriptor, 1000))
            return f"process {record['process']} on {record['host']}, since {record['since']}"
        except (OSError, ValueError, TypeError, KeyError):
            time.sleep(0.02)
    return "of which its file tells nothing"


def _leave_all() -> None:
    for lock in [*_held]:
        lock.leave()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
