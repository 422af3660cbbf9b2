"""How a network for a table is made and trained.

The numbers are those of Holzmüller, Grinsztajn and Steinwart (2024), "Better by default:
strong pre-tuned MLPs and boosted trees on tabular data".  Their learning rates belong to the
parametrisation of `xpnn.NTKDense`, and are divided here by about the root of a layer's width.
`benchmarks/tables.py` measures what comes of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..backend import Backend
from ..initializers import Uniform
from ..layers import (
    Dense,
    Dropout,
    Exponential,
    Layer,
    Linear,
    NumericEmbedding,
    OneHot,
    SiLU,
    Softmax,
)
from ..losses import CategoricalCrossEntropy, Loss, MeanSquaredError, PoissonDeviance
from ..optimizers import AdamW, Optimizer
from ..schedules import CosineLog, FlatCosine
from ..sequential import Sequential
from ..tables.encoding import Encoding
from ..tables.targets import Classes, Target, mean_and_deviation

__all__ = ["PRESETS", "Recipe", "n_parts"]

FEW = 1280
"""So many rows are few: of more the training is longer, and its batches are larger."""

FEW_BATCH = 128
"""Rows in a step, of few rows."""

HOLDOUT = 5
"""One member alone leaves out the fifth part of the rows."""

SCALE_OF_CLASSES = 0.1
"""The deviation of the first waves' frequencies for classes, `NumericEmbedding.scale`."""

WIDE = 0.5
"""From which spread on, in parts of their mean, numbers that are never negative vary as counts
do: the more, the larger they are."""


def n_parts(n_members: int) -> int:
    """Return of how many parts of the rows each member leaves out one."""
    return HOLDOUT if n_members == 1 else n_members


