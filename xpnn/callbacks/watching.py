"""What callbacks share that look at one measure: its name, and which way it is better."""

from __future__ import annotations

from ..hooks import Callback

__all__ = ["Watching", "better"]


def better(measure: str) -> str:
    """Return "min" or "max": which of two numbers of a measure is the better one.

    Parameters
    ----------
    measure : str
        Its name; one that ends in ``loss`` or ``error`` is better when it is smaller.
    """
    return "min" if measure.endswith(("loss", "error")) else "max"


class Watching(Callback):
    """A callback that looks at one measure.

    Parameters
    ----------
    monitor : str
        As in `EarlyStopping`.

    Raises
    ------
    TypeError
        If it is no name.
    """

    def __init__(self, monitor: str) -> None:
        if not isinstance(monitor, str):
            raise TypeError(f"monitor must be the name of a measure, got {monitor!r}")
        self.monitor = self._measure = monitor

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether there is such a measure."""
        measures = self.model.running.measures if self.model.running else [self.monitor]
        macro = f"{self.monitor}_macro"  # as "recall" is called of more than two classes
        self._measure = macro if macro in measures else self.monitor
        if self._measure not in measures:
            hint = ""
            if self.monitor.startswith("val_") and self.monitor[4:] in measures:
                hint = "; give fit validation_data or validation_split"
            raise ValueError(
                f"{type(self).__name__}: monitor must be one of {measures}, got "
                f"{self.monitor!r}{hint}"
            )
