"""Members that are cross-fitted: each is trained without a part of the rows.

So every row is learnt from by all members but one, and that one answers it without having seen
it: the best epoch is found, and probabilities are set right, by rows that were not learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..backend import Backend
from ..callbacks import Callback, EarlyStopping
from ..sequential import Sequential
from ..tables.encoding import Encoding
from ..tables.targets import Classes, Target
from .ensemble import in_double
from .recipe import Recipe

__all__ = ["Members", "fit_members"]

HOLDOUT = 5
"""One member alone leaves out the fifth part of the rows."""


@dataclass(frozen=True)
class Members:
    """Networks, and what they say of rows that they have not learnt from.

    Attributes
    ----------
    networks : tuple of Sequential
        The members.
    answers : numpy.ndarray of float64, shape (n, n_outputs)
        The outputs of the member that left a row out; NaN where none has.
    """

    networks: tuple[Sequential, ...]
    answers: np.ndarray


def fit_members(
    inputs: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray | None,
    recipe: Recipe,
    encoding: Encoding,
    target: Target,
    seed: np.random.SeedSequence,
    backend: Backend,
    callbacks: Callable[[int, int], list[Callback]] = lambda member, epochs: [],
) -> Members:
    """Train the members.

    Parameters
    ----------
    inputs : numpy.ndarray of shape (n, n_inputs)
        The rows, as `encoding` makes them.
    targets : numpy.ndarray of shape (n,)
        Numbers of classes; or scaled numbers.
    weights : numpy.ndarray of shape (n,), optional
        How much each row counts.
    recipe : Recipe
        How they are made and trained.
    encoding, target : Encoding, Classes or Measure
        What inputs and outputs are.
    seed : numpy.random.SeedSequence
        Where draws come from; one gives one result.
    backend : Backend
        Where they are trained.
    callbacks : callable
        Who is told, of the number of a member and of its epochs.
    """
    n = len(inputs)
    of_rows, *of_members = seed.spawn(1 + recipe.n_members)
    parts = _parts(np.random.default_rng(of_rows), targets, recipe.n_members, target)
    networks, answers = [], np.full((n, target.n_outputs), np.nan)
    for number, (part, own_seed) in enumerate(zip(parts, of_members)):
        kept = np.setdiff1d(np.arange(n), part)
        generator = np.random.default_rng(own_seed)
        network = recipe.network(encoding, target, generator, backend)
        epochs = recipe.epochs_for(len(kept))
        steps = epochs * -(-len(kept) // recipe.batch_size)
        network.compile(recipe.loss(target), recipe.optimizer(target, steps), metrics=[])
        network.fit(
            inputs[kept],
            targets[kept],
            epochs=epochs,
            batch_size=recipe.batch_size,
            sample_weight=None if weights is None else weights[kept],
            validation_data=_validation(inputs, targets, weights, part),
            callbacks=[EarlyStopping("val_loss", patience=None), *callbacks(number, epochs)],
            verbose=False,
        )
        networks.append(in_double(network))
        answers[part] = networks[-1].predict(inputs[part])
    return Members(tuple(networks), answers)


def _validation(
    inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, part: np.ndarray
) -> tuple[np.ndarray, ...]:
    rows = inputs[part], targets[part]
    return rows if weights is None else (*rows, weights[part])


def _parts(
    generator: np.random.Generator, targets: np.ndarray, n_members: int, target: Target
) -> Iterator[np.ndarray]:
    """Return the rows that each member leaves out; classes are in all parts alike."""
    order = generator.permutation(len(targets))
    if isinstance(target, Classes):
        order = order[np.argsort(targets[order], kind="stable")]
    n_parts = HOLDOUT if n_members == 1 else n_members
    return (np.sort(order[k::n_parts]) for k in range(n_members))
