"""The estimators, beside scikit-learn's own MLP and beside NumPy by hand."""

import copy
import pickle
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import onnxruntime
import pytest
import sklearn.neural_network as stock
from perceptrons import (
    DATA,
    OURS,
    diabetes,
    digit_labels,
    digits,
    fitted,
    labels,
    many,
    progress,
)
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss, mean_poisson_deviance, recall_score
from sklearn.model_selection import train_test_split
from support import assert_close

import xpnn
from xpnn.backend import array_namespace
from xpnn.export import onnx_model
from xpnn.sklearn import MLPClassifier, MLPRegressor
from xpnn.sklearn.losses import (
    Exponential,
    HalfSquaredError,
    PoissonDeviance,
    SummedBinaryCrossEntropy,
)
from xpnn.testing import check_layer, check_loss

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")

SETTINGS = {
    # Adam's epsilon joins another number there (see the guide), so it shall be nothing here
    "adam": {"epsilon": 1e-30},
    "batches": {"epsilon": 1e-30, "batch_size": 20},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.01},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.01},
    "plain": {"solver": "sgd", "momentum": 0, "alpha": 1.0},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.3},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.02,
        "n_iter_no_change": 1,
        "tol": 0.05,
        "max_iter": 40,
    },
    "logistic": {"activation": "logistic", "hidden_layer_sizes": (9, 5), "epsilon": 1e-30},
    "early stopping": {
        "early_stopping": True,
        "validation_fraction": 0.25,
        "tol": 0.01,
        "n_iter_no_change": 3,
        "epsilon": 1e-30,
        "max_iter": 40,
    },
}


# ------------------------------------------------------------------ beside scikit-learn


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", ["classes", "two classes", "labels", "numbers"])
def test_the_same_seed_learns_what_scikit_learns_own_learns(kind, setting):
    ours, theirs = (fitted(which, kind, **SETTINGS[setting]) for which in ("ours", "theirs"))
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    for name in ("loss_curve_", "validation_scores_"):
        if getattr(theirs, name) is None:
            assert getattr(ours, name) is None
        else:
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-9)
    same = ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_")
    for name in (*same, "_no_improvement_count"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("loss_", "best_loss_", "best_validation_score_"):
        expected = getattr(theirs, name)
        wanted = expected if expected is None else pytest.approx(expected, rel=1e-9)
        assert getattr(ours, name) == wanted, name


def test_counts_are_learnt_as_by_scikit_learn():
    ours, theirs = (
        fitted(which, "counts", loss="poisson", solver="sgd") for which in ("ours", "theirs")
    )
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)
    np.testing.assert_allclose(ours.predict(diabetes), theirs.predict(diabetes), rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    with pytest.raises(ValueError, match="must not be negative for the Poisson deviance"):
        MLPRegressor(loss="poisson").fit(diabetes, progress)


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_weights_count_as_in_scikit_learn(kind):
    cls, X, y = DATA[kind]
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    settings = {"random_state": 0, "max_iter": 10, "solver": "sgd", "alpha": 1.0}
    ours, theirs = (c(**settings).fit(X, y, weight) for c in (OURS[cls], cls))
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_several_numbers_are_learnt_alike_with_the_sum_as_loss():
    Y = np.stack([progress, progress[::-1]], axis=1)
    settings = {"random_state": 0, "max_iter": 10, "solver": "sgd", "alpha": 0}
    ours = MLPRegressor(**settings).fit(diabetes, Y)
    theirs = stock.MLPRegressor(**settings).fit(diabetes, Y)
    np.testing.assert_allclose(ours.predict(diabetes), theirs.predict(diabetes), rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, 2 * np.array(theirs.loss_curve_), rtol=1e-9)


@pytest.mark.parametrize("kind", ["classes", "two classes", "labels", "numbers"])
def test_partial_fits_are_scikit_learns(kind):
    cls, X, y = DATA[kind]
    settings = {
        "random_state": 0,
        "solver": "sgd",
        "learning_rate_init": 0.05,
        "shuffle": False,
    }
    ours, theirs = OURS[cls](**settings), cls(**settings)
    first = {"classes": np.unique(y)} if kind.endswith("classes") else {}
    if kind == "labels":
        first = {"classes": np.arange(5)}
    for part in (slice(40), slice(20, 60), slice(30)):  # of other sizes, too
        ours.partial_fit(X[part], y[part], **first)
        theirs.partial_fit(X[part], y[part], **first)
        first = {}
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X) > 1, theirs.predict(X) > 1)


