"""What `init` sets is everybody's, and of NumPy it changes `randn` only."""

from itertools import permutations

import numpy as np
import pytest
from processes import run_python
from support import host

from xpnn import nnfs
from xpnn.nnfs.datasets import spiral_data


@pytest.fixture(autouse=True)
def init(backend, fresh_book):
    nnfs.init()


def test_the_default_dtype_is_everybody_s(backend):
    nnfs.init(default_dtype="float64")
    X, _ = spiral_data(10, 3)
    dense = nnfs.Layer_Dense(2, 3)
    dense.forward(X)
    assert X.dtype == dense.weights.dtype == dense.output.dtype == backend.dtype("float64")


def test_a_script_draws_what_the_book_prints():
    wanted = [[1.7640524, 0.4001572], [0.978738, 2.2408931]]
    assert np.array_equal(np.random.randn(2, 2), np.float32(wanted))
    assert str(np.random.randn()) == "1.867558"
    nnfs.init()  # again: from the first draw on, and rounded once
    assert np.random.randn(1).tolist() == [float(np.float32(1.764052345967664))]
    nnfs.init(default_dtype="float64", random_seed=None)
    assert np.random.randn() == 0.4001572083672233


def test_nothing_else_of_numpy_is_changed():
    assert np.zeros(1).dtype == np.eye(1).dtype == np.random.rand(1).dtype == np.float64
    assert np.dot(np.ones(1), np.ones(1)).dtype == np.random.standard_normal(1).dtype
    assert np.random.RandomState(0).randn(1).dtype == np.float64


@pytest.mark.float64
@pytest.mark.parametrize("in_double", [True, False])
def test_products(backend, dtype, in_double):
    """In single precision, some order of these three terms loses the 1."""
    nnfs.init(dot_precision_workaround=in_double, default_dtype=dtype)
    terms = np.array(list(permutations([1e8, 1.0, -1e8])), np.float32)
    dense = nnfs.Layer_Dense(3, 1)
    dense.weights = np.ones((3, 1), np.float32)
    dense.forward(terms)
    assert dense.output.dtype == backend.dtype(dtype)
    if in_double:
        assert host(dense.output).tolist() == [[1.0]] * 6
    dense.backward(np.ones((6, 1)))
    assert dense.dweights.dtype == dense.dinputs.dtype == backend.dtype(dtype)


def test_only_what_was_asked_for_turns_double_precision_on(backend):
    """One library has it for the whole process, or not at all."""
    if backend.name != "jax":
        return
    code = """
    import sys
    from xpnn import nnfs
    from xpnn.nnfs.datasets import spiral_data

    for in_double in (False, True):
        nnfs.init(dot_precision_workaround=in_double)
        X, y = spiral_data(10, 3)
        dense, loss = nnfs.Layer_Dense(2, 3), nnfs.Loss_CategoricalCrossentropy()
        softmax = nnfs.Activation_Softmax()
        dense.forward(X)
        softmax.forward(dense.output)
        loss.backward(softmax.output, y)
        softmax.backward(loss.dinputs)
        dense.backward(softmax.dinputs)
        nnfs.Optimizer_Adam().update_params(dense)
        assert sys.modules["jax"].config.jax_enable_x64 == in_double
    """
    run_python(code, environment={"XPNN_BACKEND": "jax"})


def test_bad_settings():
    with pytest.raises(ValueError, match="default_dtype must be"):
        nnfs.init(default_dtype="int8")
