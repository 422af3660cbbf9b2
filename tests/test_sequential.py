"""What comes in at Sequential's door: bad input is refused, good input is left alone.

Each refusal names the argument and what came, and leaves the model as it was.
"""

import numpy as np
import pytest
from conftest import SPECS, load
from twelve_rows import N, X, Y, changed, classifier, everything

import xpnn
from xpnn import Adam, Callback, CategoricalCrossEntropy, Dense, MeanSquaredError

BAD_INPUTS = {
    "too many features": (np.ones((N, 3)), ["2 features", "(12, 3)"]),
    "too few features": (np.ones((N, 1)), ["2 features", "(12, 1)"]),
    "1-D": (np.ones(N), ["(n_samples, n_features)", "(12,)", "reshape(-1, 1)"]),
    "3-D": (np.ones((N, 1, 2)), ["(n_samples, n_features)", "(12, 1, 2)"]),
    "0-D": (np.array(1.0), ["(n_samples, n_features)", "()"]),
    "no rows": (np.ones((0, 2)), ["at least one row", "(0, 2)"]),
    "empty list": ([], ["(n_samples, n_features)", "(0,)"]),
    "NaN": (changed(X, (5, 1), np.nan), ["finite", "nan", "row 5, column 1"]),
    "infinity": (changed(X, (11, 0), np.inf), ["finite", "inf", "row 11, column 0"]),
    "minus infinity": (changed(X, (0, 0), -np.inf), ["finite", "-inf", "row 0, column 0"]),
    "ragged": ([[1.0, 2.0], [3.0]], ["rows of equal length"]),
    "strings": ([["a", "b"]] * N, ["expected numbers", "U1"]),
    "strings of digits": (np.array([["1", "2"]] * N), ["expected numbers", "U1"]),
    "objects": (np.array([[1.0, None]] * N), ["expected numbers", "object"]),
    "objects that are numbers": (np.array([[1.0, 2]] * N, dtype=object), ["numbers", "object"]),
    "complex": (np.ones((N, 2)) + 1j, ["expected numbers", "complex"]),
    "None": (None, ["expected numbers", "object"]),
}  # fmt: skip
BAD_CLASSES = {
    "shorter": (Y[:-1], ["12", "(11,)"]),
    "longer": (np.append(Y, 0), ["12", "(13,)"]),
    "one number": (1, ["12", "()"]),
    "too large": (changed(Y, 4, 3), ["0 to 2", "got 3", "row 4"]),
    "much too large": (changed(Y, 4, 2**32), ["0 to 2", "row 4"]),
    "negative": (changed(Y, 3, -1), ["0 to 2", "got -1", "row 3"]),
    "fractional": (changed(Y, 2, 1.5, float), ["0 to 2", "whole", "1.5", "row 2"]),
    "NaN": (changed(Y, 2, np.nan, float), ["0 to 2", "nan", "row 2"]),
    "infinite": (changed(Y, 2, np.inf, float), ["0 to 2", "inf", "row 2"]),
    "no integer can hold it": (changed(Y, 2, 1e300, float), ["0 to 2", "row 2"]),
    "strings": (["cat", "dog", "cow"] * 4, ["expected numbers", "U3"]),
    "strings of digits": (Y.astype(str), ["expected numbers", "U"]),
    "None": (None, ["expected numbers"]),
    "3-D": (np.zeros((N, 3, 1)), ["class indices", "one-hot", "(12, 3, 1)"]),
    "two columns": (np.zeros((N, 2)), ["class indices", "one-hot", "(12, 2)"]),
    "two-hot": (changed(np.eye(3)[Y], (3, slice(None)), 1), ["one-hot", "row 3"]),
    "none-hot": (changed(np.eye(3)[Y], (3, slice(None)), 0), ["one-hot", "row 3"]),
    "below 0": (changed(np.eye(3)[Y], (0, slice(None)), [2, -1, 0]), ["one-hot", "row 0"]),
    "NaN in a row": (changed(np.eye(3)[Y], (7, 2), np.nan), ["finite", "nan", "row 7"]),
}  # fmt: skip
BAD_OPTIONS = {
    "batch_size": [0, -32, 2.0, "32", True, [4]],
    "epochs": [0, -1, 1.5, "3", None, True],
    "validation_split": [1, 1.0, -0.1, 1.5, float("nan"), "0.2", None],
    "sample_weight": [
        np.ones(N - 1), np.ones((N, 1)), 1.0, -np.ones(N), changed(np.ones(N), 3, np.nan),
        changed(np.ones(N), 3, np.inf), np.zeros(N), ["a"] * N, [[1.0], [1.0, 2.0]],
    ],
    "class_weight": [
        "balance", 3, [1.0, 2.0, 3.0], {0: -1.0}, {1: "a"}, {2: float("nan")}, {0: None},
        {0: 0, 1: 0, 2: 0}, {3: 1.0}, {"a": 1.0}, {-1: 1.0}, {0.5: 2.0},
    ],
    "callbacks": [[Callback], [print], ["bar"], Callback, Callback(), 3],
    "verbose": ["yes", -1, 3, None, 0.5],
    "validation_data": [
        X, (X,), (X, Y, Y[1:]), (X, Y, -Y), (X, Y, Y, Y), "data", 3, {"X": X, "y": Y},
    ],
}  # fmt: skip
BAD_DATA = ("sample_weight", "validation_data")


