"""RMSProp beside its equation, written out in NumPy."""

import numpy as np
from equations import assert_follows, assert_settings_are_checked

import xpnn


def rmsprop(p, g, s, t, o):
    c = s["c"] = o.rho * s.get("c", 0) + (1 - o.rho) * g**2
    return p - o.learning_rate / (1 + o.decay * t) * g / (np.sqrt(c) + o.epsilon)


def test_the_equation(backend, dtype):
    assert_follows(xpnn.RMSProp(0.1, rho=0.7, decay=0.5), rmsprop, backend, dtype)


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.RMSProp)