# -------------------------------------------------------------------- losses and layers


@pytest.mark.parametrize(
    "loss", [HalfSquaredError(), SummedBinaryCrossEntropy(), PoissonDeviance()]
)
def test_gradients_of_the_losses(loss):
    check_loss(loss)


def test_gradient_of_the_exponential():
    check_layer(Exponential(), (5, 3))


def test_the_exponential_in_onnx():
    model = xpnn.Sequential([xpnn.Dense(10, 1), Exponential()], seed=0, dtype="float64")
    session = onnxruntime.InferenceSession(onnx_model(model).SerializeToString())
    (outputs,) = session.run(None, {"inputs": diabetes})
    np.testing.assert_allclose(outputs, model.predict(diabetes), rtol=1e-12)


def test_the_deviance_is_scikit_learns(backend, dtype):
    y = np.array([[0.0], [1.0], [7.0]])
    z = np.array([[-1.0], [0.5], [2.0]])
    arrays = [backend.asarray(a, dtype) for a in (z, y)]
    losses, _ = PoissonDeviance(from_logits=True).forward(*arrays)
    expected = [mean_poisson_deviance(b, np.exp(a)) / 2 for a, b in zip(z, y)]
    assert_close(losses, np.array(expected, dtype), rtol=1e-5, atol=1e-6)


# ------------------------------------------------------------- what scikit-learn refuses


def initial(sizes, seed=0):
    """Draw the first values as scikit-learn's MLP does, by hand."""
    random, arrays = np.random.RandomState(seed), []
    for n_inputs, n_outputs in pairwise(sizes):
        bound = np.sqrt(6 / (n_inputs + n_outputs))
        arrays.append(random.uniform(-bound, bound, (n_inputs, n_outputs)))
        arrays.append(random.uniform(-bound, bound, n_outputs))
    return arrays, random


def test_penalties_are_part_of_the_loss():
    (w1, b1, w2, b2), _ = initial((10, 6, 1))
    settings = {"hidden_layer_sizes": 6, "random_state": 0, "max_iter": 1}
    model = MLPRegressor(**settings, alpha=3.0, l1=0.5).fit(diabetes, progress)
    error = np.maximum(diabetes @ w1 + b1, 0) @ w2 + b2 - progress[:, None]
    squares, sizes = (sum(f(w).sum() for w in (w1, w2)) for f in (np.square, np.abs))
    expected = np.mean(error**2) / 2 + (3.0 / 2 * squares + 0.5 * sizes) / 200
    assert model.loss_ == pytest.approx(expected, rel=1e-12)
    sparse = MLPRegressor(**(settings | {"max_iter": 60}), l1=300.0, learning_rate_init=0.01)
    plain = clone(sparse).set_params(l1=0.0)
    sums = [
        sum(np.abs(w).sum() for w in m.fit(diabetes, progress).coefs_) for m in (sparse, plain)
    ]
    assert sums[0] < sums[1] / 4


def test_an_activation_for_each_layer():
    activations = ["tanh", xpnn.LeakyReLU(0.3), "identity"]
    model = MLPRegressor("huber", (7, 5, 4), activations, random_state=0, max_iter=5)
    model.fit(diabetes, progress)
    x = diabetes
    functions = [np.tanh, lambda z: np.where(z > 0, z, 0.3 * z), lambda z: z, lambda z: z]
    for w, b, f in zip(model.coefs_, model.intercepts_, functions, strict=True):
        x = f(x @ w + b)
    np.testing.assert_allclose(model.predict(diabetes), x[:, 0], rtol=1e-12)
    with pytest.raises(ValueError, match="activation must be one for all hidden layers or a"):
        clone(model).set_params(hidden_layer_sizes=(7, 5)).fit(diabetes, progress)
    with pytest.raises(ValueError, match="activation must not learn"):
        clone(model).set_params(activation=xpnn.BatchNorm(3)).fit(diabetes, progress)
    with pytest.raises(ValueError, match="activation must be one of 'identity'"):
        clone(model).set_params(activation=["relu", "relu", "rely"]).fit(diabetes, progress)


