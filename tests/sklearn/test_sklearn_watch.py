"""What is noted of a training, and how it ends."""

import numpy as np
import pytest
from perceptrons import diabetes, digit_labels, digits, fitted, initial, progress
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from xpnn.sklearn import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")


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


def test_a_score_that_is_never_a_number_is_told(monkeypatch):
    monkeypatch.setattr(MLPRegressor, "_score", lambda *_, **__: float("nan"))
    model = MLPRegressor(early_stopping=True, max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning, match="validation score was NaN in each epoch"):
        model.fit(diabetes, progress)
    assert model.best_validation_score_ == -np.inf
