"""Targets, as a loss takes them."""

import numpy as np
import pytest
from support import host

import xpnn


@pytest.mark.parametrize(("dtype", "k"), [("uint8", 256), ("uint8", 300), ("int8", 200)])
def test_small_labels_of_many_classes(backend, dtype, k):
    loss = xpnn.CategoricalCrossEntropy()
    labels = backend.asarray(np.array([1, 100], dtype=dtype))
    classes = loss.prepare(labels, k, backend.dtype("float32"))
    assert host(classes).tolist() == [1, 100]
    rows = xpnn.losses.one_hot(labels, backend.asarray(np.zeros((2, k)), "float32"))
    assert host(rows).sum(axis=1).tolist() == [1, 1]
