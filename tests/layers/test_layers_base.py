"""What all layers have in common."""

import pytest

import xpnn
from xpnn import Dense
from xpnn.layers import LAYERS


def test_layers_are_equal_by_what_they_compute():
    assert xpnn.Dense(2, 3) == xpnn.Dense(2, 3, weights="zeros") != xpnn.Dense(2, 4)
    assert len({xpnn.Dense(2, 3), xpnn.Dense(100, 7), xpnn.ReLU(), xpnn.Tanh()}) == 4


def test_names_of_ours_cannot_be_taken():
    with pytest.raises(TypeError, match="xpnn has a layer 'Dense'"):
        type("Dense", (xpnn.Layer,), {})
    assert LAYERS["Dense"] is Dense
