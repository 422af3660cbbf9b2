"""Where `Sequential` was at first: it is in `xpnn.sequential`, and its name in `xpnn`."""

from .history import DivergenceError, History
from .sequential import Sequential

__all__ = ["DivergenceError", "History", "Sequential"]
