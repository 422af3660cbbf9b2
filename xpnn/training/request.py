"""The door of `Sequential.fit`: what is asked for is checked, and data are placed, once."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import HOST, Array, find
from ..callbacks import ProgressBar
from ..checks import check_integer, check_number
from ..data import check_class_weight, check_sample_weight, classes_of, split_rows
from ..data.sources import Held, Source
from ..data.streams import first_rows, pieces_of
from ..distributed import Communicator
from ..distributed.communicator import digest
from ..history import History
from ..hooks import Callback, Trainable
from ..losses import Loss
from ..naming import describe
from .door import Door
from .kept import generator_state
from .loop import Fit
from .resume import Start, newest
from .supply import ArrivingSupply, Supply
from .team import Team

__all__ = ["Request"]

FORGOTTEN = (
    "The optimizer begins anew: the file of the model keeps nothing of what it remembered"
)

DIGITS = ":0123456789"
"""What the name of a device may end in that tells it from others of its kind."""

Rows = tuple[Array | Source, Array | Source, np.ndarray | None]
"""Inputs and targets, placed, and on the host the samples' weights."""


@dataclass
class Request:
    """How to train, as `Sequential.fit` is asked for it; its parameters are documented there.

    Raises
    ------
    TypeError, ValueError
        If one is none of what that documents.
    """

    epochs: int
    batch_size: int | None
    validation_data: tuple[Any, ...] | None
    validation_split: float
    shuffle: bool | str
    callbacks: Sequence[Callback]
    verbose: str | bool | int
    team: Team

    def __post_init__(self) -> None:
        self.epochs = check_integer("epochs", self.epochs, at_least=1)
        if self.batch_size is not None:
            self.batch_size = check_integer("batch_size", self.batch_size, at_least=1)
        check_number("validation_split", self.validation_split, at_least=0, below=1)
        given = self.validation_data
        if given is not None and not (isinstance(given, tuple | list) and len(given) in (2, 3)):
            raise ValueError(
                "validation_data must be (X, y) or (X, y, sample_weight), got a "
                f"{type(given).__name__}"
                + (f" of {len(given)}" if isinstance(given, tuple | list) else "")
            )
        if self.validation_data is not None and self.validation_split:
            raise ValueError("give validation_data or validation_split, not both")
        if np.ndim(self.verbose) or self.verbose not in ("auto", True, False, 0, 1, 2):
            raise ValueError(f"verbose must be 'auto', True or False, got {self.verbose!r}")
        is_parts = isinstance(self.shuffle, str) and self.shuffle == "parts"
        if not is_parts and not isinstance(self.shuffle, bool):
            raise TypeError(f"shuffle must be True, False or 'parts', got {self.shuffle!r}")
        callbacks = self.callbacks
        if not isinstance(callbacks, Sequence) or not all(
            isinstance(callback, Callback) for callback in callbacks
        ):
            raise TypeError(f"callbacks must be a list of Callback objects, got {callbacks!r}")

    def train(
        self,
        model: Trainable,
        X: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Any,
        resume: str | os.PathLike[str] | None,
    ) -> History:
        """Train, as `Sequential.fit` tells; return the history, which the model has, too."""
        if self.team.communicator is not None:
            given = {
                "class_weight": repr(class_weight),
                "whether it resumes": resume is not None,
            }
            self.team.check_same({"rows": self._rows, **given})
        with self.team.together():
            rows = self.place(model, X, y, sample_weight)
        rows = self.weigh(model, rows, class_weight)
        start = Start() if resume is None else self.team.of_first(lambda: newest(resume))
        run = self.begin(model, rows, start)
        history = model.history = History()
        model.running = run.progress
        model.train_state.communicator = self.team.communicator
        try:
            run.run()
        finally:
            model.running = model.train_state.communicator = None
            with model.gate.changing():
                model.train_state.settle(model.backend)
        return history

    @property
    def _rows(self) -> str:
        """Whose rows are given, as `Sequential.fit` takes it."""
        return "own" if self.team.has_own_rows else "same"

    def place(self, model: Trainable, X: Any, y: Any, sample_weight: Any) -> Rows:
        """Check the rows to train on, and place them on the model's backend.

        Raises
        ------
        TypeError, ValueError
            If an array is none of what `Sequential.fit` documents.
        """
        from ..network.goals import check_targets
        from ..network.rows import weigh_targets

        x = model.place_inputs(X)
        targets = model.place_targets(y, x)
        compiled = model.require_compiled()
        known = targets.rows if isinstance(targets, Held) else targets
        if not isinstance(known, Source):  # of which too few are known
            check_targets(model.links, model.link_sizes(x.shape[1]), compiled.loss, known)
        own = self.team.has_own_rows
        weight = check_sample_weight(sample_weight, x.shape[0], all_may_be_0=own)
        return x, targets, weigh_targets(compiled, targets, weight, all_may_be_0=own)

    def weigh(self, model: Trainable, rows: Rows, class_weight: Any) -> Rows:
        """Return rows with the weights of their classes multiplied into theirs.

        Raises
        ------
        TypeError, ValueError
            If `class_weight` is none of what `Sequential.fit` documents.
        """
        if class_weight is None:
            return rows
        x, targets, weight = rows
        backend, loss, counts = model.backend, model.require_compiled().loss, None
        classes = targets
        if isinstance(targets, Source):
            backend = find(HOST)
            with self.team.together():
                of_pieces = (classes_of(y, loss, backend) for y in pieces_of(targets))
                classes = np.concatenate([*of_pieces])
        if self.team.has_own_rows:
            with self.team.together():
                own = Counter(classes_of(classes, loss, backend).tolist())
            total = sum(self.team.gather(own), Counter())
            counts = np.array([total[i] for i in range(1 + max(0, *total))])
        with self.team.together():
            n_outputs = model.n_outputs(x.shape[1])
            weight = check_class_weight(
                class_weight, weight, classes, n_outputs, loss, backend, counts
            )
        return x, targets, weight

    def begin(self, model: Trainable, rows: Rows, start: Start) -> Fit:
        """Return the training, ready to run.

        Parameters
        ----------
        model : Trainable
            What trains.
        rows : (x, targets, weight)
            As `place` returns them.
        start : Start
            Where it begins.

        Raises
        ------
        TypeError, ValueError
            If the validation data are none of what `Sequential.fit` documents, no row is left
            to train on, or `start` is of another run; then the model stays as it was.
        """
        from ..network.goals import check_batches

        bars = []
        if self.team.of_first(self._wants_progress):
            bars = [ProgressBar(delay=2.0 if self.verbose == "auto" else 0.0)]
        door = Door(model, self.callbacks)
        with door.before():
            at_start, whole = door.generator, (0, int(rows[0].shape[0]))
            if self.team.communicator is not None:
                with self.team.together():
                    plan = self._plan(model, rows, self.team.communicator)
                self.team.check_same(plan)
                self.team.begin(model)
                at_start = generator_state(model.generator)
                counts = self.team.gather(whole[1])
                whole = sum(counts[: self.team.rank]), sum(counts)
            with self.team.together():
                if start.path is not None:  # the same rows are held back for validation
                    at_start = start.set_generator(model)
                rows, validation = self._validation(model, rows, whole)
            comes = self.team.has_own_rows or isinstance(rows[0], Source)
            kind = ArrivingSupply if comes else Supply
            supply = kind(self.team, model.backend, model.dtype, *rows)
            with self.team.together():
                n, n_features = supply.shape
                batch = n if self.batch_size is None else min(self.batch_size, n)
                if self.batch_size == 1 or not model.train_state.iterations:
                    # of a training in parts the last one may be one row
                    check_batches(model.links, model.link_sizes(n_features), batch)
            run = Fit(
                model,
                supply,
                validation,
                self.epochs,
                self.batch_size,
                self.shuffle,
                [*self.callbacks, *bars],
                at_start,
                door,
                start,
            )
        says = bars and start.path is None and self.team.is_first
        if model.train_state.is_forgotten and says:
            print(FORGOTTEN, file=sys.stderr)
        model.train_state.is_forgotten = False  # it is said once
        return run

    def _validation(
        self, model: Trainable, rows: Rows, whole: tuple[int, int]
    ) -> tuple[Rows, tuple[Any, ...] | None]:
        """Return the rows to train on, and those to measure after each epoch."""
        from ..network.rows import weigh_targets

        if self.validation_data is not None:
            given = self.validation_data
            x = model.place_inputs(given[0], "X of validation_data")
            y = model.place_targets(given[1], x, "y of validation_data")
            weight = given[2] if len(given) == 3 else None
            own = self.team.has_own_rows
            weight = model.place_weight(weight, x, "sample_weight of validation_data", own)
            compiled, name = model.require_compiled(), "y of validation_data"
            return rows, (x, y, weigh_targets(compiled, y, weight, model.dtype, name, own))
        if self.validation_split:
            backend = model.backend

            def take(array: Array | Source, numbers: np.ndarray) -> Array | Source:
                if isinstance(array, Source):
                    return array.of(numbers)
                return backend.take_rows(array, backend.asarray(numbers))

            if not self.team.has_own_rows:
                whole = 0, rows[0].shape[0]
            return split_rows(model.generator, self.validation_split, *rows, take, whole)
        return rows, None

    def _plan(self, model: Trainable, rows: Rows, communicator: Communicator) -> dict[str, Any]:
        """Return what must be the same on all processes, as plain data."""
        from ..network.cuts import check_cuts

        communicator.check_backend(model.backend)
        backend, loss = model.backend, model.require_compiled().loss
        if self.team.size > 1 and type(loss).__call__ is not Loss.__call__:
            raise TypeError(
                f"the loss {loss} has a __call__ of its own, so that it can't be cut over "
                "processes: define forward, the loss of each sample"
            )
        if self.team.size > 1:
            check_cuts(model.links, model.link_sizes(rows[0].shape[1]))
        return {
            "layers": [describe(layer) for layer in model.layers],
            **model.require_compiled().described(),
            "dtype": model.dtype,
            # of several GPUs of a kind each has its own
            "backend": f"{backend.name}:{backend.device_name(backend.device)}".rstrip(DIGITS),
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "callbacks": [
                [type(c).__name__, c.patient, c.wants_last_step] for c in self.callbacks
            ],
            "the number of features": rows[0].shape[1],
            "the shape of a target": [*rows[1].shape[1:]],
            "whether there are weights": rows[2] is not None,
            "whether there are validation data": self.validation_data is not None,
            **self._checksums(rows),
            "validation_split": self.validation_split,
        }

    def _checksums(self, rows: Rows) -> dict[str, Any]:
        """Return what tells data from others, where all processes have the same."""
        if self.team.has_own_rows:
            return {}
        return {
            "the number of rows": rows[0].shape[0],
            "in which parts they are read": getattr(rows[0], "parts", None),
            "the data (a checksum)": digest(*map(first_rows, rows)),
            "the validation data (a checksum)": digest(
                *map(first_rows, self.validation_data or ())
            ),
        }

    def _wants_progress(self) -> bool:
        """Whether a progress bar is wanted."""
        return ProgressBar.wanted() if self.verbose == "auto" else bool(self.verbose)
