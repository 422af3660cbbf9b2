"""The figures of *Neural Networks from Scratch in Python*, from computations of xpnn.

Each chapter is a file: a list of `BookFigure`, which name functions of `xpnn.plots` and give
them the book's numbers.  ``xpnn book`` is the command.  Figures need the extra ``plot``, MP4
the extra ``movie``.
"""

from .entry import BookFigure
from .inventory import CHAPTERS, FIGURES, figure
from .whole import draw_all, write

__all__ = ["CHAPTERS", "FIGURES", "BookFigure", "draw_all", "figure", "write"]
