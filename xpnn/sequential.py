"""Sequential: a network that is trained, measured, used and saved.

It is the friendly shell around what stands below it: `xpnn.network` computes, `xpnn.training`
trains, and files, cards and exports are made by the rooms of these names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, Self

import numpy as np

from .backend import Array, Backend
from .cards import last_epoch, model_card
from .checks import check_flag
from .distributed import Communicator
from .history import History
from .hooks import Callback, Running, Trainable
from .keywords import helpful
from .layers.base import Layer
from .losses import Loss
from .metrics import Metric
from .network import Compiled, TrainState
from .optimizers import Optimizer
from .saving import save
from .schedules import Schedule
from .training.kept import keep
from .training.request import Request
from .training.team import Team

__all__ = ["Sequential"]


class Sequential(Trainable):
    """A stack of layers that can be trained, measured, used and saved.

    Parameters
    ----------
    layers : sequence of Layer
        From input to output.
    seed : int, None, numpy.random.Generator or numpy.random.RandomState
        Where the initial parameters, the order of the batches and dropout's masks come
        from.  One seed gives one run, to rounding, on every backend.
    dtype : {"float32", "float64"}
        The dtype of parameters and computation.
    backend : str or Backend, optional
        As in `xpnn.set_backend`; by default the one in use where the model is made.

    Attributes
    ----------
    layers : tuple of Layer
        As given.
    backend : Backend
        Where the parameters are and the computation runs.
    dtype : str
        As given.
    history : History or None
        That of the last `fit`, also when it was interrupted.

    Raises
    ------
    TypeError, ValueError
        If the layers' sizes don't meet, or an argument is none of the above.

    Notes
    -----
    It is a `xpnn.network.Network`, whose further methods and attributes (`place_inputs`,
    `tensors`, `compiled` and so on) are for who writes a callback or a room of one's own around
    a network; a subclass must leave their names alone.
    """

    def _describe(self, layers: Sequence[Layer], dtype: Any, backend: Any) -> None:
        super()._describe(layers, dtype, backend)
        self.train_state = TrainState()
        self.running: Running | None = None
        self.stop_training = False

    def __getstate__(self) -> dict[str, Any]:
        with self.gate:
            values, state = super().__getstate__(), self.train_state.map(self.copy_to_host)
            if self.running is not None:  # what training goes on to change
                values |= deepcopy({"generator": self.generator, "history": self.history})
        return {**values, "train_state": state, "running": None}

    def __setstate__(self, values: dict[str, Any]) -> None:
        if "_params" in values:
            from .network.older import of_older_pickle

            values = of_older_pickle(values)
        super().__setstate__(values)

    def place(self, backend: Backend) -> None:
        """Put the arrays and the optimizer's memory on a backend, as arrays of their own."""
        # all copies are made before anything is changed: one may fail for want of memory
        with backend.activate_for(self.dtype):
            state = self.train_state.map(
                lambda arrays: [backend.asarray(a, a.dtype, copy=True) for a in arrays]
            )
        super().place(backend)
        self.train_state = state

    def to(self, spec: str | Backend) -> Self:
        """Move the model, with its optimizer's state, to another backend.

        Parameters
        ----------
        spec : str or Backend
            As in `xpnn.set_backend`.

        Returns
        -------
        Sequential
            The model itself.
        """
        with self.gate.reserved("to"):
            return super().to(spec)

    def card(self) -> dict[str, Any]:
        """Return a model card: what the network is, as plain data for `json.dumps`.

        Returns
        -------
        dict
            ``"card"``, the version of this form, and ``"xpnn"``, that of the library;
            ``"dtype"`` and ``"backend"``; ``"inputs"`` and ``"outputs"``, how many, or None;
            ``"layers"``, each with its ``"type"``, ``"settings"`` and ``"outputs"``, and the
            shapes of its ``"parameters"`` and ``"state"``; ``"parameters"``, how many, and
            ``"bytes"``; ``"loss"``, ``"optimizer"`` and ``"metrics"``, None before `compile`;
            ``"clip_norm"`` and ``"clip_value"``, or None; ``"training"``, the
            number of ``"epochs"`` of the last `fit` and the ``"last"`` one's numbers, or
            None; ``"data"``, what a file of ``xpnn train`` tells of its columns (`xpnn
            inspect` shows it), else None.
        """
        return model_card(self)

    @helpful
    def compile(
        self,
        loss: str | Loss,
        optimizer: str | Optimizer,
        metrics: Sequence[str | Metric | Callable[[Array, Array], Array]] = ("accuracy",),
        *,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> Self:
        """Choose how to train; the optimizer starts anew.

        Parameters
        ----------
        loss : Loss or str
            For example ``CategoricalCrossEntropy()`` or ``"categorical_cross_entropy"``.
            Where it meets the activation at the end of the stack that belongs to it
            (Softmax, or Sigmoid for the binary one), the two are computed together.
        optimizer : Optimizer or str
            For example ``Adam(0.01)`` or ``"adam"``.
        metrics : sequence of str, Metric or callable
            Names, as ``"f1"`` or ``"f1_weighted"``; objects of `xpnn.metrics`, as
            ``TopKAccuracy(3)``; or functions of your own, ``function(predictions, targets)``
            of arrays of the model's backend: the network's outputs, and targets as the loss
            takes them.  One returns an array of shape (), which is averaged over batches by
            their numbers of samples, and goes by its ``__name__``.  ``"accuracy"`` is for
            losses that classify, and left out for others.  In training, metrics are of the
            predictions before each step; ``"roc_auc"``, which needs all predictions at once,
            is measured by `evaluate` and on validation data only.
        clip_norm : float, optional
            What the norm of all gradients together is cut to at each step, > 0: they are
            multiplied by min(1, clip_norm / (norm + 1e-6)).  Pascanu et al. (2013).
        clip_value : float, optional
            What each entry of the gradients is cut to, > 0, before that.

        Returns
        -------
        Sequential
            The model itself.

        Raises
        ------
        TypeError, ValueError
            If a name is unknown, a number out of range, or the loss doesn't fit the last layer.
        """
        with self.gate.reserved("compile"):
            self.choose(loss, optimizer, metrics, clip_norm, clip_value)
        return self

    def use(self, compiled: Compiled) -> None:
        """Choose how the network is trained and measured; the optimizer starts anew."""
        with self.gate.changing():
            super().use(compiled)
            self.train_state = TrainState()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step.

        It may be set, also by a callback, to a number or a `xpnn.schedules.Schedule`; what
        the optimizer remembers is kept, and its `decay` still applies.
        """
        optimizer = self.require_compiled().optimizer
        t = np.asarray(float(self.train_state.iterations))
        return float(Optimizer.numbers(optimizer, t)[0])

    @learning_rate.setter
    def learning_rate(self, value: float | Schedule) -> None:
        compiled = self.require_compiled()
        optimizer = replace(compiled.optimizer, learning_rate=value)
        self.compiled = replace(compiled, optimizer=optimizer)

    @helpful
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        epochs: int = 1,
        batch_size: int | None = 32,
        validation_data: tuple[Any, ...] | None = None,
        validation_split: float = 0.0,
        shuffle: bool | str = True,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Sequence[Callback] = (),
        verbose: str | bool | int = "auto",
        resume: str | os.PathLike[str] | None = None,
        communicator: Communicator | None = None,
        rows: str = "same",
    ) -> History:
        """Train.

        Parameters
        ----------
        X : array_like or row source of shape (n, n_features)
            The inputs: finite numbers of any library; of `xpnn.data`, checked as they come.
        y : array_like or row source of shape (n,) or (n, n_outputs)
            The targets, as the loss takes them.
        epochs : int
            How many times to go through the data.
        batch_size : int or None
            The number of samples in a step; None is all of them.  The last batch of an
            epoch may be shorter.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Data to measure after each epoch, by the weights that are given here alone.
        validation_split : float
            The part of the samples, 0 <= part < 1, drawn at random, also where `shuffle` is
            off, that is measured after each epoch, without weights, and not trained on.
        shuffle : bool or "parts"
            Whether each epoch goes through the samples in a new order; by ``"parts"``, as what
            is read so always does, as `xpnn.data.order` tells.  One batch of all stays in its.
        sample_weight : array_like of shape (n,), optional
            How much each sample counts, >= 0.  A batch's loss is the weighted mean.
        class_weight : dict of int to float, or "balanced", optional
            How much the samples of each class count; 1 for classes that are not named.
            ``"balanced"`` is n / (number of classes * number of samples of the class).  It is
            for training: validation data are measured without it.
        callbacks : sequence of Callback
            What to tell about the training.
        verbose : "auto", bool or int
            Whether to show a progress bar; "auto" shows one after two seconds where a
            person watches, on a terminal or in a notebook.
        resume : str or path, optional
            A folder in which a `xpnn.callbacks.Checkpoint` wrote.  The run goes on from the
            newest good checkpoint there, and ends where it would have ended without an
            interruption; `epochs` are those of the whole run.  Where there is none, it starts
            afresh.  The network, how it is compiled, the data and the other arguments must be
            those of the run; the backend may be another, and so may the number of processes.
        communicator : Communicator, optional
            The processes that train together, as `xpnn.distributed.mpi` returns them; each
            calls `fit`.  `batch_size` is that of all together, and one seed gives one run on
            any number of them, to rounding.  What one decides, all do.
        rows : {"same", "own"}
            Whether each process is given all rows, or its own, which follow one another.

        Returns
        -------
        History
            The loss and metrics of each epoch: the mean over its batches, as they were
            before each step, and after the epoch for validation data.  In training, weights
            count in the loss alone; in validation, in the metrics too.

        Raises
        ------
        TypeError, ValueError
            If an argument is none of the above; the model stays as it was.  A checkpoint that
            is whole, but wrong, is a `ModelFileError`.
        RuntimeError
            If the model is not compiled.
        DivergenceError
            If the loss became NaN or infinite, or the parameters did in the last step.
            The parameters are then the last with which an epoch began and gave a finite
            loss, and the optimizer starts anew.
        DistributedError
            If another process could not go on.
        KeyboardInterrupt, SystemExit
            After Ctrl-C; after SIGTERM or SIGHUP, if nobody else handles it, with the code 143
            or 129, when the step is taken: the model keeps what it learnt, and its history.
        """
        team = Team(communicator, rows)
        gate = self.gate.reserved("fit")
        with team.together(), gate, self.backend.activate_for(self.dtype):
            with team.together():
                how = epochs, batch_size, validation_data, validation_split, shuffle
                request = Request(*how, callbacks, verbose, team)
                self.require_compiled()
            return request.train(self, X, y, sample_weight, class_weight, resume)

    @helpful
    def evaluate(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        communicator: Communicator | None = None,
        rows: str = "same",
    ) -> dict[str, Any]:
        """Measure the loss and the metrics.

        Parameters
        ----------
        X : array_like or row source of shape (n, n_features)
            The inputs.
        y : array_like or row source of shape (n,) or (n, n_outputs)
            The targets, as the loss takes them.
        sample_weight : array_like of shape (n,), optional
            How much each sample counts, >= 0: one of weight 2 counts as if it were there twice.
        communicator : Communicator, optional
            The processes that measure together.
        rows : {"same", "own"}
            As in `fit`.

        Returns
        -------
        dict of str to float
            ``"loss"`` and each metric, of all samples; a confusion matrix is an array.

        Raises
        ------
        TypeError, ValueError
            If an array is none of the above, or a metric of one's own can't weigh samples.
        RuntimeError
            If the model is not compiled.
        """
        with self.gate:
            return self.measure_on(
                X, y, sample_weight=sample_weight, communicator=communicator, rows=rows
            )()

    def save(self, path: str | os.PathLike[str], *, optimizer: bool = True) -> None:
        """Save the network to a safetensors file; see `xpnn.load`.

        Parameters
        ----------
        path : str or path
            The file, which is replaced at once when all is written.
        optimizer : bool
            Whether the file also keeps what training needs to go on: what the optimizer
            remembers, and the generator's state.  With Adam it is three times as large.
        """
        check_flag("optimizer", optimizer)
        with self.gate, self.backend.activate_for(self.dtype):
            extra = {"training": training} if (training := last_epoch(self)) else None
            save(self, path, extra, **(keep(self) if optimizer else {}))

    def export_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the network to an ONNX file, which other programs run without Python.

        The file takes ``"inputs"`` of shape (n, n_features), for any n, in the model's dtype,
        and gives what `predict` does; `xpnn.export.onnx_model` tells the output's name.

        Parameters
        ----------
        path : str or path
            The file, which is replaced at once when all is written.

        Raises
        ------
        ModuleNotFoundError
            If the package onnx is not installed.
        TypeError
            If a layer does not define `Layer.to_onnx`.
        """
        from .export import export_onnx

        export_onnx(self, path)
