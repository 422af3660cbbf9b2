"""What `init` sets is everybody's, and nothing in NumPy is patched."""

import numpy as np
import pytest

from xpnn import nnfs
from xpnn.nnfs.datasets import spiral_data


@pytest.fixture(autouse=True)
def init(backend):
    nnfs.init()


def test_the_default_dtype_is_everybody_s(backend):
    nnfs.init(default_dtype="float64")
    X, _ = spiral_data(10, 3)
    dense = nnfs.Layer_Dense(2, 3)
    dense.forward(X)
    assert X.dtype == dense.weights.dtype == dense.output.dtype == backend.dtype("float64")


def test_numpy_is_not_patched():
    assert np.zeros(1).dtype == np.random.randn(1).dtype == np.eye(1).dtype == np.float64
    assert np.dot(np.ones(1), np.ones(1)).dtype == np.float64


def test_bad_settings():
    with pytest.raises(ValueError, match="default_dtype must be"):
        nnfs.init(default_dtype="int8")
