"""JAX by hand: a jitted step with donated state, and one that scans a whole epoch."""
# ruff: noqa: TID251

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from works import Adam, Work

from . import UnavailableError

Tree = Any


def embed(params: Tree, X: jax.Array) -> jax.Array:
    """Return the columns in waves, and themselves."""
    frequencies, phases, weights, biases = params
    waves = jnp.cos(2 * math.pi * X.T[:, :, None] * frequencies + phases)  # (c, n, f)
    e = waves @ weights + biases  # (c, n, k)
    return jnp.concatenate([e.transpose(1, 0, 2).reshape(len(X), -1), X], axis=1)


def forward(work: Work, params: Tree, X: jax.Array, key: jax.Array | None = None) -> jax.Array:
    """Return the logits; with a key, as in training, where dropout draws."""
    waves, (*hidden, (weights, biases)) = params
    if waves:
        X = embed(waves, X)
    activation = getattr(jax.nn, work.activation.lower())
    for number, (w, b) in enumerate(hidden):
        X = activation(X @ w + b)
        if key is not None:
            key_of_layer = jax.random.fold_in(key, number)
            kept = jax.random.bernoulli(key_of_layer, 1 - work.dropout, X.shape)
            X = jnp.where(kept, X / (1 - work.dropout), 0)
    return X @ weights + biases


def loss_of(
    params: Tree, X: jax.Array, y: jax.Array, work: Work, key: jax.Array | None
) -> jax.Array:
    """Return the mean cross-entropy."""
    log_probabilities = jax.nn.log_softmax(forward(work, params, X, key))
    right = jnp.take_along_axis(log_probabilities, y[:, None], axis=1)
    if s := work.label_smoothing:
        right = (1 - s) * right + s * jnp.mean(log_probabilities, axis=1, keepdims=True)
    return -jnp.mean(right)


class JaxTrainer:
    """Trains by one jitted call for each step, or, where it scans, for each epoch.

    Parameters
    ----------
    work : Work
        What to train.
    scan : bool
        Whether to scan.  Where the batch is the whole set, as many epochs as are wanted
        are one call.
    platform : str
        "cpu" or "gpu".
    """

    def __init__(self, work: Work, scan: bool, platform: str = "cpu") -> None:
        try:
            device = jax.devices(platform)[0]
        except RuntimeError as error:
            raise UnavailableError(f"JAX has no {platform}") from error
        self.work, self.scan = work, scan
        self.X = jax.device_put(work.X, device)
        self.y = jax.device_put(work.y.astype(np.int32), device)
        params = jax.device_put((work.initial_waves(), work.initial()), device)
        zeros = jax.tree.map(jnp.zeros_like, params)
        slots = [zeros]
        if isinstance(work.optimizer, Adam):
            slots.append(jax.tree.map(jnp.zeros_like, params))
        self.carry = (params, slots, jnp.zeros((), jnp.float32, device=device))
        self.generator = np.random.default_rng(0)
        self.step = jax.jit(self.take_step, donate_argnums=0)
        self.epoch = jax.jit(self.take_epoch, donate_argnums=0)
        self.repeat = jax.jit(self.take_same, donate_argnums=0)
        self.probabilities = jax.jit(lambda params, X: jax.nn.softmax(forward(work, params, X)))

    def take_step(
        self, carry: Tree, X: jax.Array, y: jax.Array, rows: jax.Array | None = None
    ) -> tuple[Tree, jax.Array]:
        """Step on some rows, or on all; return the state and the loss before the step."""
        if rows is not None:
            X, y = X[rows], y[rows]
        params, slots, t = carry
        key = None
        if self.work.dropout:
            key = jax.random.fold_in(jax.random.key(0), t.astype(jnp.int32))
        loss, grads = jax.value_and_grad(loss_of)(params, X, y, self.work, key)
        rule = self.work.optimizer
        if isinstance(rule, Adam):
            b1, b2 = rule.beta_1, rule.beta_2
            m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, slots[0], grads)
            v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, slots[1], grads)
            c1, c2 = 1 - b1 ** (t + 1), 1 - b2 ** (t + 1)
            shrink = 1 - rule.learning_rate * rule.weight_decay
            slots = [m, v]
            params = jax.tree.map(
                lambda p, m, v: (
                    p * shrink
                    - rule.learning_rate * (m / c1) / (jnp.sqrt(v / c2) + rule.epsilon)
                ),
                params,
                m,
                v,
            )
        else:
            rate = rule.learning_rate / (1 + rule.decay * t)
            v = jax.tree.map(lambda v, g: rule.momentum * v - rate * g, slots[0], grads)
            slots = [v]
            params = jax.tree.map(jnp.add, params, v)
        return (params, slots, t + 1), loss

    def take_epoch(
        self, carry: Tree, X: jax.Array, y: jax.Array, order: jax.Array
    ) -> tuple[Tree, jax.Array]:
        """Step on each row of `order` (steps, batch_size); return the losses, too."""
        return lax.scan(lambda carry, rows: self.take_step(carry, X, y, rows), carry, order)

    def take_same(
        self, carry: Tree, X: jax.Array, y: jax.Array, count: int
    ) -> tuple[Tree, jax.Array]:
        """Step on all rows so often."""
        return lax.fori_loop(
            0,
            count,
            lambda _, carry_and_loss: self.take_step(carry_and_loss[0], X, y),
            (carry, jnp.zeros((), X.dtype)),
        )

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float:
        """Train; see `Trainer`."""
        if not self.work.shuffle and self.scan and tick is None:
            self.carry, loss = self.repeat(self.carry, self.X, self.y, epochs)
            return float(loss)
        for _ in range(epochs):
            losses = self.train_epoch()
            if tick:
                jax.block_until_ready(self.carry)
                tick()
        jax.block_until_ready(self.carry)
        return float(np.mean(np.concatenate([np.ravel(x) for x in jax.device_get(losses)])))

    def train_epoch(self) -> list[jax.Array]:
        """Go through the rows once, and return the losses."""
        X, y, size = self.X, self.y, self.work.batch_size
        if not self.work.shuffle:
            self.carry, loss = self.step(self.carry, X, y)
            return [loss]
        order = self.generator.permutation(len(X)).astype(np.int32)
        losses, start = [], 0
        if self.scan:
            start = len(X) // size * size
            self.carry, loss = self.epoch(self.carry, X, y, order[:start].reshape(-1, size))
            losses.append(loss)
        for first in range(start, len(X), size):
            self.carry, loss = self.step(self.carry, X, y, order[first : first + size])
            losses.append(loss)
        return losses

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities; see `Trainer`."""
        return np.asarray(self.probabilities(self.carry[0], X))


SIDES = {
    "jax-step": partial(JaxTrainer, scan=False),
    "jax-scan": partial(JaxTrainer, scan=True),
    "jax-step-cuda": partial(JaxTrainer, scan=False, platform="gpu"),
    "jax-scan-cuda": partial(JaxTrainer, scan=True, platform="gpu"),
}
