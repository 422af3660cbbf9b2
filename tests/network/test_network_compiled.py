"""What `compile` takes, and what it refuses."""

import pytest
from measured import network, own_mean
from twelve_rows import N, X, Y

import xpnn
from xpnn import CategoricalCrossEntropy, Dense, Sequential, Softmax, metrics


def test_not_compiled(backend):
    model = Sequential([Dense(2, 3)])
    calls = [model.fit, model.evaluate, model.gradients]
    for call in calls:
        with pytest.raises(RuntimeError, match=r"call compile\(\) first"):
            call(X, Y)
    assert model.predict(X).shape == (N, 3)


def test_names_and_classes_and_objects_are_the_same(backend):
    losses = []
    names = ("categorical_cross_entropy", "CategoricalCrossEntropy", "categorical-crossentropy")
    for loss in (*names, CategoricalCrossEntropy, CategoricalCrossEntropy()):
        model = Sequential([Dense(2, 3), Softmax()], seed=0).compile(loss, "adam")
        losses.append(model.evaluate(X, Y)["loss"])
    assert len(set(losses)) == 1


def test_what_compile_takes():
    given = ["F1", metrics.F1(), metrics.F1, metrics.f1, "top_3_accuracy", "accuracy"]
    model = network(loss=xpnn.CategoricalCrossEntropy(True), chosen=given)
    assert [metric.name for metric in model.compiled.metrics] == [
        "f1_macro",
        "top_3_accuracy",
        "accuracy",
    ]
    model.compile("mean_squared_error", "sgd", "accuracy")  # left out where nothing is a class
    assert model.compiled.metrics == ()


@pytest.mark.parametrize(
    ("chosen", "error", "said"),
    [
        (["f1", lambda p, y: 1.0, lambda p, y: 2.0], ValueError, "another '<lambda>'"),
        ([metrics.F1(), metrics.F1(threshold=0.3)], ValueError, "another 'f1'"),
        ([type("loss", (), {"__call__": own_mean})()], ValueError, "another 'loss'"),
        (["r2"], ValueError, "'r2' is for numbers, but .* is for classes"),
        ([own_mean, 3], TypeError, "functions, got 3"),
        (own_mean, TypeError, "metrics must be a list of names, Metric objects or functions"),
    ],
)
def test_what_compile_refuses(chosen, error, said):
    with pytest.raises(error, match=said):
        network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen)


def test_classes_are_not_for_numbers():
    with pytest.raises(ValueError, match=r"'f1' is for classes, but .* is for numbers"):
        network(loss="mean_squared_error", chosen=["accuracy", "f1"])
