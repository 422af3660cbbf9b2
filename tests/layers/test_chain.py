"""Chains, which dissolve in a network, and the layers that are made like them."""

import numpy as np
import pytest

import xpnn
from xpnn import Chain, Concatenate, Dense, Residual, Select, Sequential, Softmax, Tanh

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 3)), RNG.integers(0, 3, 12)


def test_a_chain_computes_what_its_layers_do():
    chained = [Chain(Dense(3, 4), Chain(Tanh(), xpnn.Dropout(0.25))), Chain(), Dense(4, 3)]
    plain = [Dense(3, 4), Tanh(), xpnn.Dropout(0.25), Dense(4, 3)]
    runs = []
    for layers in (
        [*chained, Softmax()],
        [*plain, Softmax()],
        [*chained[:2], Chain(plain[3], Softmax())],
    ):
        model = Sequential(layers, seed=0, dtype="float64", backend="numpy")
        model.compile("categorical_cross_entropy", "adam", ["accuracy"])
        model.fit(X, Y, epochs=3, batch_size=5)
        runs.append(model)
    for model in runs:
        assert model.history.history == runs[1].history.history
        for array, wanted in zip(model.parameters, runs[1].parameters, strict=True):
            np.testing.assert_array_equal(array, wanted)
    assert [*runs[0].declared_parameters] == [
        "0.inner.0.weights", "0.inner.0.biases", "2.weights", "2.biases"
    ]  # fmt: skip


def test_losses_see_the_last_layer_of_a_chain():
    layers = [Dense(3, 3), Chain(Tanh(), Chain(Dense(3, 3)))]
    with pytest.raises(ValueError, match=r"ends in Dense.*add Softmax\(\) at the end"):
        Sequential(layers).compile("categorical_cross_entropy", "sgd")


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Chain(Dense(2, 3), Tanh()), "Chain(Dense(n_inputs=2, n_outputs=3), Tanh())"),
        (Residual(xpnn.Dropout(0.5)), "Residual(Dropout(rate=0.5))"),
        (Select(0, 2), "Select(0, 2)"),
        (Concatenate(Select(slice(1, None)), Tanh()),
         "Concatenate(Select(slice(1, None, None)), Tanh())"),
        (xpnn.Frozen(Chain(Tanh())), "Frozen(layer=Chain(Tanh()))"),
    ],
)  # fmt: skip
def test_they_are_written_as_they_are_made(layer, text):
    assert str(layer) == text
    assert eval(text, vars(xpnn)) == layer


def test_sizes():
    assert Residual(Dense(3, 5), Dense(5, 3)).n_inputs == 3
    assert Residual(Dense(3, 5), Dense(5, 3)).output_size(None) == 3
    side = Concatenate(Chain(Select(0, 1), Dense(2, 5)), Select(slice(0, 4, 2)))
    assert (side.n_inputs, side.output_size(None), side.output_size(7)) == (None, 7, 7)
    assert Concatenate(Tanh(), Dense(3, 2)).output_size(None) == 5
    assert Sequential([Concatenate(Tanh(), Dense(3, 2)), Dense(5, 1)]).n_inputs == 3
    assert Chain().output_size(4) == 4


@pytest.mark.parametrize(
    ("layers", "error", "words"),
    [
        (lambda: [Residual(Dense(3, 2))], ValueError, r"2 outputs, which can't be added to 3"),
        (lambda: [Dense(2, 4), Residual(Dense(4, 5))], ValueError, r"layers\[1\] does not fit"),
        (lambda: [Chain([Dense(2, 2)])], TypeError, "one by one, or as a Chain"),
        (lambda: [Chain(Tanh)], TypeError, r"write it with \(\)"),
        (lambda: [Concatenate()], ValueError, "branches must be at least one"),
        (lambda: [Concatenate(Dense(2, 2), Dense(3, 2))], ValueError, "takes 3 inputs"),
        (lambda: [Select()], ValueError, "columns must be at least one"),
        (lambda: [Select(0.5)], TypeError, "columns must be an integer"),
        (lambda: [Dense(2, 2), Select(2)], ValueError, r"Select\(2\) takes columns that 2"),
        (lambda: [Select(slice(0.5, 2))], TypeError, "columns must be a slice of integers"),
        (lambda: [Select(slice(0, 2, 0))], TypeError, "by a step other than 0"),
        (lambda: [Dense(2, 2), Select(slice(0, 9))], ValueError, "takes columns that 2 inputs"),
        (lambda: [Dense(2, 2), Select(slice(5, 9))], ValueError, "takes columns that 2 inputs"),
        (lambda: [xpnn.Frozen("dense")], TypeError, r"layer\[0\] must be a Layer"),
    ],
)
def test_what_is_refused(layers, error, words):
    with pytest.raises(error, match=words):
        Sequential(layers())


def test_numbers_of_numpy_are_pythons():
    assert (
        str(
            Select(
                slice(np.int64(1), None),
            )
        )
        == "Select(slice(1, None, None))"
    )
    assert str(Select(np.int64(2))) == "Select(2)"


@pytest.mark.parametrize("name", ["codes", "learns", "title", "state"])
def test_a_field_can_not_have_the_name_of_what_each_layer_has(name):
    with pytest.raises(TypeError, match=f"can't have a field '{name}', as each layer has"):
        type(f"OwnOfTestChain_{name}", (xpnn.Layer,), {"__annotations__": {name: int}})
