"""A movie of figures, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..checks import check_number
from ..files.atomic import atomic_write
from .checks import check_movie
from .film import writer

__all__ = ["movie_of"]


def movie_of(
    path: str | os.PathLike[str], figures: Iterable[Any], *, fps: float = 10, hold: float = 2
) -> int:
    """Write a movie whose frames are figures, drawn one after the other.

    Their parts stay where they are in the first one, as long as there are as many of them: so
    nothing trembles, and a frame takes half the time.

    Parameters
    ----------
    path : str or path
        The file, ``.gif`` or ``.mp4``.
    figures : iterable of matplotlib.figure.Figure
        The frames, all of one size.  Each is let go before the next is asked for.
    fps : float
        Frames per second, > 0.
    hold : float
        For how many seconds more the last frame stays, >= 0.

    Returns
    -------
    int
        How many frames there are.

    Raises
    ------
    ValueError
        If there is no figure, or one of another size.
    ModuleNotFoundError, OSError
        As `check_movie`.
    """
    check_movie(path)
    check_number("fps", fps, above=0)
    check_number("hold", hold, at_least=0)
    frames, film, size, places = 0, None, (0, 0), list[Any]()
    with atomic_write(path) as temporary:
        try:
            for figure in figures:
                if film is not None and len(figure.axes) == len(places):
                    figure.set_layout_engine("none")
                    for axes, place in zip(figure.axes, places):
                        axes.set_position(place)
                frame = _pixels(figure)
                if film is None:
                    places = [axes.get_position() for axes in figure.axes]
                    size = frame.shape[1], frame.shape[0]
                    film = writer(temporary, fps, size)
                if size != (frame.shape[1], frame.shape[0]):
                    raise ValueError(
                        f"figures must all have {size} pixels as the first, got "
                        f"{(frame.shape[1], frame.shape[0])} of number {frames}"
                    )
                film.add(frame)
                frames += 1
            if film is None:
                raise ValueError("figures must hold at least one, got none")
            film.close(hold)
        except BaseException:
            if film is not None:
                film.abandon()
            raise
    return frames


def _pixels(figure: Any) -> np.ndarray:
    """Draw a figure: (height, width, 3), uint8, both even, as MP4 asks for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    height, width = (side // 2 * 2 for side in pixels.shape[:2])
    return pixels[:height, :width].copy()
