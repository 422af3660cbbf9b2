"""Metrics in a model: where they are measured, on what, and what is joined."""

import contextlib
import warnings

import numpy as np
import pytest
import sklearn.metrics as peer
from support import host

import xpnn
from xpnn import metrics

rng = np.random.default_rng(4)
X = rng.standard_normal((60, 3))
CLASSES = rng.integers(4, size=60)
YES = rng.integers(2, size=60)
LABELS = rng.integers(2, size=(60, 3))
NUMBERS = 1000 + rng.standard_normal((60, 2))

OF_CLASSES = [
    *("accuracy", "top_k_accuracy", "precision", "recall", "f1", "confusion_matrix"),
    *("log_loss", "roc_auc"),
]
OF_NUMBERS = ["mean_squared_error", "mean_absolute_error", "r2"]
STILL = xpnn.SGD(1e-300)  # the parameters stay as they are to the last bit


class PassingOfTestMeasuring(xpnn.Layer):
    """Gives what it gets, so that a loss and its activation don't meet."""

    def forward(self, params, x):
        return x, lambda dy: (dy, ())


PASSING = PassingOfTestMeasuring()


def network(*ends, loss, chosen, optimizer=STILL, dtype="float64", n_outputs=4):
    layers = [xpnn.Dense(3, 8), xpnn.Tanh(), xpnn.Dense(8, n_outputs), *ends]
    return xpnn.Sequential(layers, seed=1, dtype=dtype).compile(loss, optimizer, chosen)


def cases():
    """Yield a model, its targets, and its metrics by scikit-learn, of what it predicts."""

    def of_classes(p):
        called, labels = p.argmax(axis=1), np.arange(4)
        return {
            "accuracy": peer.accuracy_score(CLASSES, called),
            "top_k_accuracy": 1.0,
            "top_2_accuracy": peer.top_k_accuracy_score(CLASSES, p, k=2),
            "precision": peer.precision_score(CLASSES, called, average="macro"),
            "recall": peer.recall_score(CLASSES, called, average="macro"),
            "f1": peer.f1_score(CLASSES, called, average="macro"),
            "f1_weighted": peer.f1_score(CLASSES, called, average="weighted"),
            "confusion_matrix": peer.confusion_matrix(CLASSES, called, labels=labels),
            "log_loss": peer.log_loss(CLASSES, p),
            "roc_auc": peer.roc_auc_score(CLASSES, p, multi_class="ovr"),
        }

    def of_yes(p, y):
        p, y = p.reshape(-1), y.reshape(-1)
        return {
            "accuracy": peer.accuracy_score(y, p > 0.5),
            "top_k_accuracy": 1.0,
            "precision": peer.precision_score(y, p > 0.5),
            "recall": peer.recall_score(y, p > 0.5),
            "f1": peer.f1_score(y, p > 0.5),
            "f1_micro": peer.f1_score(y, p > 0.3),
            "confusion_matrix": peer.confusion_matrix(y, p > 0.5),
            "log_loss": peer.log_loss(y, p),
            "roc_auc": peer.roc_auc_score(y, p),
        }

    def softmax(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    chosen = [*OF_CLASSES, metrics.TopKAccuracy(2), "f1_weighted"]
    loss = xpnn.CategoricalCrossEntropy()
    logits = xpnn.CategoricalCrossEntropy(from_logits=True)
    yield "joined", network(xpnn.Softmax(), loss=loss, chosen=chosen), CLASSES, of_classes
    last = xpnn.Softmax(), PASSING
    yield "apart", network(*last, loss=loss, chosen=chosen), np.eye(4)[CLASSES], of_classes
    model = network(loss=logits, chosen=chosen)
    yield "logits", model, CLASSES, lambda z: of_classes(softmax(z))

    chosen = [*OF_CLASSES, metrics.F1("micro", threshold=0.3)]
    loss, logits = xpnn.BinaryCrossEntropy(), xpnn.BinaryCrossEntropy(from_logits=True)
    model = network(xpnn.Sigmoid(), loss=loss, chosen=chosen, n_outputs=1)
    yield "yes or no", model, YES, lambda p: of_yes(p, YES)
    model = network(xpnn.Sigmoid(), PASSING, loss=loss, chosen=chosen, n_outputs=1)
    yield "yes or no, apart", model, YES[:, None], lambda p: of_yes(p, YES)
    model = network(loss=logits, chosen=chosen, n_outputs=3)
    yield "labels", model, LABELS, lambda z: of_yes(sigmoid(z), LABELS)

    model = network(loss="mean_squared_error", chosen=OF_NUMBERS, n_outputs=2)
    yield (
        "numbers",
        model,
        NUMBERS,
        lambda p: {
            "mean_squared_error": peer.mean_squared_error(NUMBERS, p),
            "mean_absolute_error": peer.mean_absolute_error(NUMBERS, p),
            "r2": peer.r2_score(NUMBERS, p),
        },
    )


NAMES = ["joined", "apart", "logits", "yes or no", "yes or no, apart", "labels", "numbers"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parts", [1, 9])
def test_all_metrics_are_scikit_learns_wherever_they_are_measured(
    backend, name, parts, monkeypatch
):
    if parts > 1:
        monkeypatch.setattr(xpnn.network.network, "PREDICT_NUMBERS", 7 * 8)
    model, y, expected = next(case[1:] for case in cases() if case[0] == name)
    measured = model.evaluate(X, y)
    wanted = expected(host(model.predict(X)))
    assert list(measured) == ["loss", *(metric.name for metric in model.compiled.metrics)]
    assert set(measured) == {"loss", *wanted}
    for key, value in wanted.items():
        np.testing.assert_allclose(measured[key], value, rtol=1e-9, err_msg=key)
    if parts > 1:
        assert isinstance(measured["loss"], float)
        return
    # in training it is the same of batches, and then of validation data
    numbers = {key for key, value in measured.items() if isinstance(value, float)}
    for how in ({"batch_size": 7}, {"batch_size": None}, {"batch_size": 7, "shuffle": False}):
        history = model.fit(X, y, epochs=3, validation_data=(X, y), **how).history
        trained = numbers - {"roc_auc"}
        assert set(history) == trained | {f"val_{key}" for key in numbers}
        for key in trained:
            np.testing.assert_allclose(
                history[key], [measured[key]] * 3, rtol=1e-9, err_msg=f"{key} {how}"
            )
        for key in numbers:
            np.testing.assert_allclose(
                history[f"val_{key}"], [measured[key]] * 3, rtol=1e-9, err_msg=key
            )
        without = model.fit(X, y, epochs=3, **how).history  # many epochs are read at once
        assert set(without) == trained
        for key in trained:
            np.testing.assert_allclose(without[key], history[key], rtol=1e-9, err_msg=key)


def test_history_is_of_the_predictions_before_each_step(backend):
    chosen = ["f1", "log_loss"]
    model = network(
        xpnn.Softmax(),
        loss=xpnn.CategoricalCrossEntropy(),
        chosen=chosen,
        optimizer=xpnn.SGD(0.5),
    )
    for _ in range(3):
        before = model.evaluate(X, CLASSES)
        history = model.fit(X, CLASSES, batch_size=None).history
        for name in ("loss", *chosen):
            assert history[name] == pytest.approx([before[name]])


# ------------------------------------------------------------------ functions of one's own


def own_mean(predictions, targets):
    return xpnn.backend.array_namespace(predictions).mean(predictions[:, 0])


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


def test_batches_count_by_their_samples(backend):
    def first_target(predictions, targets):
        return targets[0, 0]

    model = network(loss="mean_squared_error", chosen=[first_target], n_outputs=2)
    history = model.fit(X, NUMBERS, batch_size=50, shuffle=False).history
    wanted = (50 * NUMBERS[0, 0] + 10 * NUMBERS[50, 0]) / 60
    assert history["first_target"] == pytest.approx([wanted])


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


# ----------------------------------------------------------------------- doors and files


def test_what_compile_takes():
    given = ["F1", metrics.F1(), metrics.F1, metrics.f1, "top_3_accuracy", "accuracy"]
    model = network(loss=xpnn.CategoricalCrossEntropy(True), chosen=given)
    assert [metric.name for metric in model.compiled.metrics] == [
        "f1",
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


def test_files_hold_metrics_by_description(tmp_path):
    path = tmp_path / "model.safetensors"
    chosen = ["accuracy", "f1_weighted", metrics.Recall(threshold=0.2), metrics.TopKAccuracy(3)]
    model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen)
    model.save(path)
    assert xpnn.load(path).compiled.metrics == model.compiled.metrics
    chosen = [own_mean, "accuracy"]
    model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen)
    with pytest.warns(UserWarning, match="saved without the metric own_mean: a file holds no"):
        model.save(path)
    assert [metric.name for metric in xpnn.load(path).compiled.metrics] == ["accuracy"]


def test_a_search_keeps_numbers_only():
    chosen = ["accuracy", "roc_auc", "confusion_matrix"]
    model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen)
    history = xpnn.search.random_search(model, X, CLASSES, iterations=2, seed=0)
    assert set(history.history) == {"loss", "accuracy", "roc_auc"}


