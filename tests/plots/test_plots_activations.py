"""Activations over the plane, on every array library."""

import numpy as np
import pytest
from drawing import B0, W0, X, model

import xpnn
from xpnn import plots


@pytest.mark.float64
def test_each_neuron_is_drawn_over_the_plane(backend):
    figure = plots.neuron_activations(model(), X, neurons=[4, 1], resolution=7)
    low, high = X.min(axis=0), X.max(axis=0)
    sides = np.linspace(low - 0.05 * (high - low), high + 0.05 * (high - low), 7)
    grid = np.stack(np.meshgrid(*sides.T), axis=-1).reshape(-1, 2)
    wanted = np.maximum(grid @ W0 + B0, 0)
    for panel, neuron in zip(figure.axes, (4, 1)):
        (image,) = panel.get_images()
        np.testing.assert_allclose(image.get_array().ravel(), wanted[:, neuron], atol=1e-12)
        assert image.get_clim() == pytest.approx((0, wanted[:, [4, 1]].max()))
        assert panel.get_title().split(":")[0] == str(neuron)


def test_a_layer_can_be_chosen_from_either_end():
    scores = plots.neuron_activations(model(), X, layer=2, resolution=5)
    same = plots.neuron_activations(model(), X, layer=-2, resolution=5)
    images = [figure.axes[0].get_images()[0] for figure in (scores, same)]
    np.testing.assert_array_equal(images[0].get_array(), images[1].get_array())
    low, high = images[0].get_clim()
    assert -low == high  # scores have both signs
    assert "layer 2, Dense" in scores.get_suptitle()


def test_a_silent_neuron_is_said_to_be():
    silent = xpnn.Dense(2, 2, weights=[[1.0, 0.0], [0.0, 0.0]], biases=[0.0, -1.0])
    network = xpnn.Sequential([silent, xpnn.ReLU()])
    titles = [a.get_title() for a in plots.neuron_activations(network, X).axes[:2]]
    assert titles == ["0", "1: all 0"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"X": X[:, :1]}, r"X must be points in the plane, of shape \(n, 2\), got \(30, 1\)"),
        ({"X": X * np.nan}, "X must hold finite numbers"),
        ({"layer": 4}, "layer must be < 4"),
        ({"layer": -5}, "layer must be an integer >= -4"),
        ({"neurons": [5]}, "neurons must be < 5"),
        ({"neurons": [-1]}, "neurons must be an integer >= 0"),
        ({"neurons": []}, "neurons must name at least one"),
        ({"resolution": 1}, "resolution must be an integer >= 2"),
    ],
)
def test_bad_settings_of_activations_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        plots.neuron_activations(model(), **{"X": X, **settings})