def cases():
    """Yield (name, call, words): call(model) is refused with all words in the message."""
    for name, (wrong, words) in BAD_INPUTS.items():
        yield f"X {name}", lambda m, x=wrong: m.fit(x, Y), ["X", *words]
        yield f"predict X {name}", lambda m, x=wrong: m.predict(x), ["X", *words]
        yield f"forward X {name}", lambda m, x=wrong: m.forward(x), ["X", *words]
        yield f"evaluate X {name}", lambda m, x=wrong: m.evaluate(x, Y), ["X", *words]
        yield f"gradients X {name}", lambda m, x=wrong: m.gradients(x, Y), ["X", *words]
        yield (
            f"validation X {name}",
            lambda m, x=wrong: m.fit(X, Y, validation_data=(x, Y)),
            ["validation_data", *words],
        )
    for name, (wrong, words) in BAD_CLASSES.items():
        yield f"y {name}", lambda m, y=wrong: m.fit(X, y), ["y ", *words]
        yield f"evaluate y {name}", lambda m, y=wrong: m.evaluate(X, y), ["y ", *words]
        yield f"gradients y {name}", lambda m, y=wrong: m.gradients(X, y), ["y ", *words]
        yield (
            f"validation y {name}",
            lambda m, y=wrong: m.fit(X, Y, validation_data=(X, y)),
            ["y of validation_data", *words],
        )
    for option, values in BAD_OPTIONS.items():
        for index, value in enumerate(values):
            words = [option]
            if isinstance(value, str | int | float) and option not in BAD_DATA:
                words.append(repr(value))
            yield (
                f"{option} {index}",
                lambda m, o=option, v=value: m.fit(X, Y, **{o: v}),
                words,
            )
    for batch_size in (0, -1, 1.5, "8"):
        yield (
            f"predict batch_size {batch_size}",
            lambda m, b=batch_size: m.predict(X, batch_size=b),
            ["batch_size", repr(batch_size)],
        )
    yield (
        "validation twice",
        lambda m: m.fit(X, Y, validation_data=(X, Y), validation_split=0.5),
        ["validation_data", "validation_split"],
    )
    yield (
        "validation takes all",
        lambda m: m.fit(X, Y, validation_split=0.99),
        ["validation_split", "0.99", "12"],
    )
    yield (
        "validation of one row",
        lambda m: m.fit(X[:1], Y[:1], validation_split=0.5),
        ["validation_split", "0.5", "1 row"],
    )
    yield "parameters too few", lambda m: m.set_parameters(m.parameters[1:]), ["4", "3"]
    yield (
        "parameters of another shape",
        lambda m: m.set_parameters([p.T if p.ndim == 2 else p for p in m.parameters]),
        ["0.weights", "(2, 4)", "(4, 2)"],
    )
    for loss in ("categorical_crosentropy", "CategoricalCrossEntropyy"):
        yield (
            f"loss {loss}",
            lambda m, v=loss: m.compile(v, "adam"),
            ["loss", repr(loss), "did you mean 'CategoricalCrossEntropy'?"],
        )
    yield (
        "optimizer name",
        lambda m: m.compile("mean_squared_error", "adamm"),
        ["optimizer", "'adamm'", "did you mean 'Adam"],
    )
    yield (
        "metric name",
        lambda m: m.compile(CategoricalCrossEntropy(), "sgd", ["acuracy"]),
        ["metric", "'acuracy'", "did you mean 'accuracy'?"],
    )
    yield (
        "metric for numbers",
        lambda m: m.compile(CategoricalCrossEntropy(), "sgd", ["mean_squared_error"]),
        ["metric", "mean_squared_error", "classes"],
    )
    for index, metrics in enumerate((None, 3, [3], [None], [[xpnn.metrics.r2]])):
        yield (
            f"metrics {index}",
            lambda m, v=metrics: m.compile("mean_squared_error", "sgd", v),
            ["metrics"],
        )
    for wrong in (3, None, Dense, Dense(2, 2), Adam(), ["mean_squared_error"]):
        yield f"loss {wrong}", lambda m, v=wrong: m.compile(v, "sgd"), ["loss", repr(wrong)]
    for wrong in (3, None, 0.1, MeanSquaredError(), MeanSquaredError, ["sgd"]):
        yield (
            f"optimizer {wrong}",
            lambda m, v=wrong: m.compile("mean_squared_error", v),
            ["optimizer", repr(wrong)],
        )
    yield (
        "logits of probabilities",
        lambda m: m.compile(CategoricalCrossEntropy(from_logits=True), "sgd"),
        ["from_logits=True", "Softmax", "probabilities"],
    )
    yield "backend", lambda m: m.to("nunpy"), ["backend", "'nunpy'", "did you mean 'numpy'?"]
    yield "backend of another type", lambda m: m.to(3), ["backend", "int"]


