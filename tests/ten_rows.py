"""Ten points of a parabola, a model for them, and a callback that writes down its calls."""

import numpy as np

import xpnn
from xpnn import Callback

X = np.linspace(-1, 1, 10)[:, None]
Y = X**2


def model(**options):
    layers = [xpnn.Dense(1, 4), xpnn.Tanh(), xpnn.Dense(4, 1)]
    return xpnn.Sequential(layers, seed=0, **options).compile("mean_squared_error", "sgd")


class Record(Callback):
    """Writes down each call."""

    def __init__(self, calls=None, name=""):
        self.calls, self.name = [] if calls is None else calls, name

    def note(self, *call):
        self.calls.append((self.name, *call) if self.name else call)

    def on_train_begin(self, epochs, steps):
        assert isinstance(self.model, xpnn.Sequential)
        self.note("train_begin", epochs, steps)

    def on_epoch_begin(self, epoch):
        self.note("epoch_begin", epoch)

    def on_batch_end(self, step):
        self.note("batch_end", step)

    def on_epoch_end(self, epoch, logs):
        self.note("epoch_end", epoch, logs)

    def on_train_end(self):
        self.note("train_end")