def test_dropout_acts_in_training_only():
    settings = {"hidden_layer_sizes": (20, 20), "random_state": 0, "max_iter": 5}
    plain, half, again, first = (
        MLPClassifier(**settings, dropout=rate).fit(digits, digit_labels)
        for rate in (0.0, 0.5, 0.5, [0.5, 0.0])
    )
    assert half.loss_ > plain.loss_
    assert half.loss_curve_ == again.loss_curve_ != first.loss_curve_
    x = np.maximum(digits @ half.coefs_[0] + half.intercepts_[0], 0)
    x = np.maximum(x @ half.coefs_[1] + half.intercepts_[1], 0)
    z = x @ half.coefs_[2] + half.intercepts_[2]
    np.testing.assert_allclose(
        half.predict_log_proba(digits), z - np.log(np.exp(z).sum(1, keepdims=True)), rtol=1e-9
    )


def test_class_weights_are_weights_of_rows():
    settings = {"random_state": 0, "max_iter": 8}
    given = {3: 5.0, 4: 0.5}
    by_class = MLPClassifier(**settings, class_weight=given).fit(digits, digit_labels)
    weight = np.array([given.get(label, 1.0) for label in digit_labels])
    by_row = MLPClassifier(**settings).fit(digits, digit_labels, weight)
    np.testing.assert_allclose(by_class.coefs_[0], by_row.coefs_[0], rtol=1e-12)

    rare = np.random.default_rng(0).uniform(size=300) < 0.08
    X = np.random.default_rng(1).normal(size=(300, 2)) + rare[:, None]
    plain, balanced = (
        MLPClassifier(random_state=0, max_iter=40, class_weight=w).fit(X, rare)
        for w in (None, "balanced")
    )
    found = [recall_score(rare, m.predict(X)) for m in (plain, balanced)]
    assert found[1] > found[0] + 0.3
    # as scikit-learn's own classifiers balance
    share = 300 / (2 * np.bincount(rare.astype(int)))
    rows = MLPClassifier(random_state=0, max_iter=40).fit(X, rare, share[rare.astype(int)])
    np.testing.assert_allclose(rows.coefs_[0], balanced.coefs_[0], rtol=1e-9)
    assert not hasattr(balanced, "partial_fit")


def test_the_absolute_error_finds_the_median():
    y = np.array([1.0] * 6 + [100.0] * 4)
    X = np.zeros((10, 1))
    rate = {"learning_rate_init": 0.1, "max_iter": 300, "random_state": 0, "alpha": 0}
    median = MLPRegressor("absolute_error", (), **rate, n_iter_no_change=300).fit(X, y)
    mean = MLPRegressor(hidden_layer_sizes=(), **(rate | {"learning_rate_init": 1.0})).fit(X, y)
    assert median.predict(X[:1])[0] == pytest.approx(1.0, abs=0.2)
    assert mean.predict(X[:1])[0] == pytest.approx(y.mean(), abs=2)


class SklearnQuantile(xpnn.Loss):
    """The loss of one quantile, 0.9."""

    def forward(self, predictions, targets):
        xp = array_namespace(predictions)
        error = predictions - targets
        slope = xp.where(error > 0, xp.ones_like(error) * 0.1, xp.ones_like(error) * -0.9)
        return xp.sum(error * slope, axis=1), lambda: 1.0 * slope


def test_a_loss_of_ones_own():
    y = np.random.default_rng(0).uniform(0, 1, 500)
    X = np.zeros((500, 1))
    model = MLPRegressor(SklearnQuantile(), (), learning_rate_init=0.02, random_state=0)
    assert model.fit(X, y).predict(X[:1])[0] == pytest.approx(np.quantile(y, 0.9), abs=0.03)


