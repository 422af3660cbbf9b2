"""Functions of two variables."""

import numpy as np
import pytest
from drawing import axes
from matplotlib.figure import Figure

from xpnn import plots


def saddle(x, y):
    return x * x - y * y + x * y


def test_slopes_in_both_directions():
    drawn = Figure().add_subplot(projection="3d")
    slopes = plots.partial_derivatives(drawn, saddle, (1.0, 2.0))
    np.testing.assert_allclose(slopes, [2 + 2, -4 + 1], rtol=1e-6)
    with pytest.raises(TypeError, match="projection='3d'"):
        plots.partial_derivatives(axes(), saddle, (1.0, 2.0))


def test_arrows_are_gradients():
    drawn = axes()
    gradients = plots.gradient_arrows(drawn, saddle, low=-1, high=1, arrows=3)
    side = np.array([-0.5, 0, 0.5])
    x, y = (grid.ravel() for grid in np.meshgrid(side, side))
    np.testing.assert_allclose(gradients, np.stack([2 * x + y, x - 2 * y], axis=1), atol=1e-6)
