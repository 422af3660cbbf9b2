"""Several losses, each of some of the outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ..backend import Array, array_namespace, device_of
from ..checks import check_number
from ..elsewhere import look_up
from .base import LOSSES, Loss, LossBackward

__all__ = ["Head", "Heads"]


class Head(NamedTuple):
    """One of several losses.

    Attributes
    ----------
    name : str
        Its name.
    columns : slice
        Which of the outputs are its.
    loss : Loss
        What is measured of these.
    weight : float
        How much it counts.
    """

    name: str
    columns: slice
    loss: Loss
    weight: float

    @property
    def size(self) -> int:
        """How many outputs it has."""
        return int(self.columns.stop - self.columns.start)

    @property
    def target_size(self) -> int:
        """How many columns its targets have: one, where outputs compete for one class."""
        return 1 if self.loss.classifies and self.loss.threshold is None else self.size


@dataclass(frozen=True)
class Heads(Loss):
    """Several losses, each of some of the outputs: their sum, each times its weight.

    Parameters
    ----------
    heads : dict of str to tuple
        By the name of each head ``(columns, loss)`` or ``(columns, loss, weight)``: a slice of
        the outputs, a `Loss` or its name, and how much it counts, > 0, by default 1.

    Raises
    ------
    TypeError, ValueError
        If it is none of the above, or two heads share an output.

    Notes
    -----
    Targets are a dict by the heads' names, or columns side by side in the order of the heads:
    those that the loss of each takes, which of classes is one.  `Sequential.predict` returns a
    dict too, and the loss of each head is measured as ``NAME_loss``, its metrics as
    ``NAME_accuracy`` and so on.
    """

    heads: dict[str, Any]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.heads, Mapping) or not self.heads:
            raise TypeError(
                "heads must be a dict of names to (slice, loss, weight), at least one, got "
                f"{self.heads!r}"
            )
        checked = {name: _checked(name, given) for name, given in self.heads.items()}
        object.__setattr__(self, "heads", checked)
        in_order = sorted(self, key=lambda head: head.columns.start)
        for before, head in pairwise(in_order):
            if before.columns.stop > head.columns.start:
                raise ValueError(
                    f"heads must have outputs of their own, but {before.name!r} and "
                    f"{head.name!r} share some: {before.columns} and {head.columns}"
                )

    def __iter__(self) -> Iterator[Head]:
        return (Head(name, *given) for name, given in self.heads.items())

    def check_outputs(self, n_outputs: int) -> None:
        """Check that a network has the outputs of all heads.

        Raises
        ------
        ValueError
            If it has not.
        """
        for head in self:
            if head.columns.stop > n_outputs:
                raise ValueError(
                    f"heads[{head.name!r}] takes {head.columns} of the outputs, but the "
                    f"network has {n_outputs}"
                )

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the sum of the heads' losses of each sample."""
        xp, (n, k) = array_namespace(predictions), predictions.shape
        total, backwards = None, []
        for head in self:
            columns = head.columns
            losses, backward = head.loss.forward(predictions[:, columns], targets[:, columns])
            own = head.weight * losses
            total = own if total is None else total + own
            backwards.append((columns.start, columns.stop, head.weight, backward))

        def gradient() -> Array:
            parts, end = [], 0
            for start, stop, weight, backward in sorted(backwards, key=lambda own: own[0]):
                parts += [nothing(start - end)] if start > end else []
                parts.append(weight * backward())
                end = stop
            parts += [nothing(k - end)] if k > end else []
            return xp.concat(parts, axis=1)  # (n, k)

        def nothing(width: int) -> Array:
            shape = (n, width)
            return xp.zeros(shape, dtype=predictions.dtype, device=device_of(predictions))

        return total, gradient

    def prepare(self, targets: Any, n_outputs: int, dtype: Any, name: str = "y") -> Array:
        """Check targets once, and return them as numbers for each output.

        Parameters
        ----------
        targets : dict of str to array, or array of shape (n, k)
            By the name of each head what its loss takes; or these columns side by side, or a
            column for each output.
        n_outputs, dtype, name
            As of `Loss.prepare`.

        Returns
        -------
        array of shape (n, n_outputs)
            Of classes they are one-hot rows.

        Raises
        ------
        ValueError
            If a head is missing or unknown, or its targets are none that its loss takes.
        """
        self.check_outputs(n_outputs)
        if not isinstance(targets, Mapping):
            targets = self._cut(targets, n_outputs, name)
        names = [head.name for head in self]
        if {*targets} != {*names}:
            raise ValueError(f"{name} must have the heads {names}, got {[*targets]}")
        columns = [
            (
                head.columns,
                self._rows(head, targets[head.name], dtype, f"{name}[{head.name!r}]"),
            )
            for head in self
        ]
        first = columns[0][1]
        xp, n = array_namespace(first), first.shape[0]
        parts, end = [], 0
        for own, rows in sorted(columns, key=lambda pair: pair[0].start):
            if rows.shape[0] != n:
                raise ValueError(f"{name} must have as many rows in each head")
            if own.start > end:
                parts.append(xp.zeros((n, own.start - end), dtype=rows.dtype))
            parts, end = [*parts, rows], own.stop
        if n_outputs > end:
            parts.append(xp.zeros((n, n_outputs - end), dtype=first.dtype))
        return xp.concat(parts, axis=1)

    def _cut(self, targets: Array, n_outputs: int, name: str) -> dict[str, Array]:
        """Return columns side by side as those of each head."""
        width = sum(head.target_size for head in self)
        got = tuple(targets.shape)
        if targets.ndim == 2 and targets.shape[1] == n_outputs:
            return {head.name: targets[:, head.columns] for head in self}
        if targets.ndim != 2 or targets.shape[1] != width:
            sizes = {head.name: head.target_size for head in self}
            raise ValueError(
                f"{name} must be a dict of the heads' targets, or have the shape (n, {width}), "
                f"with so many columns of each head: {sizes}; got the shape {got}"
            )
        cut, start = {}, 0
        for head in self:
            end = start + head.target_size
            cut[head.name] = targets[:, start] if end == start + 1 else targets[:, start:end]
            start = end
        return cut

    @staticmethod
    def _rows(head: Head, targets: Array, dtype: Any, name: str) -> Array:
        """Return the targets of a head as rows with a number for each output."""
        xp = array_namespace(targets)
        classes = head.loss.classifies and targets.ndim == 1
        if classes and xp.isdtype(targets.dtype, "real floating"):  # columns side by side
            targets = _whole(targets)
        prepared = head.loss.prepare(targets, head.size, dtype, name)
        if prepared.ndim == 2:
            return prepared
        index = xp.arange(head.size, dtype=prepared.dtype, device=device_of(prepared))
        return xp.astype(prepared[:, None] == index, dtype)


