"""The command ``xpnn evaluate``: measure a model on data."""

from __future__ import annotations

from pathlib import Path

import click

from ..serialization import ModelFileError
from .models import load, rows_for
from .options import (
    answers_option,
    backend_option,
    data_argument,
    import_option,
    metric_option,
    model_argument,
)
from .results import chosen_metrics, measure, results
from .saying import say


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

    DATA is a CSV file, or - for standard input, with the columns that the model was trained on,
    or the name of the
    built-in data set that it was trained on; then the same rows as in training are
    measured, those that it learnt from and those that it didn't.
    """
    loaded = load(model, backend)
    network, goal = loaded.network, loaded.preparation.target
    if metric:
        if network.compiled is None:
            raise ModelFileError(f"{model} has no loss, so nothing can be measured")
        chosen = chosen_metrics(metric, goal)
        network.compile(network.compiled.loss, network.compiled.optimizer, chosen)
    parts = rows_for(loaded, data, target)
    say(results(measure(network, goal, parts), goal))
    say(f"Measured with {network.backend.name} on {network.backend.device}")
