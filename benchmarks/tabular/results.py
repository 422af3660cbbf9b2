"""The file of results: what has been measured stays, whatever ends the rest."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Results:
    """A JSON file of records, one for each table, fold and side.

    Several processes may add to it at once: each reads anew what the others wrote, under a
    lock, before it writes.  The file is replaced as a whole, so that it is never half.

    Parameters
    ----------
    path : pathlib.Path
        Where it is, or is to be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self.path.with_name(f".{self.path.name}.lock")
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, Any]:
        if not self.path.exists():
            return {"machines": [], "fits": []}
        return json.loads(self.path.read_text())

    def fits(self) -> list[Record]:
        """Return all records."""
        return self._read()["fits"]

    def has(self, table: str, fold: int, side: str, cpu_limit: int) -> bool:
        """Whether a fit has been measured, or has taken more than a limit of CPU seconds.

        One that failed otherwise is to be tried again.
        """
        return any(
            key(record) == (table, fold, side)
            and ("fit" in record or record.get("cpu_limit", 0) >= cpu_limit)
            for record in self.fits()
        )

    def add(self, record: Record, machine: Record) -> None:
        """Write a record, in the place of one of the same fit.

        Parameters
        ----------
        record : dict
            With ``"table"``, ``"fold"`` and ``"side"``.
        machine : dict
            On what it was measured; the record is given its number in the file.
        """
        machine = json.loads(json.dumps(machine))  # as it will be read
        with self._locked():
            content = self._read()
            if machine not in content["machines"]:
                content["machines"].append(machine)
            record = record | {"machine": content["machines"].index(machine)}
            others = [r for r in content["fits"] if key(r) != key(record)]
            content["fits"] = sorted([*others, record], key=key)
            new = self.path.with_name(f".{self.path.name}.new")
            new.write_text(_text(content))
            new.replace(self.path)


def key(record: Record) -> tuple[str, int, str]:
    """Return of which fit a record is."""
    return record["table"], record["fold"], record["side"]


def _text(content: dict[str, Any]) -> str:
    """Return the file's text, with a line for each fit."""
    fits = ",\n".join(json.dumps(record) for record in content["fits"])
    machines = json.dumps(content["machines"], indent=1)
    return f'{{"machines": {machines},\n"fits": [\n{fits}\n]}}\n'
