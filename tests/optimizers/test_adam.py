"""Adam and AdamW beside their equations, written out in NumPy."""

import numpy as np
import pytest
from equations import assert_follows, assert_settings_are_checked

import xpnn


def adam(p, g, s, t, o):
    m = s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
    v = s["v"] = o.beta_2 * s.get("v", 0) + (1 - o.beta_2) * g**2
    m, v = m / (1 - o.beta_1 ** (t + 1)), v / (1 - o.beta_2 ** (t + 1))
    return p - o.learning_rate / (1 + o.decay * t) * m / (np.sqrt(v) + o.epsilon)


def adamw(p, g, s, t, o):
    return adam(p - o.learning_rate / (1 + o.decay * t) * o.weight_decay * p, g, s, t, o)


@pytest.mark.parametrize(
    ("optimizer", "equation"),
    [
        (xpnn.Adam(0.1, decay=0.5), adam),
        (xpnn.Adam(0.1, beta_1=0.0, beta_2=0.5), adam),
        (xpnn.AdamW(0.1, decay=0.5, weight_decay=0.3), adamw),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_the_equations(backend, dtype, optimizer, equation):
    assert_follows(optimizer, equation, backend, dtype)


def test_the_correction_is_precise_in_float32(backend):
    # 1 - 0.999¹ in float32 arithmetic would be off by 5e-5
    step_size, root = xpnn.Adam(1.0).numbers(backend.asarray(np.array(0), "float32"))
    assert float(step_size) == pytest.approx(10, rel=1e-6)
    assert float(root) ** 2 == pytest.approx(0.001, rel=1e-6)


@pytest.mark.parametrize("cls", [xpnn.Adam, xpnn.AdamW])
def test_settings_are_checked(cls):
    assert_settings_are_checked(cls)
