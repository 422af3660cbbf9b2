"""Probabilities set right by one temperature."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from xpnn.tabular.calibration import find_temperature, with_temperature

rng = np.random.default_rng(2)


def drawn(n=20_000, k=3):
    """Return probabilities, and classes that are drawn with them."""
    logits = 2 * rng.normal(size=(n, k))
    right = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = (rng.random((n, 1)) > right.cumsum(axis=1)).sum(axis=1)
    return right, classes


def powers(probabilities, t):
    raised = probabilities ** (1 / t)
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("wrong", [0.3, 0.9, 2.0])
def test_the_temperature_that_was_put_in_is_found(wrong):
    right, classes = drawn()
    told = powers(right, 1 / wrong)  # p^wrong is put right by T = wrong
    found = find_temperature(told, classes)
    assert found == pytest.approx(wrong, rel=0.05)
    np.testing.assert_allclose(with_temperature(told, found), powers(told, found), rtol=1e-9)
    losses = [log_loss(classes, powers(told, found * by)) for by in (0.98, 1, 1.02)]
    assert losses[1] == min(losses)


def test_rows_count_by_their_weight():
    right, classes = drawn()
    weight = np.r_[np.ones(10_000), np.zeros(10_000)]
    told = np.r_[powers(right[:10_000], 0.5), right[10_000:]]
    assert find_temperature(told, classes, weight) == pytest.approx(2, rel=0.05)


def test_what_is_certain_has_an_end():
    certain = np.eye(2)[np.arange(100) % 2]
    classes = np.arange(100) % 2
    assert find_temperature(certain, classes) == 1  # nothing is better than right
    assert np.isfinite(with_temperature(certain, 0.1)).all()
    classes[0] = 1  # now one is wrong, though it was sure: it should have been so to 99 %
    warm = np.log(1e12) / np.log(99)
    often = np.tile(certain, (500, 1)), np.tile(classes, 500)
    assert find_temperature(*often) == pytest.approx(warm, rel=0.02)


def test_a_few_rows_that_are_all_right_say_little():
    told = np.tile([0.8, 0.2], (16, 1))
    found = find_temperature(told, np.zeros(16, int))
    # about as Laplace's rule of succession has it: (16 + 1) / (16 + 2)
    assert with_temperature(told, found)[0, 0] == pytest.approx(17 / 18, abs=0.01)
    many = np.tile(told, (1000, 1))
    assert find_temperature(many, np.zeros(16_000, int)) < 0.3
