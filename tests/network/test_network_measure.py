"""Metrics in a network: where they are measured, on what, and what is joined."""

import numpy as np
import pytest
import sklearn.metrics as peer
from measured import CLASSES, LABELS, NUMBERS, YES, X, network, own_mean
from support import host

import xpnn
from xpnn import metrics
from xpnn.network.stack import Stack

OF_CLASSES = [
    *("accuracy", "top_k_accuracy", "precision", "recall", "f1", "confusion_matrix"),
    *("log_loss", "roc_auc"),
]
OF_NUMBERS = ["mean_squared_error", "mean_absolute_error", "r2"]


class PassingOfTestMeasuring(xpnn.Layer):
    """Gives what it gets, so that a loss and its activation don't meet."""

    def forward(self, params, x):
        return x, lambda dy: (dy, ())


PASSING = PassingOfTestMeasuring()


WEIGHT = np.random.default_rng(7).exponential(size=60)
WEIGHT[::5] = 0  # parts of seven rows, and classes, keep some weight


def cases(weight=None):
    """Yield a model, its targets, and its metrics by scikit-learn, of what it predicts."""
    w = {"sample_weight": weight}

    def of_classes(p):
        called, labels = p.argmax(axis=1), np.arange(4)
        return {
            "accuracy": peer.accuracy_score(CLASSES, called, **w),
            "top_k_accuracy": 1.0,
            "top_2_accuracy": peer.top_k_accuracy_score(CLASSES, p, k=2, **w),
            "precision_macro": peer.precision_score(CLASSES, called, average="macro", **w),
            "recall_macro": peer.recall_score(CLASSES, called, average="macro", **w),
            "f1_macro": peer.f1_score(CLASSES, called, average="macro", **w),
            "f1_weighted": peer.f1_score(CLASSES, called, average="weighted", **w),
            "confusion_matrix": peer.confusion_matrix(CLASSES, called, labels=labels, **w),
            "log_loss": peer.log_loss(CLASSES, p, **w),
            "roc_auc": peer.roc_auc_score(CLASSES, p, multi_class="ovr", **w),
        }

    def of_yes(p, y):
        w = {"sample_weight": None if weight is None else np.repeat(weight, y[0].size)}
        p, y = p.reshape(-1), y.reshape(-1)
        return {
            "accuracy": peer.accuracy_score(y, p > 0.5, **w),
            "top_k_accuracy": 1.0,
            "precision": peer.precision_score(y, p > 0.5, **w),
            "recall": peer.recall_score(y, p > 0.5, **w),
            "f1": peer.f1_score(y, p > 0.5, **w),
            "f1_micro": peer.f1_score(y, p > 0.3, **w),
            "confusion_matrix": peer.confusion_matrix(y, p > 0.5, **w),
            "log_loss": peer.log_loss(y, p, **w),
            "roc_auc": peer.roc_auc_score(y, p, **w),
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
            "mean_squared_error": peer.mean_squared_error(NUMBERS, p, **w),
            "mean_absolute_error": peer.mean_absolute_error(NUMBERS, p, **w),
            "r2": peer.r2_score(NUMBERS, p, **w),
        },
    )


NAMES = ["joined", "apart", "logits", "yes or no", "yes or no, apart", "labels", "numbers"]


@pytest.mark.float64
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
def test_outputs_are_measured_as_the_network_is(backend, name, weight, monkeypatch):
    """A backend may have what a network gives measured on the host (`measures_on_host`)."""
    model, y, expected = next(case[1:] for case in cases(weight) if case[0] == name)
    there = model.evaluate(X, y, sample_weight=weight)
    monkeypatch.setattr(type(backend), "measures_on_host", True)
    monkeypatch.setattr(xpnn.network.measuring, "is_ours", lambda parts: True)
    monkeypatch.setattr(Stack, "rows_apart", True)
    measured = model.evaluate(X, y, sample_weight=weight)
    for key, value in expected(host(model.predict(X))).items():
        np.testing.assert_allclose(measured[key], value, rtol=1e-9, err_msg=key)
    assert measured["loss"] == pytest.approx(there["loss"], rel=1e-12)


@pytest.mark.float64
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


