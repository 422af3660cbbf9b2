"""How long a network for a table is trained, and by which loss."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from sklearn.metrics import mean_poisson_deviance
from sklearn.model_selection import KFold, cross_val_predict

from xpnn import Exponential, Huber, MeanSquaredError, PoissonDeviance
from xpnn.sklearn import TabularRegressor
from xpnn.tables.targets import Measure
from xpnn.tabular import load, save
from xpnn.tabular.onnx import onnx_model
from xpnn.tabular.recipe import LINEAR, PRESETS, Recipe

rng = np.random.default_rng(5)
RECIPE = Recipe()


@pytest.mark.parametrize("n", [2, 100, 1280, 1281, 5_000, 60_000, 10**6, 10**7])
def test_of_more_rows_the_training_is_longer_and_the_batches_are_larger(n):
    batch, epochs = RECIPE.batch_size_for(n), RECIPE.epochs_for(n)
    of_an_epoch = -(-n // batch)
    steps = epochs * of_an_epoch
    assert 0 <= steps - 700 * max(1, n / 1280) ** 0.6 <= of_an_epoch
    assert batch == pytest.approx(128 * max(1, n / 1280) ** 0.2, abs=0.5)
    optimizer = RECIPE.optimizer(Measure("y"), steps)
    rate, decay = optimizer.learning_rate, optimizer.weight_decay
    # what the weights lose in all stays what it is of few rows
    lost = rate.learning_rate * decay.learning_rate * steps
    assert lost == pytest.approx(0.02 * 0.2 * 700, rel=1e-2)
    assert rate.learning_rate <= 0.02


def test_who_asks_for_a_rate_or_for_epochs_gets_them():
    recipe = Recipe(learning_rate=0.5, epochs=3, batch_size=7)
    assert recipe.epochs_for(10**6) == 3
    assert recipe.batch_size_for(10**6) == 7
    assert recipe.optimizer(Measure("y"), 10**5).learning_rate.learning_rate == 0.5


@pytest.mark.parametrize(
    ("numbers", "loss"),
    [
        (rng.poisson(2.0, 200), PoissonDeviance),
        (np.exp(rng.normal(size=200)), PoissonDeviance),  # as incomes are
        (rng.normal(size=200), MeanSquaredError),
        (rng.normal(10, 2, 200), MeanSquaredError),
        (rng.integers(1900, 2000, 200), MeanSquaredError),
        (np.array([-1.0, 0, 100]), MeanSquaredError),
        (np.zeros(5), MeanSquaredError),
    ],
)
def test_counts_and_what_spreads_like_them(numbers, loss):
    assert type(RECIPE.for_numbers(numbers).loss(Measure("y"))) is loss


def test_a_loss_that_was_chosen_stays():
    assert Recipe(loss_of_numbers=Huber()).for_numbers(np.ones(3)).loss(Measure("y")) == Huber()
    assert LINEAR.for_numbers(rng.poisson(2.0, 99)).loss_of_numbers == MeanSquaredError()


def test_counts_are_learnt_better_than_by_squared_errors(monkeypatch):
    X = rng.normal(size=(400, 3))
    counts = rng.poisson(np.exp(1.5 * X[:, 0] - X[:, 1]))
    folds = KFold(3)
    found = {}
    for loss in (None, MeanSquaredError()):
        monkeypatch.setitem(PRESETS, "fast", Recipe(1, loss_of_numbers=loss, steps_alone=200))
        model = TabularRegressor(preset="fast", random_state=0)
        answers = cross_val_predict(model, X, counts, cv=folds)
        found[loss] = mean_poisson_deviance(counts, np.maximum(answers, 1e-2))
    assert found[None] < 0.8 * found[MeanSquaredError()]


def test_a_network_of_counts_ends_in_an_exponential_and_is_kept_so(monkeypatch, tmp_path):
    monkeypatch.setitem(PRESETS, "fast", Recipe(2, hidden=(8,), steps=9))
    X = rng.normal(size=(90, 2))
    model = TabularRegressor(preset="fast", random_state=0).fit(X, rng.poisson(3.0, 90))
    assert all(member.layers[-1] == Exponential() for member in model.ensemble_.members)
    save(model.ensemble_, tmp_path / "counts.safetensors")
    loaded, _ = load(tmp_path / "counts.safetensors")
    answers = model.predict(X)
    np.testing.assert_array_equal(loaded.outputs(model._table(X)), answers)
    session = onnxruntime.InferenceSession(onnx_model(loaded).SerializeToString())
    (outputs,) = session.run(None, {"features": X})
    np.testing.assert_allclose(outputs[:, 0], answers, rtol=1e-5)


def test_rows_of_weight_0_decide_nothing():
    X, weights = rng.normal(size=(200, 2)), np.ones(200)
    y = np.exp(X[:, 0])
    y[7], weights[7] = 1e12, 0.0
    model = TabularRegressor(preset="fast", random_state=0)
    answers = model.fit(X, y, sample_weight=weights).predict(X)
    kept = weights > 0
    left_out = model.fit(X[kept], y[kept]).predict(X)
    np.testing.assert_allclose(answers[kept], left_out[kept], rtol=0.2)
    assert np.corrcoef(answers[kept], y[kept])[0, 1] > 0.95
    assert RECIPE.for_numbers(y, weights).loss_of_numbers == PoissonDeviance()


def test_of_several_members_each_is_trained_as_long_as_one_that_is_fast():
    fast = PRESETS["fast"]
    assert replace(fast, n_members=2).epochs_for(500) == fast.epochs_for(500)


def test_a_time_for_one_member_is_kept_to():
    # one alone would take more steps than each of several, for which there was time
    assert Recipe().within(100, 1 / 800, 1000).epochs_for(800) == 100
