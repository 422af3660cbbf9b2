"""Settings of a training: those that a data set has, and those asked for instead.

All that was asked for is checked here, before anything slow begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..checks import check_integer, check_number
from ..layers import LAYERS, Layer
from ..layers.activations import ACTIVATIONS
from ..naming import is_own, look_up


@dataclass(frozen=True)
class Settings:
    """How a network is made and trained; a data set has its own defaults."""

    hidden: tuple[int, ...] = (64, 32)
    activation: str = "relu"
    optimizer: str = "adam"
    optimizer_settings: dict[str, float] = field(default_factory=dict)
    epochs: int = 50
    batch_size: int | None = 32
    dropout: float = 0.0
    l2: float = 0.0
    validation_split: float | None = 0.2  # None: the data set has validation data of its own


@dataclass(frozen=True)
class Asked:
    """What the user of 'xpnn train' asked for, as click gives it; None is not given."""

    data: str
    target: str | None
    task: str | None
    hidden: str | None
    activation: str | None
    optimizer: str | None
    optimizer_settings: dict[str, Any]  # those that were given
    setting: tuple[str, ...]
    schedule: tuple[str, ...]
    epochs: int | None
    batch_size: str | None
    dropout: float | None
    l2: float | None
    patience: int | None
    checkpoints: Path | None
    seed: int
    validation_split: float | None
    metric: tuple[str, ...]
    backend: str | None
    output: Path
    plot: Path | None
    movie: Path | None
    movie_panels: str | None
    preset: str | None
    class_weight: str | None
    decide: str | None
    baselines: bool | None
    members: int | None
    time_budget: float | None
    columns: Path | None
    drop: tuple[str, ...]
    as_category: tuple[str, ...]
    as_number: tuple[str, ...]
    as_date: tuple[str, ...]
    as_id: tuple[str, ...]
    distributed: str | None


def read_setting(text: str, known: Sequence[str], said: str, owner: str) -> tuple[str, Any]:
    """Read NAME=VALUE, a setting of an optimizer or a schedule.

    Parameters
    ----------
    text : str
        What was given.
    known : sequence of str
        The settings that there are.
    said : str
        What errors begin with.
    owner : str
        Whose settings they are.

    Raises
    ------
    ValueError
        If it is not of that form, or there is no such setting.
    """
    name, equals, value = text.partition("=")
    name, value = name.strip().replace("-", "_"), value.strip()
    if not equals or not name or not value:
        raise ValueError(f"{said}: a setting must be NAME=VALUE, as epsilon=1e-8, got {text!r}")
    if name not in known:
        raise ValueError(
            f"{said}: {owner} has no setting {name!r}; it has {', '.join(known) or 'none'}"
        )
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            pass
    return name, value


def in_words(names: Sequence[str]) -> str:
    """Return names as in a sentence: a, b and c."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def activation(name: str) -> Layer:
    """Return the activation of a name: one of ours, or a layer that was imported.

    Raises
    ------
    ValueError
        If there is none, or it can't be made without settings.
    """
    known: dict[str, Callable[[], Layer]] = {
        n: cls for n, cls in LAYERS.items() if not is_own(cls)
    }
    known |= {n: partial(replace, layer) for n, layer in ACTIVATIONS.items()}
    found = look_up(name, known, "activation")
    try:
        return found()
    except TypeError as error:
        raise ValueError(f"--activation {name} needs settings to be made: {error}") from error


def chosen_settings(asked: Asked, defaults: Settings) -> Settings:
    """Return the defaults with what was asked for instead, but for the optimizer.

    Raises
    ------
    TypeError, ValueError
        If something that was asked for is not possible.
    """
    given: dict[str, Any] = {}
    if asked.hidden is not None:
        given["hidden"] = _sizes(asked.hidden)
    if asked.activation is not None:
        activation(asked.activation)
        given["activation"] = asked.activation
    if asked.epochs is not None:
        check_integer("--epochs", asked.epochs, at_least=1)
        given["epochs"] = asked.epochs
    if asked.batch_size is not None:
        given["batch_size"] = _batch_size(asked.batch_size)
    if asked.dropout is not None:
        check_number("--dropout", asked.dropout, at_least=0, below=1)
        given["dropout"] = asked.dropout
    if asked.l2 is not None:
        check_number("--l2", asked.l2, at_least=0)
        given["l2"] = asked.l2
    if asked.validation_split is not None:
        check_number("--validation-split", asked.validation_split, at_least=0, below=1)
        given["validation_split"] = asked.validation_split
    if asked.patience is not None:
        check_integer("--patience", asked.patience, at_least=1)
    return replace(defaults, **given)


def _sizes(text: str) -> tuple[int, ...]:
    """Read the sizes of hidden layers."""
    if text.strip() in ("", "0"):
        return ()
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise ValueError(
            "--hidden must be sizes of at least 1 with commas between, or 0 for no hidden "
            f"layer, got {text!r}"
        )
    return sizes


def _batch_size(text: str) -> int | None:
    """Read a batch size; None is all rows."""
    if text.strip().lower() in ("0", "all"):
        return None
    if not text.strip().isdecimal():
        raise ValueError(f"--batch-size must be a number of rows, or 'all', got {text!r}")
    return int(text)
