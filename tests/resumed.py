"""A run that is interrupted, and how it is compared with one that was left alone."""

import os
import signal

import numpy as np
from support import host

import xpnn
from xpnn.callbacks import Callback, EarlyStopping, ReduceOnPlateau

rng = np.random.default_rng(0)
X = rng.standard_normal((61, 4))
Y = (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] > 0).astype(int)
WEIGHT = rng.uniform(0.1, 2, 61)


def network(dtype="float32", optimizer=None, **options):
    layers = [
        xpnn.Dense(4, 9, l2=1e-4),
        xpnn.ReLU(),
        xpnn.BatchNorm(9),  # behind it: biases before it have gradients of rounding only
        xpnn.Dropout(xpnn.schedules.CosineDecay(0.4, 70)),
        xpnn.Dense(9, 2),
        xpnn.Softmax(),
    ]
    options = {"seed": 3, **options}
    model = xpnn.Sequential(layers, dtype=dtype, **options)
    loss = xpnn.CategoricalCrossEntropy(label_smoothing=0.1)
    return model.compile(loss, optimizer or xpnn.Adam(0.02), clip_norm=1.0)


HOW = {"epochs": 9, "batch_size": 8, "validation_split": 0.2}


def others():
    """What remembers something from one epoch to the next."""
    return [EarlyStopping("val_loss", 6), ReduceOnPlateau("loss", patience=1, min_delta=0.03)]


def learnt(model):
    state = [np.asarray(host(a)) for a in model.tensors().values()]
    return state, model.history.history, model.learning_rate


def assert_same(ours, wanted):
    for a, b in zip(ours[0], wanted[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert ours[1] == wanted[1]
    assert ours[2] == wanted[2]


class Stop(Callback):
    """Sends Ctrl-C at a step; steps are taken one by one, as it listens to each."""

    def __init__(self, epoch, step):
        self.at, self.epoch = (epoch, step), 0

    def on_epoch_begin(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, step):
        if (self.epoch, step) == self.at:
            os.kill(os.getpid(), signal.SIGINT)
