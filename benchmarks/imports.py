"""How long libraries take to be imported, and how large they are when installed."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path

import click
import machine
from measuring import Record

IMPORTED = {
    "xpnn": "xpnn",
    "numpy": "numpy",
    "torch": "torch",
    "jax": "jax",
    "scikit-learn": "sklearn.neural_network",
    "keras": "keras",
}
"""What is imported for each distribution."""


def import_times(times: int = 7) -> Iterator[Record]:
    """Time imports in new processes, in turns, without what Python itself takes."""
    measured: dict[str, list[float]] = {}
    statements = {"": "pass"} | {name: f"import {what}" for name, what in IMPORTED.items()}
    # Keras is imported together with the library that it computes on
    environment = machine.environment() | {"KERAS_BACKEND": "jax"}
    for number in range(times + 1):
        for name, statement in list(statements.items()):
            command = [sys.executable, "-c", statement]
            started = time.perf_counter()
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            seconds = time.perf_counter() - started
            if done.returncode:
                click.echo(f"{name} is left out: {done.stderr.splitlines()[-1]}")
                del statements[name]
            elif number:  # the first time fills the caches
                measured.setdefault(name, []).append(seconds)
    bare = statistics.median(measured.pop(""))
    for name, seconds_of_all in measured.items():
        yield {
            "side": name,
            "seconds": statistics.median(seconds_of_all) - bare,
            "all": seconds_of_all,
            "bare": bare,
            "size": installed_size(name, *(["jax"] if name == "keras" else [])),
        }


def installed_size(*names: str) -> int:
    """Return the bytes of distributions and of all that they require, without byte code."""
    todo = list(names)
    paths: set[Path] = set()
    seen = set()
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # required on other systems only
        paths |= {Path(str(found.locate_file(file))).resolve() for file in found.files or ()}
        # what belongs to an extra is not required, and the name comes first
        required = [words for words in found.requires or () if "extra ==" not in words]
        todo += [match[0] for words in required if (match := re.match(r"[\w.-]+", words))]
    if "xpnn" in names:  # installed for editing, its files are elsewhere
        for package in ("xpnn", "xpnn.backends"):
            for folder in util.find_spec(package).submodule_search_locations:
                paths |= {path.resolve() for path in Path(folder).rglob("*")}
    return sum(p.stat().st_size for p in paths if p.is_file() and p.suffix != ".pyc")