def _whole(targets: Array) -> Array:
    """Return floats as integers, where all of them are such."""
    xp = array_namespace(targets)
    whole = xp.astype(targets, xp.int64)
    return whole if bool(xp.all(xp.astype(whole, targets.dtype) == targets)) else targets


def _checked(name: Any, given: Any) -> tuple[slice, Loss, float]:
    """Check what describes a head."""
    what = f"heads[{name!r}]"
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"the names of heads must be such as variables have, got {name!r}")
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise TypeError(f"{what} must be (slice, loss) or (slice, loss, weight), got {given!r}")
    columns, loss, weight = (*given, 1.0)[:3]
    is_slice = isinstance(columns, slice) and columns.step in (None, 1)
    if not is_slice or not all(type(n) is int for n in (columns.start or 0, columns.stop)):
        raise TypeError(f"{what} must begin with a slice such as slice(0, 3), got {columns!r}")
    columns = slice(columns.start or 0, columns.stop)
    if not 0 <= columns.start < columns.stop:
        raise ValueError(f"{what} must have outputs counted from 0, got {columns!r}")
    loss = look_up(loss, LOSSES, "loss") if isinstance(loss, str) else loss
    loss = loss() if isinstance(loss, type) and issubclass(loss, Loss) else loss
    if not isinstance(loss, Loss) or isinstance(loss, Heads):
        raise TypeError(f"{what} must have a Loss or its name second, got {loss!r}")
    if loss.leaves_out:
        raise ValueError(
            f"{what}: {loss} leaves out rows, which is not for one head of several"
        )
    check_number(f"the weight of {what}", weight, above=0)
    return columns, loss, float(weight)