def test_label_smoothing_makes_two_outputs_less_sure():
    X, y = digits, digit_labels == 0
    settings = {"random_state": 0, "learning_rate_init": 0.02, "max_iter": 60}
    loss = xpnn.CategoricalCrossEntropy(label_smoothing=0.2)
    smooth, plain = MLPClassifier(loss=loss, **settings), MLPClassifier(**settings)
    for model in (smooth, plain):
        assert model.fit(X, y).score(X, y) == 1.0
        assert model.predict_proba(X).shape == (200, 2)
    assert (smooth.n_outputs_, smooth.out_activation_) == (2, "softmax")
    assert (plain.n_outputs_, plain.out_activation_) == (1, "logistic")
    sure = [m.predict_proba(X).max(axis=1).mean() for m in (smooth, plain)]
    assert sure[0] == pytest.approx(0.9, abs=0.02)
    assert sure[1] > 0.98


def test_losses_that_do_not_fit_are_refused():
    for loss, y in (
        (xpnn.BinaryCrossEntropy(), digit_labels),
        (xpnn.CategoricalCrossEntropy(), None),
    ):
        X, y = (digits, y) if y is not None else (many, labels)
        with pytest.raises(ValueError, match="does not fit"):
            MLPClassifier(loss=loss).fit(X, y)
    with pytest.raises(ValueError, match="is for classes, not for numbers"):
        MLPRegressor(xpnn.BinaryCrossEntropy()).fit(diabetes, progress)


def test_the_loss_on_rows_that_are_held_back():
    _, random = initial((64, 8, 10))
    _, held = train_test_split(np.arange(200), random_state=random, test_size=0.2)
    model = fitted("ours", "classes", early_stopping=True, validation_fraction=0.2, max_iter=1)
    p = model.predict_proba(digits[held])
    classes = np.arange(10)
    penalty = 0.0001 / 2 * sum((w**2).sum() for w in model.coefs_) / 160
    expected = log_loss(digit_labels[held], p, labels=classes) + penalty
    assert model.validation_loss_curve_ == pytest.approx([expected], rel=1e-9)
    weight = np.random.default_rng(0).uniform(0, 1, 200)
    weighted = clone(model).fit(digits, digit_labels, weight)
    p = weighted.predict_proba(digits[held])
    expected = log_loss(digit_labels[held], p, labels=classes, sample_weight=weight[held])
    assert weighted.validation_loss_curve_ == pytest.approx([expected], rel=1e-4)
    score = np.average(
        weighted.predict(digits[held]) == digit_labels[held], weights=weight[held]
    )
    assert weighted.validation_scores_ == pytest.approx([score])


def test_optimizers_of_xpnn():
    for solver in ("adagrad", "rmsprop", xpnn.AdamW(0.01, weight_decay=0.1)):
        model = MLPClassifier(
            solver=solver, learning_rate_init=0.02, random_state=0, max_iter=30
        )
        assert model.fit(digits, digit_labels).score(digits, digit_labels) > 0.95


# --------------------------------------------------------------------- arrays and devices


def test_computing_elsewhere(backend):
    here = fitted("ours", "classes")
    there = clone(here).set_params(backend=backend.spec).fit(digits, digit_labels)
    assert there._model[0].backend is backend
    for got, expected in zip(there.coefs_ + there.intercepts_, here.coefs_ + here.intercepts_):
        assert isinstance(got, np.ndarray)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)
    if backend.name != "numpy":  # what is only a copy can't be changed in vain
        with pytest.raises(ValueError, match="read-only"):
            there.coefs_[0] += 1
    np.testing.assert_allclose(there.predict_proba(digits), here.predict_proba(digits))
    there.coefs_ = [np.array(w) for w in there.coefs_]
    there.partial_fit(digits, digit_labels)
    here.partial_fit(digits, digit_labels)
    np.testing.assert_allclose(there.coefs_[0], here.coefs_[0], rtol=1e-9, atol=1e-11)


def test_arrays_that_nobody_knows_are_refused():
    class Strange:
        pass

    with pytest.raises(TypeError, match=r"no backend is known for arrays like .*Strange"):
        xpnn.backend.backend_of(Strange())


