"""Trainings that must end alike on any number of processes, by name.

As a program, ``python one_run.py COMMUNICATOR BACKEND FILE ROWS NAME…``, it runs some of them
on the processes that started it, and the first writes what they gave.  In the backend, ``{}``
stands for the number of a process on its machine.
"""

import os
import sys

import numpy as np

import xpnn
from xpnn.callbacks import EarlyStopping, ReduceOnPlateau
from xpnn.layers import BatchNorm, Dense, Dropout, ReLU, Sigmoid, Softmax
from xpnn.metrics import R2
from xpnn.schedules import CosineDecay

rng = np.random.default_rng(3)
X = rng.standard_normal((203, 7))
CLASSES = (X @ rng.standard_normal((7, 3)) + rng.standard_normal((203, 3))).argmax(axis=1)
NUMBERS = np.sin(X[:, :2]) + 0.1 * rng.standard_normal((203, 2))
YES = (NUMBERS[:, 0] > 0).astype(float)
WEIGHT = rng.uniform(0, 2, 203)


def classifier(*between, **penalties):
    return [Dense(7, 12, **penalties), *between, ReLU(), Dense(12, 3), Softmax()]


CROSS_ENTROPY = "categorical_cross_entropy"

SETTINGS = {
    # layers, how to compile, the targets, how to fit
    "plain": (classifier(), (CROSS_ENTROPY, "adam"), CLASSES, {}),
    "dropout and penalties": (
        [Dropout(0.1), *classifier(Dropout(CosineDecay(0.3, 90)), l1=1e-3, l2=1e-2)],
        (CROSS_ENTROPY, "sgd"),
        CLASSES,
        {},
    ),
    "batch normalisation": (
        classifier(BatchNorm(12)),
        (CROSS_ENTROPY, xpnn.SGD(0.01)),
        CLASSES,
        {"validation_split": 0.2},
    ),
    "clipping": (
        classifier(),
        (CROSS_ENTROPY, "adam", ("accuracy",), 0.1, 0.05),
        CLASSES,
        {"validation_split": 0.1},
    ),
    "weights of classes and samples": (
        classifier(),
        (CROSS_ENTROPY, "rmsprop", ("f1", "roc_auc", "confusion_matrix")),
        CLASSES,
        {
            "class_weight": "balanced",
            "sample_weight": WEIGHT,
            "validation_data": (X[:50], CLASSES[:50], WEIGHT[:50]),
        },
    ),
    "rows without a class": (
        classifier(Dropout(0.1)),
        (xpnn.CategoricalCrossEntropy(ignore_index=-1), "adam", ("f1", "roc_auc")),
        np.where(WEIGHT < 0.8, -1, CLASSES),
        {"batch_size": 5, "class_weight": "balanced", "validation_split": 0.2},
    ),
    "one short batch": (
        classifier(BatchNorm(12), Dropout(0.2)),
        (CROSS_ENTROPY, xpnn.SGD(0.05)),
        CLASSES,
        {"batch_size": 101},
    ),
    "batches of two": (
        classifier(),
        (CROSS_ENTROPY, xpnn.SGD(0.05), ("accuracy", "f1", "log_loss")),
        CLASSES,
        {"batch_size": 2, "epochs": 2, "sample_weight": (WEIGHT > 1).astype(float)},
    ),
    "all rows": (
        classifier(Dropout(0.2)),
        (CROSS_ENTROPY, "adagrad"),
        CLASSES,
        {"batch_size": None, "epochs": 60},
    ),
    "in their order, numbers": (
        [Dense(7, 12), ReLU(), Dense(12, 2)],
        ("mean_squared_error", xpnn.Muon(average=0.9), (R2(), "mean_absolute_error")),
        NUMBERS,
        {"shuffle": False, "validation_split": 0.3},
    ),
    "stopping early, a plateau, a schedule": (
        [Dense(7, 12), ReLU(), Dense(12, 1), Sigmoid()],
        ("binary_cross_entropy", xpnn.Adam(CosineDecay(0.05, 400)), ("accuracy", "roc_auc")),
        YES,
        {
            "epochs": 60,
            "validation_split": 0.3,
            "callbacks": lambda: [EarlyStopping(patience=3), EarlyStopping("loss", None)],
        },
    ),
    "rates on a plateau": (
        classifier(),
        (CROSS_ENTROPY, "adam"),
        CLASSES,
        {
            "epochs": 20,
            "callbacks": lambda: [ReduceOnPlateau("loss", patience=1, min_delta=0.05)],
        },
    ),
    "a source": (
        classifier(BatchNorm(12), Dropout(0.2)),
        (CROSS_ENTROPY, xpnn.SGD(0.01), ("accuracy", "roc_auc")),
        CLASSES,
        {"source": None, "validation_split": 0.2, "sample_weight": WEIGHT},
    ),
    "a source in parts": (
        classifier(Dropout(0.2)),
        (CROSS_ENTROPY, "adam"),
        CLASSES,
        # where rows="own" cuts for 2, 3 and 4 processes, so that the parts are the same
        {"source": (12, 22, 50, 90, 114, 203), "class_weight": "balanced"},
    ),
}


