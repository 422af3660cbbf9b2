"""The way of *Neural Networks from Scratch in Python*: objects that remember, in NumPy.

Written anew after the book's design: a layer object keeps what it was given and what came
out, ``backward`` leaves gradients on it, and an optimizer object is shown one layer after
another between ``pre_update_params`` and ``post_update_params``.
"""
# ruff: noqa: N801

from __future__ import annotations

import numpy as np
from works import Adam, Work

from .stepwise import StepwiseTrainer


class Layer_Dense:
    """A fully connected layer."""

    def __init__(self, weights: np.ndarray, biases: np.ndarray) -> None:
        self.weights = weights
        self.biases = biases.reshape(1, -1)

    def forward(self, inputs: np.ndarray) -> None:
        """Leave the sums in `output`."""
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues: np.ndarray) -> None:
        """Leave the gradients in `dweights`, `dbiases` and `dinputs`."""
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)


class Activation_ReLU:
    """What is below zero becomes zero."""

    def forward(self, inputs: np.ndarray) -> None:
        """Leave the result in `output`."""
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues: np.ndarray) -> None:
        """Leave the gradient in `dinputs`."""
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Softmax_CrossEntropy:
    """Softmax and categorical cross-entropy together."""

    def forward(self, inputs: np.ndarray, y_true: np.ndarray) -> float:
        """Leave the probabilities in `output` and return the mean loss."""
        powers = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = powers / np.sum(powers, axis=1, keepdims=True)
        clipped = np.clip(self.output, 1e-7, 1 - 1e-7)
        return np.mean(-np.log(clipped[range(len(inputs)), y_true]))

    def backward(self, dvalues: np.ndarray, y_true: np.ndarray) -> None:
        """Leave the gradient with respect to the logits in `dinputs`."""
        samples = len(dvalues)
        self.dinputs = dvalues.copy()
        self.dinputs[range(samples), y_true] -= 1
        self.dinputs = self.dinputs / samples


class Optimizer_SGD:
    """SGD with momentum and decay."""

    def __init__(self, learning_rate: float, decay: float, momentum: float) -> None:
        self.learning_rate = self.current_learning_rate = learning_rate
        self.decay = decay
        self.momentum = momentum
        self.iterations = 0

    def pre_update_params(self) -> None:
        """Set the rate of this step."""
        if self.decay:
            self.current_learning_rate = self.learning_rate / (1 + self.decay * self.iterations)

    def update_params(self, layer: Layer_Dense) -> None:
        """Change a layer."""
        if not hasattr(layer, "weight_momentums"):
            layer.weight_momentums = np.zeros_like(layer.weights)
            layer.bias_momentums = np.zeros_like(layer.biases)
        rate = self.current_learning_rate
        weight_updates = self.momentum * layer.weight_momentums - rate * layer.dweights
        layer.weight_momentums = weight_updates
        bias_updates = self.momentum * layer.bias_momentums - rate * layer.dbiases
        layer.bias_momentums = bias_updates
        layer.weights += weight_updates
        layer.biases += bias_updates

    def post_update_params(self) -> None:
        """Count the step."""
        self.iterations += 1


class Optimizer_Adam:
    """Adam."""

    def __init__(self, learning_rate: float, epsilon: float, beta_1: float, beta_2: float):
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.iterations = 0

    def pre_update_params(self) -> None:
        """Do nothing: the rate stays."""

    def update_params(self, layer: Layer_Dense) -> None:
        """Change a layer."""
        for name in ("weight", "bias"):
            values = getattr(layer, "weights" if name == "weight" else "biases")
            gradient = layer.dweights if name == "weight" else layer.dbiases
            if not hasattr(layer, f"{name}_cache"):
                setattr(layer, f"{name}_momentums", np.zeros_like(values))
                setattr(layer, f"{name}_cache", np.zeros_like(values))
            momentums = self.beta_1 * getattr(layer, f"{name}_momentums")
            momentums = momentums + (1 - self.beta_1) * gradient
            cache = self.beta_2 * getattr(layer, f"{name}_cache")
            cache = cache + (1 - self.beta_2) * gradient**2
            setattr(layer, f"{name}_momentums", momentums)
            setattr(layer, f"{name}_cache", cache)
            corrected_momentums = momentums / (1 - self.beta_1 ** (self.iterations + 1))
            corrected_cache = cache / (1 - self.beta_2 ** (self.iterations + 1))
            values += (
                -self.learning_rate
                * corrected_momentums
                / (np.sqrt(corrected_cache) + self.epsilon)
            )

    def post_update_params(self) -> None:
        """Count the step."""
        self.iterations += 1


class BookTrainer(StepwiseTrainer):
    """The book's training loop, with the batches that its later chapters have."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.layers = [Layer_Dense(*pair) for pair in work.initial()]
        self.activations = [Activation_ReLU() for _ in self.layers[:-1]]
        self.loss_activation = Softmax_CrossEntropy()
        rule = work.optimizer
        self.optimizer: Optimizer_SGD | Optimizer_Adam
        if isinstance(rule, Adam):
            self.optimizer = Optimizer_Adam(
                rule.learning_rate, rule.epsilon, rule.beta_1, rule.beta_2
            )
        else:
            self.optimizer = Optimizer_SGD(rule.learning_rate, rule.decay, rule.momentum)

    def forward(self, X: np.ndarray, y: np.ndarray) -> float:
        """Run forwards and return the loss."""
        for layer, activation in zip(self.layers, self.activations):
            layer.forward(X)
            activation.forward(layer.output)
            X = activation.output
        self.layers[-1].forward(X)
        return self.loss_activation.forward(self.layers[-1].output, y)

    def step(self, X: np.ndarray, y: np.ndarray) -> float:
        """Take a step and return the loss before it."""
        loss = self.forward(X, y)
        self.loss_activation.backward(self.loss_activation.output, y)
        self.layers[-1].backward(self.loss_activation.dinputs)
        dvalues = self.layers[-1].dinputs
        for layer, activation in zip(reversed(self.layers[:-1]), reversed(self.activations)):
            activation.backward(dvalues)
            layer.backward(activation.dinputs)
            dvalues = layer.dinputs
        self.optimizer.pre_update_params()
        for layer in self.layers:
            self.optimizer.update_params(layer)
        self.optimizer.post_update_params()
        return loss

    def step_on(self, rows: np.ndarray | None) -> float:
        """Take a step on some rows, or on all; see `StepwiseTrainer`."""
        X, y = self.work.X, self.work.y
        return self.step(X, y) if rows is None else self.step(X[rows], y[rows])

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities; see `Trainer`."""
        self.forward(X, np.zeros(len(X), np.int64))
        return self.loss_activation.output


SIDES = {"book": BookTrainer}
