"""The optimizer of a training: an option for each setting of xpnn's own, and a schedule."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import click

from ..naming import is_own, look_up
from ..optimizers import OPTIMIZERS, Optimizer
from ..schedules import SCHEDULES
from .schedules import chosen_schedule
from .settings import Asked, Settings, in_words, read_setting

__all__ = ["OPTIONS", "SECTION", "chosen_optimizer", "optimizer_options"]

OWN = {name: cls for name, cls in OPTIMIZERS.items() if is_own(cls)}
"""xpnn's optimizers; what a user's module defines is imported when options are known."""

OPTIONS = [*dict.fromkeys(entry.name for cls in OWN.values() for entry in fields(cls))]
"""The settings of `OWN`, each of which is an option: beta_1 is --beta-1."""

SECTION = ("optimizer", *OPTIONS, "setting", "schedule")
"""All options of the optimizer."""


def optimizer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what the optimizer is."""
    own = ", ".join(name.lower() for name in OWN)
    ours = [name for name, cls in SCHEDULES.items() if is_own(cls)]
    schedules = ", ".join(re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in ours)
    options = [
        click.option(
            "--optimizer",
            metavar="NAME",
            help=f"One of {own}, or one that was imported.",
        ),
        *map(_option, OPTIONS),
        click.option(
            "--setting",
            multiple=True,
            metavar="NAME=VALUE",
            help="A setting that has no option here, of an optimizer that was imported, as "
            "brake=2; any number of times.",
        ),
        click.option(
            "--schedule",
            multiple=True,
            metavar="NAME[:SETTING=VALUE,…]",
            help="How the learning rate changes from step to step, in place of --decay: one of "
            f"{schedules}, or one that was imported; with its settings behind a colon, as "
            "step_decay:every=1000,factor=0.5.  --learning-rate is its largest, and it takes "
            "as many steps as the training, unless steps are given.  What follows a warm_up "
            "is a schedule too: --schedule warm_up:steps=500 --schedule cosine_decay.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _option(setting: str) -> Callable[..., Any]:
    """Return the option of a setting, with what the optimizers' own texts say of it."""
    has = _those_with(setting)
    kinds = {get_type_hints(OWN[name])[setting] for name in has}
    option, kind = f"--{setting.replace('_', '-')}", float
    if kinds == {bool}:
        option, kind = f"{option}/--no-{setting.replace('_', '-')}", bool
    meanings = Counter(filter(None, (_meaning(OWN[name], setting) for name in has)))
    said = [meaning for meaning, _ in meanings.most_common(1)]
    if len(has) < len(OWN):
        said.append(f"Of {in_words([name.lower() for name in has])}.")
    return click.option(option, setting, type=kind, default=None, help="  ".join(said))


def _those_with(setting: str) -> list[str]:
    """Return the names of xpnn's optimizers that have a setting."""
    return [n for n, cls in OWN.items() if setting in {entry.name for entry in fields(cls)}]


def _meaning(cls: type[Optimizer], setting: str) -> str:
    """Return the first sentence on a setting in an optimizer's docstring, or its base's."""
    for base in cls.__mro__:
        entry = re.search(
            rf"^(?:\w+, )*{setting}(?:, \w+)* : .*\n((?:    .*(?:\n|$))+)",
            inspect.cleandoc(base.__doc__ or ""),  # there is none under python -OO
            re.MULTILINE,
        )
        if entry is not None:
            sentence, _, _ = re.sub(r"\n +", " ", entry[1].strip()).partition(".  ")
            return f"{sentence.removesuffix('.')}."
    return ""


def chosen_optimizer(asked: Asked, defaults: Settings, steps: int) -> Optimizer:
    """Make the optimizer that was asked for, or that of the defaults.

    Parameters
    ----------
    asked : Asked
        What was asked for.
    defaults : Settings
        What holds where nothing was.
    steps : int
        How many steps the training takes, for a schedule.

    Raises
    ------
    TypeError, ValueError
        If its name is unknown, or a setting was given that it lacks or can't have.
    """
    name = defaults.optimizer if asked.optimizer is None else asked.optimizer
    cls = look_up(name, OPTIMIZERS, "optimizer")
    values: dict[str, Any] = {}
    if cls is look_up(defaults.optimizer, OPTIMIZERS, "optimizer"):
        values = dict(defaults.optimizer_settings)
    given = dict(_given(asked, cls))
    values |= given
    if asked.schedule:
        if given.get("decay"):
            raise ValueError(
                "--decay and --schedule both change the learning rate: leave one of them out"
            )
        values.pop("decay", None)
        (first,) = (entry for entry in fields(cls) if entry.name == "learning_rate")
        rate = values.get("learning_rate", first.default)
        if rate is MISSING:
            raise ValueError(f"--schedule needs --learning-rate, as {name} has none itself")
        values["learning_rate"] = chosen_schedule(asked.schedule, rate, steps)
    return cls(**values)


def _given(asked: Asked, cls: type[Optimizer]) -> Iterator[tuple[str, Any]]:
    """Yield the settings of an optimizer that were asked for.

    Raises
    ------
    ValueError
        If it lacks one, or one is given twice.
    """
    has = [entry.name for entry in fields(cls) if entry.init]
    for setting, value in asked.optimizer_settings.items():
        if setting not in has:
            others = [name.lower() for name in _those_with(setting)]
            raise ValueError(
                f"--{setting.replace('_', '-')} is a setting of {in_words(others)}, but the "
                f"optimizer is {cls.__name__.lower()}; leave it out or add --optimizer "
                f"{others[0]}"
            )
        yield setting, value
    seen = {*asked.optimizer_settings}
    for text in asked.setting:
        setting, value = read_setting(text, has, f"--setting {text}", cls.__name__.lower())
        if setting in seen:
            raise ValueError(f"--setting {text}: {setting} is given twice")
        seen.add(setting)
        yield setting, value
