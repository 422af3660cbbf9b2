"""Whether a picture can be written: asked before the work that the picture will show."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["check_picture"]


def check_picture(path: str | os.PathLike[str]) -> None:
    """Check that a picture can be written, before the work that it will show.

    Parameters
    ----------
    path : str or path
        The file; its ending says of which kind.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed.
    ValueError
        If the ending is of no kind of picture.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "pictures need matplotlib, which is not installed: pip install 'xpnn[plot]'"
        ) from error
    kinds = Figure().canvas.get_supported_filetypes()
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in kinds:
        raise ValueError(
            f"the name of a picture must end in .{', .'.join(sorted(kinds))}, got {str(path)!r}"
        )
