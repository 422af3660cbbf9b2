"""What each operation of xpnn.backends.numpy saves: its time beside the shared body's.

Run as ``python benchmarks/operations.py``.
"""

from __future__ import annotations

import timeit

import click
import machine
import numpy as np
from tabulate import tabulate

from xpnn import operations
from xpnn.backend import resolve

SHAPES = ((300, 64), (300, 3), (32, 10), (128, 128))


def microseconds(function: object, *arguments: object) -> float:
    """Return the time of a call: the least of nine rounds."""
    timer = timeit.Timer(lambda: function(*arguments))
    return min(timer.repeat(9, 2000)) / 2000 * 1e6


@click.command()
def main() -> None:
    """Time every operation that NumPy's backend computes in its own way."""
    generator = np.random.default_rng(0)
    rows = []
    for name, own in resolve("numpy!").operations.items():
        shared = getattr(operations, name).__wrapped__
        for n, k in SHAPES:
            a = generator.standard_normal((n, k), dtype=np.float32)
            columns = generator.integers(0, k, n)
            arguments = {
                "mean": (a[:, 0].copy(),),
                "where_positive": (a, a.copy()),
                "join": (a, a[0], a[:, :1], a[0, :1]),
                "pick": (a, columns),
                "subtract_one_hot": (a, columns),
            }.get(name, (a,))
            before, after = microseconds(shared, *arguments), microseconds(own, *arguments)
            rows.append([name, f"({n}, {k})", before, after, before / after])
    click.echo(machine.describe()["processor"])
    headers = ["operation", "shape", "shared, µs", "NumPy's own, µs", "ratio"]
    click.echo(tabulate(rows, headers, floatfmt=".2f"))


if __name__ == "__main__":
    main()
