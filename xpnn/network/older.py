"""What earlier versions have pickled, as it is pickled today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .compiled import Compiled
from .stack import Stack
from .train_state import TrainState

__all__ = ["of_older_pickle"]


def of_older_pickle(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is pickled today, of what version 0.1.0 pickled at first."""
    names = {
        "_params": "parameter_arrays",
        "_layer_state": "state_arrays",
        "_parameters": "declared_parameters",
        "_states": "declared_states",
        "_generator": "generator",
    }
    gone = ("_loss", "_optimizer", "_metrics", "_clip", "_state", "_stack", "_packed", "_fit")
    new = {names.get(name, name): v for name, v in values.items() if name not in gone}
    state = TrainState()
    state.memory = values["_state"]
    compiled = None
    if values["_loss"] is not None:
        chosen = (values[name] for name in ("_loss", "_optimizer", "_metrics"))
        compiled = Compiled(*chosen, **values["_clip"])
    stack = Stack(values["layers"])
    return {**new, "stack": stack, "compiled": compiled, "train_state": state, "running": None}
