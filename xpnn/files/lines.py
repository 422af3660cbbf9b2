"""Files that grow by whole lines: what a full disk cuts off is taken back."""

from __future__ import annotations

import os

from .atomic import atomic_write, check_writable, named

__all__ = ["Lines"]


class Lines:
    """A text file that is begun anew, and grows.

    Parameters
    ----------
    path : str or path
        The file, which may be a pipe or a device.  It is not touched before there is something
        to write.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError
        If it can't be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path, self._file = path, -1
        # one that is there may be written where no other can be made
        if os.path.isdir(path) or not os.access(path, os.W_OK):
            check_writable(path)

    def add(self, text: str) -> None:
        """Write lines behind those that are there: all of them, or none.

        Raises
        ------
        OSError
            If they can't be written, as on a full disk; it names the file.
        """
        data = text.encode()
        with named(self._path):
            if self._file < 0 and self._begin(data):
                return
            size = os.fstat(self._file).st_size if os.path.isfile(self._path) else None
            try:
                while data:
                    data = data[os.write(self._file, data) :]
            except OSError:
                if size is not None:
                    os.ftruncate(self._file, size)
                raise

    def _begin(self, data: bytes) -> bool:
        """Open the file; return whether what was in it gave way to the first lines."""
        if not os.path.exists(self._path) or os.path.isfile(self._path):
            try:
                with atomic_write(self._path) as temporary:
                    temporary.write_bytes(data)
            except PermissionError:  # the folder's; the file can be written, as we know
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_TRUNC)
                return False
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
            return True
        self._file = os.open(self._path, os.O_WRONLY)
        return False

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
