"""How a training went: what its epochs measured, or that it diverged."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["DivergenceError", "History"]


class DivergenceError(ArithmeticError):
    """The loss, or what was learnt, became NaN or infinite, so training was stopped."""

    __module__ = "xpnn.fitting"  # as tracebacks have always called it


@dataclass
class History:
    """What `Sequential.fit` measured.

    Attributes
    ----------
    history : dict of str to list of float
        ``"loss"``, each metric, and the same with ``val_`` in front where there was
        validation data: one number for each epoch.
    """

    history: dict[str, list[float]] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """The number of epochs that were finished."""
        return len(self.history.get("loss", ()))

    def append(self, logs: dict[str, float]) -> None:
        """Add the numbers of an epoch."""
        self.extend({name: [value] for name, value in logs.items()})

    def extend(self, logs: dict[str, list[float]]) -> None:
        """Add the numbers of several epochs."""
        for name, values in logs.items():
            self.history.setdefault(name, []).extend(values)
