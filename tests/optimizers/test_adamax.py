"""AdaMax beside its equation, written out in NumPy."""

import numpy as np
from equations import assert_follows, assert_settings_are_checked

import xpnn


def adamax(p, g, s, t, o):
    m = s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
    u = s["u"] = np.maximum(o.beta_2 * s.get("u", 0), np.abs(g) + o.epsilon)
    rate = o.learning_rate / (1 + o.decay * t)
    return p - rate / (1 - o.beta_1 ** (t + 1)) * m / u


def test_the_equation(backend, dtype):
    assert_follows(xpnn.AdaMax(0.1, decay=0.5), adamax, backend, dtype)
    assert_follows(xpnn.AdaMax(0.1, beta_1=0.0, beta_2=0.5), adamax, backend, dtype)


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.AdaMax)
