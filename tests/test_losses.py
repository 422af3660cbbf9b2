"""Losses called directly, and targets, as a loss takes them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from support import first_line, host

import xpnn
from xpnn.backend import array_namespace
from xpnn.sklearn.losses import HalfSquaredError

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("dtype", "k"), [("uint8", 256), ("uint8", 300), ("int8", 200)])
def test_small_labels_of_many_classes(backend, dtype, k):
    loss = xpnn.CategoricalCrossEntropy()
    labels = backend.asarray(np.array([1, 100], dtype=dtype))
    classes = loss.prepare(labels, k, backend.dtype("float32"))
    assert host(classes).tolist() == [1, 100]
    rows = xpnn.losses.one_hot(labels, backend.asarray(np.zeros((2, k)), "float32"))
    assert host(rows).sum(axis=1).tolist() == [1, 1]


@dataclass(frozen=True)
class CubedOfTestLosses(xpnn.Loss):
    """A loss of one's own: abs(error)³."""

    def forward(self, predictions, targets):
        error = predictions - targets
        size = array_namespace(error).abs(error)
        return (size**3)[:, 0], lambda: 3 * size * error


def binary(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# each with its loss of one output, and its derivative
OF_ONE = {
    xpnn.MeanSquaredError(): (lambda p, y: (p - y) ** 2, lambda p, y: 2 * (p - y)),
    xpnn.MeanAbsoluteError(): (lambda p, y: abs(p - y), lambda p, y: np.sign(p - y)),
    xpnn.Huber(0.1): (
        lambda p, y: np.where(abs(p - y) < 0.1, (p - y) ** 2 / 2, 0.1 * (abs(p - y) - 0.05)),
        lambda p, y: np.clip(p - y, -0.1, 0.1),
    ),
    xpnn.BinaryCrossEntropy(): (binary, lambda p, y: (p - y) / (p * (1 - p))),
    xpnn.BinaryCrossEntropy(from_logits=True): (
        lambda p, y: binary(sigmoid(p), y),
        lambda p, y: sigmoid(p) - y,
    ),
    HalfSquaredError(): (lambda p, y: (p - y) ** 2 / 2, lambda p, y: p - y),
    CubedOfTestLosses(): (lambda p, y: abs(p - y) ** 3, lambda p, y: 3 * abs(p - y) * (p - y)),
}


@pytest.mark.parametrize("loss", OF_ONE, ids=str)
def test_targets_of_one_output_may_be_flat(backend, dtype, loss):
    p, y, w = rng.uniform(0.1, 0.9, 5), rng.uniform(0, 1, 5), rng.uniform(0.5, 2, 5)
    value, slope = OF_ONE[loss]
    predictions, weight = backend.asarray(p[:, None], dtype), backend.asarray(w, dtype)
    for targets in (y, y[:, None]):
        placed = backend.asarray(targets, dtype)
        mean, dmean = loss(predictions, placed)
        weighted, dweighted = loss(predictions, placed, weight)
        close = {"rtol": 20 * float(np.finfo(dtype).eps) * 10}
        np.testing.assert_allclose(host(mean), np.mean(value(p, y)), **close)
        np.testing.assert_allclose(host(weighted), np.average(value(p, y), weights=w), **close)
        np.testing.assert_allclose(host(dmean)[:, 0], slope(p, y) / 5, **close)
        wanted = slope(p, y) * w / w.sum()
        np.testing.assert_allclose(host(dweighted)[:, 0], wanted, **close)
        assert mean.dtype == dmean.dtype == backend.dtype(dtype)


def test_whole_numbers_and_lists_as_targets(backend):
    p = backend.asarray([[1.0], [2.0], [4.0]])
    for targets in (backend.asarray(np.array([1, 2, 3])), [1, 2, 3]):
        assert float(xpnn.MeanSquaredError()(p, targets)[0]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("loss", OF_ONE, ids=str)
@pytest.mark.parametrize(
    ("shape", "other"),
    [((3, 1), (2,)), ((3, 1), (1,)), ((3, 1), (1, 3)), ((3, 2), (3,)), ((3, 2), (3, 1))],
)
def test_shapes_that_do_not_go_together(backend, loss, shape, other):
    p, y = (backend.asarray(np.full(s, 0.5)) for s in (shape, other))
    for call in (loss, loss.mean_and_gradient, loss.forward):
        if isinstance(loss, CubedOfTestLosses) and call != loss:
            continue
        with pytest.raises(ValueError, match="shape") as caught:
            call(p, y)
        assert str(shape) in str(caught.value)
        assert str(other) in str(caught.value)


@pytest.mark.parametrize("loss", [*OF_ONE, xpnn.CategoricalCrossEntropy()], ids=str)
def test_predictions_and_weights_of_other_shapes(backend, loss):
    y, p, w = (backend.asarray(np.full(s, 0.5)) for s in ((3,), (3, 1), (3, 1)))
    with pytest.raises(ValueError, match=r"got the shapes \(3,\) and \(3,\)"):
        loss(y, y)
    with pytest.raises(ValueError, match=r"sample_weight must have the shape \(3,\)"):
        loss(p, y, w)


P = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])


