"""The limit: the fastest step that we could write by hand for NumPy, hard to read or not.

All memory is there before the first step, and every result is written into some of it.  The
parameters, their gradients and the optimizer's memory are flat arrays, of which each weight
matrix is a view.  Sums are products with ones, a row's largest entry is found by `argmax`, and
tiny moments are set to 0 now and then, since the processor is slow with them.
"""

from __future__ import annotations

import math

import numpy as np
from works import Adam, Work

from .stepwise import StepwiseTrainer

FLOAT = np.float32


class Memory:
    """What a step works in, for one number of rows."""

    def __init__(self, work: Work, n: int) -> None:
        widths = work.sizes[1:]
        k = widths[-1]
        self.x = np.empty((n, work.sizes[0]), FLOAT)
        self.y = np.empty(n, np.int64)
        self.outputs = [np.empty((n, width), FLOAT) for width in widths]
        self.gradients = [np.empty((n, width), FLOAT) for width in widths]
        self.zeros = [np.zeros((n, width), FLOAT) for width in widths]
        self.active = [np.empty((n, width), bool) for width in widths]
        self.ones, self.k_ones = np.ones(n, FLOAT), np.ones((k, 1), FLOAT)
        self.starts, self.index = np.arange(n) * k, np.empty(n, np.int64)
        self.targets = np.empty(n, np.int64)
        self.largest, self.total = np.empty((n, 1), FLOAT), np.empty((n, 1), FLOAT)
        self.logs, self.right = np.empty(n, FLOAT), np.empty(n, FLOAT)
        self.one_hot = np.empty((n, k), FLOAT)
        self.identity = np.eye(k, dtype=FLOAT) / n
        self.share = np.array(1 / n, FLOAT)


class LimitTrainer(StepwiseTrainer):
    """Trains by steps written out by hand."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        shapes = [p.shape for pair in work.initial() for p in pair]
        count = sum(map(math.prod, shapes))
        self.flat, self.flat_gradient, self.velocity, self.squares, self.scratch = (
            np.zeros(count, FLOAT) for _ in range(5)
        )
        self.parameters = self.views(self.flat, shapes)
        self.gradients = self.views(self.flat_gradient, shapes)
        for view, value in zip(self.parameters, (p for pair in work.initial() for p in pair)):
            view[...] = value
        self.memory: dict[int, Memory] = {}
        self.t = 0

    @staticmethod
    def views(flat: np.ndarray, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
        """Return the parts of a flat array, in their shapes."""
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        parts = np.split(flat, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes)]

    def step(self, m: Memory, x: np.ndarray, y: np.ndarray) -> float:
        """Take a step, and return the loss before it."""
        parameters, outputs = self.parameters, m.outputs
        last = len(outputs) - 1
        inputs = x
        for i, z in enumerate(outputs):
            np.matmul(inputs, parameters[2 * i], z)
            np.add(z, parameters[2 * i + 1], z)
            if i < last:
                np.maximum(z, m.zeros[i], out=z)
            inputs = z

        flat = z.reshape(-1)
        z.argmax(1, m.index)
        np.add(m.index, m.starts, m.index)
        flat.take(m.index, None, m.largest.reshape(-1), "clip")
        np.subtract(z, m.largest, z)
        np.add(m.starts, y, m.targets)
        flat.take(m.targets, None, m.right, "clip")
        np.exp(z, z)
        np.matmul(z, m.k_ones, m.total)
        np.log(m.total.reshape(-1), m.logs)
        loss = (m.ones.dot(m.logs) - m.ones.dot(m.right)) * m.share
        np.divide(m.share, m.total, m.total)
        np.multiply(z, m.total, z)
        if z.shape[1] <= 64:
            m.identity.take(y, 0, m.one_hot, "clip")
            np.subtract(z, m.one_hot, z)
        else:
            flat[m.targets] -= m.share

        dz = z
        for i in range(last, -1, -1):
            inputs = outputs[i - 1] if i else x
            np.matmul(inputs.T, dz, self.gradients[2 * i])
            np.dot(m.ones, dz, self.gradients[2 * i + 1])
            if i:
                below = m.gradients[i - 1]
                np.matmul(dz, parameters[2 * i].T, below)
                np.greater(inputs, m.zeros[i - 1], m.active[i - 1])
                np.multiply(below, m.active[i - 1], below)
                dz = below

        (self.adam if isinstance(self.work.optimizer, Adam) else self.sgd)()
        self.t += 1
        if self.t % 100 == 0:
            self.flush()
        return loss

    def sgd(self) -> None:
        """Change the parameters."""
        rule, g, v = self.work.optimizer, self.flat_gradient, self.velocity
        np.multiply(v, FLOAT(rule.momentum), v)
        np.multiply(g, FLOAT(rule.learning_rate / (1 + rule.decay * self.t)), g)
        np.subtract(v, g, v)
        np.add(self.flat, v, self.flat)

    def adam(self) -> None:
        """Change the parameters; both moments lack their factors 1 - beta."""
        rule, g, t = self.work.optimizer, self.flat_gradient, self.t + 1
        m, s, d = self.velocity, self.squares, self.scratch
        total_1 = (1 - rule.beta_1**t) / (1 - rule.beta_1)
        root_2 = math.sqrt((1 - rule.beta_2**t) / (1 - rule.beta_2))
        np.multiply(m, FLOAT(rule.beta_1), m)
        np.add(m, g, m)
        np.multiply(g, g, g)
        np.multiply(s, FLOAT(rule.beta_2), s)
        np.add(s, g, s)
        np.sqrt(s, d)
        np.add(d, FLOAT(rule.epsilon * root_2), d)
        np.divide(m, d, d)
        np.multiply(d, FLOAT(rule.learning_rate * root_2 / total_1), d)
        np.subtract(self.flat, d, self.flat)

    def flush(self) -> None:
        """Set tiny moments to 0."""
        np.abs(self.velocity, self.scratch)
        self.velocity[self.scratch < 1e-25] = 0
        if isinstance(self.work.optimizer, Adam):
            self.squares[self.squares < 1e-30] = 0

    def step_on(self, rows: np.ndarray | None) -> float:
        """Take a step on some rows, or on all; see `StepwiseTrainer`."""
        X, y = self.work.X, self.work.y
        m = self.memory_of(len(X) if rows is None else len(rows))
        if rows is None:
            return self.step(m, X, y)
        X.take(rows, 0, m.x, "clip")
        y.take(rows, 0, m.y, "clip")
        return self.step(m, m.x, m.y)

    def memory_of(self, n: int) -> Memory:
        """Return what a step on so many rows works in, made when it is first asked for."""
        if n not in self.memory:
            self.memory[n] = Memory(self.work, n)
        return self.memory[n]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities, by the plain forward pass; see `Trainer`."""
        *hidden, (weights, biases) = zip(self.parameters[::2], self.parameters[1::2])
        for w, b in hidden:
            X = np.maximum(X @ w + b, 0)
        z = X @ weights + biases
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


SIDES = {"limit-numpy": LimitTrainer}
