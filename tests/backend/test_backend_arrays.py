"""What is asked of arrays of any library: here, about dtypes."""

import numpy as np
import pytest
from support import assert_close

from xpnn.backend import dtype_name, index_dtype_of

DTYPES = ["float32", "float64", "int8", "int16", "int32", "uint8", "bool"]


@pytest.mark.float64
def test_dtype_names_of_any_library(backend, other):
    for kind in DTYPES:
        theirs = getattr(other.xp, kind)
        assert dtype_name(theirs) == kind
        assert dtype_name(other.asarray([1], kind).dtype) == kind
        assert backend.dtype(theirs) == getattr(backend.xp, kind)
        assert backend.asarray([1], theirs).dtype == getattr(backend.xp, kind)


def test_dtype_names_of_numpy_and_python():
    for name in (np.float32, np.dtype("float32"), "float32", np.dtype(">f4")):
        assert dtype_name(name) == "float32"
    assert dtype_name(float) == "float64"
    assert dtype_name(bool) == "bool"


def test_index_dtype_indexes(backend):
    rows = backend.asarray(np.array([2, 0]), index_dtype_of(backend.asarray([1.0])))
    x = backend.asarray([10.0, 11.0, 12.0])
    assert_close(backend.xp.take(x, rows, axis=0), np.array([12.0, 10.0]))
