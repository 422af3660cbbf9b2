"""What the steps of an epoch measured, joined: it is in the history, and monitored."""

import contextlib
import warnings

import pytest
from measured import CLASSES, NUMBERS, X, network, own_mean

import xpnn


def test_batches_count_by_their_samples(backend):
    def first_target(predictions, targets):
        return targets[0, 0]

    model = network(loss="mean_squared_error", chosen=[first_target], n_outputs=2)
    history = model.fit(X, NUMBERS, batch_size=50, shuffle=False).history
    wanted = (50 * NUMBERS[0, 0] + 10 * NUMBERS[50, 0]) / 60
    assert history["first_target"] == pytest.approx([wanted])


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
    assert set(resumed) == {"loss", "f1_macro", "accuracy", "own_mean"}
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
