"""What is measured, in the units of the data, and tables to show it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tables.targets import Classes, Target


def results(measured: dict[str, dict[str, float]], target: Target) -> str:
    """Return a table of what was measured on which rows, and of which class that is."""
    names = list(next(iter(measured.values())))
    rows = [
        [
            part,
            *(
                f"{v:.2%}" if name.endswith("accuracy") else f"{v:.4g}"
                for name, v in values.items()
            ),
        ]
        for part, values in measured.items()
    ]
    headers = ["", *(name.replace("_", " ") for name in names)]
    table = text_table(rows, headers, colalign=["left"] + ["right"] * len(names))
    of_one = [name for name in names if name in ("precision", "recall", "f1")]
    if of_one and isinstance(target, Classes) and target.n_outputs == 2:
        table += f"\n{' and '.join(of_one)}: of the class {target.labels[1]}"
    return table


def text_table(rows: Sequence[Sequence[Any]], headers: Sequence[str], **options: Any) -> str:
    """Return rows as a table of text; options are those of tabulate."""
    from tabulate import tabulate

    return str(tabulate(rows, headers, disable_numparse=True, **options))
