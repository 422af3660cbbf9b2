"""Adan beside the paper's algorithm, written out in NumPy, corrected for its start at 0."""

import numpy as np
import pytest
from equations import assert_follows, assert_settings_are_checked

import xpnn
from xpnn.schedules import FlatCosine


def adan(p, g, s, t, o):
    # the paper's betas, of what is new
    b_1, b_2, b_3 = 1 - o.beta_1, 1 - o.beta_2, 1 - o.beta_3
    difference = g - s.get("g", g)
    m = s["m"] = (1 - b_1) * s.get("m", 0) + b_1 * g
    v = s["v"] = (1 - b_2) * s.get("v", 0) + b_2 * difference
    n = s["n"] = (1 - b_3) * s.get("n", 0) + b_3 * (g + (1 - b_2) * difference) ** 2
    s["g"] = g
    m, v, n = (x / (1 - (1 - b) ** (t + 1)) for x, b in ((m, b_1), (v, b_2), (n, b_3)))
    rate = o.learning_rate / (1 + o.decay * t)
    decay = o.weight_decay
    decay = float(decay(np.asarray(float(t)))) if callable(decay) else decay
    p = p - rate / (np.sqrt(n) + o.epsilon) * (m + (1 - b_2) * v)
    return p / (1 + decay * rate)


@pytest.mark.parametrize(
    "optimizer",
    [
        xpnn.Adan(0.1),
        xpnn.Adan(0.1, beta_1=0.9, beta_2=0.6, beta_3=0.8, decay=0.5, weight_decay=0.7),
        xpnn.Adan(0.1, beta_1=0.0, beta_2=0.0, beta_3=0.0, epsilon=0.1),
        xpnn.Adan(0.1, weight_decay=FlatCosine(0.5, 5)),
    ],
    ids=str,
)
def test_the_algorithm(backend, dtype, optimizer):
    assert_follows(optimizer, adan, backend, dtype)


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.Adan)
