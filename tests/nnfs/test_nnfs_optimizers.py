"""The book's optimizers: their settings change, and layers keep what they remember."""

import numpy as np
import pytest
from support import host

from xpnn import nnfs
from xpnn.nnfs.settings import place


@pytest.fixture(autouse=True)
def init(backend, fresh_book):
    nnfs.init()


def stepped(optimizer, dense=None):
    """Take a step with gradients of 1, and return how far the weights went."""
    dense = dense or nnfs.Layer_Dense(2, 3)
    dense.dweights = place(np.ones((2, 3)))
    dense.dbiases = place(np.ones((1, 3)))
    before = host(dense.weights).copy()
    optimizer.pre_update_params()
    optimizer.update_params(dense)
    optimizer.post_update_params()
    return (host(dense.weights) - before).mean()


def test_settings_can_be_changed():
    optimizer = nnfs.Optimizer_SGD(learning_rate=1.0)
    optimizer.learning_rate = 0.125
    assert stepped(optimizer) == pytest.approx(-0.125)
    optimizer = nnfs.Optimizer_SGD(1.0, decay=1.0)
    dense = nnfs.Layer_Dense(2, 3)
    assert stepped(optimizer, dense) == pytest.approx(-1.0)
    assert stepped(optimizer, dense) == pytest.approx(-0.5)
    assert optimizer.current_learning_rate == 0.5


def test_another_optimizer_for_the_same_layer():
    dense = nnfs.Layer_Dense(2, 3)
    assert stepped(nnfs.Optimizer_SGD(1.0), dense) == pytest.approx(-1.0)
    momentum = nnfs.Optimizer_SGD(1.0, momentum=0.5)
    assert stepped(momentum, dense) == pytest.approx(-1.0)
    assert stepped(momentum, dense) == pytest.approx(-1.5)
    assert stepped(nnfs.Optimizer_Adam(0.25), dense) == pytest.approx(-0.25, rel=1e-5)


def test_bad_learning_rate():
    with pytest.raises(ValueError, match="learning_rate must be"):
        nnfs.Optimizer_SGD(-1.0)