@pytest.mark.float64
@pytest.mark.parametrize("name", NAMES)
def test_weighted_metrics_are_scikit_learns(backend, name, monkeypatch):
    model, y, expected = next(case[1:] for case in cases(WEIGHT) if case[0] == name)
    wanted = expected(host(model.predict(X)))
    for parts in (1, 9):
        if parts > 1:
            monkeypatch.setattr(xpnn.network.network, "PREDICT_NUMBERS", 7 * 8)
        measured = model.evaluate(X, y, sample_weight=WEIGHT)
        assert set(measured) == {"loss", *wanted}
        for key, value in wanted.items():
            np.testing.assert_allclose(measured[key], value, rtol=1e-9, err_msg=key)
    assert model.evaluate(X, y) != measured
    assert set(map(type, measured.values())) <= {float, np.ndarray}
    if name == "joined":
        assert measured["confusion_matrix"].dtype == np.float64
    logs = model.fit(X, y, validation_data=(X, y, WEIGHT), batch_size=7).history
    for key in measured.keys() - {"confusion_matrix"}:
        np.testing.assert_allclose(logs[f"val_{key}"], [measured[key]], rtol=1e-9, err_msg=key)


@pytest.mark.float64
@pytest.mark.parametrize("name", NAMES)
def test_whole_weights_are_repeated_rows(backend, name):
    model, y, _ = next(case[1:] for case in cases() if case[0] == name)
    times = np.arange(60) % 4
    times[times == 0] = [0, 5, 0] * 5
    measured = model.evaluate(X, y, sample_weight=times)
    repeated = model.evaluate(np.repeat(X, times, axis=0), np.repeat(y, times, axis=0))
    for key, value in repeated.items():
        np.testing.assert_allclose(measured[key], value, rtol=1e-9, err_msg=key)


@pytest.mark.float64
def test_the_weighted_loss_has_the_penalty_once(backend):
    layers = [xpnn.Dense(3, 1, l2=0.5)]
    model = xpnn.Sequential(layers, seed=0, dtype="float64").compile(
        "mean_squared_error", "sgd"
    )
    y, w = NUMBERS[:, 0], WEIGHT
    error = (host(model.predict(X))[:, 0] - y) ** 2
    penalty = 0.5 * np.sum(host(model.parameters[0]) ** 2)
    expected = np.average(error, weights=w) + penalty
    assert model.evaluate(X, y, sample_weight=w)["loss"] == pytest.approx(expected, rel=1e-12)


class Spread(metrics.Metric):
    """A metric of one's own, that knows nothing of weights."""

    def measure(self, predictions, targets, kind=None):
        return xpnn.backend.array_namespace(predictions).max(predictions)


class WeighedSpread(Spread):
    def measure(self, predictions, targets, kind=None, weight=None):
        xp = xpnn.backend.array_namespace(predictions)
        spread = predictions[:, 0]
        return xp.mean(spread) if weight is None else xp.sum(spread * weight) / xp.sum(weight)


class AccuracyOfMine(metrics.Accuracy):
    """It inherits no weights from what it replaces."""

    def measure(self, predictions, targets, kind=None):
        return metrics.accuracy(predictions, targets)


@pytest.mark.parametrize("own", [Spread(), AccuracyOfMine(), own_mean])
def test_a_metric_that_cannot_weigh_is_named(backend, own):
    model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=[own])
    name = model.compiled.metrics[0].name
    model.evaluate(X, CLASSES)
    for call in (
        lambda: model.evaluate(X, CLASSES, sample_weight=WEIGHT),
        lambda: model.fit(X, CLASSES, validation_data=(X, CLASSES, WEIGHT)),
    ):
        with pytest.raises(ValueError, match=f"sample_weight.*the metric '{name}' can't weigh"):
            call()
    model.fit(X, CLASSES, sample_weight=WEIGHT, validation_data=(X, CLASSES, None))


