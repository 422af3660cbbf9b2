"""What an ensemble is, as a card: that of one of its members, and what it has beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import cards
from .ensemble import Ensemble
from .files import DTYPE, table_of

__all__ = ["card", "card_of_file", "text"]


def card(ensemble: Ensemble, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an ensemble as plain data.

    Parameters
    ----------
    ensemble : Ensemble
        What was trained.
    extra : mapping
        What its file keeps beside it, as `xpnn.tabular.load` returns it.

    Returns
    -------
    dict
        The card of a member, as `Sequential.card` tells, with ``"members"``, how many there
        are, and their ``"temperature"``.
    """
    table = table_of(ensemble)
    made = cards.model_card(ensemble.members[0], {"data": {}, **extra, "preparation": table})
    return _of_all({**made, "dtype": DTYPE}, len(ensemble.members), table)


def card_of_file(description: Mapping[str, Any], tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the ensemble of a file whose classes are not all known; as `card`."""
    first, table = "members/0/", description["table"]
    own = {k.removeprefix(first): v for k, v in tensors.items() if k.startswith(first)}
    extra = {**description["extra"], "preparation": table}
    made = cards.card_of_file({**description, "extra": extra}, own)
    return _of_all(made, description["members"], table)


def _of_all(member: dict[str, Any], n: int, table: Mapping[str, Any]) -> dict[str, Any]:
    total = n * member["parameters"]
    about = {"members": n, "temperature": table["temperature"]}
    data = {name: value for name, value in member["data"].items() if name != "temperature"}
    return {**member, **about, "parameters": total, "bytes": 4 * total, "data": data}


def text(card: Mapping[str, Any], summary: str | None = None) -> str:
    """Return a table of a member's layers and what a card tells beside it, for people."""
    n, temperature = card["members"], card["temperature"]
    averaged = f"{n} such networks, averaged" if n > 1 else "one network"
    return f"{cards.text(card, summary)}\nmembers    {averaged}; temperature {temperature:.3g}"
