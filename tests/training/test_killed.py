"""A process that is killed and started again ends where one ends that was left alone."""

import random
import signal
import subprocess
import time

import numpy as np
from processes import command, surroundings

from xpnn.callbacks import Checkpoint

TRAIN = """
import os, pathlib, signal, sys
import numpy as np
import xpnn
from xpnn.callbacks import Checkpoint, EarlyStopping, ReduceOnPlateau

folder, out, die_at = sys.argv[1], sys.argv[2], int(sys.argv[3])
X, y = xpnn.datasets.spiral(120, 3, seed=0)
layers = [xpnn.Dense(2, 24), xpnn.BatchNorm(24), xpnn.ReLU(), xpnn.Dropout(0.1),
          xpnn.Dense(24, 24), xpnn.ReLU(), xpnn.Dense(24, 3), xpnn.Softmax()]
model = xpnn.Sequential(layers, seed=1)
model.compile("categorical_cross_entropy", xpnn.Adam(0.01))

# a process that is to die while it saves counts the steps of saving
points = 0
def point(function, before):
    def call(*arguments, **options):
        global points
        points += 1
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

model.fit(X, y, epochs=60, batch_size=16, validation_split=0.2, resume=folder, callbacks=[
    EarlyStopping("val_loss", 50), ReduceOnPlateau("loss", patience=6),
    Checkpoint(folder, every_seconds=0.02)])
np.savez(out, *model.tensors().values(), *model.history.history.values())
"""


def start(folder, out, die_at=0):
    arguments = [str(folder), str(out), str(die_at)]
    return subprocess.Popen([*command(TRAIN), *arguments], env=surroundings())


def test_killed_at_20_moments(tmp_path):
    alone = tmp_path / "alone.npz"
    assert start(tmp_path / "alone", alone).wait(120) == 0
    draw = random.Random(0)
    folder, out = tmp_path / "killed", tmp_path / "killed.npz"
    kills = 0
    while kills < 20:
        # each second time while it saves: half written, not yet renamed, not yet tidied up
        die_at = draw.randint(1, 24) if kills % 2 else 0
        process = start(folder, out, die_at)
        if not die_at:
            patience = time.monotonic() + 60
            before = {p.name for p in Checkpoint.files(folder)}
            # one that was killed after its last checkpoint has nothing to write any more
            while process.poll() is None and (
                {p.name for p in Checkpoint.files(folder)} == before
            ):
                assert time.monotonic() < patience
                time.sleep(0.005)
            time.sleep(draw.uniform(0, 0.03))
            process.kill()
        code = process.wait(120)
        assert code in (0, -signal.SIGKILL)
        if code == 0:  # it was quicker: the rest of the kills are of a new run
            compare(out, alone)
            folder = tmp_path / f"killed-{kills}"
            out.unlink()
        else:
            kills += 1
    assert start(folder, out).wait(120) == 0
    compare(out, alone)
    assert not [*folder.glob(".*")]  # what killed processes left has been removed


def compare(path, wanted):
    with np.load(path) as ours, np.load(wanted) as theirs:
        assert ours.files == theirs.files
        for name in ours.files:
            np.testing.assert_array_equal(ours[name], theirs[name])
