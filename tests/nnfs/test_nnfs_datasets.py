"""The book's data are arrays of the backend in use."""

import pytest

from xpnn import nnfs
from xpnn.nnfs.datasets import sine_data, spiral_data, vertical_data


@pytest.fixture(autouse=True)
def init(backend, fresh_book):
    nnfs.init()


def test_data_are_on_the_backend(backend):
    for X, y in (spiral_data(5, 3), vertical_data(5, 3), sine_data(5)):
        assert backend.owns(X)
        assert backend.owns(y)
