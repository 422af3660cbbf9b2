"""Where parameters start.

An initializer is a name of the table below, a number, an array, or a function
``(generator, shape) -> array``.  The draws are made on the host by a NumPy generator, in
double precision, so that one seed gives the same start on every library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import to_host
from .checks import check_number
from .naming import look_up

__all__ = [
    "INITIALIZERS",
    "Normal",
    "Scaled",
    "Uniform",
    "VarianceScaling",
    "as_generator",
    "draw",
]

if TYPE_CHECKING:  # naming them imports numpy.random, a fifth of what NumPy costs
    Generator = np.random.Generator | np.random.RandomState
    Initializer = str | float | Any | Callable[[Generator, tuple[int, ...]], Any]


def as_generator(seed: Any) -> Generator:
    """Return a generator of random numbers.

    Parameters
    ----------
    seed : int, None, numpy.random.Generator or numpy.random.RandomState
        A generator is returned as it is, so that its stream goes on; None gives one
        that is different each time.

    Raises
    ------
    TypeError, ValueError
        If `seed` is something else, or negative.
    """
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
        raise TypeError(
            f"seed must be an int, None, a numpy Generator or a RandomState, got {seed!r}"
        )
    if seed is not None and seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}")
    return np.random.default_rng(seed)


@dataclass(frozen=True)
class Normal:
    """Draws from a normal distribution around 0; the book uses a scale of 0.01.

    Parameters
    ----------
    scale : float
        The standard deviation.
    """

    scale: float = 0.01

    def __post_init__(self) -> None:
        check_number("scale", self.scale, above=0)

    def __call__(self, generator: Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw an array of a shape."""
        return self.scale * generator.standard_normal(shape)


@dataclass(frozen=True)
class Uniform:
    """Draws from an interval around 0, each number in it as likely as the others.

    Parameters
    ----------
    bound : float
        The interval's end; -bound is where it begins.
    """

    bound: float

    def __post_init__(self) -> None:
        check_number("bound", self.bound, above=0)

    def __call__(self, generator: Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw an array of a shape."""
        return generator.uniform(-self.bound, self.bound, shape)


@dataclass(frozen=True)
class VarianceScaling:
    """Draws whose variance keeps the signal's size from layer to layer.

    Parameters
    ----------
    scale : float
        The variance is ``scale / fan``.
    fan : {"in", "average"}
        The number of a neuron's inputs, or its mean with the number of outputs.
    distribution : {"uniform", "normal"}
        The shape of the distribution.

    Notes
    -----
    Glorot and Bengio (2010), He et al. (2015), LeCun et al. (1998).
    """

    scale: float
    fan: str
    distribution: str

    def __post_init__(self) -> None:
        check_number("scale", self.scale, above=0)
        if self.fan not in ("in", "average"):
            raise ValueError(f"fan must be 'in' or 'average', got {self.fan!r}")
        if self.distribution not in ("uniform", "normal"):
            raise ValueError(
                f"distribution must be 'uniform' or 'normal', got {self.distribution!r}"
            )

    def __call__(self, generator: Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw an array of a shape, (n_inputs, n_outputs) for weights."""
        n_inputs, n_outputs = shape[0], shape[-1]
        fan = n_inputs if self.fan == "in" else (n_inputs + n_outputs) / 2
        deviation = sqrt(self.scale / fan)
        if self.distribution == "normal":
            return deviation * generator.standard_normal(shape)
        return generator.uniform(-sqrt(3) * deviation, sqrt(3) * deviation, shape)


INITIALIZERS: dict[str, Any] = {
    "zeros": 0.0,
    "ones": 1.0,
    "glorot_uniform": VarianceScaling(1.0, "average", "uniform"),
    "glorot_normal": VarianceScaling(1.0, "average", "normal"),
    "he_uniform": VarianceScaling(2.0, "in", "uniform"),
    "he_normal": VarianceScaling(2.0, "in", "normal"),
    "lecun_uniform": VarianceScaling(1.0, "in", "uniform"),
    "lecun_normal": VarianceScaling(1.0, "in", "normal"),
}


@dataclass(frozen=True)
class Scaled:
    """The first values that another initializer makes, times a factor.

    Parameters
    ----------
    initializer : str, float, array_like or callable
        The other one, as in `draw`.
    factor : float
        The factor.
    """

    initializer: Any
    factor: float

    def __call__(self, generator: Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw an array of a shape."""
        return self.factor * draw(self.initializer, generator, shape)


def draw(initializer: Initializer, generator: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Make the first value of a parameter.

    Parameters
    ----------
    initializer : str, float, array_like or callable
        A name in `INITIALIZERS`, a number for every entry, the values themselves, or a
        function of a generator and a shape.
    generator : numpy.random.Generator or numpy.random.RandomState
        Where draws come from.
    shape : tuple of int
        The shape of the parameter.

    Returns
    -------
    numpy.ndarray
        Of that shape.

    Raises
    ------
    ValueError
        If the name is unknown, or the values have another shape.
    """
    if isinstance(initializer, str):
        initializer = look_up(initializer, INITIALIZERS, "initializer")
    if callable(initializer):
        initializer = initializer(generator, shape)
    values = to_host(initializer)
    if values.ndim == 0:
        return np.full(shape, values)
    if values.shape != shape:
        raise ValueError(f"expected initial values of shape {shape}, got {values.shape}")
    return values
