"""Where the loop of `Sequential.fit` was: it is in `xpnn.training.loop`."""

from .history import DivergenceError
from .network.train_state import Packed
from .training.loop import Fit

__all__ = ["DivergenceError", "Fit", "Packed"]
