"""One measurement in a process of its own, told as one line of JSON.

Run as ``python benchmarks/worker.py SIDE WORK --threads 1``.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import statistics
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from machine import Neighbours, forget_peak, memory
from sides import Trainer, UnavailableError, load, on_cuda, takes

if TYPE_CHECKING:
    from works import Work

BLOCK = 0.5
"""About how many seconds are timed at once."""
BLOCKS = 3
"""How often; the median counts."""


@click.command()
@click.argument("side")
@click.argument("work")
@click.option(
    "--kind", type=click.Choice(["train", "inference", "growth", "mapped"]), default="train"
)
@click.option("--threads", default=1, show_default=True, help="And cores.")
@click.option("--sizes", default="", help="growth: the network, as in 64-32-10.")
@click.option("--rows", default=0, help="growth: the number of rows.")
@click.option("--batch", default=0, help="growth: the batch size.")
@click.option("--file", help="mapped: the .npy file of the inputs.")
def main(
    side: str,
    work: str,
    kind: str,
    threads: int,
    sizes: str,
    rows: int,
    batch: int,
    file: str | None,
) -> None:
    """Measure SIDE on WORK.

    The side "data" does nothing, and so tells what the data alone take.
    """
    _settle(side, threads)
    # from here on, array libraries may be imported
    import works

    try:
        if kind == "growth":
            shape = tuple(int(size) for size in sizes.split("-"))
            task = works.drawn(work, shape, rows, batch, works.SGD(1e-3))
        elif kind == "mapped":
            task = _mapped(str(file))
        else:
            task = works.make("inference" if kind == "inference" else work)
        # loading takes more for a moment, and that is nobody's merit or fault
        forget_peak()
        record: dict[str, Any] = {"data_memory": memory("VmRSS")}
        if side != "data":
            record |= _measure(side, task, kind)
    except UnavailableError as error:
        record = {"unavailable": str(error)}
    record["peak_memory"] = memory("VmHWM")
    click.echo(json.dumps(record))


def _settle(side: str, threads: int) -> None:
    """Give this process its cores and threads: no library has been imported yet."""
    # XLA takes as many threads as it sees cores; all sides are treated alike.  The first
    # core is left to others where there is a choice.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-threads:])
    for name in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # no helpers that look like neighbours
    # XLA would multiply in TF32 on a GPU, where the others don't
    os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = "highest"
    if not on_cuda(side):
        os.environ["JAX_PLATFORMS"] = "cpu"
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if side.startswith("keras-"):
        os.environ["KERAS_BACKEND"] = side.removeprefix("keras-")


def _measure(side: str, task: Work, kind: str) -> dict[str, Any]:
    """Load a side and measure it."""
    if not takes(side, task.name):
        raise UnavailableError(f"{side} does not have the network of {task.name}")
    started = time.perf_counter()
    make = load(side)
    if "torch" in side:
        import torch  # noqa: TID251

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    imported = time.perf_counter()
    neighbours = Neighbours()
    trainer = make(task)
    made = time.perf_counter()
    record: dict[str, Any] = {"import": imported - started, "setup": made - imported}
    if kind == "inference":
        return record | _inference(trainer, task)
    if kind == "mapped":
        return record | _resident(trainer)
    if task.epochs:
        return record | _whole(trainer, task, imported, neighbours)
    return record | _blocks(trainer, task)


def _clock(function: Callable[..., Any], *arguments: Any) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def _whole(
    trainer: Trainer, task: Work, imported: float, neighbours: Neighbours
) -> dict[str, Any]:
    """Time the whole task, and each epoch of it."""
    from works import accuracy

    from xpnn.datasets import fashion_mnist

    ticks = [time.perf_counter()]
    loss = trainer.train(task.epochs, lambda: ticks.append(time.perf_counter()))
    total = time.perf_counter() - imported
    others, peak = neighbours.share(), memory("VmHWM")
    epochs = [later - earlier for earlier, later in itertools.pairwise(ticks)]
    record = {
        "measures": {"epoch": statistics.median(epochs[1:]), "ten epochs": total},
        "epochs": epochs,
        "others": others,
        "training_memory": peak,
        "loss": loss,
    }
    if loss is not None:  # who learns nothing has no answers
        X, y = fashion_mnist("test")
        record["accuracy"] = accuracy(trainer.predict(X), y)
    _get_ready(trainer)  # for the next round
    return record


def _get_ready(trainer: Trainer) -> None:
    """Let a side compile what it would compile only where many steps are to come."""
    get_ready = getattr(trainer, "get_ready", None)
    if get_ready is not None:
        get_ready()


def _blocks(trainer: Trainer, task: Work) -> dict[str, Any]:
    """Time steps in blocks of about a second."""
    warm_up = time.perf_counter()
    early_loss = trainer.train(task.early)
    _get_ready(trainer)
    epochs = 1
    # the better of two, since a library may compile at the first call of a kind
    while (seconds := min(_clock(trainer.train, epochs) for _ in range(2))) < BLOCK / 8:
        epochs *= 4
    epochs = math.ceil(epochs * BLOCK / seconds)
    trainer.train(max(1, epochs // 4))
    warm_up = time.perf_counter() - warm_up
    neighbours = Neighbours()
    steps = epochs * task.steps
    times = [_clock(trainer.train, epochs) / steps for _ in range(BLOCKS)]
    return {
        "measures": {"step": statistics.median(times)},
        "blocks": times,
        "block_epochs": epochs,
        "warm_up": warm_up,
        "others": neighbours.share(),
        "early_loss": early_loss,
        "loss": trainer.train(1),
        "operations": task.operations,
    }


def _inference(trainer: Trainer, task: Work) -> dict[str, Any]:
    """Time calls of `predict`, for one row and for many."""
    record: dict[str, Any] = {"measures": {}, "tails": {}}
    neighbours = Neighbours()
    for rows in (1, len(task.X)):
        name = f"{rows} row" if rows == 1 else f"{rows} rows"
        parts = itertools.cycle(_parts(task, rows))
        for _ in range(getattr(trainer, "first_rows", 50) if rows == 1 else 50):
            trainer.predict(next(parts))
        times: list[float] = []
        deadline = time.perf_counter() + BLOCK
        while time.perf_counter() < deadline:
            times.append(_clock(trainer.predict, next(parts)))
        times.sort()
        record["measures"][name] = times[len(times) // 2]
        record["tails"][name] = times[len(times) * 99 // 100]
    return record | {"others": neighbours.share()}


def _parts(task: Work, rows: int) -> list[Any]:
    """Return the inputs in parts of so many rows."""
    return [task.X[first : first + rows] for first in range(0, len(task.X), rows)]


def _mapped(file: str) -> Work:
    """Return a work whose inputs stay in their file."""
    import numpy as np
    import works

    X = np.load(file, mmap_mode="r")
    y = np.random.default_rng(0).integers(0, 10, len(X))
    return works.Work("mapped", (X.shape[1], 128, 10), X, y, 512, works.SGD(1e-3))


def _resident(trainer: Trainer) -> dict[str, Any]:
    """Watch, while an epoch runs, how much memory there is that no file stands behind."""
    start = memory("RssAnon")
    peaks = [start]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peaks.append(memory("RssAnon"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        seconds = _clock(trainer.train, 1)
    finally:
        done.set()
        watcher.join()
    return {"epoch": seconds, "anonymous_before": start, "anonymous_peak": max(peaks)}


if __name__ == "__main__":
    main()
