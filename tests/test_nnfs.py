"""The book's objects behave as its scripts expect, beyond the runs of test_book.py."""

import numpy as np
import pytest
from support import host

from xpnn import nnfs
from xpnn.nnfs.datasets import sine_data, spiral_data, vertical_data

OUTPUTS = np.array([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]])
TARGETS = np.array([0, 1, 1])
WANTED = np.array(
    [
        [-0.1, 0.03333333, 0.06666667],
        [0.03333333, -0.16666667, 0.13333333],
        [0.00666667, -0.03333333, 0.02666667],
    ]
)


@pytest.fixture(autouse=True)
def init(backend):
    nnfs.init()


def test_chapter_9_compares_the_two_ways_back():
    """As typed in the book: the activation's output is set by hand."""
    together = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    together.backward(OUTPUTS, TARGETS)
    activation = nnfs.Activation_Softmax()
    activation.output = OUTPUTS
    loss = nnfs.Loss_CategoricalCrossentropy()
    loss.backward(OUTPUTS, TARGETS)
    activation.backward(loss.dinputs)
    np.testing.assert_allclose(host(together.dinputs), WANTED, atol=1e-7)
    np.testing.assert_allclose(host(activation.dinputs), WANTED, atol=1e-7)


def test_what_a_script_sets_is_what_counts():
    sigmoid = nnfs.Activation_Sigmoid()
    sigmoid.output = np.array([[0.2, 0.9]])
    sigmoid.backward(np.ones((1, 2)))
    np.testing.assert_allclose(host(sigmoid.dinputs), [[0.16, 0.09]], rtol=1e-5)
    relu = nnfs.Activation_ReLU()
    relu.forward(np.array([[1.0, -1.0]]))
    relu.inputs = np.array([[-1.0, 1.0]])
    relu.backward(np.array([[5.0, 7.0]]))
    assert host(relu.dinputs).tolist() == [[0.0, 7.0]]
    dense = nnfs.Layer_Dense(2, 2)
    dense.forward(np.array([[1.0, 2.0]]))
    dense.weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    dense.backward(np.array([[1.0, 1.0]]))
    assert host(dense.dinputs).tolist() == [[3.0, 7.0]]
    assert host(dense.dweights).tolist() == [[1.0, 1.0], [2.0, 2.0]]
    assert host(dense.dbiases).shape == (1, 2)


def test_chapter_6_sets_and_copies_weights(backend):
    dense = nnfs.Layer_Dense(2, 3)
    best = host(dense.weights).copy()
    dense.weights = dense.weights + backend.asarray(0.05 * np.random.randn(2, 3), "float32")
    dense.forward(np.ones((4, 2)))
    assert not np.array_equal(host(dense.weights), best)
    np.testing.assert_allclose(
        host(dense.output)[0], host(dense.weights).sum(axis=0), rtol=1e-6
    )


def stepped(optimizer, dense=None):
    """Take a step with gradients of 1, and return how far the weights went."""
    dense = dense or nnfs.Layer_Dense(2, 3)
    dense.dweights = nnfs._place(np.ones((2, 3)))
    dense.dbiases = nnfs._place(np.ones((1, 3)))
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


@pytest.mark.parametrize("wrong", [[0, 5, 1], [0, -1, 1], [0, 0.5, 1], [0, 1]])
def test_labels_that_are_none(wrong):
    loss = nnfs.Loss_CategoricalCrossentropy()
    for call in (loss.calculate, loss.backward):
        with pytest.raises(ValueError, match="y_true must"):
            call(OUTPUTS, np.array(wrong))


def test_the_default_dtype_is_everybody_s(backend):
    nnfs.init(default_dtype="float64")
    X, _ = spiral_data(10, 3)
    dense = nnfs.Layer_Dense(2, 3)
    dense.forward(X)
    assert X.dtype == dense.weights.dtype == dense.output.dtype == backend.dtype("float64")


def test_data_are_on_the_backend(backend):
    for X, y in (spiral_data(5, 3), vertical_data(5, 3), sine_data(5)):
        assert backend.owns(X)
        assert backend.owns(y)


def test_numpy_is_not_patched():
    assert np.zeros(1).dtype == np.random.randn(1).dtype == np.eye(1).dtype == np.float64
    assert np.dot(np.ones(1), np.ones(1)).dtype == np.float64


def test_bad_settings():
    with pytest.raises(ValueError, match="default_dtype must be"):
        nnfs.init(default_dtype="int8")
    with pytest.raises(ValueError, match="learning_rate must be"):
        nnfs.Optimizer_SGD(-1.0)
