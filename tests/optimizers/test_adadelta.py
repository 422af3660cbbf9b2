"""AdaDelta beside its equation, written out in NumPy."""

import numpy as np
from equations import assert_follows, assert_settings_are_checked

import xpnn


def adadelta(p, g, s, t, o):
    c = s["c"] = o.rho * s.get("c", 0) + (1 - o.rho) * g**2
    a = s.get("a", 0)
    step = np.sqrt(a + o.epsilon) / np.sqrt(c + o.epsilon) * g
    s["a"] = o.rho * a + (1 - o.rho) * step**2
    return p - o.learning_rate / (1 + o.decay * t) * step


def test_the_equation(backend, dtype):
    assert_follows(xpnn.AdaDelta(0.5, rho=0.7, decay=0.5), adadelta, backend, dtype)
    assert_follows(xpnn.AdaDelta(epsilon=0.1), adadelta, backend, dtype)


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.AdaDelta)
