"""Measure what training on several processes gains on the machine that this is started on.

    OMP_NUM_THREADS=1 mpiexec -n 2 python -m mpi4py benchmarks/together.py

For each network, in turns: a step on one process, while the others sleep; a step with the part
of the batch that one of the processes has; the sum alone; and a step on all.  Medians of the
turns.  "The model" is what the parts predict: the whole step over a part of it and the sum.
"""

import argparse
import json
import math
import platform
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
from mpi4py import MPI
from tabulate import tabulate

import xpnn

NETWORKS = {
    "2-64-3": ((2, 64, 3), (256,)),
    "784-128-128-10": ((784, 128, 128, 10), (128, 1024)),
    "1024-2048-2048-1000": ((1024, 2048, 2048, 1000), (512,)),
}
"""Sizes of the layers, and the batches that are measured."""


def politely(world):
    """Wait for all processes without taking the processor from those that compute."""
    request = world.Ibarrier()
    while not request.Test():
        time.sleep(0.0005)


def network(sizes):
    """Return a network of Dense and ReLU layers that tells classes."""
    layers = []
    for n, k in pairwise(sizes):
        layers += [xpnn.Dense(n, k), xpnn.ReLU()]
    model = xpnn.Sequential([*layers[:-1], xpnn.Softmax()], seed=0)
    return model.compile("categorical_cross_entropy", "adam", metrics=[])


class Clock(xpnn.Callback):
    """What looks at a clock when training begins, and when an epoch has ended."""

    def on_train_begin(self, epochs, steps):
        """Forget what was before."""
        self.times = []

    def on_epoch_end(self, epoch, logs):
        """Look at the clock."""
        self.times.append(time.perf_counter())

    def seconds(self):
        """Return the median time of an epoch, without the first one."""
        return median(end - begin for begin, end in pairwise(self.times))


class Work:
    """One network with one size of batch."""

    def __init__(self, communicator, name, batch_size, seconds):
        self.communicator, self.world = communicator, MPI.COMM_WORLD
        sizes = NETWORKS[name][0]
        self.name, self.batch_size = name, batch_size
        rng = np.random.default_rng(0)
        self.models = {kind: network(sizes) for kind in ("alone", "part", "together")}
        n_parameters = sum(math.prod(p.shape) for p in self.models["alone"].parameters)
        self.buffer = np.zeros(n_parameters, np.float32)
        self.n_steps = 64
        n, (n_inputs, *_, n_classes) = self.n_steps * batch_size, sizes
        self.rows = (
            rng.standard_normal((n, n_inputs), np.float32),
            rng.integers(0, n_classes, n),
        )
        while self.n_steps > 1:
            if communicator.broadcast(self.step("alone")) * self.n_steps < seconds:
                break
            self.n_steps //= 2

    def step(self, kind):
        """Return the seconds of a step of one kind."""
        seconds = 0.0
        if kind == "together" or self.communicator.rank == 0:
            size = self.batch_size
            if kind == "part":
                size //= self.communicator.size
            rows = [array[: size * self.n_steps] for array in self.rows]
            given = self.communicator if kind == "together" else None
            clock, how = Clock(), {"verbose": False, "communicator": given}
            self.models[kind].fit(*rows, epochs=4, batch_size=size, callbacks=[clock], **how)
            seconds = clock.seconds() / self.n_steps
        politely(self.world)
        return seconds

    def sum(self):
        """Return the seconds of a sum of all parameters."""
        count = max(3, min(200, int(1e7 / self.buffer.size)))
        began = time.perf_counter()
        for _ in range(count):
            self.communicator.sum(self.buffer)
        return (time.perf_counter() - began) / count

    def turn(self):
        """Return the seconds of each kind, measured once."""
        steps = {kind: self.step(kind) for kind in self.models}
        return {**steps, "sum": self.sum()}


def main():
    """Measure, and let the first process print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=7, help="how often each is measured")
    parser.add_argument("--seconds", type=float, default=0.5, help="about, of one measurement")
    parser.add_argument("--only", choices=[*NETWORKS], help="one network")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there, too")
    options = parser.parse_args()
    communicator = xpnn.distributed.mpi()
    n, table, found = communicator.size, [], []
    for name, (_, batches) in NETWORKS.items():
        if options.only not in (None, name):
            continue
        for batch_size in batches:
            work = Work(communicator, name, batch_size, options.seconds)
            work.turn()  # which compiles, or records
            turns = [work.turn() for _ in range(options.turns)]
            of = {kind: median(turn[kind] for turn in turns) for kind in turns[0]}
            gain, model = of["alone"] / of["together"], of["alone"] / (of["part"] + of["sum"])
            found.append({"network": name, "batch_size": batch_size, "processes": n, **of})
            milliseconds = (f"{1e3 * seconds:.3f}" for seconds in of.values())
            share = f"{of['sum'] / of['together']:.0%}"
            numbers = f"{model:.2f}", f"{gain:.2f}"
            table.append([name, batch_size, *milliseconds, share, *numbers])
    if communicator.rank == 0:
        print(f"{n} processes, {platform.machine()}, NumPy {np.__version__}, Adam, float32")
        whole = "ms: one process", "its part", f"all {n}", "the sum"
        print(tabulate(table, ["network", "batch", *whole, "sum's share", "model", "gain"]))
        if options.json:
            Path(options.json).write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
