"""Measure what it costs to train on rows that are not in memory.

    OMP_NUM_THREADS=1 python benchmarks/rows.py --gigabytes 2 memory mapped parts parquet

For each way a process of its own trains a network of 784-128-128-10 for an epoch with batches
of 1,024, and tells how long it took, how fast rows went through, and how much its memory grew
from when it had the rows in hand: what it holds, files' pages included.  The files are made in
``--folder`` once; without ``memory`` they may be larger than that.

``memory``: an array.  ``mapped``: an ``.npy`` file, whose rows are taken in a new order of all.
``parts``: the same, with shuffle="parts".  ``parquet``: `xpnn.data.Parts` of files of 100,000
rows, with ``--columns`` as the number of features, since decoding 784 columns is not what
Parquet is for; it compares with ``narrow``, the same in memory.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

import xpnn

WAYS = ("memory", "mapped", "parts", "parquet", "narrow")
CHUNK = 50_000
BATCH = 1024


def make_mapped(folder, gigabytes, width):
    """Make a file of rows, if it isn't there, and return its path."""
    file = folder / f"rows-{gigabytes:g}-{width}.npy"
    rows = int(gigabytes * 1e9 / 4 / width)
    if not file.exists():
        X = np.lib.format.open_memmap(file, "w+", np.float32, (rows, width))
        chunk = np.random.default_rng(0).standard_normal((CHUNK, width), dtype=np.float32)
        for start in range(0, rows, CHUNK):
            part = X[start : start + CHUNK]
            part[:] = chunk[: len(part)]
            part[:, 0] = np.linspace(-1, 1, len(part))  # so that chunks differ
            X.flush()
        del X
    return file


def make_parquet(folder, gigabytes, width):
    """Make a folder of Parquet files, if it isn't there, and return it."""
    import pyarrow
    import pyarrow.parquet

    place = folder / f"parquet-{gigabytes:g}-{width}"
    rows = int(gigabytes * 1e9 / 4 / width)
    if not place.exists():
        place.mkdir()
        rng = np.random.default_rng(0)
        size = 100_000
        for number in range(-(-rows // size)):
            n = min(size, rows - number * size)
            columns = {f"c{i}": rng.standard_normal(n, dtype=np.float32) for i in range(width)}
            columns["label"] = rng.integers(0, 10, n, dtype=np.int8)
            pyarrow.parquet.write_table(pyarrow.table(columns), place / f"{number}.parquet")
    return place


def resident():
    """Return how many bytes of memory this process has, files' pages included."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def train(way, source, hidden):
    """Train for an epoch; return what was measured."""
    how = {}
    if way == "parquet":
        X, y = xpnn.data.Parts(source, drop="label"), xpnn.data.Parts(source, "label")
    else:
        X = np.load(source, mmap_mode=None if way in ("memory", "narrow") else "r")
        y = np.random.default_rng(0).integers(0, 10, len(X))
        how = {"shuffle": "parts"} if way == "parts" else {}
    layers = []
    for n, k in pairwise([X.shape[1], *hidden, 10]):
        layers += [xpnn.Dense(n, k), xpnn.ReLU()]
    model = xpnn.Sequential([*layers[:-1], xpnn.Softmax()], seed=0)
    model.compile("categorical_cross_entropy", "adam", metrics=[])
    warm = np.random.default_rng(1).standard_normal((2 * BATCH, X.shape[1]))
    model.fit(warm, np.arange(2 * BATCH) % 10, batch_size=BATCH, epochs=2)
    del warm
    start, peaks, done = resident(), [0], threading.Event()

    def watch():
        while not done.wait(0.01):
            peaks.append(resident() - start)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.perf_counter()
    model.fit(X, y, batch_size=BATCH, verbose=False, **how)
    seconds = time.perf_counter() - begin
    done.set()
    watcher.join()
    return {
        "way": way,
        "rows": X.shape[0],
        "features": X.shape[1],
        "seconds": round(seconds, 2),
        "us_per_row": round(1e6 * seconds / X.shape[0], 3),
        "grew_by_MB": round(max(peaks) / 1e6, 1),
        "loss": model.history.history["loss"][-1],
    }


def main():
    """Measure, a process for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ways", nargs="+", choices=WAYS)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--hidden", type=int, nargs="+", default=[128, 128])
    parser.add_argument("--folder", type=Path, default=Path("/tmp/xpnn-rows"))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    if given.here:
        (way,) = given.ways
        make = make_parquet if way == "parquet" else make_mapped
        width = given.columns if way in ("parquet", "narrow") else 784
        print(json.dumps(train(way, make(given.folder, given.gigabytes, width), given.hidden)))
        return
    options = sys.argv[1:]
    for way in given.ways:
        others = [word for word in options if word not in WAYS]
        subprocess.run([sys.executable, __file__, "--here", *others, way], check=True)


if __name__ == "__main__":
    main()
