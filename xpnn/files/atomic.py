"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["atomic_write"]


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

    Yields
    ------
    pathlib.Path
        A file beside it to write to, which takes its name when the block ends well, and
        is removed when it doesn't.
    """
    import secrets

    path = Path(os.path.realpath(path))  # a link stays one, and what it leads to is replaced
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    if path.is_dir():
        raise IsADirectoryError(f"{path} must be a file, but is a folder")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} must be a file, but is a pipe or a device")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{path.suffix}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    # the rights that a new file gets here, or those of the old one, whoever writes it
    mode = (path if path.exists() else temporary).stat().st_mode & 0o7777
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _sync(folder: Path) -> None:
    """Wait until the disk has a folder's new entry, where a system offers that."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
