"""What each override of a backend saves: its time beside that of what all share.

Run as ``python benchmarks/operations.py``.
"""

from __future__ import annotations

import timeit

import click
import machine
import numpy as np
from tabulate import tabulate

import xpnn
from xpnn import operations
from xpnn.backend import resolve

SHAPES = ((300, 64), (300, 3), (32, 10), (128, 128))
SIZES = (451, 118_282, 8_344_552)
"""The numbers of parameters of the works `spiral`, `fmnist` and `large`."""
OPTIMIZERS = (xpnn.SGD(0.01, momentum=0.9), xpnn.Adam(), xpnn.AdamW())


def microseconds(function: object, *arguments: object, calls: int = 2000) -> float:
    """Return the time of a call: the least of nine rounds."""
    timer = timeit.Timer(lambda: function(*arguments))
    return min(timer.repeat(9, calls)) / calls * 1e6


@click.command()
def main() -> None:
    """Time what the backends of NumPy and torch compute in their own way, on one thread."""
    click.echo(machine.describe()["processor"])
    headers = ["NumPy's operation", "shape", "shared, µs", "own, µs", "ratio"]
    click.echo(tabulate(operations_of_numpy(), headers, floatfmt=".2f"))
    headers = ["torch's kernel", "parameters", "rule, µs", "kernel, µs", "ratio"]
    click.echo("\n" + tabulate(kernels_of_torch(), headers, floatfmt=".2f", intfmt=","))
    headers = ["torch's product", "rows, inputs, outputs", "torch, µs", "oneDNN, µs", "ratio"]
    click.echo("\n" + tabulate(products_of_torch(), headers, floatfmt=(*[".0f"] * 4, ".2f")))


def operations_of_numpy() -> list[list[object]]:
    """Return a row for every operation of NumPy's backend and each shape."""
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
    return rows


def products_of_torch() -> list[list[object]]:
    """Return a row for each product of a network's layer that is left to oneDNN."""
    import torch  # noqa: TID251
    from xpnn.backends._torch_products import Products

    torch.set_num_threads(1)
    rows = []
    for n, m, k in ((512, 1024, 2048), (512, 2048, 2048), (512, 2048, 1000), (1024, 512, 512)):
        x, weights, dy = torch.rand(n, m), torch.rand(m, k), torch.rand(n, k)
        for a, b, text in ((x, weights, "x @ weights"), (dy, weights.T, "dy @ weights.T")):
            before = microseconds(torch.matmul, a, b, calls=3)
            with Products():
                after = microseconds(torch.matmul, a, b, calls=3)
            rows.append([text, f"({n}, {m}, {k})", before, after, before / after])
    return rows


def kernels_of_torch() -> list[list[object]]:
    """Return a row for each optimizer with a kernel; both as a step of training takes them."""
    import torch  # noqa: TID251
    from xpnn.backends._torch_fused import fused

    from xpnn.packing import Packing

    torch.set_num_threads(1)
    rows = []
    for optimizer in OPTIMIZERS:
        kernel = fused(optimizer, torch.device("cpu"), torch.float32)
        for n in SIZES:
            cut = Packing(((n,),), *resolve("torch!").packing).cut
            p, g, *slots = (cut([torch.rand(n)]) for _ in range(2 + len(optimizer.slots)))
            with torch.inference_mode():
                times = []
                for how in (optimizer, kernel):
                    numbers = how.numbers(torch.tensor(0.0))
                    calls = max(1, 10_000_000 // (n + 10_000))
                    times.append(microseconds(how.step, p, g, slots, numbers, calls=calls))
            rows.append([str(optimizer).partition("(")[0], n, *times, times[0] / times[1]])
    return rows


if __name__ == "__main__":
    main()