def test_the_backend_of_an_array(backend):
    assert xpnn.backend.backend_of(backend.asarray([1.0])) is backend


# --------------------------------------------------------------------------- its life


def test_what_is_fitted_can_be_changed():
    model = fitted("ours", "numbers")
    before = model.predict(diabetes)
    model.intercepts_[-1][:] += 5
    np.testing.assert_allclose(model.predict(diabetes), before + 5)
    model.intercepts_[-1] = model.intercepts_[-1] - 5
    np.testing.assert_allclose(model.predict(diabetes), before)
    model.coefs_ = [0 * w for w in model.coefs_]
    assert np.ptp(model.predict(diabetes)) == 0
    model.set_params(solver="sgd", momentum=0, learning_rate_init=1e-12)
    model.partial_fit(diabetes, progress)
    assert np.abs(model.coefs_[-1]).max() < 0.01


@pytest.mark.parametrize("travel", ["pickle", "deepcopy"])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_training_goes_on_after_a_journey(travel, kind):
    _, X, y = DATA[kind]
    model = fitted("ours", kind, shuffle=True, dropout=0.3, batch_size=40)
    other = copy.deepcopy(model) if travel == "deepcopy" else pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    for _ in range(3):
        model.partial_fit(X, y)
        other.partial_fit(X, y)
    for a, b in zip(model.coefs_, other.coefs_):
        np.testing.assert_array_equal(a, b)


def test_a_warm_start_keeps_classes_and_sizes():
    model = fitted("ours", "classes", warm_start=True)
    first = model.loss_
    assert model.fit(digits, digit_labels).loss_ < first
    assert len(model.loss_curve_) == 24
    with pytest.raises(ValueError, match=re.escape("Previously got [0 1 2 3 4 5 6 7 8 9]")):
        model.fit(digits, digit_labels % 3)
    model.set_params(hidden_layer_sizes=(8, 8))
    with pytest.raises(ValueError, match=r"the layers must keep their sizes \[64, 8, 10\]"):
        model.fit(digits, digit_labels)


def test_one_class_is_a_classifier_too():
    for loss in ("log_loss", xpnn.CategoricalCrossEntropy()):
        model = MLPClassifier(loss=loss, max_iter=2, random_state=0).fit(digits, ["a"] * 200)
        assert set(model.predict(digits)) == {"a"}
        np.testing.assert_array_equal(model.predict_proba(digits), np.ones((200, 1)))


def test_ctrl_c_keeps_what_was_learnt(monkeypatch):
    from xpnn.sklearn.watch import Watch

    ends = Watch.on_epoch_end

    def interrupt(self, epoch, logs):
        ends(self, epoch, logs)
        if epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Watch, "on_epoch_end", interrupt)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = fitted("ours", "classes")
    assert model.n_iter_ == len(model.loss_curve_) == 3
    monkeypatch.undo()
    np.testing.assert_array_equal(
        model.coefs_[0], fitted("ours", "classes", max_iter=3).coefs_[0]
    )


def test_divergence_is_told():
    diverges = {"solver": "sgd", "learning_rate_init": 1e6, "random_state": 0}
    with pytest.raises(
        ValueError, match=r"non-finite parameter weights.*smaller learning rate"
    ):
        MLPRegressor(**diverges).fit(diabetes, progress)
    with pytest.warns(ConvergenceWarning, match="The training diverged and was stopped"):
        model = MLPRegressor(**diverges, early_stopping=True).fit(diabetes, progress)
    assert np.isfinite(model.predict(diabetes)).all()
    assert np.isnan(model.validation_scores_[-1])


def test_lbfgs_and_other_values_are_refused_with_a_sentence():
    with pytest.raises(ValueError, match="solver='lbfgs' is not one of xpnn's: it searches"):
        MLPClassifier(solver="lbfgs").fit(digits, digit_labels)
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")
    for name, value in (("momentum", 1), ("alpha", -1), ("dropout", 1.0), ("backend", 3)):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of MLPClassifier must"):
            MLPClassifier(**{name: value}).fit(digits, digit_labels)
    with pytest.raises(NotFittedError):
        MLPClassifier().predict(digits)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(digits, digit_labels)


