"""What all optimizers have in common."""

import numpy as np
import pytest
from support import host

import xpnn


def test_a_network_without_parameters_is_left(backend):
    optimizer = xpnn.Adam()
    assert optimizer.update([], [], optimizer.init([])) == ([], {"mean": [], "squares": []})


def test_a_network_with_one_parameter(backend):
    w = backend.asarray([[1.0, 2.0]])
    optimizer = xpnn.SGD(0.5)
    (w,), _ = optimizer.update([w], [w], optimizer.init([w]))
    assert host(w).tolist() == [[0.5, 1.0]]


def test_settings_are_by_keyword():
    with pytest.raises(TypeError):
        xpnn.SGD(0.1, 0.9)


def test_numpy_numbers_become_plain():
    assert type(xpnn.SGD(np.float32(0.5), momentum=np.float64(0.5)).momentum) is float
    assert type(xpnn.Dense(np.int64(2), np.int64(3)).n_inputs) is int


def test_the_table_is_in_order_of_increasing_complexity():
    # the command lists optimizers in this order
    ours = [n for n, cls in xpnn.optimizers.OPTIMIZERS.items() if cls is getattr(xpnn, n, None)]
    assert ours == [
        *("SGD", "AdaGrad", "RMSProp", "AdaDelta", "Lion"),
        *("Adam", "AdamW", "AdaMax", "NAdam", "Adan", "LAMB", "Muon"),
    ]


@pytest.mark.parametrize(
    "optimizer", [xpnn.SGD(), xpnn.SGD(momentum=0.9), xpnn.Adam()], ids=str
)
def test_the_state_before_the_first_step(backend, optimizer):
    parameter = backend.asarray(np.ones((2, 3)), "float32")
    state = optimizer.init([parameter])
    assert [*state] == [*optimizer.slots, "iterations"]
    assert state["iterations"].dtype == backend.dtype("int32")
    assert state["iterations"].shape == ()
    for slot in optimizer.slots:
        np.testing.assert_array_equal(host(state[slot][0]), np.zeros((2, 3)))
