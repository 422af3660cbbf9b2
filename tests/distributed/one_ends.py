"""A training on several processes in which one of them ends.

``python one_ends.py FOLDER WHAT RANK EPOCH [comes]``: it happens in a callback after a step in
the middle of an epoch, or within such a step; the rows may come from a source in parts.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from one_run import CLASSES, CROSS_ENTROPY, Rows, X, classifier

import xpnn
from xpnn.callbacks import Callback, Checkpoint
from xpnn.layers import Dropout
from xpnn.metrics import Metric

EPOCHS = 6


def ends(what):
    """Let this process end, or try to."""
    if what == "error":
        raise RuntimeError("no bread at the baker's")
    if what == "exit":
        sys.exit(3)
    number = {"kill": signal.SIGKILL, "terminate": signal.SIGTERM, "interrupt": signal.SIGINT}
    os.kill(os.getpid(), number[what])
    time.sleep(0.05)


class Ending(Callback):
    def __init__(self, what, rank, epoch, communicator):
        self.what, self.ends_here, self.end = what, communicator.rank == rank, epoch
        self.epoch = 0

    def on_epoch_begin(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, step):
        if self.what == "slowly":
            time.sleep(0.1)
            return
        if self.ends_here and (self.epoch, step) == (self.end, 4):
            ends(self.what)


@dataclass(frozen=True)
class SpoiltOfTestEnds(Metric):
    """A metric that may fail in the middle of a step, where others wait for a sum."""

    left: ClassVar[int] = 0
    """At which call of those with one row; 0 is never."""

    def measure(self, predictions, targets):
        # of the short last batches, which are too few to be recorded
        type(self).left -= predictions.shape[0] == 1
        if self.left == 0 and predictions.shape[0] == 1:
            raise RuntimeError("no milk at the dairy")
        return (predictions * 0).sum()


def model():
    made = xpnn.Sequential(classifier(Dropout(0.2)), seed=1, dtype="float64")
    return made.compile(CROSS_ENTROPY, "adam", ["accuracy", SpoiltOfTestEnds()])


def train(made, folder, communicator=None, callbacks=(), comes=False):
    made.fit(
        Rows(X, (30, 70, 80, 120, 150, 180, 203)) if comes else X,
        CLASSES,
        epochs=EPOCHS,
        batch_size=20,
        validation_split=0.2,
        communicator=communicator,
        callbacks=[*callbacks, Checkpoint(folder)],
        resume=folder,
    )
    return made


def main():
    folder, what, rank, epoch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    communicator = xpnn.distributed.mpi()
    if what == "before" and communicator.rank == rank:
        raise RuntimeError("no fish at the market")
    if what == "step" and communicator.rank == rank:
        SpoiltOfTestEnds.left = 3
    callbacks = []
    if what not in ("step", "nothing"):
        callbacks = [Ending(what, rank, epoch, communicator)]
    made = train(model(), folder, communicator, callbacks, "comes" in sys.argv)
    if communicator.rank == 0:
        np.savez(f"{folder}/end.npz", *made.parameters, loss=made.history.history["loss"])


if __name__ == "__main__":
    main()
