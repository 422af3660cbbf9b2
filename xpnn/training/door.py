"""The door of a training: who is refused there finds everything as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..hooks import Callback, Trainable
from .kept import generator_state, set_generator_state

__all__ = ["Door"]

NAMES = ("parameter_arrays", "state_arrays", "compiled", "history", "stop_training")


class Door:
    """What there was of a model and of callbacks before a training could change it.

    Arrays are not copied: before the first step they are set anew, and never changed in place.
    What a callback changes in place, as a list of its own, is its own affair.

    Parameters
    ----------
    model : Trainable
        What will train.
    callbacks : sequence of Callback
        Who will be told.

    Attributes
    ----------
    generator : dict
        The state of the model's generator.
    """

    def __init__(self, model: Trainable, callbacks: Sequence[Callback]) -> None:
        self._model = model
        self._values = {name: getattr(model, name) for name in NAMES}
        self._memory = model.train_state.memory, model.train_state.packed
        self._callbacks = [(callback, dict(vars(callback))) for callback in callbacks]
        self._generator = model.generator  # of another kind, it may be replaced
        self.generator = generator_state(model.generator)
        self._is_passed = False

    @contextmanager
    def before(self) -> Iterator[None]:
        """Put everything back if an error, or Ctrl-C, comes before the door is passed."""
        try:
            yield
        except BaseException:
            if not self._is_passed:
                self._put_back()
            raise

    def pass_through(self) -> None:
        """Say that training begins, so that it changes what there is."""
        self._is_passed = True

    def _put_back(self) -> None:
        model: Any = self._model
        for name, value in self._values.items():
            setattr(model, name, value)
        model.train_state.memory, model.train_state.packed = self._memory
        model.generator = self._generator
        set_generator_state(model.generator, self.generator)
        for callback, values in self._callbacks:
            vars(callback).clear()
            vars(callback).update(values)
