"""Points alone."""

import numpy as np
import pytest
from drawing import POINTS, axes

from xpnn import plots


def test_points_are_grey_until_somebody_says_of_which_class():
    X, y = POINTS
    drawn = axes()
    plots.points(drawn, X)
    (every,) = drawn.collections
    np.testing.assert_array_equal(every.get_offsets(), X)
    drawn = axes()
    plots.points(drawn, X, y, labels=["left", "right"])
    for c, group in enumerate(drawn.collections):
        np.testing.assert_array_equal(group.get_offsets(), X[y == c])
    assert [t.get_text() for t in drawn.get_legend().get_texts()] == ["left", "right"]


def test_labels_must_be_enough():
    with pytest.raises(ValueError, match="labels must name 2 classes"):
        plots.points(axes(), *POINTS, labels=["left"])
