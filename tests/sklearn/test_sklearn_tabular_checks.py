"""scikit-learn's own checks of estimators, on those of tables."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from xpnn.sklearn import TabularClassifier, TabularRegressor
from xpnn.tabular import PRESETS, Recipe

WEIGHTS = (
    "a row that is there twice is in two batches, and one of weight 2 in one; and each member "
    "is measured on a part of the rows"
)
EXPECTED = {"check_sample_weight_equivalence_on_dense_data": WEIGHTS}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Networks that are trained in a moment: the checks fit some hundred times."""
    tiny = Recipe(
        n_members=1,
        hidden=(24,),
        dropout=0,
        epochs=8,
        steps=60,
        batch_size=32,
        learning_rate=0.02,
    )
    monkeypatch.setitem(PRESETS, "fast", tiny)


@parametrize_with_checks(
    [
        TabularClassifier(preset="fast", random_state=0),
        TabularRegressor(preset="fast", random_state=0),
    ],
    expected_failed_checks=lambda estimator: EXPECTED,
)
@pytest.mark.filterwarnings("ignore:rows are unlike those of the training:UserWarning")
def test_scikit_learns_checks(estimator, check):
    check(estimator)
