"""What a comparison found, as data and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Comparison", "Part"]


@dataclass(frozen=True)
class Part:
    """One output or gradient of one layer, on one backend and on the first.

    Attributes
    ----------
    backend : str
        The spec of the backend that is compared with the first.
    layer : int or None
        The number of the layer in the network; None for the loss.
    name : str
        ``"3 Dense(8, 4): outputs"``, for example, or ``"loss"``; of a layer that another one
        holds ``"3.inner.0 Dense(8, 4): outputs"``.
    shape : tuple of int
        That of the array.
    difference : float
        The largest difference of an entry, where both are given the first backend's numbers.
    allowed : float
        How much rounding may explain.
    place : tuple of int
        Where it is.
    value, reference : float
        The entry on this backend, and on the first.
    accumulated : float
        The largest difference where each backend goes its own way from the inputs on.
    """

    backend: str
    layer: int | None
    name: str
    shape: tuple[int, ...]
    difference: float
    allowed: float
    place: tuple[int, ...]
    value: float
    reference: float
    accumulated: float

    @property
    def differs(self) -> bool:
        """Whether the difference is more than rounding."""
        return not self.difference <= self.allowed


@dataclass(frozen=True)
class Comparison:
    """What `compare_backends` found.

    Attributes
    ----------
    reference : str
        The spec of the first backend.
    backends : tuple of str
        The specs of those that were compared with it.
    dtype : str
        That of the network.
    parts : tuple of Part
        For each backend: outputs from the first layer to the last, the loss, and gradients
        from the last layer to the first.
    """

    reference: str
    backends: tuple[str, ...]
    dtype: str
    parts: tuple[Part, ...]

    @property
    def first(self) -> Part | None:
        """The first part that differs by more than rounding; None where all agree."""
        return next((part for part in self.parts if part.differs), None)

    def __str__(self) -> str:
        from tabulate import tabulate

        paragraphs = []
        headers = ["", "shape", "difference", "allowed", "", "accumulated"]
        alignment = ("left", "left", "right", "right", "left", "right")
        count = len(self.parts) // len(self.backends)
        for i, backend in enumerate(self.backends):  # one may be there twice
            parts = self.parts[i * count : (i + 1) * count]
            rows = [
                [
                    part.name,
                    str(part.shape),
                    f"{part.difference:.1e}",
                    f"{part.allowed:.1e}",
                    "differs" if part.differs else "",
                    f"{part.accumulated:.1e}",
                ]
                for part in parts
            ]
            table = tabulate(rows, headers, disable_numparse=True, colalign=alignment)
            title = f"{backend} beside {self.reference}, {self.dtype}"
            paragraphs.append(f"{title}\n{table}\n{self._verdict(backend, parts)}")
        return "\n\n".join(paragraphs)

    def _verdict(self, backend: str, parts: Sequence[Part]) -> str:
        differing = [part for part in parts if part.differs]
        if not differing:
            return f"{backend} and {self.reference} agree: all differences are rounding."
        first = differing[0]
        place = f" at {first.place}" if first.place else ""
        return (
            f"The first to differ by more than rounding is {first.name}{place}: "
            f"{first.value:.9g} on {backend}, {first.reference:.9g} on {self.reference}."
        )
