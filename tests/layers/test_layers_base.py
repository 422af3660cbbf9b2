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


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (xpnn.ReLU(), "ReLU()"),
        (xpnn.Dense(2, 3), "Dense(n_inputs=2, n_outputs=3)"),
        (xpnn.Dense(2, 3, l2=0.1), "Dense(n_inputs=2, n_outputs=3, l2=0.1)"),
        (xpnn.BatchNorm(3), "BatchNorm(n=3, momentum=0.9, epsilon=1e-05)"),
    ],
    ids=["relu", "dense", "penalty", "batch-norm"],
)
def test_a_layer_as_text(layer, text):
    """As it is made, without what was left as it is by keyword."""
    assert str(layer) == text


def test_arrays_go_by_these_names():
    """Of which cards and checkpoints make theirs."""
    assert [*Dense(2, 3).parameters()] == ["weights", "biases"]
    assert [*xpnn.BatchNorm(3).parameters()] == ["scale", "shift"]
    assert [*xpnn.BatchNorm(3).state()] == ["mean", "variance"]