class Rows:
    """A source of the rows of an array, from one on, in parts that end where all rows say."""

    def __init__(self, array, ends=None, begin=0):
        self.array, self.shape = array, array.shape
        if ends is not None:
            end = begin + len(array)
            inside = [begin, *(e for e in ends if begin < e < end), end]
            self.parts = np.diff(inside).tolist()

    def take(self, numbers):
        return self.array[numbers]


def own(how, communicator, *arrays):
    """Return the rows that one process has, some more than another, and how it is told."""
    ends = [203 * k * k // communicator.size**2 for k in range(communicator.size + 1)]
    here = slice(ends[communicator.rank], ends[communicator.rank + 1])
    how = {**how, "rows": "own"}
    if "sample_weight" in how:
        how["sample_weight"] = how["sample_weight"][here]
    if "validation_data" in how:
        cut = slice(*(50 * r // communicator.size for r in communicator.rank + np.arange(2)))
        how["validation_data"] = tuple(a[cut] for a in how["validation_data"])
    return how, ends[communicator.rank], *(a[here] for a in arrays)


def trained(name, backend, communicator=None, rows="same", **more):
    """Train as a setting says; return the model and its history."""
    layers, compiled, y, how = SETTINGS[name]
    how = {"epochs": 8, "batch_size": 20, **how, **more}
    how["callbacks"] = [*how.get("callbacks", list)(), *how.pop("also", ())]
    model = xpnn.Sequential(layers, seed=5, dtype="float64", backend=backend)
    loss, optimizer, *rest = compiled
    metrics = rest[0] if rest else ("accuracy",)
    clips = dict(zip(("clip_norm", "clip_value"), rest[1:]))
    model.compile(loss, optimizer, metrics, **clips)
    x, begin = X, 0
    if rows == "own":
        how, begin, x, y = own(how, communicator, x, y)
    if "source" in how:
        ends = how.pop("source")
        x, y = Rows(x, ends, begin), Rows(y, ends, begin)
    model.fit(x, y, communicator=communicator, **how)
    return model


def results(name, backend, communicator=None, **more):
    """Return what a training gave, as a dict of arrays."""
    model = trained(name, backend, communicator, **more)
    x, y = X, SETTINGS[name][2]
    if "source" in SETTINGS[name][3]:
        x, y = Rows(x), Rows(y)
    told = model.evaluate(x, y, communicator=communicator)
    return {
        **{f"tensor {n}": xpnn.backend.to_host(a) for n, a in model.tensors().items()},
        **{f"history {n}": np.array(v) for n, v in model.history.history.items()},
        **{f"evaluated {n}": np.array(v) for n, v in told.items()},
        "predicted": model.predict(x, communicator=communicator),
        "next draw": model.generator.random(3),
    }


def main():
    """Write the results of some settings."""
    kind, backend, file, rows, *names = sys.argv[1:]
    if kind == "torch_group":
        import torch

        torch.distributed.init_process_group("gloo")
    if kind == "jax_mesh" and len(os.environ.get("JAX_RANK", "")):
        import jax

        rank, size = int(os.environ["JAX_RANK"]), int(os.environ["JAX_SIZE"])
        jax.distributed.initialize(os.environ["JAX_ADDRESS"], size, rank)
    communicator = getattr(xpnn.distributed, kind)()
    backend = backend.format(communicator.local_rank)  # a GPU for each
    found = {}
    for name in names:
        of_name = results(name, backend, communicator, rows=rows)
        for key, value in of_name.items():
            same = communicator.gather(value)
            assert all(np.array_equal(value, other, equal_nan=True) for other in same), key
            found[f"{name}/{key}"] = value
    if communicator.rank == 0:
        np.savez(file, **found)
    if kind == "torch_group":
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
