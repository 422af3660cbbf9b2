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
    xpnn.CategoricalCrossEntropy(ignore_index=1),
    xpnn.Quantile(0.1, 0.5, 0.8),
    xpnn.Focal(),
    xpnn.Focal(0.5, from_logits=True),
    xpnn.Focal(1.5, from_logits=True, label_smoothing=0.3),
    xpnn.Heads({"b": (slice(2, 3), "mean_squared_error", 0.5), "a": (slice(0, 2), "huber")}),
    xpnn.Poisson(),
    xpnn.Poisson(from_logits=True),
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


@dataclass(frozen=True)
class NoLogits(xpnn.CategoricalCrossEntropy):
    """Fine, as its base class has from_logits."""


class JoinedWithoutLogits(xpnn.Loss):
    activation = "Softmax"
    classifies = True

    def prepare(self, targets, n_outputs, dtype, name="y"):
        return xpnn.CategoricalCrossEntropy().prepare(targets, n_outputs, dtype, name)

    def forward(self, predictions, targets):
        return xpnn.CategoricalCrossEntropy().forward(predictions, targets)


def test_a_loss_that_can_not_be_joined_with_its_activation():
    check_loss(NoLogits(), backends=["numpy"])
    with pytest.raises(AssertionError, match="must have a field from_logits"):
        check_loss(JoinedWithoutLogits(), backends=["numpy"])
    model = xpnn.Sequential([xpnn.Dense(2, 3), xpnn.Softmax()])
    with pytest.raises(TypeError, match="must have a field from_logits"):
        model.compile(JoinedWithoutLogits(), "sgd")


@dataclass(frozen=True)
class NeverPrepares(xpnn.MeanSquaredError):
    def prepare(self, targets, n_outputs, dtype, name="y"):
        raise ZeroDivisionError


class HingeOfTestTesting(xpnn.Loss):
    """Its targets, 0 or 1, become -1 or 1."""

    def prepare(self, targets, n_outputs, dtype, name="y"):
        return 2 * super().prepare(targets, n_outputs, dtype, name) - 1

    def forward(self, predictions, targets):
        xp = array_namespace(predictions)
        margin = 1 - targets * predictions
        slope = xp.where(margin > 0, -targets, xp.zeros_like(targets))
        return xp.sum(xp.maximum(margin, 0.0), axis=1), lambda: 1.0 * slope


def test_targets_are_prepared():
    with pytest.raises(ZeroDivisionError):
        check_loss(NeverPrepares(), backends=["numpy"])
    check_loss(HingeOfTestTesting(), [[0.3], [0.1]], [0, 1], backends=["numpy"])