@dataclass(frozen=True)
class Recipe:
    """How a network for a table is made and trained.

    Attributes
    ----------
    n_members : int
        How many networks are averaged.
    hidden : tuple of int
        The sizes of the hidden layers.
    embeds : bool
        Whether numbers are embedded in waves.
    activation : Layer
        What follows a hidden layer.
    dropout : float
        The part of each hidden layer that is silenced.
    l2 : float
        What weights add to the loss, ``l2 * sum(weights**2)``.
    label_smoothing : float
        For classes.
    loss_of_numbers : Loss or None
        What is made small where a number is learnt; None is found by `for_numbers`.
    learning_rate : float or None
        The largest one; None is 0.004 for classes, 0.02 for numbers, and less in a longer
        training.
    weight_decay : float
        What it is in the first half of the training, from where it falls to 0; in a longer
        training less.
    batch_size : int or None
        Rows in a step; None is 128, and more of many rows.
    steps, steps_alone : int
        How long each is trained on few rows, and longer on many; one alone is trained longer,
        since nothing evens out what it has not learnt.
    epochs : int or None
        How often to go through the rows, instead.
    own_optimizer : callable or None
        Returns another optimizer than AdamW with a schedule, for a training of so many steps.
    patience : int or None
        After how many epochs without a better one to stop; None goes on to the end.

    Notes
    -----
    On n rows, more than the 1,280 that are few, a training of S steps takes

    - S (n / 1280)^0.6 steps,
    - batches of 128 (n / 1280)^0.2 rows,
    - the largest learning rate over the cube root of how much longer it is, and
    - a weight decay such that the sum over all steps of both's product is that of few rows.

    So 1,280 rows are gone through 70 times, and a million rows 19 times.  The exponents were
    chosen by the error on seven tables of 10,000 to 60,000 rows.
    """

    n_members: int = 5
    hidden: tuple[int, ...] = (128, 128, 128)
    embeds: bool = True
    activation: Layer = SiLU()  # noqa: RUF009 - it is frozen
    dropout: float = 0.15
    l2: float = 0.0
    label_smoothing: float = 0.1
    loss_of_numbers: Loss | None = None
    learning_rate: float | None = None
    weight_decay: float = 0.2
    batch_size: int | None = None
    steps: int = 700
    steps_alone: int = 1000
    epochs: int | None = None
    own_optimizer: Callable[[int], Optimizer] | None = None
    patience: int | None = None

    @property
    def least_steps(self) -> int:
        """How many steps a member takes on few rows."""
        return self.steps_alone if self.n_members == 1 else self.steps

    def batch_size_for(self, n: int) -> int:
        """Return how many of n rows are in a step."""
        return self.batch_size or round(FEW_BATCH * max(1.0, n / FEW) ** 0.2)

    def epochs_for(self, n: int) -> int:
        """Return how often to go through n rows."""
        steps = self.least_steps * max(1.0, n / FEW) ** 0.6
        return self.epochs or math.ceil(steps / self.steps_of_an_epoch(n))

    def steps_of_an_epoch(self, n: int) -> int:
        """Return how many steps go through n rows once."""
        return math.ceil(n / self.batch_size_for(n))

    def scale_for(self, target: Target, n: int) -> float:
        """Return how short the first waves are by which n rows are seen, in waves a unit."""
        if isinstance(target, Classes):
            return SCALE_OF_CLASSES
        return min(1.0, n / FEW)

    def for_numbers(self, numbers: np.ndarray, weights: np.ndarray | None = None) -> Recipe:
        """Return the recipe with the loss for a target that is a number.

        Counts, prices, times and whatever else is never negative and spreads widely varies the
        more, the larger it is.  The Poisson deviance weighs errors so, and has means for its
        least; the squared error is moved by the few largest.

        Parameters
        ----------
        numbers : numpy.ndarray of shape (n,)
            The right answers.
        weights : numpy.ndarray of shape (n,), optional
            How much each counts.
        """
        if self.loss_of_numbers is not None:
            return self
        mean, deviation = mean_and_deviation(numbers, weights)
        wide = numbers.min() >= 0 and deviation > WIDE * mean
        return replace(self, loss_of_numbers=PoissonDeviance() if wide else MeanSquaredError())

    @property
    def learns_logarithms(self) -> bool:
        """Whether a network's numbers are exponentials, in parts of the target's mean."""
        return getattr(self.loss_of_numbers, "activation", None) == "Exponential"

    def rows_of_a_member(self, n: int) -> int:
        """Return how many of n rows a member learns from."""
        return n - n // n_parts(self.n_members)

    def within(self, seconds: float, of_a_row: float, n: int) -> Recipe:
        """Return the recipe for a time: with fewer members, and then with fewer epochs.

        Parameters
        ----------
        seconds : float
            The time that there is, > 0.
        of_a_row : float
            What a member takes for a row, each time it goes through the rows, > 0.
        n : int
            How many rows there are.
        """
        kept = self.rows_of_a_member(n)
        members = seconds / (of_a_row * kept * self.epochs_for(kept))
        if min(members, self.n_members) >= 2:
            return replace(self, n_members=int(min(members, self.n_members)))
        alone = replace(self, n_members=1)
        kept = alone.rows_of_a_member(n)
        epochs = max(1.0, min(seconds / (of_a_row * kept), alone.epochs_for(kept)))
        return replace(alone, epochs=int(epochs))

    def network(
        self,
        encoding: Encoding,
        target: Target,
        generator: np.random.Generator,
        backend: Backend,
        n: int,
    ) -> Sequential:
        """Make the network: codes become columns, numbers waves, then the hidden layers.

        Parameters
        ----------
        encoding : Encoding
            What makes its inputs.
        target : Classes or Measure
            What it tells.
        generator : numpy.random.Generator
            Where its first parameters come from, and what is drawn in training.
        backend : Backend
            Where it computes.
        n : int
            How many rows it learns from.
        """
        layers: list[Layer] = []
        size = encoding.n_inputs
        if encoding.sizes:
            columns = OneHot(size, encoding.sizes)
            layers.append(columns)
            size = columns.output_size(size)
        if self.embeds and encoding.n_numbers:
            scale = self.scale_for(target, n)
            waves = NumericEmbedding(size, encoding.n_numbers, scale=scale, learning_rate=1.0)
            layers.append(waves)
            size = waves.output_size(size)
        for width in self.hidden:
            dense = Dense(size, width, weights="lecun_normal", biases=Uniform(0.5), l2=self.l2)
            layers += [dense, self.activation]
            if self.dropout:
                layers.append(Dropout(self.dropout))
            size = width
        layers.append(Dense(size, target.n_outputs, weights="lecun_normal", l2=self.l2))
        if isinstance(target, Classes):
            layers.append(Softmax())
        else:
            layers.append(Exponential() if self.learns_logarithms else Linear())
        return Sequential(layers, seed=generator, backend=backend)

    def loss(self, target: Target) -> Loss:
        """Return the loss that suits a target."""
        if isinstance(target, Classes):
            return CategoricalCrossEntropy(label_smoothing=self.label_smoothing)
        return self.loss_of_numbers or MeanSquaredError()

    def optimizer(self, target: Target, steps: int) -> Optimizer:
        """Return the optimizer for a training of so many steps."""
        if self.own_optimizer is not None:
            return self.own_optimizer(steps)
        longer = max(1.0, steps / self.least_steps)
        usual = 0.004 if isinstance(target, Classes) else 0.02
        rate = self.learning_rate or usual / longer ** (1 / 3)
        decay = self.weight_decay / longer ** (2 / 3)
        schedule = FlatCosine(decay, steps) if decay else 0.0
        return AdamW(CosineLog(rate, steps), beta_2=0.95, weight_decay=schedule)


PRESETS = {
    "default": Recipe(),
    "fast": Recipe(n_members=1, steps=400, steps_alone=400, embeds=False),
    "best": Recipe(n_members=8, steps=1000),
}
"""Recipes by name."""

LINEAR = Recipe(
    hidden=(),
    embeds=False,
    dropout=0.0,
    label_smoothing=0.0,
    loss_of_numbers=MeanSquaredError(),
    learning_rate=0.02,
    weight_decay=0.01,
)
"""A linear model, to compare with."""
