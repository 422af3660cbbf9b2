"""Quantiles and counts beside their definitions."""

import numpy as np
import pytest
from scipy.stats import poisson
from support import host

import xpnn
from xpnn.schedules import CosineDecay

rng = np.random.default_rng(3)


@pytest.mark.parametrize("shape", [(6,), (6, 1)], ids=str)
def test_the_pinball_loss(backend, dtype, shape):
    p, y = rng.standard_normal((6, 3)), rng.standard_normal(6)
    q = np.array([0.1, 0.5, 0.9])
    under = np.maximum(y[:, None] - p, 0)
    over = np.maximum(p - y[:, None], 0)
    loss = xpnn.Quantile(0.1, 0.5, 0.9)
    value, slope = loss(backend.asarray(p, dtype), backend.asarray(y.reshape(shape), dtype))
    rounding = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(host(value), (q * under + (1 - q) * over).mean(), rtol=rounding)
    wanted = np.where(over > 0, 1 - q, -q) / 18
    np.testing.assert_allclose(host(slope), wanted, rtol=rounding)


def test_a_network_finds_quantiles(backend, tmp_path):
    """Of numbers that don't depend on the inputs, each output becomes a quantile of them."""
    y = rng.exponential(size=400)
    model = xpnn.Sequential([xpnn.Dense(1, 3)], seed=0, dtype="float64")
    loss = xpnn.Quantile(0.1, 0.5, 0.9)
    model.compile(loss, xpnn.Adam(CosineDecay(0.05, 800)))
    model.fit(np.zeros((400, 1)), y, epochs=800, batch_size=None, verbose=False)
    found = model.predict(np.zeros((1, 1)))[0]
    np.testing.assert_allclose(found, np.quantile(y, [0.1, 0.5, 0.9]), atol=0.02)
    model.save(tmp_path / "model")
    assert xpnn.load(tmp_path / "model").compiled.loss == loss


def test_the_median_is_half_the_absolute_error(backend):
    p, y = (backend.asarray(rng.standard_normal((5, 1))) for _ in range(2))
    for loss in (xpnn.Quantile(), xpnn.Quantile(0.5)):
        value, slope = loss(p, y)
        wanted, wanted_slope = xpnn.MeanAbsoluteError()(p, y)
        assert float(value) == pytest.approx(float(wanted) / 2)
        np.testing.assert_allclose(host(slope), host(wanted_slope) / 2)


@pytest.mark.parametrize("quantile", [0, 1, -0.1, "half", None, [0.1, 0.9], float("nan"), True])
def test_what_is_no_quantile(quantile):
    with pytest.raises((TypeError, ValueError), match="quantiles must be") as caught:
        xpnn.Quantile(0.5, quantile)
    assert repr(quantile) in str(caught.value)


def test_outputs_and_targets_of_quantiles(backend):
    loss, p = xpnn.Quantile(0.1, 0.9), backend.asarray(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"an output for each of its quantiles, 2, got 3"):
        loss(backend.asarray(np.zeros((4, 3))), np.zeros(4))
    with pytest.raises(ValueError, match=r"targets must have the shape \(n,\) or \(n, 1\)"):
        loss(p, np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"targets must hold finite numbers"):
        loss(p, np.full(4, np.nan))
    with pytest.raises(ValueError, match=r"shapes \(n, k\) and \(n, 1\)"):
        loss.forward(p, p)


@pytest.mark.parametrize("from_logits", [False, True])
def test_the_likelihood_of_counts(backend, dtype, from_logits):
    """It is SciPy's, but for what the counts alone tell, and half a deviance moved."""
    z, y = rng.standard_normal((5, 2)), rng.poisson(2.0, (5, 2)).astype(float)
    p = backend.asarray(z if from_logits else np.exp(z), dtype)
    value, slope = xpnn.Poisson(from_logits)(p, backend.asarray(y, dtype))
    wanted = -poisson.logpmf(y, np.exp(z)) + poisson.logpmf(y, 1.0) + 1
    rounding = 50 * np.finfo(dtype).eps
    np.testing.assert_allclose(host(value), wanted.mean(), rtol=rounding)
    _, of_deviance = xpnn.PoissonDeviance(from_logits)(p, backend.asarray(y, dtype))
    np.testing.assert_allclose(host(slope), host(of_deviance) / 2, rtol=rounding)


def test_a_mean_of_0_has_a_loss(backend, dtype):
    p, y = (backend.asarray(a, dtype) for a in (np.zeros((2, 1)), [[0.0], [3.0]]))
    value, slope = xpnn.Poisson()(p, y)
    assert np.isfinite([float(value), float(slope[0, 0])]).all()


def test_it_is_computed_with_the_exponential_and_takes_no_counts_below_0():
    model = xpnn.Sequential([xpnn.Dense(1, 1), xpnn.Exponential()], seed=0, dtype="float64")
    model.compile("poisson", xpnn.Adam(0.1))
    with pytest.raises(ValueError, match="y must not be negative, as counts are"):
        model.fit([[1.0]], [-1.0], verbose=False)
    x, y = np.array([[0.0], [1.0]]), np.array([2.0, 5.0])
    model.fit(x, y, epochs=400, batch_size=None, verbose=False)
    np.testing.assert_allclose(model.predict(x)[:, 0], y, rtol=1e-4)
    with pytest.raises(ValueError, match="Exponential"):
        xpnn.Sequential([xpnn.Dense(1, 1)]).compile(xpnn.Poisson(), "sgd")
