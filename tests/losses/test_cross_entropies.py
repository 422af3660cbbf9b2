"""The focal loss beside its definition, and rows that no loss of classes counts."""

from dataclasses import replace

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.network.stack import fuse

rng = np.random.default_rng(7)
LOGITS = 2 * rng.standard_normal((6, 3))
CLASSES = rng.integers(3, size=6)
SOFT = rng.dirichlet(np.ones(3), size=6)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2.0, 5.0])
@pytest.mark.parametrize("y", [CLASSES, SOFT], ids=["classes", "rows"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_the_focal_loss(backend, dtype, gamma, y, from_logits):
    p = softmax(LOGITS)
    rows = y if y.ndim == 2 else np.eye(3)[y]
    wanted = -np.mean(np.sum(rows * (1 - p) ** gamma * np.log(p), axis=1))
    loss = xpnn.Focal(gamma, from_logits=from_logits)
    given = backend.asarray(LOGITS if from_logits else p, dtype)
    value, slope = loss(given, backend.asarray(y))
    rounding = 200 * np.finfo(dtype).eps
    np.testing.assert_allclose(host(value), wanted, rtol=rounding)
    if gamma == 0:
        plain, plain_slope = xpnn.CategoricalCrossEntropy(from_logits)(
            given, backend.asarray(y)
        )
        np.testing.assert_allclose(host(value), host(plain), rtol=rounding)
        np.testing.assert_allclose(host(slope), host(plain_slope), rtol=rounding, atol=rounding)


@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2.0])
@pytest.mark.parametrize("scale", [1e2, 1e30])
def test_certainty_is_finite(backend, dtype, gamma, scale):
    """What is certain and right has no loss, and what is wrong that of cross-entropy."""
    logits = backend.asarray(np.array([[scale, 0.0, 0.0]] * 2), dtype)
    for y in (np.array([0, 1]), np.eye(3)[:2]):
        losses, backward = xpnn.Focal(gamma, from_logits=True).forward(
            logits, backend.asarray(y, None if y.ndim == 1 else dtype)
        )
        np.testing.assert_allclose(host(losses), [0, scale], rtol=1e-6, atol=1e-30)
        np.testing.assert_allclose(host(backward()), [[0, 0, 0], [1, -1, 0]], atol=1e-12)


def test_it_is_computed_with_softmax_and_learns(backend):
    x = rng.standard_normal((60, 2))
    y = (x[:, 0] > 0).astype(int)
    model = xpnn.Sequential([xpnn.Dense(2, 2), xpnn.Softmax()], seed=0)
    model.compile("focal", xpnn.Adam(0.1), metrics=["accuracy"])
    stack, together = fuse(model.layers, model.compiled.loss)
    assert (stack.head, together.from_logits) == (xpnn.Softmax(), True)
    model.fit(x, y, epochs=60, verbose=False, class_weight={0: 1.0, 1: 2.0})
    assert model.evaluate(x, y)["accuracy"] > 0.95


@pytest.mark.parametrize("gamma", [-0.1, float("nan"), "two", None])
def test_what_gamma_may_be(gamma):
    with pytest.raises((TypeError, ValueError), match="gamma must be"):
        xpnn.Focal(gamma)


def test_one_output_is_refused():
    with pytest.raises(ValueError, match="needs an output for each class"):
        xpnn.Sequential([xpnn.Dense(2, 1)]).compile(xpnn.Focal(from_logits=True), "sgd")


# ------------------------------------------------------------------ rows that count nothing

NONE = np.array([0, -100, 2, -100, 1, 0])
KEPT = NONE != -100
IGNORING = [
    xpnn.CategoricalCrossEntropy(ignore_index=-100),
    xpnn.CategoricalCrossEntropy(True, 0.2, ignore_index=-100),
    xpnn.Focal(ignore_index=-100),
    xpnn.Focal(1.5, from_logits=True, ignore_index=-100),
]


@pytest.mark.parametrize("loss", IGNORING, ids=str)
@pytest.mark.parametrize("weight", [None, rng.uniform(0.5, 2, 6)], ids=["all", "weighted"])
def test_the_mean_is_over_the_other_rows(backend, dtype, loss, weight):
    p = LOGITS if loss.from_logits else softmax(LOGITS)
    for y in (NONE, NONE.astype(float), NONE[:, None]):
        value, slope = loss(backend.asarray(p, dtype), y, weight)
        left = None if weight is None else weight[KEPT]
        wanted, of_kept = replace(loss, ignore_index=None)(p[KEPT], NONE[KEPT], left)
        rounding = 50 * np.finfo(dtype).eps
        np.testing.assert_allclose(host(value), wanted, rtol=rounding)
        np.testing.assert_allclose(host(slope)[KEPT], of_kept, rtol=rounding, atol=rounding)
        assert not host(slope)[~KEPT].any()


@pytest.mark.parametrize("loss", IGNORING, ids=str)
def test_a_batch_without_classes(backend, dtype, loss):
    p = backend.asarray(softmax(LOGITS), dtype)
    for weight in (None, np.ones(6)):
        value, slope = loss(p, np.full(6, -100), weight)
        assert float(value) == 0
        assert not host(slope).any()
    losses, _ = loss.forward(p, backend.asarray(np.full(6, -100)))
    assert host(losses).tolist() == [0] * 6


