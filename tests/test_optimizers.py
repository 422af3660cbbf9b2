"""Optimizers beside their equations, written out in NumPy."""

import dataclasses

import numpy as np
import pytest
from support import host

import xpnn

rng = np.random.default_rng(0)
START = [rng.standard_normal((3, 2)), rng.standard_normal(2)]
GRADS = [[rng.standard_normal(p.shape) for p in START] for _ in range(6)]


def sgd(p, g, s, t, o):
    lr = o.learning_rate / (1 + o.decay * t)
    v = s["v"] = o.momentum * s.get("v", 0) - lr * g
    return p + (o.momentum * v - lr * g if o.nesterov else v)


def adagrad(p, g, s, t, o):
    c = s["c"] = s.get("c", 0) + g**2
    return p - o.learning_rate / (1 + o.decay * t) * g / (np.sqrt(c) + o.epsilon)


def rmsprop(p, g, s, t, o):
    c = s["c"] = o.rho * s.get("c", 0) + (1 - o.rho) * g**2
    return p - o.learning_rate / (1 + o.decay * t) * g / (np.sqrt(c) + o.epsilon)


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
        (xpnn.SGD(0.1), sgd),
        (xpnn.SGD(0.1, decay=0.5), sgd),
        (xpnn.SGD(0.1, momentum=0.9, decay=0.5), sgd),
        (xpnn.SGD(0.1, momentum=0.9, decay=0.5, nesterov=True), sgd),
        (xpnn.AdaGrad(0.1, decay=0.5), adagrad),
        (xpnn.RMSProp(0.1, rho=0.7, decay=0.5), rmsprop),
        (xpnn.Adam(0.1, decay=0.5), adam),
        (xpnn.Adam(0.1, beta_1=0.0, beta_2=0.5), adam),
        (xpnn.AdamW(0.1, decay=0.5, weight_decay=0.3), adamw),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_the_equations(backend, dtype, optimizer, equation):
    params = [backend.asarray(p, dtype, copy=True) for p in START]
    state = optimizer.init(params)
    wanted, memory = START, [{} for _ in START]
    for t, grads in enumerate(GRADS):
        placed = [backend.asarray(g, dtype, copy=True) for g in grads]
        params, state = optimizer.update(params, placed, state)
        wanted = [equation(p, g, s, t, optimizer) for p, g, s in zip(wanted, grads, memory)]
    assert int(state["iterations"]) == len(GRADS)
    for p, q in zip(params, wanted):
        assert p.dtype == backend.dtype(dtype)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(host(p), q, rtol=100 * eps, atol=100 * eps)


def test_the_correction_is_precise_in_float32(backend):
    # 1 - 0.999¹ in float32 arithmetic would be off by 5e-5
    step_size, root = xpnn.Adam(1.0).numbers(backend.asarray(np.array(0), "float32"))
    assert float(step_size) == pytest.approx(10, rel=1e-6)
    assert float(root) ** 2 == pytest.approx(0.001, rel=1e-6)


def test_a_network_without_parameters_is_left(backend):
    optimizer = xpnn.Adam()
    assert optimizer.update([], [], optimizer.init([])) == ([], {"mean": [], "squares": []})


@pytest.mark.parametrize("cls", [xpnn.SGD, xpnn.AdaGrad, xpnn.RMSProp, xpnn.Adam, xpnn.AdamW])
def test_settings_are_checked(cls):
    for field in dataclasses.fields(cls):
        for value in (-0.1, float("nan"), "0.1", None):
            with pytest.raises((ValueError, TypeError), match=field.name):
                cls(**{field.name: value})


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="nesterov needs a momentum > 0"):
        xpnn.SGD(nesterov=True)


def test_settings_are_by_keyword():
    with pytest.raises(TypeError):
        xpnn.SGD(0.1, 0.9)


def test_numpy_numbers_become_plain():
    assert type(xpnn.SGD(np.float32(0.5), momentum=np.float64(0.5)).momentum) is float
    assert type(xpnn.Dense(np.int64(2), np.int64(3)).n_inputs) is int
