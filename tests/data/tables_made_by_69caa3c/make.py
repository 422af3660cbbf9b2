"""Writes what the command of 69caa3c made of tables: run with it in the path, in a new folder.

    python tests/data/tables_made_by_69caa3c/make.py

The files beside this one were written so.  A model file held one network then, and a table's
features were numbers with a mean and a scale, and categories with an input each.
"""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np


def command(*words):
    """Run the command, and return what it printed."""
    run = [sys.executable, "-m", "xpnn", *map(str, words)]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


rng = np.random.default_rng(1)
N = 60
x, size = rng.normal(size=N), rng.normal(50, 20, size=N)
colour = rng.choice(["red", "blue"], size=N)
shape = [
    ("circle", "square")[int(a * (1 if c == "red" else -1) > 0)] for a, c in zip(x, colour)
]
grade = rng.integers(1, 4, size=N)
with open("rows.csv", "w", newline="") as file:
    names = ["x", "size", "colour", "shape", "grade", "price"]
    price = np.round(size * 3 + 100 * x, 2)
    csv.writer(file).writerows([names, *zip(x, size, colour, shape, grade, price)])
for target in ("shape", "grade", "price"):
    command("train", "rows.csv", "--target", target, "--epochs", 5, "--hidden", 6, "--output",
            f"{target}.safetensors")  # fmt: skip
    command("predict", f"{target}.safetensors", "rows.csv", "--output", f"{target}.csv")
    Path(f"{target}.txt").write_text(command("evaluate", f"{target}.safetensors", "rows.csv"))
