"""Pictures of how optimizers walk."""

import numpy as np
import pytest
from drawing import axes

import xpnn
from xpnn import plots


def test_walks_are_drawn_with_minima_and_the_last_place():
    optimizers = {"slow": xpnn.SGD(0.002), "far": xpnn.SGD(10.0)}
    figure = plots.optimizer_walks(optimizers, steps=20)
    slow, far = figure.axes[:2]
    places = plots.walk(plots.valley, 3.4, xpnn.SGD(0.002), 20)
    balls, ring = slow.collections
    np.testing.assert_allclose(
        balls.get_offsets(), np.stack([places, plots.valley(places)], axis=1)
    )
    np.testing.assert_array_equal(balls.get_array(), np.arange(21))
    np.testing.assert_allclose(ring.get_offsets()[0], [places[-1], plots.valley(places[-1])])
    triangles = [line.get_xdata()[0] for line in slow.get_lines() if line.get_marker() == "^"]
    np.testing.assert_allclose(triangles, plots.minima(plots.valley, -3.5, 3.7))
    assert slow.get_title() == f"slow\nends at {places[-1]:.2f}"
    assert far.get_title() == "far\nleaves the picture at step 1"
    assert len(far.collections) == 1  # no ring


def test_bad_settings_of_pictures_of_walks_are_refused():
    with pytest.raises(TypeError, match="optimizers must be a dict of titles and Optimizers"):
        plots.optimizer_walks([xpnn.SGD()])
    with pytest.raises(ValueError, match=r"places must have the shape \(m,\)"):
        plots.optimizer_walk(axes(), plots.valley, [])
