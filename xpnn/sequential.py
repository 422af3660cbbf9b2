"""Sequential: a network that is trained, measured, used and saved.

It is the friendly shell around what stands below it: `xpnn.network` computes, `xpnn.training`
trains, and files, cards and exports are made by the rooms of these names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from .backend import Array, Backend
from .cards import last_epoch, model_card
from .history import History
from .hooks import Callback, Running, Trainable
from .layers.base import Layer
from .losses import Loss
from .metrics import Metric
from .network import Compiled, Stack, TrainState
from .optimizers import Optimizer
from .saving import save
from .schedules import Schedule
from .training.request import Request
from .training.resume import Start, newest

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
        state = self.train_state.map(self.backend.to_numpy)
        return {**super().__getstate__(), "train_state": state, "running": None}

    def __setstate__(self, values: dict[str, Any]) -> None:
        super().__setstate__(_of_older_pickle(values) if "_params" in values else values)

    def place(self, backend: Backend) -> None:
        """Put the arrays and the optimizer's memory on a backend, as arrays of their own."""
        # all copies are made before anything is changed: one may fail for want of memory
        with backend.activate_for(self.dtype):
            state = self.train_state.map(lambda a: backend.asarray(a, a.dtype, copy=True))
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
        self._check_idle("to")
        return super().to(spec)

    def _check_idle(self, name: str) -> None:
        """Check that the model doesn't train, where a method would change what is in use."""
        if self.running is not None:
            raise RuntimeError(
                f"{name}() can't be called while the model is training, as from a callback or "
                "another thread"
            )

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
        self._check_idle("compile")
        self.use(Compiled.checked(loss, optimizer, metrics, clip_norm, clip_value))
        return self

    def use(self, compiled: Compiled) -> None:
        """Choose how the network is trained and measured; the optimizer starts anew."""
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

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        epochs: int = 1,
        batch_size: int | None = 32,
        validation_data: tuple[Any, Any] | None = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Sequence[Callback] = (),
        verbose: str | bool | int = "auto",
        resume: str | os.PathLike[str] | None = None,
    ) -> History:
        """Train.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The inputs: numbers of any library, finite.
        y : array_like of shape (n,) or (n, n_outputs)
            The targets, as the loss takes them.
        epochs : int
            How many times to go through the data.
        batch_size : int or None
            The number of samples in a step; None is all of them.  The last batch of an
            epoch may be shorter.
        validation_data : (X, y), optional
            Data to measure after each epoch.
        validation_split : float
            The part of the samples, 0 <= part < 1, drawn at random, that is measured
            after each epoch and not trained on.
        shuffle : bool
            Whether each epoch goes through the samples in a new order.  Where one batch
            holds all of them, they stay in theirs.
        sample_weight : array_like of shape (n,), optional
            How much each sample counts, >= 0.  A batch's loss is the weighted mean.
        class_weight : dict of int to float, or "balanced", optional
            How much the samples of each class count; 1 for classes that are not named.
            ``"balanced"`` is n / (number of classes * number of samples of the class).
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
            those of the run; the backend may be another.

        Returns
        -------
        History
            The loss and metrics of each epoch: the mean over its batches, as they were
            before each step, and after the epoch for validation data.

        Raises
        ------
        TypeError, ValueError
            If an argument is none of the above; the model stays as it was.
        RuntimeError
            If the model is not compiled.
        DivergenceError
            If the loss became NaN or infinite, or the parameters did in the last step.
            The parameters are then the last with which an epoch began and gave a finite
            loss, and the optimizer starts anew.
        KeyboardInterrupt
            After Ctrl-C, at the end of the current step: the model keeps what it learnt
            and ``model.history`` the finished epochs.
        """
        self.require_compiled()
        self._check_idle("fit")
        request = Request(
            epochs, batch_size, validation_data, validation_split, shuffle, callbacks, verbose
        )
        with self.backend.activate_for(self.dtype):
            rows = request.place(self, X, y, sample_weight, class_weight)
            start = Start() if resume is None else newest(resume)
            run = request.begin(self, rows, start)
            self.history, self.running = History(), run.progress
            try:
                run.run()
            finally:
                self.running = None
                self.train_state.settle(self.backend)
        return self.history

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Measure the loss and the metrics.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The inputs.
        y : array_like of shape (n,) or (n, n_outputs)
            The targets, as the loss takes them.

        Returns
        -------
        dict of str to float
            ``"loss"`` and each metric, of all samples together.  A confusion matrix is a
            NumPy array of shape (k, k).

        Raises
        ------
        TypeError, ValueError
            If an array is none of the above.
        RuntimeError
            If the model is not compiled.
        """
        return self.measure_on(X, y)()

    def measure_on(self, X: Any, y: Any) -> Callable[[], dict[str, Any]]:
        """Return `evaluate` for data that is checked and placed once.

        Parameters
        ----------
        X, y : array_like
            As in `evaluate`, which tells what is raised.

        Returns
        -------
        callable
            Without arguments; it measures the model with the parameters that it then
            has, as long as it stays on this backend.
        """
        self.require_compiled()
        with self.backend.activate_for(self.dtype):
            x = self.place_inputs(X)
            targets = self.place_targets(y, x)

        def measure() -> dict[str, Any]:
            with self.backend.activate_for(self.dtype):
                return self.measure_rows(x, targets)

        return measure

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the network to a safetensors file; see `xpnn.load`.

        Parameters
        ----------
        path : str or path
            The file, which is replaced at once when all is written.
        """
        training = last_epoch(self)
        save(self, path, {"training": training} if training else None)

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


def _of_older_pickle(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is pickled today, of what version 0.1.0 pickled at first."""
    names = {
        "_params": "parameter_arrays",
        "_layer_state": "state_arrays",
        "_parameters": "declared_parameters",
        "_states": "declared_states",
        "_generator": "generator",
    }
    gone = ("_loss", "_optimizer", "_metrics", "_clip", "_state", "_stack", "_packed", "_fit")
    new = {names.get(name, name): v for name, v in values.items() if name not in gone}
    state = TrainState()
    state.memory = values["_state"]
    compiled = None
    if values["_loss"] is not None:
        chosen = (values[name] for name in ("_loss", "_optimizer", "_metrics"))
        compiled = Compiled(*chosen, **values["_clip"])
    stack = Stack(values["layers"])
    return {**new, "stack": stack, "compiled": compiled, "train_state": state, "running": None}
