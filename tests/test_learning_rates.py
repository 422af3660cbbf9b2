"""The search for a learning rate: beside steps by hand, and on problems whose rate is known."""

import copy

import numpy as np
import pytest
from matplotlib.figure import Figure
from support import host

import xpnn
from xpnn import find_learning_rate
from xpnn.learning_rates import LearningRateCurve

rng = np.random.default_rng(3)
X = rng.standard_normal((40, 3))
Y = X @ rng.standard_normal((3, 2)) + 0.1 * rng.standard_normal((40, 2))


def network(optimizer=None, loss="mean_squared_error", **options):
    layers = [xpnn.Dense(3, 8), xpnn.Tanh(), xpnn.Dropout(0.1), xpnn.Dense(8, 2)]
    model = xpnn.Sequential(layers, seed=1, **options)
    return model.compile(loss, optimizer or xpnn.SGD(0.1))


@pytest.mark.float64
def test_the_losses_are_those_of_steps_by_hand(backend):
    model = xpnn.Sequential([xpnn.Dense(3, 2)], seed=0, dtype="float64")
    model.compile("mean_squared_error", xpnn.SGD(0.1, decay=0.5))
    w, b = (host(p).copy() for p in model.parameters)
    found = find_learning_rate(model, X, Y, lowest=1e-3, highest=0.1, steps=50, batch_size=None)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-3, 0.1, 50), rtol=1e-12)
    for rate, loss in zip(found.rates, found.losses):
        error = X @ w + b - Y
        assert loss == pytest.approx(np.mean(error**2), rel=1e-9)
        dy = 2 * error / Y.size
        w, b = w - rate * X.T @ dy, b - rate * dy.sum(axis=0)


@pytest.mark.parametrize("optimizer", [xpnn.Adam(average=0.9), xpnn.SGD(0.1)], ids=str)
def test_the_model_stays_as_it_is(backend, optimizer):
    model, other = network(optimizer), network(optimizer)
    for one in (model, other):
        one.fit(X, Y, epochs=2)
    history, state = model.history, copy.deepcopy(model.generator.bit_generator.state)
    find_learning_rate(model, X, Y, steps=50, sample_weight=np.ones(40))
    assert model.history is history
    assert model.generator.bit_generator.state == state
    assert model.compiled == other.compiled
    for one in (model, other):
        one.fit(X, Y, epochs=2)
    for p, q in zip(model.parameters, other.parameters):
        np.testing.assert_array_equal(host(p), host(q))


def test_the_suggestion_learns():
    found = find_learning_rate(network(), X, Y)
    assert 1e-3 < found.suggestion < 3.0
    assert found.rates[0] == pytest.approx(1e-6)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 200
    model = network(xpnn.SGD(found.suggestion))
    history = model.fit(X, Y, epochs=20).history["loss"]
    assert history[-1] < 0.5 * history[0]


def test_losses_are_smoothed_by_weights_on_both_sides():
    from xpnn.learning_rates import _smoothed

    losses = rng.standard_normal(30)
    for keep in (0.0, 0.9):
        weights = keep ** np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
        wanted = weights @ losses / weights.sum(axis=1)
        np.testing.assert_allclose(_smoothed(losses, keep), wanted, rtol=1e-12)


def test_the_suggestion_is_where_a_curve_is_steepest():
    from xpnn.learning_rates import _steepest

    rates = np.geomspace(1e-6, 10, 200)
    losses = 1 - np.tanh(2 * np.log10(rates / 0.02)) + np.where(rates > 1, rates, 0)
    assert _steepest(rates, losses) == pytest.approx(0.02, rel=0.1)


def test_a_loss_that_never_falls_suggests_nothing():
    from xpnn.learning_rates import _steepest

    assert _steepest(np.geomspace(1, 2, 30), np.linspace(1, 2, 30)) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lowest": 0}, "lowest must be"),
        ({"lowest": 2.0, "highest": 1.0}, "highest must be"),
        ({"steps": 49}, "steps must be"),
        ({"smoothing": 1.0}, "smoothing must be"),
        ({"batch_size": 0}, "batch_size must be"),
    ],
)
def test_what_is_asked_for_is_checked(given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        find_learning_rate(network(), X, Y, **given)


def test_a_model_must_be_compiled():
    with pytest.raises(RuntimeError, match="compile"):
        find_learning_rate(xpnn.Sequential([xpnn.Dense(3, 2)]), X, Y)


def test_rates_that_are_all_too_large_are_told():
    with pytest.raises(xpnn.DivergenceError, match="begin with a smaller rate"):
        find_learning_rate(network(), 1e6 * X, 1e6 * Y, lowest=1.0, highest=10.0)


@pytest.mark.parametrize("suggestion", [None, 0.01])
def test_the_picture(suggestion):
    rates = np.geomspace(1e-4, 1, 5)
    losses = np.array([3.0, 2.9, 2.0, 1.0, 4.0])
    curve = LearningRateCurve(rates, losses, losses, suggestion)
    axes = Figure().subplots()
    assert curve.plot(axes) is axes.figure
    (axes,) = curve.plot().axes
    assert axes.get_xscale() == "log"
    lines = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_array_equal(lines["loss of each step"].get_ydata(), losses)
    if suggestion is not None:
        assert lines["falls most steeply at 0.01"].get_xydata().tolist() == [[0.01, 2.0]]
