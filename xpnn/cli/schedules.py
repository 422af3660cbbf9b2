"""How the learning rate changes, as --schedule says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

from ..checks import about
from ..naming import look_up
from ..schedules import SCHEDULES, Schedule, WarmUp
from .settings import in_words, read_setting

__all__ = ["chosen_schedule"]


def chosen_schedule(texts: Sequence[str], rate: float, steps: int) -> float | Schedule:
    """Make the schedule that was asked for.

    Parameters
    ----------
    texts : sequence of str
        ``NAME`` or ``NAME:SETTING=VALUE,SETTING=VALUE``; those in front of the last are made
        of what follows them, as `WarmUp` is.
    rate : float
        The learning rate.
    steps : int
        How many steps the training takes.

    Raises
    ------
    TypeError, ValueError
        If a name or setting is unknown, one is missing or impossible.
    """
    if not texts:
        return rate
    (text, *following), values = texts, dict[str, Any]()
    name, colon, said = text.partition(":")
    cls = look_up(name.strip(), SCHEDULES, "schedule")
    known = {entry.name: entry for entry in fields(cls) if entry.init}
    own = [entry for entry in known if entry not in ("learning_rate", "schedule")]
    for part in said.split(",") if colon else ():
        setting, value = read_setting(part, own, f"--schedule {text}", name)
        if setting in values:
            raise ValueError(f"--schedule {text}: {setting} is given twice")
        values[setting] = value
    needed = {e.name for e in known.values() if e.default is e.default_factory is MISSING}
    if "learning_rate" in known:
        values["learning_rate"] = rate
        if "steps" in needed:
            values.setdefault("steps", steps)
    if missing := [entry for entry in own if entry in needed - values.keys()]:
        raise ValueError(
            f"--schedule {text} needs {in_words(missing)}: {name}:"
            + ",".join(f"{entry}=VALUE" for entry in missing)
        )
    try:
        if "schedule" in known:
            rise = values["steps"] if cls is WarmUp and isinstance(values["steps"], int) else 0
            values["schedule"] = chosen_schedule(following, rate, max(1, steps - rise))
        elif following:
            raise ValueError(f"it goes on to the end, so {following[0]!r} can't follow it")
        return cls(**values)
    except (TypeError, ValueError) as error:
        if str(error).startswith("--schedule"):  # of what follows, which it names
            raise
        raise about(f"--schedule {text}", error) from error
