"""A checkpoint, checked before anything is made of it.

Its checksum tells that it is as somebody wrote it, but not that this was xpnn: another version
or another program may have written anything.  What is wrong is a `ModelFileError` that names
the file, and says what in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..checks import check_integer, check_tensors
from ..data.streams import some_rows
from ..files.model_file import ModelFileError
from ..hooks import Trainable
from ..losses import LOSSES
from ..naming import describe, make
from ..network import fuse
from ..network.step import bind
from ..optimizers import OPTIMIZERS, Optimizer
from .blocks import Blocks
from .kept import PREFIX, check_memory, of_kind

__all__ = [
    "blamed",
    "check_alone",
    "check_network",
    "check_run",
    "completed",
    "renamed",
    "shown",
]

CONTENTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What wrong contents of a file lead to; a device without memory is not their fault."""

LONGEST = 400
"""How many characters of a file's contents a message has at most."""


@contextmanager
def blamed(
    path: str | os.PathLike[str] | None,
    what: str = "is no checkpoint to go on from",
    kinds: Any = CONTENTS,
) -> Iterator[None]:
    """Turn errors that a file's contents lead to into a `ModelFileError`.

    Parameters
    ----------
    path : str or path
        The file.
    what : str
        What the message says of it, before the reason.
    kinds : type or tuple of type
        Which errors.

    Raises
    ------
    ModelFileError
        For these.
    """
    try:
        yield
    except ModelFileError:
        raise
    except kinds as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelFileError(f"{path} {what}: {reason[:LONGEST]}") from error


def shown(value: Any) -> str:
    """Return a part of a file for a message, which must not become endless."""
    try:
        text = repr(value)
    except RecursionError:
        return "something nested deeply"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def renamed(name: Any, known: Sequence[Any]) -> Any:
    """Return what a measure of a file is called now: a macro mean was not always called so."""
    macro = f"{name}_macro"
    return macro if macro in known and name not in known else name


def completed(loss: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how a file's loss is described now: newer settings have their defaults."""
    try:
        return describe(make(loss, LOSSES, "loss"))
    except ValueError:
        return loss


def check_alone(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Check of a checkpoint what can be told without the run that shall go on.

    Raises
    ------
    TypeError, ValueError, KeyError
        If something is missing, or not what `save_checkpoint` writes.
    """
    training = _is_a(dict, "training", description["training"])
    for name in ("epoch", "step", "iterations"):
        check_integer(name, training[name], at_least=0)
    for name in ("generator", "begin", "plan", "callbacks"):
        _is_a(dict, name, training[name])
    _is_a(str, "run", training["run"])
    _is_a(dict, "optimizer", description["optimizer"])
    for name, state in training["callbacks"].items():
        _is_a(dict, f"the state of {name}", state)
    for name, array in arrays.items():
        if not name.startswith(PREFIX) and not np.isfinite(array).all():
            raise ValueError(f"{name} must hold finite numbers")
    measures = _is_a(list, "measures", training["measures"])
    for name in measures:
        _is_a(str, "a measure", name)
    shape = _Shaped((training["epoch"],))
    check_tensors("history", of_kind(arrays, "history"), dict.fromkeys(measures, shape))
    if "loss" in measures and not np.isfinite(arrays[f"{PREFIX}history/loss"]).all():
        raise ValueError("the loss of an epoch that was finished must be finite")


def check_network(
    model: Trainable, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> Optimizer:
    """Check that a checkpoint's network is one with a model's layers.

    Returns
    -------
    Optimizer
        The one that the run had last: its learning rate may have been changed.

    Raises
    ------
    TypeError, ValueError, KeyError
        If something is missing, or not what `save_checkpoint` writes.
    """
    training = description["training"]
    check_tensors(
        "the network",
        {name: a for name, a in arrays.items() if not name.startswith(PREFIX)},
        model.declared_parameters | model.declared_states,
    )
    planned, last = training["plan"]["optimizer"], description["optimizer"]
    if {**planned, "learning_rate": None} != {**last, "learning_rate": None}:
        raise ValueError(
            f"its optimizer {shown(last)} is not that of its run, {shown(planned)}"
        )
    optimizer = make(last, OPTIMIZERS, "optimizer")
    check_memory(training, arrays, optimizer, model.trained_parameters)
    return optimizer


def check_run(
    model: Trainable,
    blocks: Blocks,
    measures: Sequence[str],
    training: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Check that the place and the measures are those of a run.

    Parameters
    ----------
    model : Trainable
        What trains.
    blocks : Blocks
        The steps of the run.
    measures : sequence of str
        What it measures in each epoch.
    training, arrays : mapping
        What the checkpoint says of the run, and its arrays.

    Raises
    ------
    ValueError
        If they are not.
    """
    epoch, step = training["epoch"], training["step"]
    if step > blocks.n_steps:
        raise ValueError(
            f"step must be at most {blocks.n_steps}, the steps of an epoch, got {step}"
        )
    told = [renamed(name, measures) for name in training["measures"]]
    if epoch and sorted(told) != sorted(measures):
        raise ValueError(f"measures must be {[*measures]}, got {shown(training['measures'])}")
    widths = _widths(model, blocks) if step else []
    rows = of_kind(arrays, "parts").get("rows")
    if rows is not None and not (
        rows.ndim == 1 and (rows >= 1).all() and rows.sum() == blocks.counts[:step].sum()
    ):
        raise ValueError("the parts of its batches must have the rows of its steps")
    n_parts = step if rows is None else len(rows)
    wanted = {
        str(i): _Shaped((n_parts * width if i else step,)) for i, width in enumerate(widths)
    }
    check_tensors("what the steps of its epoch measured", of_kind(arrays, "measured"), wanted)


def _widths(model: Trainable, blocks: Blocks) -> list[int]:
    """Return how many numbers the loss and each metric are, measured on one row."""
    compiled = model.require_compiled()
    stack, criterion = fuse(model.layers, compiled.loss)
    x, y = map(model.backend.asarray, some_rows(blocks.supply.seen, 1))
    outputs = stack.predict(model.all_arrays, x)
    measures = [bind(metric, stack, criterion) for metric in compiled.step_metrics]
    return [1, *(int(np.prod(measure(outputs, y).shape)) for measure in measures)]


@dataclass(frozen=True)
class _Shaped:
    """What an array must have."""

    shape: tuple[int, ...]


def _is_a(kind: type, name: str, value: Any) -> Any:
    """Check the type of a part of a description, and return it."""
    if type(value) is not kind:
        raise TypeError(f"{name} must be of the type {kind.__name__}, got {shown(value)}")
    return value
