"""Threads that train, save, read, predict, set, move and copy one model, all at once.

Each step takes the same from each parameter of this network, so that whoever sees two that
differ has seen half a step.  Allowed beside right answers is the RuntimeError of what can't be
done to a model that trains; anything else, and a thread that waits for ever, is a fault.
"""

from __future__ import annotations

import faulthandler
import pickle
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import click
import numpy as np

import xpnn
from xpnn.backend import to_host

ROWS = 8

PAUSE = 0.02, 0.002
"""How many seconds at most a thread waits before it does its deed again; one that trains less:
otherwise there would always be somebody who reads, and hardly any training."""


class Scene:
    """A model, and all that threads do to it; each method is done over and over in a thread."""

    def __init__(self, width: int, backends: list[str], folder: Path, seed: int) -> None:
        self.width, self.backends, self.folder = width, backends, folder
        self.random = random.Random(seed)
        self.x = np.ones((ROWS, 1))
        self.y = np.full((ROWS, width), -1e6)
        layers = [xpnn.Dense(1, width, weights="zeros")]
        self.model = xpnn.Sequential(layers, dtype="float64", seed=0, backend=backends[0])
        self.model.compile("mean_absolute_error", xpnn.SGD(0.01, momentum=0.5), metrics=())

    def train(self) -> None:
        """Train, with or without checkpoints; every epoch asked for is had."""
        epochs, size = self.random.choice([1, 5, 40]), self.random.choice([None, 1, 3])
        callbacks: list[xpnn.Callback] = []
        if self.random.random() < 0.3:
            with tempfile.TemporaryDirectory(dir=self.folder) as checkpoints:
                callbacks = [xpnn.callbacks.Checkpoint(checkpoints, every_epochs=5)]
                history = self._fit(epochs, size, callbacks)
        else:
            history = self._fit(epochs, size, callbacks)
        assert history.epochs == epochs, f"{history.epochs} epochs for {epochs}"

    def _fit(
        self, epochs: int, size: int | None, callbacks: list[xpnn.Callback]
    ) -> xpnn.History:
        return self.model.fit(
            self.x, self.y, epochs=epochs, batch_size=size, callbacks=callbacks, verbose=False
        )

    def save(self) -> None:
        """Save and load: a good file of one state."""
        path = self.folder / "model.safetensors"
        self.model.save(path)
        self._check(xpnn.load(path, backend="numpy").parameters)

    def export(self) -> None:
        """Copy what a file would have, and describe the model."""
        self.model.card()
        self._check(self.model.copy_tensors().values())

    def read(self) -> None:
        """Read the parameters."""
        self._check(self.model.parameters)

    def predict(self) -> None:
        """Use it."""
        outputs = self.model.predict(np.ones((3, 1)))
        assert outputs.shape == (3, self.width)
        self._check([outputs])

    def evaluate(self) -> None:
        """Measure it."""
        loss = self.model.evaluate(self.x[:1], self.y[:1])["loss"]
        assert 0 < loss < 2e6, loss

    def differentiate(self) -> None:
        """Compute its gradients."""
        _, gradients = self.model.gradients(self.x, self.y)
        self._check(gradients)

    def write(self) -> None:
        """Set its parameters."""
        value = self.random.random()
        self.model.set_parameters([np.full((1, self.width), value), np.full(self.width, value)])

    def move(self) -> None:
        """Move it to another backend."""
        self.model.to(self.random.choice(self.backends))

    def compile(self) -> None:
        """Choose another learning rate."""
        rate = self.random.choice([0.01, 0.02])
        self.model.compile("mean_absolute_error", xpnn.SGD(rate, momentum=0.5), metrics=())

    def copy(self) -> None:
        """Copy it in both ways that Python has."""
        for copied in (pickle.loads(pickle.dumps(self.model)), deepcopy(self.model)):
            self._check(copied.parameters)
            memory = copied.train_state.memory
            self._check(memory.get("velocity", []))

    def _check(self, arrays: object) -> None:
        numbers = [to_host(array).ravel() for array in arrays]  # type: ignore[attr-defined]
        if numbers:
            flat = np.concatenate(numbers)
            assert np.ptp(flat) <= 1e-9 * np.abs(flat).max(), (
                f"torn: {flat.min()}, {flat.max()}"
            )


WHAT = "train train save export read predict evaluate differentiate write move compile copy"


def play(scene: Scene, seconds: float) -> tuple[Counter[str], list[str]]:
    """Let all threads go for a while; count what they did, and tell what went wrong."""
    counts, faults = Counter[str](), list[str]()
    end = time.monotonic() + seconds

    def over_and_over(name: str, action: Callable[[], None]) -> None:
        while time.monotonic() < end and not faults:
            try:
                action()
                counts[name] += 1
            except RuntimeError as error:
                if "can't be called while the model is training" not in str(error):
                    faults.append(f"{name}: {error!r}")
                counts[f"{name}, refused"] += 1
            except Exception as error:
                faults.append(f"{name}: {error!r}")
            time.sleep(scene.random.random() * PAUSE[name == "train"])

    threads = [
        threading.Thread(target=over_and_over, args=(name, getattr(scene, name)), daemon=True)
        for name in WHAT.split()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, end - time.monotonic()) + 60)
    faults += [
        f"{name}: waits for ever" for name, t in zip(WHAT.split(), threads) if t.is_alive()
    ]
    return counts, faults


@click.command(context_settings={"show_default": True})
@click.argument("seconds", type=click.FloatRange(1), default=60.0)
@click.option("--backend", "backends", multiple=True, default=["numpy"], help="Where; several.")
@click.option("--width", "widths", multiple=True, type=int, default=[2_000, 200_000])
@click.option("--seed", default=0)
def main(seconds: float, backends: tuple[str, ...], widths: tuple[int, ...], seed: int) -> None:
    """Let threads race for SECONDS; the exit status is 1 where something went wrong."""
    faulthandler.enable()
    faults = []
    for width in widths:
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(width, list(backends), Path(folder), seed)
            counts, found = play(scene, seconds / len(widths))
        click.echo(f"{width:,} parameters wide, on {' and '.join(backends)}:")
        for name, count in sorted(counts.items()):
            click.echo(f"  {name:24} {count:8,}")
        faults += found
    for fault in faults:
        click.echo(f"FAULT {fault}")
    if any("for ever" in fault for fault in faults):
        faulthandler.dump_traceback(all_threads=True)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
