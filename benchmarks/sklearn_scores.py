"""Cross-validated scores and times of xpnn's estimators and scikit-learn's own MLP.

Both have their default settings and the same seed, the same ten folds of the data sets that
scikit-learn brings, and one thread.  They take turns fold by fold, the first changing, so that
what else the machine does meets both.

    python benchmarks/sklearn_scores.py [--folds 10] [--output FILE]
"""

from __future__ import annotations

import json
import time
import warnings
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import click
import machine
import numpy as np
import sklearn.neural_network as stock
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tabulate import tabulate
from threadpoolctl import threadpool_limits

import xpnn.sklearn as ours

RESULTS = Path(__file__).parent / "results" / "sklearn-scores.json"
DATA = {
    "digits": load_digits,
    "breast cancer": load_breast_cancer,
    "wine": load_wine,
    "diabetes": load_diabetes,
}
SIDES = {"xpnn": ours, "scikit-learn": stock}


def measure(name: str, scaled: bool, folds: int, seed: int) -> dict[str, Any]:
    """Cross-validate both sides on a data set; accuracy, or R² for numbers."""
    X, y = DATA[name](return_X_y=True)
    numbers = name == "diabetes"
    kind = "MLPRegressor" if numbers else "MLPClassifier"
    splitter = (KFold if numbers else StratifiedKFold)(folds, shuffle=True, random_state=seed)
    found: dict[str, dict[str, list[float]]] = {
        side: {"score": [], "wall": [], "cpu": [], "epochs": []} for side in SIDES
    }
    for fold, (train, test) in enumerate(splitter.split(X, y)):
        for side in list(SIDES)[:: 1 if fold % 2 else -1]:
            estimator = getattr(SIDES[side], kind)(random_state=seed)
            model = make_pipeline(StandardScaler(), estimator) if scaled else estimator
            wall, cpu = time.perf_counter(), time.process_time()
            model.fit(X[train], y[train])
            score = model.score(X[test], y[test])
            values = found[side]
            values["cpu"].append(time.process_time() - cpu)
            values["wall"].append(time.perf_counter() - wall)
            values["score"].append(float(score))
            values["epochs"].append(estimator.n_iter_)
    return {"data": name, "scaled": scaled, "sides": found}


def row(record: dict[str, Any]) -> list[Any]:
    """Return a line of the table."""
    us, them = (record["sides"][side] for side in SIDES)
    error = stdev(them["score"]) / sqrt(len(them["score"]))
    good = mean(us["score"]) >= mean(them["score"]) - error
    fast = {unit: np.sum(us[unit]) / np.sum(them[unit]) for unit in ("wall", "cpu")}
    return [
        record["data"],
        "yes" if record["scaled"] else "no",
        *(
            f"{mean(s['score']):.4f} ± {stdev(s['score']) / sqrt(len(s['score'])):.4f}"
            for s in (us, them)
        ),
        *(f"{mean(s['epochs']):.0f}" for s in (us, them)),
        *(f"{np.sum(s['wall']):.2f}" for s in (us, them)),
        f"{fast['wall']:.2f}",
        f"{fast['cpu']:.2f}",
        "yes" if good and max(fast.values()) < 1 else "NO",
    ]


@click.command(help=__doc__)
@click.option("--folds", default=10, show_default=True, type=click.IntRange(2))
@click.option("--seed", default=0, show_default=True)
@click.option("--output", default=RESULTS, type=click.Path(path_type=Path))
def main(folds: int, seed: int, output: Path) -> None:
    """Measure all, print the table and write the file."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(1):
        for side in SIDES:  # what is imported and compiled at first use costs neither side
            X, y = load_wine(return_X_y=True)
            SIDES[side].MLPClassifier(max_iter=20).fit(X, y)
        records = [
            measure(name, scaled, folds, seed) for scaled in (True, False) for name in DATA
        ]
    headers = [
        "data",
        "scaled",
        *(f"{what} {side}" for what in ("score", "epochs", "seconds") for side in SIDES),
        "wall ratio",
        "CPU ratio",
        "as good and faster",
    ]
    print(tabulate([row(record) for record in records], headers))
    about = {"folds": folds, "seed": seed, "threads": 1, "machine": machine.describe()}
    output.write_text(json.dumps(about | {"records": records}, indent=1) + "\n")


if __name__ == "__main__":
    main()
