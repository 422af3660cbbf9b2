"""The book's `Model`: layers, loss, optimizer and accuracy, trained in a loop that prints.

The loop is the book's own, so that a reader can follow each line of it, and prints its lines.
What the objects compute is xpnn's.  `xpnn.Sequential` does the same in one compiled step.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..backend import Array, get_backend, to_host
from ..checks import check_integer
from ..data import batch_slices
from .accuracies import Accuracy
from .kept import read_model, read_parameters, write_model, write_parameters
from .layers import Activation_Softmax, Layer_Input
from .losses import (
    Activation_Softmax_Loss_CategoricalCrossentropy,
    Loss,
    Loss_CategoricalCrossentropy,
)

__all__ = ["Model"]


class Model:
    """Chapters 18 to 22: a network, and how it is trained.

    Attributes
    ----------
    layers : list
        Layers and activations, in the order in which they were added.
    loss, optimizer, accuracy : object
        As `set` was given them.
    trainable_layers : list of Layer_Dense
        Those with weights, once the model is finalized.
    output_layer_activation : object
        The last of `layers`, which tells predictions of outputs.
    """

    loss: Loss | None = None
    optimizer: Any = None
    accuracy: Accuracy | None = None

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.softmax_classifier_output: (
            Activation_Softmax_Loss_CategoricalCrossentropy | None
        ) = None

    def add(self, layer: Any) -> None:
        """Put a layer or an activation behind the others."""
        self.layers.append(layer)

    def set(self, *, loss: Any = None, optimizer: Any = None, accuracy: Any = None) -> None:
        """Choose the loss, the optimizer and the accuracy; what is None stays as it is."""
        self.loss = self.loss if loss is None else loss
        self.optimizer = self.optimizer if optimizer is None else optimizer
        self.accuracy = self.accuracy if accuracy is None else accuracy

    def finalize(self) -> None:
        """Link each layer with the one before and the one behind, `prev` and `next`.

        Raises
        ------
        ValueError
            If there is no layer.
        """
        if not self.layers:
            raise ValueError("the model has no layer: add one before finalize")
        self.input_layer = Layer_Input()
        before, behind = [self.input_layer, *self.layers], [*self.layers[1:], self.loss]
        for layer, previous, following in zip(self.layers, before, behind):
            layer.prev, layer.next = previous, following
        self.output_layer_activation = self.layers[-1]
        self.trainable_layers = [layer for layer in self.layers if hasattr(layer, "weights")]
        if self.loss is not None:
            self.loss.remember_trainable_layers(self.trainable_layers)
        together = isinstance(self.layers[-1], Activation_Softmax) and isinstance(
            self.loss, Loss_CategoricalCrossentropy
        )
        self.softmax_classifier_output = (
            Activation_Softmax_Loss_CategoricalCrossentropy() if together else None
        )

    def train(
        self,
        X: Any,
        y: Any,
        *,
        epochs: int = 1,
        batch_size: int | None = None,
        print_every: int = 1,
        validation_data: tuple[Any, Any] | None = None,
    ) -> None:
        """Train, and print how it goes.

        With `batch_size` it is the loop of chapter 19, which prints steps and a summary of
        each epoch, and evaluates after it; without, that of chapter 18, where each epoch is a
        step with all rows, and the model is evaluated once, at the end.

        Parameters
        ----------
        X : array_like of shape (n, n_inputs)
            The inputs.
        y : array_like of shape (n,) or (n, k)
            The targets, as the loss takes them.
        epochs : int
            How often all rows are taken.
        batch_size : int, optional
            How many rows make a step, in their order.
        print_every : int
            After how many steps a line is printed, and after an epoch's last one; without
            `batch_size`, after how many epochs.
        validation_data : (X, y), optional
            On what to `evaluate`.

        Raises
        ------
        ValueError
            If the model isn't finalized, or lacks a loss, an optimizer or an accuracy, or an
            argument is out of range.
        """
        loss, accuracy = self._measures()
        if self.optimizer is None:
            raise ValueError("the model has no optimizer: set(optimizer=...) it")
        epochs = check_integer("epochs", epochs, at_least=0)
        print_every = check_integer("print_every", print_every, at_least=1)
        X, y = _placed(X, y)
        accuracy.init(y)
        for epoch in range(1, epochs + 1):
            if batch_size is None:
                measured = self._step(X, y)
                if not epoch % print_every:
                    print(f"epoch: {epoch}, {self._line(*measured)}")
                continue
            print(f"epoch: {epoch}")
            loss.new_pass()
            accuracy.new_pass()
            slices = _slices(X, batch_size)
            for step, rows in enumerate(slices):
                measured = self._step(X[rows, ...], y[rows, ...])
                if not step % print_every or step == len(slices) - 1:
                    print(f"step: {step}, {self._line(*measured)}")
            losses = loss.calculate_accumulated(include_regularization=True)
            print(f"training, {self._line(accuracy.calculate_accumulated(), *losses)}")
            if validation_data is not None:
                self.evaluate(*validation_data, batch_size=batch_size)
        if batch_size is None and validation_data is not None:
            self.evaluate(*validation_data)

    def _step(self, X: Array, y: Array) -> tuple[Any, Any, Any]:
        """Take a step with a batch; return its accuracy, loss and penalty before."""
        loss, accuracy = self._measures()
        output = self.forward(X, training=True)
        losses = loss.calculate(output, y, include_regularization=True)
        part = accuracy.calculate(self.output_layer_activation.predictions(output), y)
        self.backward(output, y)
        self.optimizer.pre_update_params()
        for layer in self.trainable_layers:
            self.optimizer.update_params(layer)
        self.optimizer.post_update_params()
        return part, *losses

    def _line(self, accuracy: Any, data_loss: Any, regularization_loss: Any) -> str:
        """Return what is printed of steps and of epochs."""
        return (
            f"acc: {accuracy:.3f}, loss: {data_loss + regularization_loss:.3f} ("
            f"data_loss: {data_loss:.3f}, reg_loss: {regularization_loss:.3f}), "
            f"lr: {self.optimizer.current_learning_rate}"
        )

    def evaluate(self, X_val: Any, y_val: Any, *, batch_size: int | None = None) -> None:
        """Print the accuracy and the loss of rows, without the penalties.

        Parameters
        ----------
        X_val, y_val, batch_size
            As in `train`.
        """
        loss, accuracy = self._measures()
        loss.new_pass()
        accuracy.new_pass()
        X_val, y_val = _placed(X_val, y_val)
        for rows in _slices(X_val, batch_size):
            output = self.forward(X_val[rows, ...], training=False)
            loss.calculate(output, y_val[rows, ...])
            predictions = self.output_layer_activation.predictions(output)
            accuracy.calculate(predictions, y_val[rows, ...])
        part, mean = accuracy.calculate_accumulated(), loss.calculate_accumulated()
        print(f"validation, acc: {part:.3f}, loss: {mean:.3f}")

    def predict(self, X: Any, *, batch_size: int | None = None) -> Array:
        """Return the outputs of rows, an array of shape (n, k).

        Parameters
        ----------
        X, batch_size
            As in `train`.
        """
        backend = get_backend()
        X = backend.asarray(X)
        outputs = [
            backend.asarray(self.forward(X[rows, ...], training=False))
            for rows in _slices(X, batch_size)
        ]
        return backend.scriptable(backend.xp.concat(outputs))

    def _check_finalized(self) -> None:
        if not hasattr(self, "trainable_layers"):
            raise ValueError("the model is not finalized: call finalize() first")

    def _measures(self) -> tuple[Loss, Accuracy]:
        """Return the loss and the accuracy, of a model that can be used."""
        self._check_finalized()
        if self.loss is None or self.accuracy is None:
            missing = "loss" if self.loss is None else "accuracy"
            raise ValueError(f"the model has no {missing}: set({missing}=...) it")
        return self.loss, self.accuracy

    def forward(self, X: Any, training: bool) -> Array:
        """Go through all layers forwards, and return the last one's output."""
        self._check_finalized()
        self.input_layer.forward(X, training)
        for layer in self.layers:
            layer.forward(layer.prev.output, training)
        return self.output_layer_activation.output

    def backward(self, output: Any, y: Any) -> None:
        """Go through all layers backwards, from the last one's output and the targets."""
        layers = self.layers
        if self.softmax_classifier_output is not None:
            self.softmax_classifier_output.backward(output, y)
            layers[-1].dinputs = self.softmax_classifier_output.dinputs
            layers = layers[:-1]
        else:
            loss: Any = self.loss
            loss.backward(output, y)
        for layer in reversed(layers):
            layer.backward(layer.next.dinputs)

    def get_parameters(self) -> list[tuple[Array, Array]]:
        """Return weights and biases of each of `trainable_layers`."""
        self._check_finalized()
        return [layer.get_parameters() for layer in self.trainable_layers]

    def set_parameters(self, parameters: Sequence[tuple[Any, Any]]) -> None:
        """Set weights and biases of each of `trainable_layers`.

        Raises
        ------
        ValueError
            If their number or a shape is another; then nothing is changed.
        """
        given = [[tuple(to_host(p).shape) for p in of_layer] for of_layer in parameters]
        wanted = [[tuple(p.shape) for p in of_layer] for of_layer in self.get_parameters()]
        if given != wanted:
            raise ValueError(f"parameters must have the shapes {wanted}, got {given}")
        for layer, of_layer in zip(self.trainable_layers, parameters):
            layer.set_parameters(*of_layer)

    def save_parameters(self, path: str | os.PathLike[str]) -> None:
        """Write weights and biases to a safetensors file, where the book has a pickle."""
        write_parameters(path, self.get_parameters())

    def load_parameters(self, path: str | os.PathLike[str]) -> None:
        """Set weights and biases from a file that `save_parameters` has written.

        Raises
        ------
        FileNotFoundError, ModelFileError
            If there is none; if it is another, above all a pickle, which can run any code.
        """
        self.set_parameters(read_parameters(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a safetensors file, where the book has a pickle.

        It has the layers, the loss, the accuracy, and the optimizer with what it remembers, so
        that training goes on; not what went through them last.

        Raises
        ------
        TypeError
            If a part is not one of `xpnn.nnfs`, of which a file can't tell what it is.
        """
        write_model(path, self)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Model:
        """Return a model from a file that `save` has written, finalized.

        Raises
        ------
        FileNotFoundError, ModelFileError
            As in `load_parameters`.
        """
        model = Model()
        model.layers, parts = read_model(path)
        model.set(**parts)
        model.finalize()
        return model


def _slices(X: Array, batch_size: int | None) -> list[slice]:
    """Return the batches of rows; all are one where `batch_size` is None."""
    if batch_size is not None:
        batch_size = check_integer("batch_size", batch_size, at_least=1)
    return batch_slices(X.shape[0], batch_size)


def _placed(X: Any, y: Any) -> tuple[Array, Array]:
    """Return inputs and targets on the backend; they must have as many rows as each other."""
    backend = get_backend()
    x, targets = backend.scriptable(backend.asarray(X)), backend.scriptable(backend.asarray(y))
    if x.ndim != 2 or targets.ndim == 0 or x.shape[0] != targets.shape[0] or not x.shape[0]:
        raise ValueError(
            "X must have the shape (n, n_inputs), n > 0, and y as many rows, got the shapes "
            f"{tuple(x.shape)} and {tuple(targets.shape)}"
        )
    return x, targets
