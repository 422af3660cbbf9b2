"""Simple models that a network is compared with, beside scikit-learn's."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from xpnn.backend import resolve
from xpnn.tables import Classes, Measure, from_frame
from xpnn.tables.understanding import understand
from xpnn.tabular.baselines import TREES, baselines
from xpnn.tabular.recipe import PRESETS
from xpnn.tabular.training import encoding_of_rows, fit_ensemble

SEED = 0


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes])
def test_they_are_about_as_good_as_those_of_a_peer(load):
    X, y = load(return_X_y=True, as_frame=True)
    y = y.to_numpy()
    is_classes = load is load_breast_cancer
    table = from_frame(X)
    encoding = encoding_of_rows(table, understand(table).values())
    target = Classes("", ("0", "1")) if is_classes else Measure("")
    seed, numpy = np.random.SeedSequence, resolve("numpy")
    fitted = fit_ensemble(
        table, encoding, target, y, PRESETS["fast"], seed(SEED), numpy
    )  # fmt: skip
    found = dict(baselines(table, y, fitted, seed(SEED)))
    assert [*found] == ["most frequent class" if is_classes else "mean", "linear model", TREES]

    (part,) = fitted.members.parts
    kept = np.setdiff1d(np.arange(len(y)), part)
    for answers in (fitted.answers, *found.values()):
        answered = np.isfinite(answers.reshape(len(y), -1)).all(axis=1)
        np.testing.assert_array_equal(np.flatnonzero(answered), part)
    score = log_loss if is_classes else mean_squared_error

    def of_peer(model):
        model.fit(X.iloc[kept], y[kept])
        answer = model.predict_proba if is_classes else model.predict
        return score(y[part], answer(X.iloc[part]))

    scores = {name: score(y[part], answers[part]) for name, answers in found.items()}
    constant = DummyClassifier(strategy="prior") if is_classes else DummyRegressor()
    assert scores.pop("most frequent class" if is_classes else "mean") == pytest.approx(
        of_peer(constant), rel=1e-9
    )
    linear = make_pipeline(StandardScaler(), LogisticRegression() if is_classes else Ridge())
    assert scores["linear model"] == pytest.approx(of_peer(linear), rel=0.25)
    assert scores[TREES] < 0.9 * of_peer(constant)
