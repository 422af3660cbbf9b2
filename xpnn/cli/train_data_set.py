"""Training on a built-in data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from .. import cards
from ..backend import Backend
from ..callbacks import Callback, EarlyStopping
from ..distributed import Communicator
from ..saving import save
from ..tables import Preparation
from ..tabular.scores import metrics_for
from ..training.interrupt import Signals
from .data import built_in, generators
from .datasets import DATA_SETS
from .networks import loss_for, network
from .optimizers import chosen_optimizer
from .pictures import draw
from .results import results
from .settings import Asked, chosen_settings
from .training import Training, checkpoint, ended_by

__all__ = ["OnDataSet"]


class OnDataSet(Training):
    """One network that is trained on a built-in data set."""

    def __init__(self, asked: Asked, backend: Backend) -> None:
        """Check what was asked for."""
        self.asked, self.backend = asked, backend
        self._defaults = DATA_SETS[asked.data].settings
        chosen_optimizer(asked, self._defaults, steps=1)  # there are no rows yet to count
        self._settings = chosen_settings(asked, self._defaults)
        if asked.patience is not None and self._settings.validation_split == 0:
            raise ValueError("--patience needs rows to measure: give --validation-split")

    def prepare(self, movies: Sequence[Callback]) -> None:
        """Get the data and make the network; as `Training.prepare`."""
        folder = self.asked.checkpoints
        self._callbacks = [*([] if folder is None else [checkpoint(folder)]), *movies]
        if self.asked.patience is not None:
            self._callbacks.append(EarlyStopping("val_loss", self.asked.patience))
        self._data = built_in(self.asked.data, self.asked.seed, self._settings.validation_split)
        target, (n, n_inputs) = self._data.target, self._data.training[0].shape
        generator = generators(self.asked.seed)[1]
        self._model = network(n_inputs, self._settings, target, generator, self.backend)
        metrics = metrics_for(target, ("accuracy", *self.asked.metric))
        steps = self._settings.epochs * math.ceil(n / (self._settings.batch_size or n))
        optimizer = chosen_optimizer(self.asked, self._defaults, steps)
        self._model.compile(loss_for(target), optimizer, metrics)

    def fit(self, signals: Signals, communicator: Communicator) -> tuple[int, list[OSError]]:
        """Train the model, as long as nothing ends it; as `Training.fit`."""
        status, problems = 0, []
        try:
            self._model.fit(
                *self._data.training,
                epochs=self._settings.epochs,
                batch_size=self._settings.batch_size,
                validation_data=self._data.validation,
                callbacks=self._callbacks,
                resume=self.asked.checkpoints,
                communicator=communicator,
            )
        except (KeyboardInterrupt, SystemExit) as error:
            done = f"{self._epochs:,} of {self._settings.epochs:,} epochs"
            status = ended_by(error, signals, done)
        except OSError as error:  # of a file beside the model, which is not lost for that
            if not self._epochs:
                raise
            problems.append(error)
        return status, problems

    @property
    def _epochs(self) -> int:
        return self._model.history.epochs if self._model.history else 0

    def save(self, path: Path) -> bool:
        """Write the model file; as `Training.save`."""
        preparation = Preparation((), self._data.target).to_json()
        extra = {"data": self._data.source, "preparation": preparation}
        if training := cards.last_epoch(self._model):
            extra["training"] = training
        save(self._model, path, extra)
        return True

    def draw(self, path: Path) -> bool:
        """Draw the curves, and the regions of points in the plane; as `Training.draw`."""
        history = self._model.history.history if self._model.history else {}
        X, y = self._data.training
        if X.shape[1] != 2:
            return draw(path, history)
        return draw(path, history, self._model.predict, (X, y), self._data.target.labels)

    def results(self) -> str:
        """Return what is measured on each part of the rows."""
        parts = {"training": self._data.training, "validation": self._data.validation}
        measured = {
            part: self._model.evaluate(*rows)
            for part, rows in parts.items()
            if rows is not None
        }
        return results(measured, self._data.target)

    def done(self) -> str:
        """Return for how long it was trained."""
        return f"{self._epochs:,} epoch{'s' * (self._epochs != 1)}"
