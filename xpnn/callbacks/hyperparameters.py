"""What a training is made with, as plain values by name: for tables that compare runs."""

from __future__ import annotations

from ..hooks import Trainable

__all__ = ["hyperparameters"]


def hyperparameters(
    model: Trainable, n_rows: int, epochs: int, steps: int
) -> dict[str, str | float]:
    """Return the settings of a training.

    Parameters
    ----------
    model : Trainable
        The model, before it trains: callbacks may change its learning rate later.
    n_rows : int
        How many rows it trains on.
    epochs, steps : int
        How many epochs there are at most, and steps in each.
    """
    compiled = model.require_compiled()
    settings = {
        "layers": ", ".join(map(str, model.layers)),
        "parameters": model.card()["parameters"],
        "loss": str(compiled.loss),
        "optimizer": str(compiled.optimizer),
        "learning_rate": compiled.optimizer.learning_rate,
        "clip_norm": compiled.clip_norm,
        "clip_value": compiled.clip_value,
        "epochs": epochs,
        "steps_per_epoch": steps,
        "rows": n_rows,
        "dtype": model.dtype,
        "backend": model.backend.spec,
    }
    return {
        name: value if isinstance(value, int | float) else str(value)
        for name, value in settings.items()
        if value is not None
    }
