"""Weights as colours, on every array library."""

import numpy as np
import pytest
from drawing import B0, B1, W0, W1, axes, meshes, model

import xpnn
from xpnn import plots


@pytest.mark.float64
def test_weight_maps_show_weights_and_biases(backend):
    figure = plots.weight_maps(model())
    first, second = (meshes(axes)[0] for axes in figure.axes[:2])
    shown = first.get_array()  # inputs downwards, neurons across
    np.testing.assert_array_equal(shown[:2], W0)
    assert shown.mask[2].all()
    np.testing.assert_array_equal(shown[3], B0)
    shown = second.get_array().T  # 5 inputs across, 3 neurons downwards
    np.testing.assert_array_equal(shown[:5], W1)
    np.testing.assert_array_equal(shown[6], B1)
    labels = [figure.axes[1].get_xlabel(), figure.axes[1].get_ylabel()]
    assert labels == ["input", "neuron"]
    # white is 0, and nothing is outside the scale
    for mesh, arrays in ((first, (W0, B0)), (second, (W1, B1))):
        low, high = mesh.get_clim()
        assert -low == high >= max(np.abs(array).max() for array in arrays)
        assert high < 1.7 * max(np.abs(array).max() for array in arrays)


def test_a_weight_map_is_brought_up_to_date():
    a = axes()
    update = plots.weight_map(a, W0, B0)
    (mesh,) = meshes(a)
    before = mesh.get_clim()
    update(W0 / 10, B0)
    np.testing.assert_array_equal(mesh.get_array()[:2], W0 / 10)
    assert mesh.get_clim() == before
    update(W0 * 10, B0)
    assert mesh.get_clim()[1] >= np.abs(W0 * 10).max()


@pytest.mark.parametrize("size", [1e-30, 0.5, 1.0, 1.2, 9.99, 1e6, 0.0])
def test_a_scale_holds_its_values(size):
    a = axes()
    plots.weight_map(a, np.full((1, 1), size), np.zeros(1))
    low, high = meshes(a)[0].get_clim()
    assert -low == high
    assert high >= size * (1 - 1e-8)
    assert high > 0


def test_maps_of_what_is_no_layer_are_refused():
    with pytest.raises(ValueError, match=r"\(n_inputs, n_outputs\) and \(n_outputs,\), got"):
        plots.weight_map(axes(), W0, B1)
    with pytest.raises(ValueError, match="must have a Dense layer, got Sequential"):
        plots.weight_maps(xpnn.Sequential([xpnn.ReLU()]))
