"""Metrics in a network: where they are measured, on what, and what is joined."""

import numpy as np
import pytest
import sklearn.metrics as peer
from measured import CLASSES, LABELS, NUMBERS, YES, X, network
from support import host

import xpnn
from xpnn import metrics

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
