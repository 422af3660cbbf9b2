"""Muon beside its authors' algorithm, written out in NumPy, and beside singular values."""

import numpy as np
import pytest
from equations import assert_follows, assert_settings_are_checked
from support import host
from test_adam import adamw

import xpnn
from xpnn.optimizers.muon import orthogonal

rng = np.random.default_rng(7)


def muon(p, g, s, t, o):
    if p.ndim != 2:
        return adamw(p, g, s, t, o)
    m = s["m"] = o.momentum * s.get("m", 0) + g
    x = g + o.momentum * m
    # the singular vectors stay, and the values go through the polynomial
    u, values, vt = np.linalg.svd(x, full_matrices=False)
    values = values / (np.linalg.norm(x) + 1e-7)
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    rate = o.learning_rate / (1 + o.decay * t)
    step = 0.2 * np.sqrt(max(p.shape)) * (u * values) @ vt
    return p * (1 - rate * o.weight_decay) - rate * step


@pytest.mark.parametrize(
    "optimizer",
    [xpnn.Muon(0.1), xpnn.Muon(0.1, momentum=0.0, beta_1=0.5, decay=0.5, weight_decay=0.3)],
    ids=str,
)
def test_the_algorithm(backend, dtype, optimizer):
    assert_follows(optimizer, muon, backend, dtype)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5), (6, 1)])
def test_steps_go_equally_far_in_all_directions(backend, shape):
    x = rng.standard_normal(shape)
    values = np.linalg.svd(host(orthogonal(backend.asarray(x, "float32"))), compute_uv=False)
    assert 0.65 < values.min() <= values.max() < 1.25


def test_a_gradient_of_zeros_changes_nothing(backend):
    params, grads = ([backend.asarray(a, "float32", copy=True)] for a in ([[1.0]], [[0.0]]))
    optimizer = xpnn.Muon(0.1, weight_decay=0.0)
    (p,), _ = optimizer.update(params, grads, optimizer.init(params))
    assert host(p).tolist() == [[1.0]]


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.Muon)
