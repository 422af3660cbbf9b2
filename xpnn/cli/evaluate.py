"""The command ``xpnn evaluate``: measure a model on data."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from ..serialization import ModelFileError
from ..tables.features import Odd
from ..tabular.scores import USUAL, measured, metrics_for
from .datasets import DATA_SETS, data_name
from .models import Model, answered_rows, built_in_rows, load
from .options import (
    answers_option,
    backend_option,
    data_argument,
    import_option,
    metric_option,
    model_argument,
)
from .results import results
from .saying import say, tell, where


@click.command()
@model_argument
@data_argument
@answers_option
@metric_option
@backend_option
@import_option
def evaluate(
    model: Path, data: str, target: str | None, metric: tuple[str, ...], backend: str | None
) -> None:
    """Measure the MODEL on DATA.

    DATA is a table with the columns that the model was trained on, as 'xpnn train' takes it, or
    the name of the built-in data set that it was trained on; then the same rows as in training
    are measured, those that it learnt from and those that it didn't.
    """
    loaded = load(model, backend)
    data = data_name(data)
    measure = _by_the_network if data in DATA_SETS else _by_the_answers
    say(measure(loaded, data, target, metric))
    say(f"Measured with {where(loaded.network.backend)}")


def _by_the_network(model: Model, name: str, target: str | None, names: tuple[str, ...]) -> str:
    """Return what is measured on a built-in data set, the loss and its penalties too."""
    if target is not None:
        raise ValueError(f"--target is for tables; {name} has its classes")
    network = model.network
    if names:
        if network.compiled is None:
            raise ModelFileError(f"{model.path} has no loss, so nothing can be measured")
        chosen = metrics_for(model.target, ("accuracy", *names))
        network.compile(network.compiled.loss, network.compiled.optimizer, chosen)
    parts = built_in_rows(model, name)
    measured_rows = {
        p: network.evaluate(*rows) for p, rows in parts.items() if rows is not None
    }
    return results(measured_rows, model.target)


def _by_the_answers(model: Model, data: str, target: str | None, names: tuple[str, ...]) -> str:
    """Return what is measured on a table, some rows at a time."""
    metrics = metrics_for(model.target, (*USUAL[model.target.kind], *names))
    odd, answers, rights = Odd(), [], []
    for table, right in answered_rows(model, data, target, tell):
        answers.append(model.answers(table, odd))
        rights.append(right)
    if odd.cells:
        tell(f"Warning: {odd}")
    right, told = np.concatenate(rights), np.concatenate(answers)
    found = measured(told, right, metrics, model.weighed(told))
    return results({f"{len(right):,} rows": found}, model.target)
