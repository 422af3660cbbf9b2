"""Sequential: the friendly shell around the pure core of `xpnn.training`.

It holds what changes, the parameters, the optimizer's state and the generator of random
numbers, and checks at the door what comes in.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .backend import (
    Array,
    Backend,
    array_namespace,
    device_of,
    dtype_name,
    resolve,
    to_host,
)
from .callbacks import Callback, ProgressBar
from .checkpoints import Start, generator_state, newest, set_generator_state
from .checks import check_flag, check_integer, check_number, check_rows
from .data import batch_slices, check_class_weight, check_sample_weight, split_rows
from .fitting import DivergenceError, Fit, Packed
from .initializers import as_generator, draw
from .layers.base import Layer, Parameter
from .losses import LOSSES, Loss
from .metrics import Accuracy, Metric, as_metric
from .naming import look_up
from .optimizers import OPTIMIZERS, Optimizer, State
from .packing import Packing
from .schedules import Schedule
from .training import Stack, TrainStep, bind, fuse, make_gradients, make_measure

__all__ = ["DivergenceError", "History", "Sequential"]

PREDICT_NUMBERS = 1 << 22
"""About how many numbers one layer's outputs may hold when predicting a part of the rows."""


@dataclass
class History:
    """What `Sequential.fit` measured.

    Attributes
    ----------
    history : dict of str to list of float
        ``"loss"``, each metric, and the same with ``val_`` in front where there was
        validation data: one number for each epoch.
    """

    history: dict[str, list[float]] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """The number of epochs that were finished."""
        return len(self.history.get("loss", ()))

    def append(self, logs: dict[str, float]) -> None:
        """Add the numbers of an epoch."""
        self.extend({name: [value] for name, value in logs.items()})

    def extend(self, logs: dict[str, list[float]]) -> None:
        """Add the numbers of several epochs."""
        for name, values in logs.items():
            self.history.setdefault(name, []).extend(values)


