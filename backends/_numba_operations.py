"""What a compiled step is made of: expressions for each number, and loops of NumPy's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._numba_reading import View

__all__ = ["Each", "Loop", "Operation"]


@dataclass(frozen=True)
class Each:
    """An expression for each number of an array.

    Attributes
    ----------
    expression : str
        ``{0}``, ``{1}`` and so on are the inputs.
    inputs : tuple of View or number
        In the shape of the result.  A view with an axis more is a line of numbers for each, of
        which ``{0:5}`` is that in place 5, and ``{0:{1}}`` that in the place which another
        input tells.
    out : View or None
        Where results go; None where the expression itself changes its last input.
    dtype : numpy.dtype or None
        What the inputs are converted to; None for as they are.
    before : tuple of str
        Lines before the expression, whose variables end with ``{id}``.
    """

    expression: str
    inputs: tuple[Any, ...]
    out: View | None
    dtype: np.dtype | None = None
    before: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the loops."""
        return self.read[0].shape if self.out is None else self.out.shape

    @property
    def read(self) -> tuple[View, ...]:
        """What it reads."""
        return tuple(value for value in self.inputs if isinstance(value, View))

    @property
    def written(self) -> tuple[View, ...]:
        """What it writes."""
        return self.read[-1:] if self.out is None else (self.out,)


@dataclass(frozen=True)
class Loop:
    """One of NumPy's own loops.

    Attributes
    ----------
    ufunc : numpy.ufunc
        Whose loop it is.
    types : str
        The characters of the dtypes.
    views : tuple of View
        The inputs and the output, in the shape of the outer axes, which NumPy would go
        through, and behind them their own.
    sizes : tuple of int
        The lengths of the loop's own axes.
    steps : tuple of int
        The loop's own strides in bytes, an array after the other.
    """

    ufunc: np.ufunc
    types: str
    views: tuple[View, ...]
    sizes: tuple[int, ...]
    steps: tuple[int, ...]

    @property
    def read(self) -> tuple[View, ...]:
        """What it reads."""
        return self.views[:-1]

    @property
    def written(self) -> tuple[View, ...]:
        """What it writes."""
        return self.views[-1:]


Operation = Each | Loop
