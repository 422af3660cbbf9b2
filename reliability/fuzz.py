"""Files that are wrong in ways that no checksum tells: they are refused, nothing is changed.

``python reliability/fuzz.py 2000`` makes so many model files that are not what xpnn writes, and
a fifth as many checkpoints, which take longer, and tries each.  Of a checkpoint,
``fit(resume=...)`` either goes on, or raises an error that names the file, and then the model,
its optimizer, its generator and the callbacks are as they were.  Of a model file, `xpnn.load`
either makes a network that can be used, or raises a `ModelFileError` that names the file.
Anything else is printed with its seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from fuzzing import mutated, write

import xpnn
from xpnn.callbacks import Callback, Checkpoint, EarlyStopping, GradientNorms, ReduceOnPlateau
from xpnn.cli.models import load_any
from xpnn.naming import describe
from xpnn.serialization import read_file
from xpnn.training.kept import generator_state

X = np.random.default_rng(0).standard_normal((31, 3))
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)
HOW: dict[str, Any] = {"batch_size": 8, "validation_split": 0.2, "verbose": False}


class Own(Callback):
    """A callback of somebody's own, which trusts what it is given."""

    def __init__(self) -> None:
        self.count, self.mean = 0, np.zeros(2)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Count."""
        self.count += 1

    def state(self) -> dict[str, Any]:
        """Return what is remembered."""
        return {"count": self.count, "mean": self.mean, "nested": {"a": [1, 2.5, None, "x"]}}

    def restore(self, state: dict[str, Any]) -> None:
        """Take it over."""
        self.count, self.mean = state["count"] + 0, state["mean"] + np.zeros(2)
        self.nested = state["nested"]["a"][1] * 2


class Halt(Callback):
    """Ends a training in the middle of its third epoch."""

    def on_batch_end(self, step: int) -> None:
        """Raise Ctrl-C."""
        if self.model.running is not None and (self.model.running.epoch, step) == (2, 1):
            raise KeyboardInterrupt


def network(seed: Any = 0) -> xpnn.Sequential:
    """Return the network of all runs."""
    layers = [xpnn.Dense(3, 5, l2=1e-4), xpnn.BatchNorm(5), xpnn.ReLU(), xpnn.Dropout(0.1)]
    model = xpnn.Sequential([*layers, xpnn.Dense(5, 2), xpnn.Softmax()], seed=seed)
    metrics = ["accuracy", "f1_weighted"]
    return model.compile("categorical_cross_entropy", xpnn.Adam(0.01), metrics)


def watching() -> list[Callback]:
    """Return the callbacks of all runs."""
    norms = GradientNorms()
    plateau = ReduceOnPlateau("loss", patience=1, min_delta=0.5)
    return [EarlyStopping("val_loss"), EarlyStopping("loss"), plateau, norms, Own()]


def everything(model: xpnn.Sequential, callbacks: list[Callback]) -> list[Any]:
    """Return all that must be as it was after a refusal."""
    arrays = [*model.tensors().values()]
    for values in model.train_state.memory.values():
        arrays += values if isinstance(values, list) else [values]
    history = None if model.history is None else model.history.history
    plain = [describe(model.compiled.optimizer), generator_state(model.generator), history]
    return [
        [np.asarray(a).tobytes() for a in arrays],
        repr([*plain, model.stop_training, *(sorted(vars(c).items()) for c in callbacks)]),
    ]


def fuzz_checkpoints(count: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Go on from checkpoints that are none.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        Of the first; the others follow.
    folder : Path
        Where to work.

    Returns
    -------
    counts : Counter
        How many ended how.
    wrong : list of str
        What must not be, with its seed.
    """
    seeds: list[Callable[[], Any]] = [lambda: 0, lambda: np.random.RandomState(0)]
    good = []
    for number, halt in enumerate(([], [Halt()], [])):
        place = folder / f"good-{number}"
        model = network(seeds[number % 2]())
        try:
            callbacks = [*watching(), *halt, Checkpoint(place)]
            model.fit(X, Y, epochs=3, callbacks=callbacks, **HOW)
        except KeyboardInterrupt:
            pass
        good.append((number % 2, *read_file(Checkpoint.files(place)[-1])))
    path = folder / "forged" / "checkpoint-000003-epoch-3.safetensors"
    path.parent.mkdir()

    def attempt(draw: random.Random) -> tuple[str, str]:
        which, description, arrays = draw.choice(good)
        description, arrays, told = mutated(description, arrays, draw)
        write(path, description, arrays, draw)
        model, callbacks = network(seeds[which]()), watching()
        if draw.random() < 0.3:
            model.fit(X, Y, epochs=1, callbacks=callbacks, **HOW)
        before = everything(model, callbacks)
        began = Began()
        try:
            model.fit(X, Y, epochs=4, callbacks=[*callbacks, began], resume=path.parent, **HOW)
        except (ValueError, xpnn.DivergenceError) as error:
            if began.begun:
                return type(error).__name__, told if type(error) is ValueError else ""
            if everything(model, callbacks) != before:
                return "changed by a refusal", told
            if str(path) not in str(error):
                return "refused without its name", f"{told}: {error}"
            ours = isinstance(error, xpnn.ModelFileError)
            return "refused" if ours else "of another run", ""
        return "went on", ""

    return _try_all(attempt, count, seed)


