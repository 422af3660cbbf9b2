"""Metrics of one's own in a model: functions, and classes."""

import numpy as np
import pytest
from measured import CLASSES, NUMBERS, YES, X, network, own_mean
from support import host

import xpnn
from xpnn import metrics


@pytest.mark.parametrize("end", [(), (xpnn.Softmax(),)])
def test_a_function_of_ones_own_sees_what_predict_gives(backend, end):
    loss = xpnn.CategoricalCrossEntropy(from_logits=not end)
    model = network(*end, loss=loss, chosen=["accuracy", own_mean])
    wanted = host(model.predict(X))[:, 0].mean()
    assert model.evaluate(X, CLASSES)["own_mean"] == pytest.approx(wanted)
    history = model.fit(
        X, CLASSES, epochs=2, batch_size=7, validation_data=(X, CLASSES)
    ).history
    for name in ("own_mean", "val_own_mean"):
        assert history[name] == pytest.approx([wanted] * 2)


class BrierOfTestMetrics(metrics.Metric):
    """The Brier score: the mean squared error of the probabilities."""

    label = "brier"

    def measure(self, predictions, targets, weight=None):
        xp = xpnn.backend.array_namespace(predictions)
        squares = (predictions[:, 0] - targets[:, 0]) ** 2
        return xp.mean(squares) if weight is None else xp.sum(squares * weight) / xp.sum(weight)


@pytest.mark.parametrize("end", [(), (xpnn.Sigmoid(),)], ids=["logits", "probabilities"])
def test_a_metric_of_ones_own_compares_what_predict_gives_with_targets(backend, end):
    loss, weight = xpnn.BinaryCrossEntropy(from_logits=not end), np.arange(60.0)
    chosen = [BrierOfTestMetrics(), "accuracy"]
    model = network(*end, loss=loss, chosen=chosen, n_outputs=1)
    squares = (host(model.predict(X))[:, 0] - YES) ** 2
    assert model.evaluate(X, YES)["brier"] == pytest.approx(squares.mean())
    weighed = model.evaluate(X, YES, sample_weight=weight)["brier"]
    assert weighed == pytest.approx(np.average(squares, weights=weight))


def test_a_function_may_return_a_plain_number(backend):
    def seven(predictions, targets):
        return 7

    model = network(loss="mean_squared_error", chosen=[seven], n_outputs=2)
    assert model.fit(X, NUMBERS, epochs=2).history["seven"] == [7, 7]
    assert model.evaluate(X, NUMBERS)["seven"] == 7


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda p, y: p, "must return one number, .*got the shape"),
        (lambda p, y: None, "must return one number, .*got None"),
    ],
)
def test_a_function_that_returns_no_number(backend, returned, said):
    model = network(loss="mean_squared_error", chosen=[returned], n_outputs=2)
    before = model.parameters
    with pytest.raises(ValueError, match=said):
        model.evaluate(X, NUMBERS)
    with pytest.raises(ValueError, match=said):
        model.fit(X, NUMBERS)
    for array, old in zip(model.parameters, before):
        np.testing.assert_array_equal(host(array), host(old))


def test_functions_of_one_name_are_not_taken_for_each_other(backend):
    def make(number):
        def constant(predictions, targets):
            return number

        return constant

    for number in (1, 2):  # a library that compiles keeps what it compiled
        model = network(loss="mean_squared_error", chosen=[make(number)], n_outputs=2)
        assert model.fit(X, NUMBERS, epochs=2).history["constant"] == [number] * 2


class ShareOfTestMeasuring(metrics.Metric):
    """A metric of one's own that is no mean: the share of two sums."""

    label = "share"

    def measure(self, predictions, targets):
        xp = xpnn.backend.array_namespace(predictions)
        return xp.stack([xp.sum(predictions), xp.sum(targets)])

    def result(self, measures, counts):
        above, below = np.moveaxis(measures.sum(axis=-2), -1, 0)
        return above / below


def test_a_metric_of_ones_own(backend, tmp_path):
    model = network(loss="mean_squared_error", chosen=["share"], n_outputs=2)
    wanted = host(model.predict(X)).sum() / NUMBERS.sum()
    assert model.evaluate(X, NUMBERS)["share"] == pytest.approx(wanted)
    history = model.fit(X, NUMBERS, epochs=2, batch_size=7).history
    assert history["share"] == pytest.approx([wanted] * 2)
    model.save(tmp_path / "model.safetensors")
    again = xpnn.load(tmp_path / "model.safetensors")
    assert again.compiled.metrics == (ShareOfTestMeasuring(),)
