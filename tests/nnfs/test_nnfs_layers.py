"""The book's layers count with what a script sets, and go back from it."""

import numpy as np
import pytest
from support import host

from xpnn import nnfs


@pytest.fixture(autouse=True)
def init(backend, fresh_book):
    nnfs.init()


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


@pytest.mark.parametrize("kind", [nnfs.Activation_ReLU, nnfs.Activation_Linear])
def test_activations_keep_dtypes(kind, backend):
    activation = kind()
    for dtype in ("float32", "float64", "int32"):
        activation.forward(np.array([[1, 2]], dtype))
        assert activation.inputs.dtype == activation.output.dtype == backend.dtype(dtype)
        dvalues = np.array([[3, 4]], "float64")
        activation.backward(dvalues)
        assert activation.dinputs.dtype == backend.dtype("float64")
        dvalues[:] = 0  # what went in is the script's
        assert host(activation.dinputs).tolist() == [[3.0, 4.0]]


@pytest.mark.float64
def test_a_tiny_input_lets_a_gradient_through():
    relu = nnfs.Activation_ReLU()
    relu.forward(np.array([[1e-50, -1e-50, 0.0]]))
    relu.backward(np.ones((1, 3), np.float32))
    assert host(relu.dinputs).tolist() == [[1.0, 0.0, 0.0]]
