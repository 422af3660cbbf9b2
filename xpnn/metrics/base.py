"""What a metric is: `Metric`, the table of all of them, and what they are told of predictions.

Beside it is what metrics with a number for each class share: the ways in which these numbers
become one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..backend import Array
from ..naming import Described, register

METRICS: dict[str, type[Metric]] = {}
"""Every metric class by its name: a model file names its metrics so."""


class Kind(NamedTuple):
    """What a classifier's outputs are: probabilities, or logits, and where they say yes.

    Softmax and Sigmoid turn logits into probabilities.  Where the loss does that itself, the
    network ends without them, and a metric gets logits.  The largest output names the same
    class either way. But a log-loss is computed in another way, and an output that says yes or
    no on its own does so from another number on: 0.5 for a probability, 0 for a logit.
    """

    threshold: float = 0.5
    """An output that stands for yes or no says yes above this number."""

    from_logits: bool = False
    """Whether the outputs are logits, not probabilities."""


PROBABILITY = Kind()


@dataclass(frozen=True)
class Metric(Described):
    """The base class of metrics, as `Sequential.compile` takes them.

    A subclass defines `measure`, and `result` where the whole is not the mean of its batches.
    """

    classifies: ClassVar[bool | None] = None
    """Whether it measures classes; False where it measures numbers, None where it takes any
    outputs.  Only a metric of classes is given the outputs as the loss takes them, logits or
    probabilities, and it is told which."""

    of_all: ClassVar[bool] = False
    """Whether it needs all predictions at once, as one that sorts them does.  Then it is
    measured in evaluation and validation, where these can be had, and not while training."""

    is_number: ClassVar[bool] = True
    """Whether the result is one number; an array of them is left out of the history."""

    label: ClassVar[str]
    """The class's name as people write it: by default, its name in snake_case."""

    computes: ClassVar[Callable[..., Array] | None] = None
    """The function of predictions and targets that computes the same, or None where there is
    none.  Given to `Sequential.compile`, it stands for the metric.  A subclass sets it by
    ``computes = staticmethod(function)``."""

    def __init_subclass__(cls, registered: bool = True) -> None:
        super().__init_subclass__()
        if "label" not in cls.__dict__:
            words = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
            cls.label = re.sub(words, "_", cls.__name__).lower()
        if registered:
            register(cls, METRICS, "metric")

    @classmethod
    def of_name(cls, name: str) -> Metric | None:
        """Return the metric of this class whose name has a number in it.

        Parameters
        ----------
        name : str
            Any name.

        Returns
        -------
        Metric or None
            None where the name is of another form; by default always.
        """
        return None

    @property
    def name(self) -> str:
        """What it is called in `History` and by `Sequential.evaluate`."""
        return self.label

    @property
    def takes_weights(self) -> bool:
        """Whether `measure` takes the weights of samples."""
        return "weight" in signature(self.measure).parameters

    def for_classes(self, n: int | None) -> Metric:
        """Return the metric to take where there are so many classes, named for what it is.

        Parameters
        ----------
        n : int or None
            The number of outputs that compete for one class; 1 where each output says yes or
            no on its own; None where it is not known.

        Returns
        -------
        Metric
            By default itself.
        """
        return self

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Measure one batch.

        Parameters
        ----------
        predictions : array of shape (n, k) or (n,)
            What the network gives, as `Sequential.predict` returns it.  For a metric that
            `classifies`, what the loss takes; and flat, (n * k,), where each output says yes
            or no on its own.
        targets : array
            As the loss takes them, and flat where predictions are.
        kind : Kind
            What the predictions are; given where the metric `classifies`, so that others
            need not take it.

        Notes
        -----
        A metric that can weigh samples has one more argument, ``weight=None``: where samples
        have weights, an array of shape (n,), >= 0, or (n * k,) where predictions are flat,
        maybe of zeros only.  `takes_weights` says whether it has.

        Returns
        -------
        array of shape () or (w,)
            In the dtype of the predictions.
        """
        raise TypeError(f"the metric {type(self).__name__} does not define measure")

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Join what was measured on batches; by default it is their weighted mean.

        Parameters
        ----------
        measures : numpy.ndarray of shape (…, batches, w)
            What `measure` returned, in double precision; w is 1 for the shape ().
        counts : numpy.ndarray of shape (batches,)
            How many samples each batch has; where these have weights, the sum of theirs.

        Returns
        -------
        numpy.ndarray of shape (…)
            The metric of all samples.
        """
        value: np.ndarray = measures[..., 0] @ counts / np.sum(counts)
        return value


class ClassMetric(Metric, registered=False):
    """The base class of what is measured of classes."""

    classifies: ClassVar[bool | None] = True


class NumberMetric(Metric, registered=False):
    """The base class of what is measured of numbers."""

    classifies: ClassVar[bool | None] = False


AVERAGES = ("macro", "weighted", "micro", "binary")
"""How the numbers of the classes become one."""

AUTO = "auto"
"""That of class 1 of two, and of more classes their mean."""


def check_average(average: Any, k: int | None) -> None:
    """Check how numbers of k classes are to become one.

    Raises
    ------
    ValueError
        If it is not known, or ``"binary"`` and there are more than two classes.
    """
    if average is not None and average not in AVERAGES:
        raise ValueError(f"average must be one of {AVERAGES} or None, got {average!r}")
    if average == "binary" and k is not None and k > 2:
        raise ValueError(
            f"average must be 'macro', 'weighted', 'micro' or None for {k} classes, got "
            "'binary', which is for two"
        )


@dataclass(frozen=True)
class AveragedMetric(ClassMetric, registered=False):
    """The base class of what has a number for each class, of which one is made.

    Parameters
    ----------
    average : {"macro", "weighted", "micro", "binary"}
        How the numbers of the classes become one.
    """

    average: str = "macro"

    averages: ClassVar[tuple[str, ...]] = AVERAGES
    """What `average` may be."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average not in self.averages:
            raise ValueError(f"average must be one of {self.averages}, got {self.average!r}")

    @property
    def name(self) -> str:
        """The label, with the average behind it where it is not ``"macro"``."""
        return self.label if self.average == "macro" else f"{self.label}_{self.average}"