@dataclass(frozen=True)
class FocalOfTestLosses(xpnn.CategoricalCrossEntropy):
    """One's own that goes by the base class."""

    gamma: float = 2.0
    activation: ClassVar[str | None] = None


CATEGORICAL = [
    xpnn.CategoricalCrossEntropy(),
    xpnn.CategoricalCrossEntropy(from_logits=True),
    xpnn.CategoricalCrossEntropy(label_smoothing=0.1),
    xpnn.Focal(0),
    FocalOfTestLosses(),
]


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
@pytest.mark.parametrize(
    "targets",
    [
        *([0, 2, 1], [0, -1, 1], [0.0, 0.5, 1.0], [0.0, np.nan, 1.0], [0, 1], [[0, 1, 1]]),
        *(np.eye(3), np.full((3, 2), 1.0), np.full((3, 1, 2), 0.5)),
    ],
    ids=first_line,
)
def test_classes_that_are_none(backend, loss, targets):
    p, y = backend.asarray(P), backend.asarray(np.asarray(targets))
    with pytest.raises(ValueError, match="targets"):
        loss(p, y)
    if tuple(y.shape) not in ((3,), (3, 2)):
        with pytest.raises(ValueError, match="shape"):
            loss.forward(p, y)


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
def test_classes_in_all_their_forms(backend, loss):
    p, y = backend.asarray(P), np.array([1, 0, 0])
    log_p = np.log(P) if not loss.from_logits else P - np.log(np.exp(P).sum(1, keepdims=True))
    rows = np.eye(2)[y] * (1 - loss.label_smoothing) + loss.label_smoothing / 2
    wanted = -(rows * log_p).sum(axis=1).mean()
    for targets in (y, y[:, None], y.astype(float), y.astype("uint8"), np.eye(2)[y], y == 1):
        value, _ = loss(p, backend.asarray(targets))
        assert float(value) == pytest.approx(wanted, rel=1e-6)


def test_one_hot_rows_of_another_width(backend):
    with pytest.raises(ValueError, match=r"rows of the shape \(3, 2\), got the shape \(3, 3\)"):
        xpnn.losses.one_hot(backend.asarray(np.eye(3)), backend.asarray(P))


@pytest.mark.parametrize("loss", OF_ONE, ids=str)
def test_a_direct_call_can_be_compiled(backend, loss):
    p = backend.asarray([[0.25], [0.75]])
    y = backend.asarray([[1.0], [1.0]])
    wanted, _ = loss(p, y)
    compiled, _ = backend.compile(lambda p, y: loss(p, y))(p, y)
    assert float(compiled) == pytest.approx(float(wanted))


@pytest.mark.float64
@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
def test_certainty_is_cut_off_on_both_sides(backend, wrong):
    """1e-7 from 0 and from 1: what is certain and wrong has a finite loss."""
    sure = np.array([[0.0, 1.0], [1.0, 0.0]])
    wanted = -np.log(1e-7) if wrong else -np.log(1 - 1e-7)
    for loss, targets in (
        (xpnn.CategoricalCrossEntropy(), np.array([1, 0])),
        (xpnn.BinaryCrossEntropy(), sure),
    ):
        targets = 1 - targets if wrong else targets
        value, gradient = loss(backend.asarray(sure), backend.asarray(targets))
        assert float(value) == pytest.approx(wanted, rel=1e-6)
        assert np.isfinite(host(gradient)).all()


def test_what_is_told_of_targets_is_told_of_y():
    for loss in (xpnn.BinaryCrossEntropy(), xpnn.CategoricalCrossEntropy(), xpnn.Huber()):
        with pytest.raises(ValueError, match=r"^y[ :]"):
            loss.prepare(np.full((3, 2, 2), 0.5), 2, np.dtype("float64"))


