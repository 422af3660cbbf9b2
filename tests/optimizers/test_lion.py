"""Lion beside the paper's second algorithm, written out in NumPy."""

import numpy as np
import pytest
from equations import assert_follows, assert_settings_are_checked
from support import host

import xpnn
from xpnn.schedules import FlatCosine


def lion(p, g, s, t, o):
    m = s.get("m", np.zeros_like(g))
    update = np.sign(o.beta_1 * m + (1 - o.beta_1) * g)
    s["m"] = o.beta_2 * m + (1 - o.beta_2) * g
    return p - o.learning_rate / (1 + o.decay * t) * (update + o.weight_decay * p)


@pytest.mark.parametrize(
    "optimizer",
    [
        xpnn.Lion(0.1),
        xpnn.Lion(0.1, beta_1=0.5, beta_2=0.3, decay=0.5, weight_decay=0.7),
        xpnn.Lion(0.1, beta_1=0.0, beta_2=0.0),
    ],
    ids=str,
)
def test_the_algorithm(backend, dtype, optimizer):
    assert_follows(optimizer, lion, backend, dtype)


def test_where_there_was_never_a_gradient_nothing_moves(backend):
    p = backend.asarray([1.0, -1.0])
    optimizer = xpnn.Lion(0.5)
    (p,), _ = optimizer.update([p], [backend.asarray([0.0, 3.0])], optimizer.init([p]))
    assert host(p).tolist() == [1.0, -1.5]


def test_a_weight_decay_that_changes(backend):
    p = backend.asarray([8.0])
    optimizer = xpnn.Lion(0.5, weight_decay=FlatCosine(1.0, 2))
    state = optimizer.init([p])
    for _ in range(3):  # of the steps 0, 1 and 2: flat until half of them, then 0
        (p,), state = optimizer.update([p], [backend.asarray([0.0])], state)
    assert float(p[0]) == pytest.approx(8 * 0.5**2)


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.Lion)
