"""The check of users' own losses finds what it is there to find."""

from dataclasses import dataclass

import pytest
from support import of_the_core

import xpnn
from xpnn.backend import array_namespace
from xpnn.losses import LOSSES
from xpnn.testing import check_loss

OUR_LOSSES = [
    xpnn.MeanSquaredError(),
    xpnn.MeanAbsoluteError(),
    xpnn.Huber(0.5),
    xpnn.BinaryCrossEntropy(),
    xpnn.BinaryCrossEntropy(from_logits=True),
    xpnn.CategoricalCrossEntropy(),
    xpnn.CategoricalCrossEntropy(from_logits=True),
    xpnn.CategoricalCrossEntropy(label_smoothing=0.1),
    xpnn.CategoricalCrossEntropy(from_logits=True, label_smoothing=0.3),
]
listed = {type(loss) for loss in OUR_LOSSES}
OUR_LOSSES += [cls() for cls in LOSSES.values() if of_the_core(cls) and cls not in listed]


@pytest.mark.parametrize("loss", OUR_LOSSES, ids=str)
def test_every_loss_passes(loss, backend):
    check_loss(loss, backends=["numpy", backend])


def test_soft_labels_pass(backend):
    predictions, targets = [[0.2, 0.8], [0.5, 0.5]], [[0.3, 0.7], [0.0, 1.0]]
    for from_logits in (False, True):
        loss = xpnn.CategoricalCrossEntropy(from_logits=from_logits)
        check_loss(loss, predictions, targets, backends=["numpy", backend])


def test_every_loss_is_tested():
    ours = {name for name, cls in LOSSES.items() if of_the_core(cls)}
    assert ours == {type(loss).__name__ for loss in OUR_LOSSES}


@dataclass(frozen=True)
class ForgetsHalf(xpnn.Loss):
    def forward(self, predictions, targets):
        xp = array_namespace(predictions)
        error = predictions - targets
        return xp.sum(error * error, axis=1) / 2, lambda: 2 * error


def test_a_wrong_loss_is_found():
    with pytest.raises(AssertionError, match="dpredictions, beside central differences"):
        check_loss(ForgetsHalf(), backends=["numpy"])
