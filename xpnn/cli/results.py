"""What is measured, in the units of the data, and tables to show it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..metrics import Metric, as_metric
from ..sequential import Sequential
from ..tables import Classes, Measure
from .datasets import Pair


def chosen_metrics(names: Sequence[str], target: Classes | Measure) -> list[Metric]:
    """Return what to measure beside the loss: what is usual, and the metrics asked for.

    Raises
    ------
    ValueError
        If a metric does not suit the target, or is more than one number.
    """
    usual = "accuracy" if isinstance(target, Classes) else "mean_absolute_error"
    chosen = [as_metric(name) for name in (usual, *names)]
    for metric in chosen:
        if metric.name == "accuracy" and not isinstance(target, Classes):
            raise ValueError("--metric accuracy is for classes, but the target is a number")
        if not metric.is_number:
            raise ValueError(
                f"--metric must be one number, but {metric.name} is more: use "
                f"xpnn.metrics.{metric.name} in Python"
            )
    return chosen


def measure(
    model: Sequential, target: Classes | Measure, parts: dict[str, Pair | None]
) -> dict[str, dict[str, float]]:
    """Measure the model on each part of the data that there is, in the target's units."""
    return {
        part: {
            name: in_units(name, value, target) for name, value in model.evaluate(*data).items()
        }
        for part, data in parts.items()
        if data is not None
    }


def in_units(name: str, value: float, target: Classes | Measure) -> float:
    """Undo the scaling of the target in a loss or metric."""
    if isinstance(target, Classes) or name.endswith("r2"):
        return value
    return value * (target.scale if name.endswith("absolute_error") else target.scale**2)


def results(measured: dict[str, dict[str, float]], target: Classes | Measure) -> str:
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
