"""LAMB beside the paper's second algorithm, written out in NumPy."""

import numpy as np
import pytest
from equations import assert_follows, assert_settings_are_checked
from support import host

import xpnn
from xpnn.schedules import FlatCosine


def lamb(p, g, s, t, o):
    m = s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
    v = s["v"] = o.beta_2 * s.get("v", 0) + (1 - o.beta_2) * g**2
    m, v = m / (1 - o.beta_1 ** (t + 1)), v / (1 - o.beta_2 ** (t + 1))
    decay = o.weight_decay
    decay = float(decay(np.asarray(float(t)))) if callable(decay) else decay
    r = m / (np.sqrt(v) + o.epsilon) + decay * p
    trust = np.linalg.norm(p) / np.linalg.norm(r)
    return p - o.learning_rate / (1 + o.decay * t) * trust * r


@pytest.mark.parametrize(
    "optimizer",
    [
        xpnn.LAMB(0.1),
        xpnn.LAMB(0.1, beta_1=0.0, beta_2=0.5, epsilon=0.1, decay=0.5, weight_decay=0.0),
        xpnn.LAMB(0.1, weight_decay=FlatCosine(0.5, 5)),
    ],
    ids=str,
)
def test_the_algorithm(backend, dtype, optimizer):
    assert_follows(optimizer, lamb, backend, dtype)


@pytest.mark.parametrize(("p", "g", "wanted"), [(0.0, 3.0, -0.1), (2.0, 0.0, 2.0)])
def test_a_norm_of_0_leaves_adams_step(backend, p, g, wanted):
    optimizer = xpnn.LAMB(0.1, epsilon=1e-12, weight_decay=0.0)
    params, grads = ([backend.asarray(np.array([a]), "float32", copy=True)] for a in (p, g))
    (p,), _ = optimizer.update(params, grads, optimizer.init(params))
    np.testing.assert_allclose(host(p), [wanted], rtol=1e-6)


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.LAMB)
