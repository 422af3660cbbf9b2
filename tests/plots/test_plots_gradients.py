"""Pictures of gradients, on every array library."""

import numpy as np
import pytest
from drawing import W0, W1, X, Y, axes, model
from support import host

import xpnn
from xpnn import plots
from xpnn.callbacks import GradientNorms


def finite_differences(network):
    """Return each parameter's gradient by central differences."""
    start = [host(p).copy() for p in network.parameters]
    grads = []
    for i, array in enumerate(start):
        grad = np.empty_like(array)
        for place in np.ndindex(array.shape):
            losses = []
            for step in (1e-5, -1e-5):
                moved = [p.copy() for p in start]
                moved[i][place] += step
                network.set_parameters(moved)
                losses.append(network.evaluate(X, Y)["loss"])
            grad[place] = (losses[0] - losses[1]) / 2e-5
        grads.append(grad)
    network.set_parameters(start)
    return grads


@pytest.mark.float64
def test_gradient_norms_are_those_of_finite_differences(backend):
    network = model(xpnn.Tanh())
    a = axes()
    norms = plots.gradient_norms(a, network, X, Y)
    names = ["0.weights", "0.biases", "2.weights", "2.biases"]
    wanted = [np.linalg.norm(grad) for grad in finite_differences(network)]
    assert list(norms) == names
    np.testing.assert_allclose(list(norms.values()), wanted, rtol=1e-6)
    lines = {line.get_label(): line for line in a.get_lines()}
    np.testing.assert_array_equal(lines["weights"].get_xdata(), [0, 2])
    np.testing.assert_allclose(lines["weights"].get_ydata(), wanted[::2], rtol=1e-6)
    assert a.get_yscale() == "log"


def test_a_gradient_whose_square_is_nothing_is_seen(backend):
    layers = [
        xpnn.Dense(2, 5, weights=W0),
        xpnn.Dense(5, 3, weights=1e-30 * W1),
        xpnn.Softmax(),
    ]
    network = xpnn.Sequential(layers).compile("categorical_cross_entropy", "sgd")
    norms = plots.gradient_norms(axes(), network, X, Y)
    assert 1e-32 < norms["0.weights"] < 1e-28  # in float32, whose squares end at 1e-45


def test_a_gradient_of_zero_is_a_cross_at_the_bottom():
    network = model(xpnn.Step())  # nothing goes back through a step
    a = axes()
    norms = plots.gradient_norms(a, network, X, Y)
    assert norms["0.weights"] == 0
    assert norms["2.weights"] > 0
    crosses = [line for line in a.get_lines() if line.get_marker() == "x"]
    assert len(crosses) == 2  # weights and biases
    np.testing.assert_array_equal(crosses[0].get_xydata(), [[0, 0]])


def test_bad_settings_of_gradients_are_refused():
    for settings, said in (
        ({"every": 0}, "every must be an integer >= 1, got 0"),
        ({"rows": 0}, "rows must be an integer >= 1, got 0"),
        ({"data": X}, r"data must be a pair \(X, y\), got a ndarray"),
    ):
        with pytest.raises(ValueError, match=said):
            GradientNorms(**settings)
    recorded = GradientNorms((X, Y))
    with pytest.raises(ValueError, match="recorded must hold at least one epoch"):
        plots.gradient_history(axes(), recorded)
    model().fit(X, Y, callbacks=[recorded])
    with pytest.raises(ValueError, match=r"kind must be one of \['biases', 'weights'\]"):
        plots.gradient_history(axes(), recorded, kind="weight")
    with pytest.raises(TypeError, match="relative must be True or False"):
        plots.gradient_history(axes(), recorded, relative=1)
