"""NAdam beside its equation, written out in NumPy."""

import numpy as np
import pytest
from equations import assert_follows, assert_settings_are_checked
from support import host

import xpnn


def momenta(o, last):
    t = np.arange(1, last + 1)
    return o.beta_1 * (1 - 0.5 * 0.96 ** (t * o.momentum_decay))


def nadam(p, g, s, t, o):
    m = s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
    v = s["v"] = o.beta_2 * s.get("v", 0) + (1 - o.beta_2) * g**2
    mu = momenta(o, t + 2)
    rate = o.learning_rate / (1 + o.decay * t)
    m = (1 - mu[t]) * g / (1 - np.prod(mu[:-1])) + mu[t + 1] * m / (1 - np.prod(mu))
    return p - rate * m / (np.sqrt(v / (1 - o.beta_2 ** (t + 1))) + o.epsilon)


OPTIMIZERS = [
    xpnn.NAdam(0.1, decay=0.5),
    xpnn.NAdam(0.1, beta_1=0.99, beta_2=0.5, momentum_decay=0.5),
    xpnn.NAdam(0.1, momentum_decay=0),
    xpnn.NAdam(0.1, momentum_decay=1e-12),
    xpnn.NAdam(0.1, momentum_decay=1e3),
    xpnn.NAdam(0.1, beta_1=0.0),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_the_equation(backend, dtype, optimizer):
    assert_follows(optimizer, nadam, backend, dtype)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_the_product_is_exact_and_the_same_from_any_step_on(optimizer):
    """Of 300 steps, as a block of them, and each alone, as a run that goes on has it."""
    t = np.arange(300.0)
    mu = momenta(optimizer, 301)
    before, after = np.cumprod(mu)[:-1], np.cumprod(mu)[1:]
    of_gradient, of_mean, _ = optimizer.numbers(t)
    rate = 0.1 / (1 + optimizer.decay * t)
    np.testing.assert_allclose(of_gradient, rate * (1 - mu[:-1]) / (1 - before), rtol=1e-14)
    np.testing.assert_allclose(of_mean, rate * mu[1:] / (1 - after), rtol=1e-14)
    for start, end in ((0, 1), (7, 8), (200, 261)):
        for block, part in zip(optimizer.numbers(t), optimizer.numbers(t[start:end])):
            np.testing.assert_array_equal(block[start:end], part)


def test_numbers_in_float32(backend):
    t = backend.asarray(np.array(0), "float32")
    wide = xpnn.NAdam().numbers(np.asarray(0.0))
    for narrow, wanted in zip(xpnn.NAdam().numbers(t), wide):
        assert narrow.dtype == backend.dtype("float32")
        assert float(host(narrow)) == pytest.approx(float(wanted), rel=1e-6)


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.NAdam)