def test_what_is_wrong_with_targets_is_told_of_targets(backend):
    p = backend.asarray(np.full((3, 2), 0.5))
    for loss, wrong in (
        (xpnn.MeanSquaredError(), np.full((3, 2), np.nan)),
        (xpnn.BinaryCrossEntropy(), np.full((3, 2), 2.0)),
        (xpnn.CategoricalCrossEntropy(), np.array([0, 1, 2])),
    ):
        with pytest.raises(
            ValueError, match=r"^targets must .*predictions of the shape \(3, 2\)"
        ):
            loss(p, backend.asarray(wrong))
    with pytest.raises(
        ValueError, match="class indices 0 to 1, as whole numbers; got 2 in row 2"
    ):
        xpnn.CategoricalCrossEntropy()(p, [0, 1, 2])


def test_targets_and_weights_of_any_kind(backend):
    """What `fit` takes: lists, columns of tables, arrays of another library."""
    p = backend.asarray(np.array([[1.0], [1.0], [1.0]], "float32"))
    for zeros in ([0.0, 0.0, 0.0], np.zeros((3, 1)), pd.Series([0.0, 0.0, 0.0]), np.zeros(3)):
        value, _ = xpnn.MeanSquaredError()(p, zeros)
        assert backend.owns(value)
        assert float(value) == 1.0
        assert isinstance(zeros, np.ndarray) or value.dtype == p.dtype
    value, _ = xpnn.MeanSquaredError()(p, [0.0, 0.0, 1.0], [1.0, 2.0, 3.0])
    assert float(value) == pytest.approx(0.5)
    value, _ = xpnn.CategoricalCrossEntropy()(backend.asarray(P), pd.Series([1, 0, 1]))
    assert float(value) == pytest.approx(-np.log([0.8, 0.5, 0.1]).mean())


@pytest.mark.float64
def test_targets_keep_their_precision(backend):
    """Those in double precision are not rounded to the predictions'."""
    predictions = backend.asarray(np.ones((1, 1)), "float32")
    targets = backend.asarray(np.array([1 + 1e-9]), "float64")
    loss, _ = xpnn.MeanSquaredError()(predictions, targets)
    assert float(loss) == pytest.approx(1e-18, rel=1e-6, abs=0)


def test_predictions_that_are_whole_numbers(backend):
    for p in ([[1], [2]], backend.asarray(np.array([[1], [2]]))):
        loss, gradient = xpnn.MeanSquaredError()(p, [1.5, 2.5])
        assert float(loss) == 0.25
        np.testing.assert_array_equal(host(gradient), [[-0.5], [-0.5]])


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2)], ids=str)
def test_classes_are_predicted_in_rows(backend, shape):
    predictions = backend.asarray(np.full(shape, 0.5))
    loss = xpnn.CategoricalCrossEntropy()
    for targets in (np.array([0, 1, 1]), np.eye(3)):
        with pytest.raises(ValueError, match=r"shapes \(n, k\) and \(n, …\)"):
            loss(predictions, backend.asarray(targets))
        with pytest.raises(ValueError, match=r"same shape \(n, k\)"):
            loss.forward(predictions, backend.asarray(targets))


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (xpnn.CategoricalCrossEntropy(), np.ones((2, 4))),
        (xpnn.CategoricalCrossEntropy(), np.ones((2, 3))),
        (xpnn.CategoricalCrossEntropy(), np.full((2, 3), np.inf)),
        (xpnn.CategoricalCrossEntropy(), np.array([0.0, 3.0])),
        (xpnn.BinaryCrossEntropy(), np.full((2, 3), 2.0)),
        (xpnn.BinaryCrossEntropy(), np.ones((2, 4))),
        (xpnn.MeanSquaredError(), np.ones((2, 4))),
    ],
    ids=[
        "width",
        "sum",
        "infinite",
        "class",
        "no-probability",
        "width-of-yes-no",
        "width-of-numbers",
    ],
)
def test_what_is_wrong_is_told_by_the_name_that_is_given(backend, loss, targets):
    with pytest.raises(ValueError, match=r"^validation_data must"):
        loss.prepare(backend.asarray(targets), 3, backend.dtype("float32"), "validation_data")


@pytest.mark.parametrize(
    "loss", [xpnn.MeanSquaredError(), xpnn.CategoricalCrossEntropy()], ids=str
)
def test_what_is_no_numbers_is_named(loss):
    p = np.full((3, 2), 0.5)
    for wrong in (np.array(["a", "b", "c"]), iter(p), [[1.0], [2.0, 3.0]], "rows.npy"):
        with pytest.raises((TypeError, ValueError), match=r"^predictions: expected"):
            loss(wrong, p)
        with pytest.raises((TypeError, ValueError), match=r"^targets: expected"):
            loss(p, wrong)
        with pytest.raises((TypeError, ValueError), match=r"^sample_weight: expected"):
            loss(p, p, wrong)