# ------------------------------------------------------------------------- exchange


@pytest.mark.parametrize("kind", ["classes", "two classes", "labels", "numbers", "counts"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_to_scikit_learn_and_back(kind, activation):
    cls, X, y = DATA[kind]
    extra = {"loss": "poisson"} if kind == "counts" else {}
    model = fitted("ours", kind, activation=activation, dropout=0.1, max_iter=4, **extra)
    theirs = model.to_sklearn()
    assert type(theirs) is cls
    assert theirs.hidden_layer_sizes == (8,)
    back = OURS[cls].from_sklearn(theirs)
    for other in (theirs, back):
        np.testing.assert_allclose(other.predict(X), model.predict(X), rtol=1e-12)
        if cls is stock.MLPClassifier:
            np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X))
        assert other.loss_curve_ == model.loss_curve_
        assert other.score(X, y) == pytest.approx(model.score(X, y))
        other.partial_fit(X, y)
    assert "xpnn" not in type(pickle.loads(pickle.dumps(theirs))).__module__


def test_two_outputs_become_scikit_learns_one():
    y = digit_labels % 2
    model = MLPClassifier(loss=xpnn.CategoricalCrossEntropy(), random_state=0, max_iter=5)
    theirs = model.fit(digits, y).to_sklearn()
    assert theirs.n_outputs_ == 1
    np.testing.assert_allclose(theirs.predict_proba(digits), model.predict_proba(digits))


def test_what_scikit_learn_has_not_is_refused_or_left_out():
    for activation in ("leaky_relu", ["relu", "tanh"], xpnn.LeakyReLU(0.3)):
        model = MLPRegressor("huber", (4, 4), activation, random_state=0, max_iter=2)
        with pytest.raises(ValueError, match="has one activation for all hidden layers"):
            model.fit(diabetes, progress).to_sklearn()
    model = MLPRegressor("huber", solver="rmsprop", l1=0.1, random_state=0, max_iter=2)
    theirs = model.fit(diabetes, progress).to_sklearn()
    assert (theirs.solver, theirs.max_iter) == ("adam", 2)
    np.testing.assert_allclose(theirs.predict(diabetes), model.predict(diabetes))
    with pytest.raises(NotFittedError):
        MLPRegressor().to_sklearn()


def test_an_old_scikit_learn_has_no_counts(monkeypatch):
    class Old(BaseEstimator):
        def __init__(self, hidden_layer_sizes=()):
            self.hidden_layer_sizes = hidden_layer_sizes

    monkeypatch.setattr(MLPRegressor, "_stock", Old)
    with pytest.raises(ValueError, match=r"networks for counts from version 1\.7 on"):
        fitted("ours", "counts", loss="poisson").to_sklearn()


def test_from_scikit_learn():
    for kind in ("classes", "labels", "numbers"):
        _, X, y = DATA[kind]
        with pytest.warns(ConvergenceWarning):
            theirs = fitted("theirs", kind, solver="lbfgs")
        cls = OURS[type(theirs)]
        model = cls.from_sklearn(theirs)
        np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=1e-12)
        assert (model.solver, model.random_state) == ("adam", 0)
        before = model.score(X, y)
        model.set_params(learning_rate_init=1e-4).partial_fit(X, y)
        assert model.score(X, y) == pytest.approx(before, abs=0.1)
    with pytest.raises(TypeError, match="scikit-learn's own MLPRegressor, got MLPClassifier"):
        MLPRegressor.from_sklearn(fitted("theirs", "classes"))
    with pytest.raises(NotFittedError):
        MLPRegressor.from_sklearn(stock.MLPRegressor())


def test_without_scikit_learn_the_import_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import xpnn; xpnn.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "needs scikit-learn" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("weight", [-1.0, 0.0])
def test_weights_that_mean_nothing_are_refused(weight):
    X = np.arange(20.0)[:, None]
    for estimator in (MLPClassifier(), MLPRegressor()):
        with pytest.raises(ValueError, match=r"(sample_weight|Sample weights) must"):
            estimator.fit(X, X[:, 0] > 9, sample_weight=np.full(20, weight))
