"""Two checkouts of xpnn: this environment's, and that of another one's Python.

A change is measured as the peers are: on one machine, in turns, and by ratios within a round.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import machine
from measuring import TOLERATED, Record

OTHER = "@other"
"""What is put behind the name of a side that runs in the other environment."""

IMPORTS = 10
"""How often xpnn is imported in a round."""

IMPORT = """
import time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
import xpnn
end = time.perf_counter()
import json, sys
print(json.dumps([end - start, end - middle, len(sys.modules)]))
"""

WHERE = "import pathlib, xpnn; print(pathlib.Path(xpnn.__file__).resolve().parent)"


def run(python: str, code: str) -> str:
    """Return what code prints, in an environment and not in the folder where we are."""
    done = subprocess.run(
        [python, "-P", "-c", code], capture_output=True, text=True, env=machine.environment()
    )
    if done.returncode:
        raise click.ClickException(f"{python}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()


def describe(python: str) -> dict[str, str]:
    """Return which xpnn another environment has, which must not be ours."""
    ours, other = run(sys.executable, WHERE), run(python, WHERE)
    if ours == other:
        raise click.UsageError(f"{python} has the same xpnn as we: {ours}")
    return {"python": python, "folder": other, "commit": machine.commit(Path(other))}


def in_turns(side: str, number: int, other: str | None) -> list[tuple[str, str]]:
    """Return a side's name and Python, and those of the other checkout.

    In every second round the other one comes first, so that none has an advantage of its place.
    """
    pair = [(side, sys.executable)] + ([(side + OTHER, other)] if other else [])
    return pair[::-1] if number % 2 else pair


def import_times(other: str, rounds: int) -> Iterator[Record]:
    """Time ``import xpnn`` in new processes, in turns, and count the modules that it loads."""
    for python in (sys.executable, other):
        run(python, IMPORT)  # the first time fills the caches
    for number in range(rounds):
        neighbours = machine.Neighbours()
        found: dict[str, list[list[float]]] = {}
        for turn in range(IMPORTS):
            for side, python in in_turns("xpnn", turn, other):
                found.setdefault(side, []).append(json.loads(run(python, IMPORT)))
        others = neighbours.share()
        for side, all_of_side in found.items():
            whole, alone, modules = (statistics.median(values) for values in zip(*all_of_side))
            yield {
                "side": side,
                "work": "import",
                "threads": 1,
                "round": number,
                "measures": {"with NumPy": whole, "after NumPy": alone},
                "modules": int(modules),
                "others": others,
                "clean": others <= TOLERATED,
            }