class Began(Callback):
    """Notes that training has begun."""

    begun = False

    def on_epoch_begin(self, epoch: int) -> None:
        """Note it."""
        self.begun = True


def fuzz_model_files(count: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Load model files that are none; as `fuzz_checkpoints`."""
    good = []
    for optimizer in (True, False):
        model = network()
        model.fit(X, Y, epochs=1, **HOW)
        model.save(folder / "good", optimizer=optimizer)
        good.append(read_file(folder / "good"))
    path = folder / "forged.safetensors"

    def attempt(draw: random.Random) -> tuple[str, str]:
        description, arrays, told = mutated(*draw.choice(good), draw)
        write(path, description, arrays, draw)
        for load in (xpnn.load, load_any):
            try:
                load(path)
            except xpnn.ModelFileError as error:
                if str(path) not in str(error):
                    return "refused without its name", f"{told}: {error}"
        try:
            model = xpnn.load(path)
        except xpnn.ModelFileError:
            return "refused", ""
        inputs = X if model.n_inputs == 3 else np.ones((31, model.n_inputs or 3))
        model.predict(inputs)
        model.card()
        model.save(folder / "again")
        xpnn.load(folder / "again")
        if model.compiled is not None:
            try:
                model.fit(inputs, Y, epochs=1, verbose=False)
            except (TypeError, ValueError, xpnn.DivergenceError) as error:
                return f"loaded, fit: {type(error).__name__}", ""
        return "loaded", ""

    return _try_all(attempt, count, seed)


def _try_all(
    attempt: Callable[[random.Random], tuple[str, str]], count: int, seed: int
) -> tuple[Counter[str], list[str]]:
    """Try some files, and sort out how they end."""
    counts: Counter[str] = Counter()
    wrong = []
    for own in range(seed, seed + count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outcome, told = attempt(random.Random(own))
            except Exception as error:
                outcome = f"undocumented {type(error).__name__}"
                told = "".join(traceback.format_exception(error)[-3:])
        counts[outcome] += 1
        if told:
            wrong.append(f"seed {own}, {outcome}: {told}")
    return counts, wrong


def main() -> int:
    """Read the arguments, try, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=5000, help="how many model files")
    parser.add_argument("--seed", type=int, help="of the first; by default drawn")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**9) if asked.seed is None else asked.seed
    print(f"seed {seed}", flush=True)
    failed = False
    kinds = ((fuzz_checkpoints, -(-asked.count // 5)), (fuzz_model_files, asked.count))
    for function, count in kinds:
        with tempfile.TemporaryDirectory() as folder:
            counts, wrong = function(count, seed, Path(folder))
        told = ", ".join(f"{n} {outcome}" for outcome, n in counts.most_common())
        print(f"{function.__name__}: {count} files: {told}", flush=True)
        for what in wrong:
            print("WRONG", what)
        failed |= bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
