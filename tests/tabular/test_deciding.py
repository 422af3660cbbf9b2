"""Which class is told, beside thresholds that are tried one by one."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from xpnn.tabular.deciding import find_factors, threshold_of

rng = np.random.default_rng(0)


def rows(n, n_classes, rare=0.05):
    """Return probabilities that are right, and classes drawn by them; the last is rare."""
    scores = rng.normal(size=(n, n_classes)) * 1.5
    scores[:, -1] += np.log(rare * n_classes)
    probabilities = np.exp(scores)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    right = (probabilities.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return probabilities, right


def f1(right, told):
    return f1_score(right, told, average="binary" if right.max() == 1 else "macro")


SCORES = {"f1": f1, "balanced_accuracy": balanced_accuracy_score}


@pytest.mark.parametrize("decides", SCORES)
def test_of_two_classes_no_threshold_is_better(decides):
    probabilities, right = rows(600, 2)
    factors = find_factors(probabilities, right, decides)
    told = (probabilities * factors).argmax(axis=1)
    np.testing.assert_array_equal(told, probabilities[:, 1] > threshold_of(factors))
    score = SCORES[decides]
    tried = [score(right, probabilities[:, 1] > t) for t in np.unique(probabilities[:, 1])]
    assert score(right, told) == pytest.approx(max(tried), abs=1e-9)
    assert score(right, told) > score(right, probabilities.argmax(axis=1)) + 0.03


@pytest.mark.parametrize("decides", SCORES)
def test_of_more_classes_it_is_better_on_new_rows_too(decides):
    probabilities, right = rows(3000, 4)
    factors = find_factors(probabilities, right, decides)
    assert len(factors) == 4
    assert max(factors) == 1
    score = SCORES[decides]
    others, answers = rows(3000, 4)
    better = score(answers, (others * factors).argmax(axis=1))
    assert (
        better
        > score(answers, others.argmax(axis=1))
        + {"f1": 0.002, "balanced_accuracy": 0.02}[decides]
    )


def test_by_accuracy_the_most_probable_is_told():
    probabilities, right = rows(100, 3)
    assert find_factors(probabilities, right) == ()
    assert find_factors(probabilities, np.zeros(100, int), "f1") == ()
    assert threshold_of(()) == 0.5


def test_probabilities_that_are_alike_are_told_alike():
    probabilities = np.array([[0.8, 0.2]] * 50 + [[0.6, 0.4]] * 50)
    right = np.array([0] * 50 + [1] * 30 + [0] * 20)
    factors = find_factors(probabilities, right, "f1")
    assert (probabilities * factors).argmax(axis=1).tolist() == [0] * 50 + [1] * 50
    assert 0.2 < threshold_of(factors) < 0.4


def test_rows_count_by_their_weight():
    """As so many rows would."""
    probabilities = rng.dirichlet([1, 1, 1], 60)
    right, weights = rng.integers(0, 3, 60), rng.integers(1, 5, 60)
    often = np.repeat(np.arange(60), weights)
    for decides in ("balanced_accuracy", "f1"):
        found = find_factors(probabilities, right, decides, weights)
        wanted = find_factors(probabilities[often], right[often], decides)
        np.testing.assert_allclose(found, wanted, rtol=1e-9)
