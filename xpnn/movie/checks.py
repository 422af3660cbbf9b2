"""Whether a movie can be written: asked before the training that the movie will show."""

from __future__ import annotations

import os
from pathlib import Path

from ..files.atomic import check_writable
from ..plots import check_picture
from .mp4 import find_ffmpeg

__all__ = ["check_movie"]


def check_movie(path: str | os.PathLike[str]) -> None:
    """Check that a movie can be written, before the training that it will show.

    Parameters
    ----------
    path : str or path
        The file; its ending says of which kind.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed, or for MP4 no ffmpeg is found.
    ValueError
        If the ending is neither ``.gif`` nor ``.mp4``, or it is a pipe or a device.
    FileNotFoundError, IsADirectoryError, OSError
        If its folder doesn't exist, the path is that of a folder, or it can't be written.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be the name of a file, got {path!r}")
    ending = Path(path).suffix.lower()
    if ending not in (".gif", ".mp4"):
        raise ValueError(f"the name of a movie must end in .gif or .mp4, got {str(path)!r}")
    check_picture("frame.png")
    if ending == ".mp4":
        find_ffmpeg()
    check_writable(path)
