"""Cross-entropy and confidences."""

import numpy as np
import pytest
from drawing import axes

from xpnn import plots


def test_losses_are_those_of_the_true_classes():
    losses = plots.confidences(axes(), [[0.2, 0.8], [1.0, 0.0]], [1, 1])
    np.testing.assert_allclose(losses, [-np.log(0.8), -np.log(1e-7)], rtol=1e-6)
    np.testing.assert_allclose(plots.confidence_loss(axes(), at=[0.5]), [np.log(2)])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"probabilities must have the shape \(n, k\)"):
        plots.confidences(axes(), [0.2, 0.8], [1])
    with pytest.raises(ValueError, match="targets must have as many rows as probabilities, 1"):
        plots.confidences(axes(), [[0.2, 0.8]], [1, 0])
    with pytest.raises(ValueError, match="targets must be < 2"):
        plots.confidences(axes(), [[0.2, 0.8]], [2])