@pytest.mark.float64
def test_a_metric_of_ones_own_that_can_weigh(backend):
    model = network(loss="mean_squared_error", chosen=[WeighedSpread()], n_outputs=2)
    expected = np.average(host(model.predict(X))[:, 0], weights=WEIGHT)
    measured = model.evaluate(X, NUMBERS, sample_weight=WEIGHT)["weighed_spread"]
    assert measured == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_that_nothing_can_be_measured_by(backend, dtype):
    chosen = ["accuracy"]
    model = network(
        xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen, dtype=dtype
    )
    for wrong in (np.zeros(60), -WEIGHT, WEIGHT[1:], WEIGHT[:, None], np.full(60, np.nan)):
        with pytest.raises(ValueError, match="sample_weight must"):
            model.evaluate(X, CLASSES, sample_weight=wrong)
    one = np.arange(60) == 3  # a single row with weight, as truth values
    alone = model.evaluate(X[one], CLASSES[one])
    assert model.evaluate(X, CLASSES, sample_weight=one) == pytest.approx(alone, rel=1e-5)
    if dtype == "float32":
        for huge in (1e39, 1e-50):
            with pytest.raises(ValueError, match="that float32 can hold"):
                model.evaluate(X, CLASSES, sample_weight=np.full(60, huge))


def test_history_is_of_the_predictions_before_each_step(backend):
    chosen = ["f1_macro", "log_loss"]
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


RARE = (np.arange(len(X)) % 10 == 3).astype(int)


def rare(last, k, **more):
    layers = [xpnn.Dense(X.shape[1], k), last]
    model = xpnn.Sequential(layers, seed=1, dtype="float64")
    loss = "binary_cross_entropy" if k == 1 else "categorical_cross_entropy"
    return model.compile(loss, xpnn.Adam(0.05), ["precision", "recall", "f1"], **more)


@pytest.mark.parametrize(("last", "k"), [(xpnn.Softmax(), 2), (xpnn.Sigmoid(), 1)], ids=str)
def test_yes_or_no_is_measured_by_yes(backend, last, k, folder):
    model = rare(last, k)
    model.fit(X, RARE, epochs=3, validation_data=(X, RARE))
    p = host(model.predict(X))
    called = p[:, 0] > 0.5 if k == 1 else p.argmax(axis=1)
    wanted = {
        "precision": peer.precision_score(RARE, called, zero_division=0),
        "recall": peer.recall_score(RARE, called),
        "f1": peer.f1_score(RARE, called),
    }
    measured = model.evaluate(X, RARE)
    assert list(measured) == ["loss", *wanted]
    for name, value in wanted.items():
        assert measured[name] == pytest.approx(value)
        assert model.history.history[f"val_{name}"][-1] == pytest.approx(value)
    model.save("model.safetensors")
    assert xpnn.load("model.safetensors").evaluate(X, RARE) == pytest.approx(measured)


def test_the_mean_of_more_classes_by_all_its_names(backend, folder):
    seen = []
    for asked in ("f1", "f1_macro", metrics.F1, metrics.f1, metrics.F1("macro")):
        model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=[asked])
        for monitor in ("val_f1", "val_f1_macro"):
            stop = xpnn.callbacks.EarlyStopping(monitor, patience=1)
            model.fit(X, CLASSES, validation_data=(X, CLASSES), callbacks=[stop])
            assert stop.best == model.history.history["val_f1_macro"][-1]
        seen.append(list(model.history.history))
    assert seen == [["loss", "f1_macro", "val_loss", "val_f1_macro"]] * 5
    model.save("model.safetensors")
    assert [m.name for m in xpnn.load("model.safetensors").compiled.metrics] == ["f1_macro"]
    both = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=["f1", "f1_macro"])
    assert [m.name for m in both.compiled.metrics] == ["f1_macro"]


def test_a_run_that_began_when_a_mean_was_not_called_so(folder, monkeypatch):
    def model():
        return network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=["f1"])

    how = {"validation_data": (X, CLASSES)}
    whole = model().fit(X, CLASSES, epochs=4, **how).history
    with monkeypatch.context() as patch:
        patch.setattr(metrics.F1, "for_classes", lambda metric, n: metric)  # as it was
        keep = [xpnn.callbacks.Checkpoint("kept")]
        assert "f1" in model().fit(X, CLASSES, epochs=2, callbacks=keep, **how).history
    stop = xpnn.callbacks.EarlyStopping("val_f1", patience=9)
    again = model().fit(X, CLASSES, epochs=4, resume="kept", callbacks=[stop], **how).history
    assert again.keys() == whole.keys()
    for name, values in whole.items():
        assert again[name] == pytest.approx(values, rel=1e-9)
