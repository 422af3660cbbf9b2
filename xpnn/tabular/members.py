"""Members that are cross-fitted: each is trained without a part of the rows.

So every row is learnt from by all members but one, and that one answers it without having seen
it: the best epoch is found, and probabilities are set right, by rows that were not learnt from.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..backend import Backend, to_host
from ..callbacks import Callback, EarlyStopping
from ..distributed import Communicator
from ..distributed.communicator import ALONE
from ..history import History
from ..sequential import Sequential
from ..tables.encoding import Encoding
from ..tables.targets import Classes, Target
from .ensemble import alone
from .progress import progress
from .recipe import Recipe, n_parts

__all__ = ["Members", "fit_members", "left_out", "member_folder"]

PROBE_STEPS = 200
"""How many steps are taken to see how long an epoch takes."""


@dataclass(frozen=True)
class Members:
    """Networks, and what they say of rows that they have not learnt from.

    Attributes
    ----------
    networks : tuple of Sequential
        The members.
    parts : tuple of numpy.ndarray of int
        The rows that each of them left out.
    answers : numpy.ndarray of float64, shape (n, n_outputs)
        The outputs of the member that left a row out; NaN where none has.
    histories : tuple of History
        What each of them told of its training.
    planned : int
        How many there were to be.
    problems : tuple of OSError
        What callbacks could not write.
    interrupted : KeyboardInterrupt, SystemExit or None
        What ended the training before all were trained.
    """

    networks: tuple[Sequential, ...]
    parts: tuple[np.ndarray, ...]
    answers: np.ndarray
    histories: tuple[History, ...]
    planned: int
    problems: tuple[OSError, ...] = ()
    interrupted: BaseException | None = None

    @classmethod
    def none(cls, n: int, target: Target, planned: int) -> Members:
        """Return what there is before a member is trained on n rows."""
        return cls((), (), np.full((n, target.n_outputs), np.nan), (), planned)

    def extended(self, network: Sequential, part: np.ndarray, inputs: np.ndarray) -> Members:
        """Return them with another one, which answers the rows that it left out."""
        assert network.history is not None  # it was trained
        member, answers = alone(network), self.answers.copy()
        answers[part] = to_host(member.predict(inputs))
        return replace(
            self,
            networks=(*self.networks, member),
            parts=(*self.parts, part),
            answers=answers,
            histories=(*self.histories, network.history),
        )

    def failed(self, error: BaseException, network: Sequential) -> Members:
        """Return them with what came while another one was trained.

        What can't be written beside a model, as a movie on a full disk, does not cost it.

        Raises
        ------
        BaseException
            The error, if nothing was learnt.
        """
        learnt = network.history is not None and network.history.epochs > 0
        if isinstance(error, OSError):
            if not learnt:
                raise error
            return replace(self, problems=(*self.problems, error))
        if not self.networks and not learnt:
            raise error
        return replace(self, interrupted=error)


def fit_members(
    inputs: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray | None,
    recipe: Recipe,
    encoding: Encoding,
    target: Target,
    seed: np.random.SeedSequence,
    backend: Backend,
    time_budget: float | None = None,
    verbose: bool = False,
    callbacks: Callable[[int], list[Callback]] = lambda member: [],
    checkpoints: Path | None = None,
    communicator: Communicator = ALONE,
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
    time_budget : float, optional
        Seconds that it may take: there are fewer members then, and with one fewer epochs.
    verbose : bool
        Whether a bar shows how far it is, and how long it takes yet.
    callbacks : callable
        Who else is told of a member's training, of its number.
    checkpoints : Path, optional
        A folder from which an interrupted training goes on, of each member its own.
    communicator : Communicator
        The processes that train each member together.

    Returns
    -------
    Members
        All, or those that were trained when Ctrl-C or a signal came, the last one in part.

    Raises
    ------
    KeyboardInterrupt, SystemExit
        If it came before anything was learnt.
    """
    began = time.monotonic()
    rows = Rows(inputs, targets, weights)
    # each leaves out two rows at least
    recipe = replace(recipe, n_members=min(recipe.n_members, max(1, len(inputs) // 2)))
    of_rows, *of_members = seed.spawn(1 + recipe.n_members)

    def made(own_seed: np.random.SeedSequence, n: int) -> tuple[Sequential, int]:
        network = recipe.network(encoding, target, np.random.default_rng(own_seed), backend, n)
        epochs = recipe.epochs_for(n)
        steps = epochs * recipe.steps_of_an_epoch(n)
        network.compile(recipe.loss(target), recipe.optimizer(target, steps), metrics=[])
        return network, epochs

    if time_budget is not None:
        n = recipe.rows_of_a_member(len(inputs))
        probe, _ = made(of_members[0], n)
        of_a_row = _seconds_of_a_row(probe, rows, recipe.batch_size_for(n), communicator)
        # by one clock
        left = communicator.broadcast(max(time_budget - (time.monotonic() - began), 1e-9))
        recipe = recipe.within(left, of_a_row, len(inputs))
    parts = _parts(of_rows, targets, recipe.n_members, target)
    done = Members.none(len(inputs), target, recipe.n_members)
    shows = communicator.any(verbose), communicator.is_first  # all tell of the same
    with progress(recipe.n_members, *shows) as bar:
        for number, (part, own_seed) in enumerate(zip(parts, of_members)):
            kept = rows.take(np.setdiff1d(np.arange(len(inputs)), part))
            network, epochs = made(own_seed, len(kept.inputs))
            batch_size = recipe.batch_size_for(len(kept.inputs))
            folder = None if checkpoints is None else member_folder(checkpoints, number)
            best = EarlyStopping("val_loss", patience=recipe.patience)
            try:
                network.fit(
                    *kept[:2],
                    sample_weight=kept.weights,
                    epochs=epochs,
                    batch_size=batch_size,
                    validation_data=rows.take(part).given(),
                    callbacks=[best, *bar.of_member(epochs), *callbacks(number)],
                    resume=folder,
                    verbose=False,
                    communicator=communicator,
                )
            except (KeyboardInterrupt, SystemExit, OSError) as error:
                done = done.failed(error, network)
            if network.history and network.history.epochs:
                done = done.extended(network, part, inputs[part])
            if done.interrupted is not None:
                break
    return done


def member_folder(checkpoints: Path, member: int) -> Path:
    """Return where the checkpoints of a member are."""
    return checkpoints / f"member-{member}"


class Rows(NamedTuple):
    """Rows to learn from: inputs, targets and, if they don't count alike, weights."""

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None

    def take(self, rows: np.ndarray | slice) -> Rows:
        """Return some of them."""
        weights = None if self.weights is None else self.weights[rows]
        return Rows(self.inputs[rows], self.targets[rows], weights)

    def given(self) -> tuple[np.ndarray, ...]:
        """Return them without weights that there are none of."""
        return (*self[:2], *([] if self.weights is None else [self.weights]))


def _seconds_of_a_row(
    network: Sequential, rows: Rows, batch_size: int, communicator: Communicator
) -> float:
    """Return how long a network takes for a row of an epoch, once warm; it is used up."""
    some = rows.take(slice(PROBE_STEPS * batch_size))
    for _ in range(2):
        began = time.perf_counter()
        network.fit(*some[:2], batch_size=batch_size, verbose=False, communicator=communicator)
    seconds: float = communicator.broadcast(time.perf_counter() - began)
    return seconds / len(some.inputs)


def left_out(
    seed: np.random.SeedSequence, targets: np.ndarray, n_members: int, target: Target
) -> tuple[np.ndarray, ...]:
    """Return the rows that each member leaves out, as `fit_members` with that seed does."""
    return tuple(_parts(seed.spawn(1)[0], targets, n_members, target))


def _parts(
    seed: np.random.SeedSequence, targets: np.ndarray, n_members: int, target: Target
) -> list[np.ndarray]:
    """Return the rows that each member leaves out; classes are in all parts alike."""
    order = np.random.default_rng(seed).permutation(len(targets))
    if isinstance(target, Classes):
        order = order[np.argsort(targets[order], kind="stable")]
    return [np.sort(order[k :: n_parts(n_members)]) for k in range(n_members)]
