"""Layers of one's own, where a batch is cut over processes."""

from dataclasses import dataclass

import pytest

from xpnn.layers import BatchNorm, Combinator, Dense, Dropout, Frozen
from xpnn.layers.base import Layer, Parameter
from xpnn.network.cuts import check_cuts
from xpnn.operations import column_sums, over_batch


class CentreOfTestCuts(Layer):
    """It takes away the mean of a batch."""

    def forward(self, params, x):
        def backward(dy):
            return dy - self.mean(dy), ()

        return x - self.mean(x), backward

    def mean(self, x):
        return over_batch(column_sums(x) / x.shape[0])


class OfEachOfTestCuts(CentreOfTestCuts):
    """It takes away that of the rows at hand."""

    def mean(self, x):
        return column_sums(x) / x.shape[0]


class BackwardOfTestCuts(CentreOfTestCuts):
    """It asks for the mean in the forward pass only."""

    def forward(self, params, x):
        return super().forward(params, x)[0], lambda dy: (dy - column_sums(dy) / len(dy), ())


class CountingOfTestCuts(Layer):
    """Its state is of the rows at hand."""

    def state(self):
        return {"largest": Parameter((1,))}

    def forward(self, params, x):
        return x, lambda dy: (dy, ())

    def train(self, params, state, x):
        return *self.forward(params, x), (state[0] * 0 + abs(x).max(),)


class OwnNormOfTestCuts(BatchNorm):
    """What xpnn has, in a class of one's own."""


class OddOfTestCuts(Layer):
    """It takes no rows of random numbers."""

    def forward(self, params, x):
        raise IndexError("codes only")


@dataclass(frozen=True)
class SumOfTestCuts(Combinator):
    """Two layers of one's own choice, added up."""

    left: Layer
    right: Layer

    def combine(self, x, left, right):
        a, a_backward = left(x)
        b, b_backward = right(x)
        return a + b, lambda dy: a_backward(dy) + b_backward(dy)


class MixesCodesOfTestCuts(Layer):
    """It takes codes only, and mixes rows."""

    def codes(self, n_inputs):
        return {0: 2}

    def forward(self, params, x):
        if not set(x[:, 0]) <= {0.0, 1.0}:
            raise IndexError("codes only")
        return OfEachOfTestCuts().forward(params, x)


FIXED = SumOfTestCuts(Dense(3, 3), Frozen(Dense(3, 3)))
GOOD = [
    FIXED,
    Frozen(FIXED),
    CentreOfTestCuts(),
    OwnNormOfTestCuts(3),
    OddOfTestCuts(),
    Dropout(0.5),
    Dense(3, 3),
]
WRONG = [MixesCodesOfTestCuts(), OfEachOfTestCuts(), BackwardOfTestCuts(), CountingOfTestCuts()]


@pytest.mark.parametrize("layer", GOOD, ids=str)
def test_who_gives_the_same(layer):
    check_cuts({"0": layer}, [3])


@pytest.mark.parametrize("layer", WRONG, ids=str)
def test_who_does_not(layer):
    with pytest.raises(
        ValueError, match=r"layer 1, .*: ask for .* by xpnn.operations.over_batch"
    ):
        check_cuts({"0": Dense(3, 3), "1": layer}, [3, 3])
