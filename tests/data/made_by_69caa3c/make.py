"""Writes what 69caa3c wrote: run in a checkout of it, with the folder to write to.

    python tests/data/made_by_69caa3c/make.py FOLDER

What is in the folder beside this file was written so, on NumPy.
"""

import os
import pickle
import signal
import sys
from pathlib import Path

import numpy as np

import xpnn
from xpnn.callbacks import Callback, Checkpoint, EarlyStopping, ReduceOnPlateau
from xpnn.sklearn import MLPClassifier, MLPRegressor

rng = np.random.default_rng(0)
X = rng.standard_normal((61, 4))
Y = (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] > 0).astype(int)
HOW = {"epochs": 9, "batch_size": 8, "validation_split": 0.2}


def network():
    """Return a network that has something of everything, compiled."""
    layers = [
        xpnn.Dense(4, 9, l2=1e-4),
        xpnn.ReLU(),
        xpnn.BatchNorm(9),
        xpnn.Dropout(0.2),
        xpnn.Dense(9, 2, weights="glorot_uniform"),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=3, dtype="float64", backend="numpy")
    loss = xpnn.CategoricalCrossEntropy(label_smoothing=0.1)
    return model.compile(
        loss, xpnn.Adam(0.02), ("accuracy", "f1_weighted", "roc_auc"), clip_norm=1.0
    )


def others():
    """Return callbacks that remember something from one epoch to the next."""
    return [EarlyStopping("val_loss", 6), ReduceOnPlateau("loss", patience=1, min_delta=0.03)]


class Stop(Callback):
    """Sends Ctrl-C in the middle of an epoch."""

    def on_epoch_begin(self, epoch):
        """Note the epoch."""
        self.epoch = epoch

    def on_batch_end(self, step):
        """Send it after the fourth step of the fifth epoch."""
        if (self.epoch, step) == (4, 3):
            os.kill(os.getpid(), signal.SIGINT)


def learnt(model):
    """Return what a training has come to, as arrays for `numpy.savez`."""
    state = model.card()["layers"]
    assert state[2]["state"]
    return {
        "outputs": model.predict(X),
        **{f"parameter {i}": p for i, p in enumerate(model.parameters)},
        **{f"history {k}": np.array(v) for k, v in model.history.history.items()},
        "learning rate": np.array(model.learning_rate),
    }


def main(folder):
    """Write everything."""
    whole = network()
    whole.fit(X, Y, callbacks=others(), **HOW)
    np.savez(folder / "whole.npz", **learnt(whole))
    whole.save(folder / "model.safetensors")
    whole.export_onnx(folder / "model.onnx")
    kept = folder / "checkpoints"
    stopped = network()
    try:
        stopped.fit(X, Y, callbacks=[*others(), Stop(), Checkpoint(kept, keep=1)], **HOW)
    except KeyboardInterrupt:
        print("stopped after", stopped.history.epochs, "epochs")
    at_checkpoint = {f"parameter {i}": p for i, p in enumerate(stopped.parameters)}
    np.savez(folder / "stopped.npz", **at_checkpoint)
    options = {"hidden_layer_sizes": (6, 5), "random_state": 0, "max_iter": 12}
    classifier = MLPClassifier(
        activation=["relu", "tanh"],
        alpha=0.01,
        dropout=0.1,
        early_stopping=True,
        warm_start=True,
        class_weight="balanced",
        **options,
    )
    names = np.array(["no", "yes"])[Y]
    regressor = MLPRegressor("huber", solver="sgd", **options)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier.fit(X, names)
    for _ in range(3):
        regressor.partial_fit(X, X[:, :2])
    for name, thing in (
        ("classifier", classifier),
        ("regressor", regressor),
        ("sequential", whole),
    ):
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(thing, protocol=4))
    regressor.partial_fit(X, X[:, :2])
    np.savez(
        folder / "estimators.npz",
        classifier=classifier.predict_proba(X),
        regressor=pickle.loads((folder / "regressor.pickle").read_bytes()).predict(X),
        one_more=regressor.predict(X),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
