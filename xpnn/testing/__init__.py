"""Checks for layers, losses and optimizers of your own, on every array library at once.

Each check raises an AssertionError that names the backend, the array and the largest
deviation, so it can stand in a test as it is::

    from xpnn.testing import check_layer

    def test_swish():
        check_layer(Swish(), (5, 3))
"""

from .layers import check_layer
from .losses import check_loss
from .optimizers import check_optimizer

__all__ = ["check_layer", "check_loss", "check_optimizer"]