CASES = {name: (call, words) for name, call, words in cases()}


def refuse(model, name):
    """Make a bad call and check the refusal."""
    call, words = CASES[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        call(model)
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message


@pytest.fixture(scope="module")
def seasoned():
    """For each backend a model that has been trained, which bad calls must not change."""
    models = {}
    for spec in SPECS:
        models[load(spec).name] = model = classifier(backend=load(spec))
        model.fit(X, Y, batch_size=5)
    return models


@pytest.mark.parametrize("name", CASES)
def test_refused(backend, seasoned, name):
    model = seasoned[backend.name]
    before = everything(model)
    refuse(model, name)
    np.testing.assert_equal(everything(model), before)


def test_refusals_leave_no_trace(backend):
    innocent, bothered = classifier(), classifier()
    for model in (innocent, bothered):
        model.fit(X, Y, batch_size=5)
    for name in CASES:
        with pytest.raises((TypeError, ValueError)):
            CASES[name][0](bothered)
    runs = [m.fit(X, Y, batch_size=5, validation_split=0.25) for m in (innocent, bothered)]
    assert runs[0].history == runs[1].history
    np.testing.assert_equal(everything(bothered), everything(innocent))


def test_a_single_row(backend):
    model = classifier()
    assert np.isfinite(model.fit(X[:1], Y[:1]).history["loss"]).all()
    assert model.predict(X[:1]).shape == (1, 3)
    assert model.evaluate(X[:1], Y[:1])["accuracy"] in (0.0, 1.0)


def test_history_is_of_the_last_fit(backend):
    model = classifier()
    first = model.fit(X, Y, epochs=2)
    second = model.fit(X, Y, epochs=3)
    assert (first.epochs, second.epochs) == (2, 3)
    assert model.history is second
    for values in second.history.values():
        assert all(type(value) is float for value in values)


def test_a_move_that_fails_leaves_all_where_it_was(monkeypatch):
    model = classifier()
    model.fit(X, Y, epochs=2)
    before, copies = everything(model), 0
    backend = xpnn.backend.resolve("array_api_strict")
    place = type(backend).asarray

    def out_of_memory(self, x, *arguments, **options):
        nonlocal copies
        copies += 1
        if copies > len(model.parameters):
            raise MemoryError("no room for the optimizer's memory")
        return place(self, x, *arguments, **options)

    monkeypatch.setattr(type(backend), "asarray", out_of_memory)
    with pytest.raises(MemoryError, match="no room"):
        model.to(backend)
    monkeypatch.undo()
    np.testing.assert_equal(everything(model), before)
    model.fit(X, Y, epochs=2)