def test_a_resumed_epoch_joins_what_was_measured_before(backend, tmp_path):
    chosen = ["f1", "accuracy", "roc_auc", own_mean]
    how = {"epochs": 2, "batch_size": 7}

    def train(**options):
        model = network(
            xpnn.Softmax(),
            loss="categorical_cross_entropy",
            chosen=chosen,
            optimizer=xpnn.SGD(0.1),
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*saved without the metric own_mean")
            with contextlib.suppress(InterruptedError):
                model.fit(X, CLASSES, **how, **options)
        return model.history.history

    class Stop(xpnn.callbacks.Callback):
        def on_batch_end(self, batch):
            if batch == 5 and self.model.history.epochs == 1:
                raise InterruptedError

    checkpoint = xpnn.callbacks.Checkpoint(tmp_path, every_seconds=1e-9)
    train(callbacks=[Stop(), checkpoint])
    start = xpnn.checkpoints.newest(tmp_path)
    assert (start.epoch, start.step) == (1, 5)
    resumed = train(resume=tmp_path)
    assert set(resumed) == {"loss", "f1", "accuracy", "own_mean"}
    whole = train()
    for name, values in whole.items():
        assert resumed[name] == pytest.approx(values, rel=1e-12)


def test_callbacks_monitor_what_there_is():
    chosen = ["f1", "roc_auc", "confusion_matrix"]
    model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen)
    stop = xpnn.callbacks.EarlyStopping("val_roc_auc", patience=2)
    history = model.fit(
        X, CLASSES, epochs=9, validation_data=(X, CLASSES), callbacks=[stop]
    ).history
    assert len(history["val_roc_auc"]) == 3
    for name in ("roc_auc", "val_confusion_matrix"):
        with pytest.raises(ValueError, match=r"monitor must be one of .*'val_roc_auc'"):
            model.fit(
                X,
                CLASSES,
                validation_data=(X, CLASSES),
                callbacks=[xpnn.callbacks.EarlyStopping(name)],
            )
