"""Running statistics of batches."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from support import host

import xpnn


def test_one_row_tells_nothing_of_a_variance(backend):
    rng = np.random.default_rng(0)
    x, losses = rng.standard_normal((65, 4)) * [1, 2, 3, 4], []
    for n in (64, 65):  # the last batch of 65 is one row
        layers = [xpnn.BatchNorm(4), xpnn.Dense(4, 1)]
        model = xpnn.Sequential(layers, seed=0, dtype="float64")
        model.compile("mean_squared_error", xpnn.Adam(0.02))
        model.fit(x[:n], x[:n].sum(axis=1), epochs=60)
        losses.append(model.evaluate(x[:n], x[:n].sum(axis=1))["loss"])
        variance = host(model.tensors()["0.variance"])
        np.testing.assert_allclose(variance, x[:n].var(axis=0), rtol=0.25)
    assert losses[1] < 2 * losses[0] + 0.5


@pytest.mark.float64
def test_gradients_outside_training_go_by_the_running_statistics(backend):
    rng = np.random.default_rng(1)
    layer = xpnn.BatchNorm(3, epsilon=0.5)
    x, dy = rng.standard_normal((2, 5, 3))
    scale, shift, mean, variance = rng.random((4, 3)) + 0.5

    def reference(scale, shift, x):
        return scale * (x - mean) / anp.sqrt(variance + 0.5) + shift

    params = tuple(map(backend.asarray, (scale, shift, mean, variance)))
    y, backward = layer.forward(params, backend.asarray(x))
    np.testing.assert_allclose(host(y), reference(scale, shift, x), rtol=1e-12)
    dx, (dscale, dshift) = backward(backend.asarray(dy))
    for i, ours in enumerate((dscale, dshift, dx)):
        wanted, _ = autograd.make_vjp(reference, i)(scale, shift, x)
        np.testing.assert_allclose(host(ours), wanted(dy), rtol=1e-12)


def test_the_running_statistics_after_one_batch(backend, dtype):
    """The variance of the rows is that of what they are drawn from: divided by n - 1."""
    x = np.random.default_rng(2).standard_normal((4, 3)).astype(dtype)
    layer = xpnn.BatchNorm(3, momentum=0.75)
    scale, shift, mean, variance = map(backend.asarray, np.ones((4, 3), dtype))
    y, _, (new_mean, new_variance) = layer.train(
        (scale, shift), (mean, variance), backend.asarray(x)
    )
    close = {"rtol": 1e-6}
    z = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + layer.epsilon)
    np.testing.assert_allclose(host(y), z + 1, rtol=1e-5)
    np.testing.assert_allclose(host(new_mean), 0.75 + 0.25 * x.mean(axis=0), **close)
    np.testing.assert_allclose(host(new_variance), 0.75 + 0.25 * x.var(axis=0, ddof=1), **close)


def test_before_training_it_gives_what_it_gets(backend):
    x = np.random.default_rng(3).standard_normal((4, 3))
    model = xpnn.Sequential([xpnn.BatchNorm(3, epsilon=1e-9)], dtype="float64")
    np.testing.assert_allclose(host(model.predict(x)), x, rtol=1e-6)
