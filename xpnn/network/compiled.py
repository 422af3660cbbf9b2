"""How a network is trained and measured: what `Sequential.compile` is asked for, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..checks import check_number
from ..losses import LOSSES, Heads, Loss
from ..metrics import Accuracy, FunctionMetric, Metric, as_metric, plain
from ..naming import check_described, describe, look_up
from ..optimizers import OPTIMIZERS, Optimizer
from .heads import of_heads

__all__ = ["Compiled", "not_compiled", "nothing_described"]


@dataclass(frozen=True)
class Compiled:
    """The loss, the optimizer and what else `Sequential.compile` chooses.

    Attributes
    ----------
    loss : Loss
        What is made small.
    optimizer : Optimizer
        How.
    metrics : tuple of Metric
        What is measured beside the loss.
    clip_norm, clip_value : float or None
        What gradients are cut to; see `xpnn.training.clip`.
    """

    loss: Loss
    optimizer: Optimizer
    metrics: tuple[Metric, ...] = ()
    clip_norm: float | None = None
    clip_value: float | None = None

    @classmethod
    def checked(
        cls,
        loss: Any,
        optimizer: Any,
        metrics: Any,
        clip_norm: float | None,
        clip_value: float | None,
    ) -> Compiled:
        """Make one of what `Sequential.compile` is given.

        Raises
        ------
        TypeError, ValueError
            If a name is unknown, a number out of range, or a metric doesn't go with the loss.
        """
        criterion: Loss = _instance("loss", loss, Loss, LOSSES)
        rule: Optimizer = _instance("optimizer", optimizer, Optimizer, OPTIMIZERS)
        chosen = _metrics(metrics, criterion)
        for name, value in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if value is not None:
                check_number(name, value, above=0)
        return cls(
            criterion,
            rule,
            chosen,
            None if clip_norm is None else float(clip_norm),
            None if clip_value is None else float(clip_value),
        )

    def for_outputs(self, n_outputs: int | None) -> Compiled:
        """Return it with the metrics for a network with so many outputs, if that is known.

        Raises
        ------
        ValueError
            If two of them then have one name.
        """
        n_classes = n_outputs if self.loss.threshold is None else 1
        metrics: list[Metric] = []
        for metric in self.metrics:
            chosen = metric.for_classes(n_classes)
            # "recall" of three classes is "recall_macro", which may have been asked for too
            metrics += [chosen] if chosen not in metrics else []
        names = [metric.name for metric in metrics]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"metrics must have names of their own, got another {name!r}")
        return replace(self, metrics=tuple(metrics))

    @property
    def step_metrics(self) -> tuple[Metric, ...]:
        """The metrics that are measured in each step of training."""
        return tuple(m for m in self.metrics if m.is_number and not m.of_all)

    @property
    def function_metrics(self) -> tuple[FunctionMetric, ...]:
        """The metrics that are functions of the user's own, which no file can hold."""
        return tuple(m for m in self.metrics if isinstance(m, FunctionMetric))

    def described(self) -> dict[str, Any]:
        """Return it as plain data for `json.dumps`, with functions by their names."""
        return {
            "loss": describe(self.loss),
            "optimizer": describe(self.optimizer),
            "metrics": [plain(metric) for metric in self.metrics],
            "clip_norm": self.clip_norm,
            "clip_value": self.clip_value,
        }


def nothing_described() -> dict[str, Any]:
    """Return what `Compiled.described` returns, of a network that is not compiled."""
    return dict.fromkeys(("loss", "optimizer", "metrics", "clip_norm", "clip_value"))


def not_compiled() -> RuntimeError:
    """Return the error of a network that is asked for what only `compile` tells it."""
    return RuntimeError("the model has no loss and optimizer yet: call compile() first")


def _instance(name: str, value: Any, base: type, classes: dict[str, Any]) -> Any:
    """Return a loss or an optimizer that may have been given by name or as a class."""
    if isinstance(value, str):
        value = look_up(value, classes, name)
    if isinstance(value, type) and issubclass(value, base):
        value = value()
    if not isinstance(value, base):
        raise TypeError(f"{name} must be a {base.__name__} or its name, got {value!r}")
    check_described(value, name)
    return value


def _metrics(metrics: Any, criterion: Loss) -> tuple[Metric, ...]:
    """Return the metrics that were asked for, those that go with the loss.

    Raises
    ------
    TypeError, ValueError
        If one is not known or doesn't go with it, or two have one name.
    """
    if isinstance(criterion, Heads):
        metrics = of_heads(criterion, metrics)
    if isinstance(metrics, str):
        metrics = (metrics,)
    if not isinstance(metrics, Sequence):
        raise TypeError(
            f"metrics must be a list of names, Metric objects or functions, got {metrics!r}"
        )
    chosen: list[Metric] = []
    for metric in map(as_metric, metrics):
        name = metric.name
        if not isinstance(metric, FunctionMetric):  # of which a file holds nothing, and says so
            check_described(metric, "metrics")
        if metric in chosen or (not criterion.classifies and metric == Accuracy()):
            continue
        if metric.classifies not in (None, criterion.classifies):
            ours, its = ("classes", "numbers") if metric.classifies else ("numbers", "classes")
            raise ValueError(f"the metric {name!r} is for {ours}, but {criterion} is for {its}")
        taken = ("loss", "epoch", *(m.name for m in chosen))
        if name in taken or name.startswith("val_"):
            raise ValueError(
                "metrics must have names of their own, none of them 'loss', 'epoch' or 'val_' "
                f"with something behind, got another {name!r}"
            )
        chosen.append(metric)
    return tuple(chosen)