class Sequential:
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
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        seed: Any = None,
        dtype: Any = "float32",
        backend: str | Backend | None = None,
    ) -> None:
        self._describe(layers, dtype, backend)
        self._generator = as_generator(seed)
        self._params = self._draw(self._parameters)
        self._layer_state = self._draw(self._states)

    def _draw(self, declared: dict[str, Parameter]) -> list[Array]:
        """Make first values."""
        values = []
        for full_name, p in declared.items():
            try:
                values.append(draw(p.initializer, self._generator, p.shape))
            except (TypeError, ValueError) as error:
                index, _, name = full_name.partition(".")
                layer = self.layers[int(index)]
                raise type(error)(f"{name} of layer {index}, {layer}: {error}") from None
        return [self.backend.asarray(v, self.dtype, copy=True) for v in values]

    def _describe(self, layers: Sequence[Layer], dtype: Any, backend: Any) -> None:
        """Set what is known before there are parameters."""
        if not isinstance(layers, Sequence):
            raise TypeError(f"layers must be a list of Layer objects, got {layers!r}")
        self.layers = tuple(layers)
        self.dtype = "None" if dtype is None else dtype_name(dtype)
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
        if not self.layers:
            raise ValueError(f"layers must hold at least one layer, got {layers!r}")
        size: int | None = None
        for index, layer in enumerate(self.layers):
            if not isinstance(layer, Layer):
                hint = "; write it with (): an instance" if isinstance(layer, type) else ""
                raise TypeError(f"layers[{index}] must be a Layer, got {layer!r}{hint}")
            try:
                size = layer.output_size(size)
            except ValueError as error:
                raise ValueError(f"layers[{index}] does not fit: {error}") from None
        self.backend = resolve(backend)
        self._stack = Stack(self.layers)
        # by their names in a file
        self._parameters = _declared(layer.parameters() for layer in self.layers)
        self._states = _declared(layer.state() for layer in self.layers)
        self._loss: Loss | None = None
        self._optimizer: Optimizer | None = None
        self._metrics: tuple[Metric, ...] = ()
        self._clip: dict[str, float | None] = {"clip_norm": None, "clip_value": None}
        self._state: State = {}
        self._packed: Packed | None = None
        self._functions: dict[str, Callable[..., Any]] = {}
        self._fit: Fit | None = None
        self.history: History | None = None
        self.stop_training = False

    @classmethod
    def _restore(
        cls, layers: Sequence[Layer], tensors: Mapping[str, Any], dtype: str, backend: Any
    ) -> Sequential:
        """Make a model around parameters and states that are known already, by their names."""
        model = cls.__new__(cls)
        model._describe(layers, dtype, backend)
        model._generator = as_generator(None)
        model._set_tensors(tensors)
        return model

    def __repr__(self) -> str:
        inner = ", ".join(str(layer) for layer in self.layers)
        return f"Sequential([{inner}], dtype={self.dtype!r}, backend={self.backend.spec!r})"

    def __getstate__(self) -> dict[str, Any]:
        # compiled functions are made again, and arrays travel by the host to their device
        backend = self.backend
        params = [backend.to_numpy(p) for p in self._params]
        changed = {
            "_functions": {},
            "_params": params,
            "_layer_state": [backend.to_numpy(a) for a in self._layer_state],
            "_state": _map_state(backend.to_numpy, self._state),
            "_packed": None,
            "_fit": None,
        }
        return {**self.__dict__, **changed}

    def __setstate__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)
        self._place(self.backend)

    # ------------------------------------------------------------------- parameters

    @property
    def n_inputs(self) -> int | None:
        """The number of features that the first layer with a fixed size takes."""
        for layer in self.layers:
            if hasattr(layer, "n_inputs"):
                return int(layer.n_inputs)
            if type(layer).output_size is not Layer.output_size:
                return None  # what is behind it takes what it gives, not what comes in
        return None

    def _sizes(self, n_inputs: int | None = None) -> list[int | None]:
        """Return the number of inputs of each layer, and of outputs of the last."""
        sizes = [self.n_inputs if n_inputs is None else n_inputs]
        for layer in self.layers:
            sizes.append(layer.output_size(sizes[-1]))
        return sizes

    def _n_outputs(self, n_inputs: int) -> int:
        """Return the number of the network's outputs for a number of inputs."""
        size = self._sizes(n_inputs)[-1]
        if size is None:
            raise ValueError(f"the layers don't tell how many outputs {n_inputs} inputs have")
        return size

    @property
    def _arrays(self) -> list[Array]:
        """What the core's functions take where the network is used: parameters, states."""
        return [*self._params, *self._layer_state] if self._layer_state else self._params

    def _tensors(self) -> dict[str, Array]:
        """Return parameters and states by their names in a file; not copied."""
        return dict(
            zip([*self._parameters, *self._states], [*self._params, *self._layer_state])
        )

    def _copy_tensors(self) -> dict[str, Array]:
        """Return copies of parameters and states by their names in a file."""
        tensors = self._tensors()
        return dict(zip(tensors, self._function("copy")([*tensors.values()])))

    def _set_tensors(self, tensors: Mapping[str, Any]) -> None:
        """Set parameters and states, of any library, by their names; copied."""
        declared = self._parameters | self._states
        if declared.keys() != tensors.keys():
            raise ValueError(f"expected the arrays {sorted(declared)}, got {sorted(tensors)}")
        new = self._copy_here([tensors[name] for name in declared], declared)
        n = len(self._parameters)
        self._params, self._layer_state = new[:n], new[n:]

    def _copy_here(self, arrays: Sequence[Any], declared: dict[str, Parameter]) -> list[Array]:
        """Copy arrays, which must have the declared shapes, to the backend."""
        with self.backend.activate():
            new = [self.backend.asarray(a, self.dtype, copy=True) for a in arrays]
        for (name, p), array in zip(declared.items(), new):
            if tuple(array.shape) != p.shape:
                raise ValueError(
                    f"{name} must have the shape {p.shape}, got {tuple(array.shape)}"
                )
        return new

    @property
    def parameters(self) -> list[Array]:
        """Copies of the parameters, layer by layer, weights before biases.

        They are arrays of the model's backend, and stay as they are when training goes
        on; `set_parameters` takes such a list.
        """
        with self.backend.activate():
            return list(self._function("copy")(self._params))

    def set_parameters(self, arrays: Sequence[Any]) -> None:
        """Set all parameters.

        Parameters
        ----------
        arrays : sequence of array_like
            In the order and the shapes of `parameters`, of any library; copied.

        Raises
        ------
        ValueError
            If their number or a shape is wrong; then nothing is changed.
        """
        count = len(self._parameters)
        if len(arrays) != count:
            raise ValueError(f"arrays must hold {count} arrays, got {len(arrays)}")
        self._params = self._copy_here(arrays, self._parameters)

    def to(self, spec: str | Backend) -> Sequential:
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
        self._place(resolve(spec))
        return self

    def _check_idle(self, name: str) -> None:
        """Check that the model doesn't train, where a method would change what is in use."""
        if self._fit is not None:
            raise RuntimeError(
                f"{name}() can't be called while the model is training, as from a callback or "
                "another thread"
            )

    def _place(self, backend: Backend) -> None:
        """Put parameters and optimizer state on a backend, as arrays of their own."""

        def place(array: Array) -> Array:
            return backend.asarray(array, array.dtype, copy=True)

        params = [place(p) for p in self._params]
        layer_state = [place(a) for a in self._layer_state]
        state = _map_state(place, self._state)
        self.backend, self._params, self._state = backend, params, state
        self._layer_state = layer_state
        self._functions, self._packed = {}, None

    def summary(self) -> str:
        """Return a table of the layers, with their outputs and numbers of parameters."""
        from tabulate import tabulate

        rows, total = [], 0
        for layer, size in zip(self.layers, self._sizes()[1:]):
            count = sum(math.prod(p.shape) for p in layer.parameters().values())
            total += count
            rows.append([str(layer), f"(n, {'?' if size is None else size})", f"{count:,}"])
        table = tabulate(
            rows, ["layer", "output", "parameters"], colalign=("left", "left", "right")
        )
        size = total * np.dtype(self.dtype).itemsize
        where = f"{self.dtype} on {self.backend.spec}"
        return f"{table}\n{total:,} parameters, {size / 1e6:.3g} MB, {where}"

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
        from .cards import model_card

        return model_card(self)

    # ---------------------------------------------------------------------- compile

    def compile(
        self,
        loss: str | Loss,
        optimizer: str | Optimizer,
        metrics: Sequence[str | Metric | Callable[[Array, Array], Array]] = ("accuracy",),
        *,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> Sequential:
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
        criterion: Loss = _instance("loss", loss, Loss, LOSSES)
        rule: Optimizer = _instance("optimizer", optimizer, Optimizer, OPTIMIZERS)
        chosen = _metrics(metrics, criterion)
        clip = {"clip_norm": clip_norm, "clip_value": clip_value}
        for name, value in clip.items():
            if value is not None:
                check_number(name, value, above=0)
                clip[name] = float(value)
        fuse(self.layers, criterion)
        self._loss, self._optimizer, self._metrics = criterion, rule, chosen
        self._clip = clip
        self._state, self._functions, self._packed = {}, {}, None
        return self

    @property
    def _step_metrics(self) -> tuple[Metric, ...]:
        """The metrics that are measured while training."""
        return tuple(m for m in self._metrics if m.is_number and not m.of_all)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step.

        It may be set, also by a callback, to a number or a `xpnn.schedules.Schedule`; what
        the optimizer remembers is kept, and its `decay` still applies.
        """
        _, optimizer = self._compiled()
        t = np.asarray(float(self._state.get("iterations", 0)))
        return float(Optimizer.numbers(optimizer, t)[0])

    @learning_rate.setter
    def learning_rate(self, value: float | Schedule) -> None:
        _, optimizer = self._compiled()
        self._optimizer = replace(optimizer, learning_rate=value)
        self._functions.pop("steps", None)

    def _compiled(self) -> tuple[Loss, Optimizer]:
        if self._loss is None or self._optimizer is None:
            raise RuntimeError("the model has no loss and optimizer yet: call compile() first")
        return self._loss, self._optimizer

    def _function(self, name: str) -> Callable[..., Any]:
        """Return one of the core's functions, compiled by the backend at its first use."""
        if name not in self._functions:
            self._functions[name] = self._make(name)
        return self._functions[name]

    def _make(self, name: str) -> Callable[..., Any]:
        xp, stack = self.backend.xp, self._stack
        if name == "copy":
            return self.backend.compile(
                lambda arrays: [xp.asarray(array, copy=True) for array in arrays]
            )
        if name == "predict":
            return self.backend.compile(stack.predict)
        loss, optimizer = self._compiled()
        if name == "init":
            return self.backend.compile(optimizer.init)
        stack, criterion = fuse(self.layers, loss)
        if name == "gradients":
            return self.backend.compile(make_gradients(stack, criterion))
        if name == "measure":
            return self.backend.compile(make_measure(stack, criterion, self._metrics))
        if name == "measure_all":
            whole = [bind(m, stack, criterion) for m in self._metrics if m.of_all]
            return self.backend.compile(lambda *all_: [measure(*all_) for measure in whole])
        return self.backend.repeat(self._train_step())

    def _train_step(self) -> TrainStep:
        loss, optimizer = self._compiled()
        stack, criterion = fuse(self.layers, loss)
        shapes = tuple(p.shape for p in self._parameters.values())
        packing = Packing(shapes, *self.backend.packing) if self.backend.packing else None
        return TrainStep(stack, criterion, optimizer, self._step_metrics, packing, **self._clip)

    # ------------------------------------------------------------------------- door

    def _inputs(self, X: Any, name: str = "X") -> Array:
        """Check inputs and place them on the backend."""
        try:
            x = self.backend.place_inputs(X, self.dtype)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None
        check_rows(name, x, self.backend)
        wanted = self.n_inputs
        if wanted is not None and x.shape[1] != wanted:
            raise ValueError(
                f"{name} must have {wanted} features, as the first layer takes, got the shape "
                f"{tuple(x.shape)}"
            )
        return x

    def _parts(self, x: Array, rows: int) -> Iterator[tuple[slice, Array]]:
        """Yield some rows of inputs at a time, and which they are."""
        for part in batch_slices(x.shape[0], rows):
            yield part, self.backend.asarray(x[part, ...], self.dtype)
            self.backend.let_go(x)

    def _targets(self, y: Any, x: Array, name: str = "y") -> Array:
        """Check targets, place them on the backend, and make them fit the loss."""
        loss, _ = self._compiled()
        backend = self.backend
        try:
            # what comes from the host is checked there
            targets = backend.asarray(y) if backend.owns(y) else to_host(y)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None
        if targets.ndim == 0 or targets.shape[0] != x.shape[0]:
            raise ValueError(
                f"{name} must have as many rows as the inputs, {x.shape[0]}, got the shape "
                f"{tuple(targets.shape)}"
            )
        dtype = backend.dtype(self.dtype) if backend.owns(targets) else np.dtype(self.dtype)
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is found
            targets = loss.prepare(targets, self._n_outputs(x.shape[1]), dtype, name)
        return backend.asarray(targets)

    # -------------------------------------------------------------------------- fit

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
        loss, _ = self._compiled()
        self._check_idle("fit")
        check_integer("epochs", epochs, at_least=1)
        if batch_size is not None:
            check_integer("batch_size", batch_size, at_least=1)
            batch_size = int(batch_size)
        check_number("validation_split", validation_split, at_least=0, below=1)
        if validation_data is not None and validation_split:
            raise ValueError("give validation_data or validation_split, not both")
        if verbose not in ("auto", True, False, 0, 1, 2):
            raise ValueError(f"verbose must be 'auto', True or False, got {verbose!r}")
        check_flag("shuffle", shuffle)
        if not isinstance(callbacks, Sequence) or not all(
            isinstance(callback, Callback) for callback in callbacks
        ):
            raise TypeError(f"callbacks must be a list of Callback objects, got {callbacks!r}")
        callbacks = [*callbacks]
        if verbose == "auto":
            if ProgressBar.wanted():
                callbacks.append(ProgressBar(delay=2.0))
        elif verbose:
            callbacks.append(ProgressBar())

        with self.backend.activate():
            x = self._inputs(X)
            targets = self._targets(y, x)
            weight = check_sample_weight(sample_weight, x.shape[0])
            weight = check_class_weight(
                class_weight, weight, targets, self._n_outputs(x.shape[1]), loss, self.backend
            )
            start = Start() if resume is None else newest(resume)
            before = begin = generator_state(self._generator)
            if start.path is not None:  # the same rows are held back for validation
                begin = start.training["begin"]
                set_generator_state(self._generator, begin)
            validation = None
            if validation_data is not None:
                if not isinstance(validation_data, tuple | list) or len(validation_data) != 2:
                    raise ValueError(
                        "validation_data must be a pair (X, y), got a "
                        f"{type(validation_data).__name__} that is none"
                    )
                x_val = self._inputs(validation_data[0], "X of validation_data")
                validation = (
                    x_val,
                    self._targets(validation_data[1], x_val, "y of validation_data"),
                )
            elif validation_split:
                (x, targets, weight), validation = split_rows(
                    self._generator, validation_split, x, targets, weight
                )
            if weight is not None and not weight.any():
                raise ValueError(
                    "sample_weight: the validation split leaves only samples of weight 0 to "
                    "train on"
                )
            if weight is not None:  # only ratios count, and these survive in float32
                weight = weight / weight.max()
            run = Fit(
                self,
                (x, targets, weight),
                validation,
                epochs,
                batch_size,
                shuffle,
                callbacks,
                begin,
            )
            try:
                run.start_at(start)
            except ValueError:
                set_generator_state(self._generator, before)
                raise
            self.history, self._fit = History(), run
            try:
                run.run()
            finally:
                self._fit = None
        return self.history

    @property
    def _measures(self) -> list[str]:
        """The names of what is measured in the training that runs."""
        names = ["loss", *(metric.name for metric in self._step_metrics)]
        if self._fit is not None and self._fit.validation is not None:
            numbers = (metric.name for metric in self._metrics if metric.is_number)
            names += ["val_loss", *(f"val_{name}" for name in numbers)]
        return names

    # ---------------------------------------------------------------------- measure

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
        self._compiled()
        backend = self.backend
        with backend.activate():
            x = self._inputs(X)
            targets = self._targets(y, x)

        def measure() -> dict[str, Any]:
            with backend.activate():
                return self._measure(x, targets)

        return measure

    def _measure(self, x: Array, y: Array) -> dict[str, Any]:
        measure, read = self._function("measure"), self.backend.read
        rows, counts, outputs = [], [], []
        for part, x_part in self._parts(x, self._rows_at_a_time(x.shape[1])):
            measures, predictions = measure(self._arrays, x_part, y[part, ...])
            rows.append(read(list(measures)))
            counts.append(float(x_part.shape[0]))
            outputs.append(predictions)
        ends = np.cumsum([math.prod(measure.shape) for measure in measures])
        losses, *columns = np.split(np.stack(rows), ends[:-1], axis=1)  # (n_parts, w)
        values: dict[str, Any] = {"loss": float(sum(losses[:, 0] * counts) / sum(counts))}
        wholes = []
        if outputs[0] is not None:
            wholes = self._function("measure_all")(self.backend.xp.concat(outputs), y)
        for metric in self._metrics:
            if metric.of_all:
                value = metric.result(read([wholes.pop(0)])[None, :], np.array([sum(counts)]))
            else:
                value = metric.result(columns.pop(0), np.array(counts))
            values[metric.name] = float(value) if metric.is_number else value
        return values

    def _rows_at_a_time(self, n_features: int) -> int:
        """Return how many rows go through the network together, to bound memory."""
        widest = max(size or 1 for size in self._sizes(n_features))
        return max(1, PREDICT_NUMBERS // widest)

    def predict(self, X: Any, *, batch_size: int | None = None) -> Array:
        """Compute the network's outputs.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The inputs.
        batch_size : int, optional
            How many rows go through the network at a time; by default as many as keep
            memory bounded.

        Returns
        -------
        array of shape (n, n_outputs)
            Of the library, and on the device, that `X` is of; NumPy for lists.

        Raises
        ------
        TypeError, ValueError
            If `X` or `batch_size` is none of the above.
        """
        if batch_size is not None:
            check_integer("batch_size", batch_size, at_least=1)
        xp = self.backend.xp
        with self.backend.activate():
            x = self._inputs(X)
            predict = self._function("predict")
            n = x.shape[0]
            rows = batch_size or (n if n == 1 else self._rows_at_a_time(x.shape[1]))
            if rows >= n:
                y = predict(self._arrays, self.backend.asarray(x, self.dtype))
                if y is x:  # no layer made a new array, and this one may be the caller's
                    y = xp.asarray(y, copy=True)
            else:
                y = xp.concat([predict(self._arrays, part) for _, part in self._parts(x, rows)])
            return self._return_to(X, y)

    def _return_to(self, X: Any, y: Array) -> Array:
        """Take an array to where `X` is."""
        import array_api_compat

        if isinstance(X, np.ndarray | np.generic) or not array_api_compat.is_array_api_obj(X):
            host = self.backend.to_numpy(y)
            shared = isinstance(X, np.ndarray) and np.may_share_memory(host, X)
            return host.copy() if shared else host  # a layer may have handed X through
        if self.backend.owns(X) and device_of(X) == device_of(y):
            return y
        host = self.backend.to_numpy(y)
        return array_namespace(X).asarray(host, device=device_of(X))

    def forward(self, X: Any) -> Array:
        """Compute the network's outputs on the model's backend.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The inputs.

        Returns
        -------
        array of shape (n, n_outputs)
            An array of the model's backend; nothing is dropped out.
        """
        with self.backend.activate():
            x = self.backend.asarray(self._inputs(X), self.dtype)
            return self._function("predict")(self._arrays, x)

    def gradients(self, X: Any, y: Any) -> tuple[float, list[Array]]:
        """Compute the loss and its gradient with respect to each parameter.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The inputs.
        y : array_like of shape (n,) or (n, n_outputs)
            The targets, as the loss takes them.

        Returns
        -------
        loss : float
            The mean loss.
        grads : list of array
            In the order and shapes of `parameters`; nothing is dropped out.
        """
        self._compiled()
        with self.backend.activate():
            x = self.backend.asarray(self._inputs(X), self.dtype)
            value, grads = self._function("gradients")(self._arrays, x, self._targets(y, x))
            return float(value), grads

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the network to a safetensors file; see `xpnn.load`.

        Parameters
        ----------
        path : str or path
            The file, which is replaced at once when all is written.
        """
        from .cards import last_epoch
        from .serialization import save

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


def _declared(of_layers: Iterable[dict[str, Parameter]]) -> dict[str, Parameter]:
    return {f"{i}.{name}": p for i, own in enumerate(of_layers) for name, p in own.items()}


def _map_state(function: Callable[[Array], Array], state: State) -> State:
    """Apply a function to each array of an optimizer's state."""

    def mapped(value: Any) -> Any:
        if isinstance(value, list):
            return [function(array) for array in value]
        return value if isinstance(value, int) else function(value)  # a count, while it trains

    return {key: mapped(value) for key, value in state.items()}


def _metrics(metrics: Any, criterion: Loss) -> tuple[Metric, ...]:
    """Return the metrics that were asked for, those that go with the loss.

    Raises
    ------
    TypeError, ValueError
        If one is not known or doesn't go with it, or two have one name.
    """
    if isinstance(metrics, str):
        metrics = (metrics,)
    if not isinstance(metrics, Sequence):
        raise TypeError(
            f"metrics must be a list of names, Metric objects or functions, got {metrics!r}"
        )
    chosen: list[Metric] = []
    for metric in map(as_metric, metrics):
        name = metric.name
        if metric in chosen or (metric == Accuracy() and not criterion.classifies):
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


def _instance(name: str, value: Any, base: type, classes: dict[str, Any]) -> Any:
    """Return a loss or an optimizer that may have been given by name or as a class."""
    if isinstance(value, str):
        value = look_up(value, classes, name)
    if isinstance(value, type) and issubclass(value, base):
        value = value()
    if not isinstance(value, base):
        raise TypeError(f"{name} must be a {base.__name__} or its name, got {value!r}")
    return value
