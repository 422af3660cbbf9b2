"""Text by TF-IDF, as sparse rows: xpnn's MLPClassifier beside scikit-learn's own.

The documents are made: words by Zipf's law, and in each class some words of its topic.  The
sides have the same settings and seed.  Each fit is a process of its own, and the sides take
turns; memory is the most that a process ever held, with texts, libraries and all.

    python benchmarks/sparse_text.py [--rounds 3] [--output FILE]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

RESULTS = Path(__file__).parent / "results" / "sparse-text.json"
SIDES = {"xpnn": "xpnn.sklearn", "scikit-learn": "sklearn.neural_network"}
CLASSES = 8


def documents(n: int, vocabulary: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Make documents of about 100 words, of which one in ten is of the topic of its class."""
    random = np.random.default_rng(seed)
    chances = 1 / np.arange(2, vocabulary + 2)
    labels = random.integers(0, CLASSES, n)
    topics = random.choice(np.arange(100, vocabulary), (CLASSES, 300), replace=False)
    texts = []
    for label in labels:
        count = int(random.integers(60, 141))
        words = random.choice(vocabulary, count, p=chances / chances.sum())
        of_topic = random.random(count) < 0.1
        words[of_topic] = random.choice(topics[label], of_topic.sum())
        texts.append(" ".join(f"w{word}" for word in words))
    return texts, labels


def fit(side: str, n: int, vocabulary: int, epochs: int) -> dict[str, Any]:
    """Fit one side, and return what it took."""
    from importlib import import_module

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer

    warnings.simplefilter("ignore", ConvergenceWarning)
    texts, labels = documents(n, vocabulary)
    X = TfidfVectorizer(token_pattern=r"\w+").fit_transform(texts)
    begin = len(texts) * 9 // 10
    model = import_module(SIDES[side]).MLPClassifier(100, max_iter=epochs, random_state=0)
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(X[:begin], labels[:begin])
    fitted, used = time.perf_counter() - wall, time.process_time() - cpu
    wall = time.perf_counter()
    score = model.score(X[begin:], labels[begin:])
    return {
        "seconds": fitted,
        "CPU seconds": used,
        "seconds to predict": time.perf_counter() - wall,
        "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "accuracy": float(score),
        "loss": float(model.loss_),
        "columns": X.shape[1],
        "stored in a row": X.nnz / X.shape[0],
    }


@click.command(help=__doc__)
@click.option("--documents", "n", default=20_000, show_default=True)
@click.option("--vocabulary", default=60_000, show_default=True)
@click.option("--epochs", default=3, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--threads", default=1, show_default=True)
@click.option("--side", type=click.Choice([*SIDES]), help="Fit this one here, and print JSON.")
@click.option("--output", default=RESULTS, type=click.Path(path_type=Path))
def main(
    n: int,
    vocabulary: int,
    epochs: int,
    rounds: int,
    threads: int,
    side: str | None,
    output: Path,
) -> None:
    """Measure both sides in turns, print the table and write the file."""
    if side is not None:
        print(json.dumps(fit(side, n, vocabulary, epochs)))
        return
    import machine
    from tabulate import tabulate

    size = f"--documents={n}", f"--vocabulary={vocabulary}", f"--epochs={epochs}"
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in SIDES}
    for turn in range(rounds):
        for name in list(SIDES)[:: 1 if turn % 2 else -1]:
            command = [sys.executable, __file__, f"--side={name}", *size]
            answer = subprocess.run(
                command, check=True, capture_output=True, env=os.environ | limits
            )
            found[name].append(json.loads(answer.stdout))
    measures = [*found["xpnn"][0]]
    rows = [[m, *(median(r[m] for r in found[name]) for name in SIDES)] for m in measures]
    print(tabulate(rows, ["median", *SIDES], floatfmt=".4g"))
    about = {"documents": n, "epochs": epochs, "threads": threads}
    about["machine"] = machine.describe()
    output.write_text(json.dumps(about | {"sides": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