def test_an_index_may_be_that_of_a_class_or_beyond(backend):
    p = backend.asarray(softmax(LOGITS))
    for none in (0, 255):
        loss = xpnn.CategoricalCrossEntropy(ignore_index=none)
        y = np.where(CLASSES == 0, none, CLASSES).astype("uint8")
        wanted = -np.log(softmax(LOGITS)[np.arange(6), CLASSES])[CLASSES != 0].mean()
        assert float(loss(p, backend.asarray(y))[0]) == pytest.approx(wanted, rel=1e-6)
    with pytest.raises(ValueError, match="class indices 0 to 2, as whole numbers, or 255 for"):
        loss(p, np.full(6, -100))
    rows = xpnn.CategoricalCrossEntropy(ignore_index=0)(p, backend.asarray(SOFT))[0]
    assert float(rows) == float(xpnn.CategoricalCrossEntropy()(p, backend.asarray(SOFT))[0])


@pytest.mark.parametrize("none", ["none", 1.5, True, 2**31, -(2**31) - 1])
def test_what_is_no_index(none):
    with pytest.raises((TypeError, ValueError), match="ignore_index must be"):
        xpnn.CategoricalCrossEntropy(ignore_index=none)


class RowsOfTestCrossEntropies:
    """A source, as a file is."""

    def __init__(self, rows):
        self.rows, self.shape = rows, rows.shape

    def take(self, numbers):
        return self.rows[numbers]


X = rng.standard_normal((41, 3))
Y = rng.integers(3, size=41)
LEFT = rng.random(41) < 0.3
HOW = {"epochs": 4, "batch_size": 7, "verbose": False}


def trained(loss, x, y, **how):
    model = xpnn.Sequential(
        [xpnn.Dense(3, 4), xpnn.Tanh(), xpnn.Dense(4, 3), xpnn.Softmax()], seed=1
    )
    model.compile(loss, xpnn.Adam(0.01), metrics=["accuracy", "f1", "log_loss", "roc_auc"])
    model.fit(x, y, **{**HOW, **how})
    return model


@pytest.mark.parametrize("comes", [False, True], ids=["whole", "source"])
@pytest.mark.parametrize("weighted", [False, True], ids=["all", "weighted"])
def test_a_training_is_that_with_weights_of_0(backend, comes, weighted):
    given = rng.uniform(0.5, 2, 41) if weighted else np.ones(41)
    source = RowsOfTestCrossEntropies if comes else np.asarray
    none = np.where(LEFT, 7, Y)
    loss = xpnn.CategoricalCrossEntropy(ignore_index=7)
    held = (X, none, given) if weighted else (X, none)
    model = trained(
        loss, source(X), source(none), validation_data=held,
        sample_weight=given if weighted else None, class_weight={0: 2.0, 2: 0.5},
    )  # fmt: skip
    weight = np.where(LEFT, 0, given)
    peer = trained(
        xpnn.CategoricalCrossEntropy(), source(X), source(Y), validation_data=(X, Y, weight),
        sample_weight=weight, class_weight={0: 2.0, 2: 0.5},
    )  # fmt: skip
    for p, q in zip(model.parameters, peer.parameters):
        np.testing.assert_allclose(host(p), host(q), rtol=1e-5, atol=1e-7)
    ours, theirs = model.history.history, peer.history.history
    for name in ("loss", *(name for name in ours if name.startswith("val_"))):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5)
    measured = model.evaluate(
        source(X), source(none), sample_weight=weight if weighted else None
    )
    kept = model.evaluate(X[~LEFT], Y[~LEFT], sample_weight=weight[~LEFT])
    assert measured == pytest.approx(kept, rel=1e-5)
    value, grads = model.gradients(X, none)
    wanted, grads_of_kept = model.gradients(X[~LEFT], Y[~LEFT])
    assert value == pytest.approx(wanted, rel=1e-5)
    for p, q in zip(grads, grads_of_kept):
        np.testing.assert_allclose(host(p), host(q), rtol=1e-4, atol=1e-7)


def test_metrics_of_a_training_leave_rows_out(backend):
    """In one batch they are those of the rows that are left; the epoch begins with these."""
    how = {"batch_size": None, "epochs": 1}
    none = np.where(LEFT, -1, Y)
    ours = trained(
        xpnn.CategoricalCrossEntropy(ignore_index=-1), X, none, **how
    ).history.history
    theirs = trained(xpnn.CategoricalCrossEntropy(), X[~LEFT], Y[~LEFT], **how).history.history
    assert {n: v[0] for n, v in ours.items()} == pytest.approx(
        {n: v[0] for n, v in theirs.items()}, rel=1e-5
    )


def test_balanced_weights_know_nothing_of_rows_that_are_left_out(backend):
    none = np.where(LEFT, -1, Y)
    loss = xpnn.CategoricalCrossEntropy(ignore_index=-1)
    how = {"batch_size": None, "class_weight": "balanced"}
    ours = trained(loss, X, none, **how)
    theirs = trained(xpnn.CategoricalCrossEntropy(), X[~LEFT], Y[~LEFT], **how)
    np.testing.assert_allclose(
        ours.history.history["loss"], theirs.history.history["loss"], rtol=1e-5
    )


def test_what_is_refused_where_rows_are_left_out(backend):
    loss = xpnn.CategoricalCrossEntropy(ignore_index=-1)
    with pytest.raises(ValueError, match=r"^y must hold a row of some weight that Categorical"):
        trained(loss, X, np.full(41, -1))
    with pytest.raises(ValueError, match=r"^y of validation_data must hold a row of some"):
        trained(loss, X, Y, validation_data=(X, np.full(41, -1)))
    model = xpnn.Sequential([xpnn.Dense(3, 3)], seed=0)
    model.compile(replace(loss, from_logits=True), "sgd", [lambda p, y: p[0, 0]])
    with pytest.raises(ValueError, match=r"^y: the metric .* can't weigh samples"):
        model.fit(X, Y)


def test_it_is_saved(tmp_path):
    model = trained(IGNORING[0], X, np.where(LEFT, -100, Y))
    model.save(tmp_path / "model")
    assert xpnn.load(tmp_path / "model").compiled.loss == IGNORING[0]
