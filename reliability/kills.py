"""Trainings that are killed at random moments, and go on: each must end as one that was not.

``python reliability/kills.py 200`` kills 200 processes by SIGKILL, in turn at each of these
moments: before the first checkpoint, while steps are taken, while a checkpoint is written, and
at the end, when all is trained but not yet told.  A run is started again until it ends, and
what it has learnt and measured is compared to the last bit with the run that was left alone.

``--seed`` is that of the first kill, and is printed for each run that is lost.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from xpnn.callbacks import Checkpoint

MOMENTS = ("beginning", "training", "writing", "ending")

TRAIN = """
import os, pathlib, signal, sys
import numpy as np
import xpnn
from xpnn.callbacks import Checkpoint, EarlyStopping, GradientNorms, ReduceOnPlateau

folder, out, moment, die_at = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
EPOCHS = 100
X, y = xpnn.datasets.spiral(120, 3, seed=0)
layers = [xpnn.Dense(2, 24), xpnn.BatchNorm(24), xpnn.ReLU(), xpnn.Dropout(0.1),
          xpnn.Dense(24, 24), xpnn.ReLU(), xpnn.Dense(24, 3), xpnn.Softmax()]
model = xpnn.Sequential(layers, seed=1)
model.compile("categorical_cross_entropy", xpnn.Adam(0.01))

# a process that is to die while it writes counts the calls that writing is made of
points = 0
def point(function, before):
    def call(*arguments, **options):
        global points
        at_end = model.history is not None and model.history.epochs == EPOCHS
        points += moment == "writing" or at_end
        if before and points == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **options)
        if not before and points == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
if die_at:
    os.fsync = point(os.fsync, True)
    pathlib.Path.replace = point(pathlib.Path.replace, False)
    pathlib.Path.unlink = point(pathlib.Path.unlink, True)
    xpnn.Sequential.set_tensors = point(xpnn.Sequential.set_tensors, False)
    np.savez = point(np.savez, True)

callbacks = [EarlyStopping("val_loss", EPOCHS), EarlyStopping("loss", EPOCHS, mode="max"),
             ReduceOnPlateau("loss", patience=6), Checkpoint(folder, every_seconds=0.02)]
model.fit(X, y, epochs=EPOCHS, batch_size=16, validation_split=0.2, resume=folder,
          callbacks=callbacks)
partial = out + ".part.npz"
np.savez(partial, *model.tensors().values(), *model.history.history.values())
os.replace(partial, out)
"""


def start(
    folder: Path, out: Path, moment: str = "", die_at: int = 0
) -> subprocess.Popen[bytes]:
    """Start the training, which may kill itself."""
    command = [sys.executable, "-c", TRAIN, str(folder), str(out), moment, str(die_at)]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})


def kill_at(moment: str, draw: random.Random, folder: Path, out: Path) -> int:
    """Start the training, have it killed, and return its exit status."""
    if moment in ("writing", "ending"):
        return start(
            folder, out, moment, draw.randint(1, 24 if moment == "writing" else 9)
        ).wait()
    before = {path.name for path in Checkpoint.files(folder)}
    process = start(folder, out)
    if moment == "beginning":
        time.sleep(draw.uniform(0, 0.8))  # about what imports take, and the first steps
    else:
        while process.poll() is None and {p.name for p in Checkpoint.files(folder)} == before:
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.15))
    process.kill()
    return process.wait()


def differences(ours: Path, wanted: Path) -> list[str]:
    """Return what differs between the results of two runs."""
    with np.load(ours) as a, np.load(wanted) as b:
        if a.files != b.files:
            return ["their names"]
        return [name for name in a.files if not np.array_equal(a[name], b[name])]


def run(count: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Kill so many processes.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        That of the first kill; the others follow.
    folder : Path
        Where to work.

    Returns
    -------
    counts : Counter
        How many kills there were at each moment, and how many ``runs`` came to their end.
    lost : list of str
        What went wrong with which runs.
    """
    alone = folder / "alone.npz"
    if start(folder / "alone", alone).wait():
        return Counter(), ["the run that was left alone failed"]
    counts: Counter[str] = Counter()
    lost: list[str] = []
    kills, tried = 0, 0
    while kills < count:
        first = seed + tried
        place, out = folder / f"run-{first}", folder / f"run-{first}.npz"
        code = -signal.SIGKILL
        while code == -signal.SIGKILL:  # until it has come to its end
            if kills == count:
                code = start(place, out).wait()
                continue
            own = seed + tried
            moment = MOMENTS[own % len(MOMENTS)]
            code = kill_at(moment, random.Random(own), place, out)
            tried += 1
            if code == -signal.SIGKILL:
                kills += 1
                counts[moment] += 1
        counts["runs"] += 1
        wrong = [f"exit status {code}"] if code else differences(out, alone)
        wrong += [path.name for path in place.glob(".*")]  # what the dead left
        if wrong:
            lost.append(
                f"the run of the seeds {first} to {seed + tried - 1}: {', '.join(wrong)}"
            )
    return counts, lost


def main() -> int:
    """Read the arguments, kill, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=40, help="how many kills")
    parser.add_argument("--seed", type=int, help="of the first kill; by default drawn")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(BrokenPipeError):
        counts, lost = run(asked.count, seed, Path(folder))
    killed = sum(counts[moment] for moment in MOMENTS)
    print(f"{killed} kills:", ", ".join(f"{counts[m]} {m}" for m in MOMENTS))
    print(f"{counts['runs']} runs came to their end, {len(lost)} lost")
    for what in lost:
        print("LOST", what)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
