"""What is chosen on the page: data, network, optimizer and the rest, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from ..checks import check_integer, check_number
from ..layers.activations import ACTIVATIONS
from ..naming import is_own, look_up
from ..optimizers import OPTIMIZERS, Optimizer

__all__ = ["DATA", "TABLE", "Choices", "optimizer_settings", "optimizers"]

T = TypeVar("T")

TABLE = "table"
"""What the data of one's own file are called."""

DATA = ("spiral", "vertical", "circles", "sine")
"""The data sets that are drawn."""

MOST_LAYERS, MOST_NEURONS, MOST_CLASSES, MOST_SAMPLES = 6, 16, 8, 2000
"""What there is room for on a page."""


@dataclass(frozen=True)
class Choices:
    """What is chosen; each has a default.

    Attributes
    ----------
    data : str
        One of `DATA`, or "table".
    samples, classes : int
        How many points of each class are drawn, and how many classes.
    noise : float
        The standard deviation of what is added to each point; of a sine, to each value.
    target, across, up : str
        Of a table the column to learn, and the two to learn from; where one is empty, the
        first that will do.
    hidden : tuple of int
        The number of neurons of each hidden layer.
    activations : tuple of str
        The activation of each, a name in `xpnn.layers.activations.ACTIVATIONS`.
    optimizer : str
        Its name, as "adam".
    settings : mapping of str to float or bool
        Those of the optimizer that are not left at their defaults.
    batch_size : int or None
        The rows of a step; None is all.
    l1, l2, dropout : float
        Of each layer's weights, and behind each hidden layer.
    seed : int
        One seed gives one run, data included.
    backend : str
        A spec, as "numpy".

    Raises
    ------
    TypeError, ValueError
        If one is none of that: a sentence that names it.
    """

    data: str = "spiral"
    samples: int = 100
    classes: int = 3
    noise: float = 0.0
    target: str = ""
    across: str = ""
    up: str = ""
    hidden: tuple[int, ...] = (8, 8)
    activations: tuple[str, ...] = ("silu", "silu")
    optimizer: str = "adam"
    settings: Mapping[str, float | bool] = field(
        default_factory=lambda: {"learning_rate": 0.03}
    )
    batch_size: int | None = 32
    l1: float = 0.0
    l2: float = 0.0
    dropout: float = 0.0
    seed: int = 0
    backend: str = "numpy"

    def __post_init__(self) -> None:
        if self.data not in (*DATA, TABLE):
            raise ValueError(
                f"data must be one of {', '.join(DATA)} or a table, got {self.data!r}"
            )
        _check_up_to("samples", self.samples, 2, MOST_SAMPLES)
        _check_up_to("classes", self.classes, 2, MOST_CLASSES)
        check_number("noise", self.noise, at_least=0)
        if len(self.hidden) > MOST_LAYERS:
            raise ValueError(
                f"there may be up to {MOST_LAYERS} hidden layers, got {len(self.hidden)}"
            )
        for size in self.hidden:
            _check_up_to("the neurons of a layer", size, 1, MOST_NEURONS)
        if len(self.activations) != len(self.hidden):
            raise ValueError(
                f"there must be an activation for each of the {len(self.hidden)} hidden "
                f"layers, got {len(self.activations)}"
            )
        for name in self.activations:
            _look_up(name, ACTIVATIONS, "activation")
        self.make_optimizer()
        if self.batch_size is not None:
            check_integer("batch_size", self.batch_size, at_least=1)
        check_number("l1", self.l1, at_least=0)
        check_number("l2", self.l2, at_least=0)
        check_number("dropout", self.dropout, at_least=0, below=1)
        check_integer("seed", self.seed, at_least=0)
        for name in ("target", "across", "up", "backend"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} must be text, got {getattr(self, name)!r}")

    @classmethod
    def of(cls, given: Any) -> Choices:
        """Return choices of plain data, as a page sends them; others are at their defaults.

        Raises
        ------
        TypeError, ValueError
            If something is not known, or can't be chosen.
        """
        if not isinstance(given, dict):
            raise TypeError(f"choices must be an object, got {given!r}")
        known = {f.name for f in fields(cls)}
        if strange := sorted(set(given) - known):
            raise ValueError(f"there is no choice {strange[0]!r}")
        values = dict(given)
        for name in ("hidden", "activations"):
            if name in values:
                if not isinstance(values[name], list | tuple):
                    raise TypeError(f"{name} must be a list, got {values[name]!r}")
                values[name] = tuple(values[name])
        if not isinstance(values.get("settings", {}), dict):
            raise TypeError(f"settings must be an object, got {values['settings']!r}")
        return cls(**values)

    def plain(self) -> dict[str, Any]:
        """Return them as plain data, which `of` takes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        lists = {name: [*values[name]] for name in ("hidden", "activations")}
        return values | lists | {"settings": dict(self.settings)}

    def make_optimizer(self) -> Optimizer:
        """Return the optimizer."""
        kind = _look_up(self.optimizer, optimizers(), "optimizer")
        known = optimizer_settings(kind)
        for name, value in self.settings.items():
            if name not in known:
                raise ValueError(f"{kind.__name__} has no setting {name!r}")
            if isinstance(known[name], bool) != isinstance(value, bool):
                wanted = "True or False" if isinstance(known[name], bool) else "a number"
                raise TypeError(f"{name} must be {wanted}, got {value!r}")
        return kind(**self.settings)

    def goes_on_from(self, other: Choices) -> bool:
        """Whether a training by other choices may go on by these.

        So it is where no more than the learning rate and the batch size differ.
        """
        mine, its = ({**c.settings, "learning_rate": 1.0} for c in (self, other))
        return replace(self, batch_size=other.batch_size, settings=mine) == replace(
            other, settings=its
        )


def optimizers() -> dict[str, type[Optimizer]]:
    """Return the optimizers of xpnn, by their names in lower case."""
    return {name.lower(): kind for name, kind in OPTIMIZERS.items() if is_own(kind)}


def optimizer_settings(kind: type[Optimizer]) -> dict[str, float | bool]:
    """Return the settings of an optimizer that are numbers or yes or no, and their defaults."""
    return {
        f.name: f.default
        for f in fields(kind)
        if f.init and isinstance(f.default, bool | int | float)
    }


def _look_up(name: Any, table: Mapping[str, T], kind: str) -> T:
    if not isinstance(name, str):
        raise TypeError(f"{kind} must be a name, got {name!r}")
    return look_up(name, table, kind)


def _check_up_to(name: str, value: Any, low: int, high: int) -> None:
    check_integer(name, value, at_least=low)
    if value > high:
        raise ValueError(f"{name} must be at most {high:,}, got {value:,}")
