"""What only the classifier has: classes, their weights, and losses that fit them."""

import numpy as np
import pytest
from perceptrons import diabetes, digit_labels, digits, labels, many, progress
from sklearn.metrics import recall_score

import xpnn
from xpnn.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")


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


def test_one_class_is_a_classifier_too():
    for loss in ("log_loss", xpnn.CategoricalCrossEntropy()):
        model = MLPClassifier(loss=loss, max_iter=2, random_state=0).fit(digits, ["a"] * 200)
        assert set(model.predict(digits)) == {"a"}
        np.testing.assert_array_equal(model.predict_proba(digits), np.ones((200, 1)))
