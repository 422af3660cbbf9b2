"""Whether a network can learn what it is asked: what its end gives, beside what the loss takes.

What the last layers give is found by trying: they are run on random rows of three sizes, as in
training, but that nothing is silenced.  So a layer of one's own needs to declare nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..backend import Array, array_namespace
from ..checks import reject
from ..layers import Dropout, Linear, Softmax
from ..layers.base import Layer
from ..losses import CategoricalCrossEntropy, Heads, Loss
from .stack import fuse
from .trying import ROWS, SLACK, Tried, drawn, end_of, try_last, try_out, with_codes

__all__ = ["check_batches", "check_goal", "check_targets"]

FAR_OFF = 0.01
"""Which part of the targets may be far from all that a network can give."""


# ------------------------------------------------------------------------------ at `compile`


def check_goal(links: Mapping[str, Layer], sizes: Sequence[int | None], loss: Loss) -> None:
    """Check that a loss can use what a network gives.

    Parameters
    ----------
    links : mapping of str to Layer
        The network, as `PlacedLayers.links` has it.
    sizes : sequence of int or None
        As `PlacedLayers.link_sizes` returns them.
    loss : Loss
        What is to be made small.

    Raises
    ------
    ValueError
        If it can't; it says what to do instead.
    """
    layers = (*links.values(),)
    stack, criterion = fuse(layers, loss)
    if not layers:
        return
    last = layers[-1]
    if sizes[-1] == 1 and isinstance(loss, CategoricalCrossEntropy):
        raise ValueError(
            f"loss {loss} needs an output for each class, but the network has one: end in two "
            "outputs and Softmax(), or in one and Sigmoid() with BinaryCrossEntropy()"
        )
    _check_single_outputs(links, sizes)
    alone = try_last(layers, sizes) if stack.head is None else None
    if alone is not None and alone.are_the_same:
        raise ValueError(
            f"the network ends in {last}, which gives {alone.outputs[0].tolist()} whatever its "
            f"inputs are{_hint(last)}, so it can't learn"
        )
    if isinstance(criterion, Heads):
        _check_heads(layers, sizes, criterion)
    if criterion.activation not in _WANTED:
        return
    if getattr(criterion, "from_logits", False):
        n = len(stack.layers)
        while n > 0 and isinstance(stack.layers[n - 1], Dropout | Linear):
            n -= 1  # they give what they get
        if n > 0:
            _check_logits(stack.layers[n - 1], sizes[n - 1], stack.head, criterion)
    else:
        start = end_of(layers)
        tried = try_out(layers[start:], sizes[start])
        _check_probabilities(tried, alone is None or alone.learns, last, loss)


def _check_heads(layers: Sequence[Layer], sizes: Sequence[int | None], heads: Heads) -> None:
    """Check that each head can use the outputs that are its."""
    if sizes[-1] is not None:
        heads.check_outputs(sizes[-1])
    start = end_of(layers)
    tried = try_out(layers[start:], sizes[start])
    for head in heads:
        loss = head.loss
        if loss.activation not in _WANTED or getattr(loss, "from_logits", False):
            continue
        own = tried
        if tried is not None:
            own = tried._replace(outputs=tried.outputs[:, head.columns])
        try:
            _check_probabilities(own, tried is None or tried.learns, layers[-1], loss)
        except ValueError as error:
            raise ValueError(f"heads[{head.name!r}]: {error}") from None


def _check_single_outputs(links: Mapping[str, Layer], sizes: Sequence[int | None]) -> None:
    """Check that one output within the network depends on the inputs, as Softmax's doesn't."""
    for i, (name, layer) in enumerate([*links.items()][:-1]):
        tried = None
        if sizes[i + 1] == 1 and not layer.parameters():
            tried = try_out([layer], sizes[i])
        if tried is not None and tried.are_the_same:
            raise ValueError(
                f"layer {name}, {layer}, gives {tried.outputs[0].tolist()} whatever its inputs "
                f"are{_hint(layer)}, so that nothing before it learns"
            )


def _hint(constant: Layer) -> str:
    """Return what to do about a layer that always gives the same."""
    if isinstance(constant, Softmax):
        return " (Softmax of one output is always 1: use Sigmoid(), or two outputs)"
    return ""


_WANTED = {"Sigmoid": "probabilities", "Softmax": "probabilities that sum to 1 in each row"}
"""What the losses take that belong to these layers."""


def _check_probabilities(tried: Tried | None, learns: bool, last: Layer, loss: Loss) -> None:
    """Check that outputs are the probabilities that a loss takes."""
    activation, wanted = str(loss.activation), _WANTED[str(loss.activation)]
    instead = f"end the network in {activation}() instead, or use from_logits=True"
    if tried is None:
        if last.unbounded is None:
            raise ValueError(
                f"loss {loss} takes {wanted}, and {last}, in which the network ends, can't be "
                "tried out, and says of its outputs neither unbounded = True nor False, which "
                f"means these: say it in its class, or {instead}"
            )
        return
    wrong = tried.outputs[
        np.any((tried.outputs < -SLACK) | (tried.outputs > 1 + SLACK), axis=1)
    ]
    if wrong.size == 0 and activation == "Softmax" and not tried.sum_to_one:
        wrong = tried.outputs
    if wrong.size:
        example = ", ".join(f"{value:.3g}" for value in wrong[0][:3])
        more = ", …" if wrong.shape[1] > 3 else ""
        raise ValueError(
            f"loss {loss} takes {wanted}, but the network ends in {last}, which gives "
            f"({example}{more}): {instead}"
        )
    if not learns:
        raise ValueError(
            f"the network ends in {last}, whose derivative is 0, so nothing learns from loss "
            f"{loss}: {instead}"
        )


def _check_logits(
    before: Layer, n_inputs: int | None, head: Layer | None, criterion: Loss
) -> None:
    """Check that what Softmax or Sigmoid gets, here or in the loss, are no probabilities."""
    of_ones_own = head is not None and not type(before).__module__.startswith("xpnn.")
    tried = None if of_ones_own or before.parameters() else try_out([before], n_inputs)
    if tried is not None and tried.are_probabilities:
        taker = str(head) if head is not None else f"loss {criterion}"
        raise ValueError(
            f"{taker} takes logits, any numbers, but {before} gives probabilities, or what "
            "lies between 0 and 1 like these, so that no answer can become certain: leave "
            f"{before} out, or put a Dense layer behind it"
        )


def _limits(tried: Tried) -> str:
    if np.isfinite(tried.lowest) and np.isfinite(tried.highest):
        return f"what lies between {tried.lowest:.3g} and {tried.highest:.3g}"
    if np.isfinite(tried.lowest):
        return f"what is at least {tried.lowest:.3g}"
    return f"what is at most {tried.highest:.3g}"


# ---------------------------------------------------------------------------------- at `fit`


def check_targets(
    links: Mapping[str, Layer], sizes: Sequence[int | None], loss: Loss, y: Array
) -> None:
    """Check that a network can come near the numbers that it is to learn.

    Targets that are somewhat outside of what the last layer gives, as noise may make them, are
    nobody's fault, nor are a few that are far outside; refused are those of which more than one
    in a hundred is farther off than the whole range is wide, and targets that are all on one
    side of it.  So are rows with several yes where outputs sum to 1.

    Parameters
    ----------
    links, sizes
        As in `check_goal`.
    loss : Loss
        What is to be made small; of one of one's own that prepares targets in its own way
        nothing is known.
    y : array of shape (n, k)
        The targets, as `Loss.prepare` returns them.

    Raises
    ------
    ValueError
        If it can't, or no gradient goes back through its end.
    """
    of_classes = loss.activation is not None or loss.classifies
    layers = (*links.values(),)
    if (of_classes and loss.activation != "Sigmoid") or not layers:
        return
    tried = try_last(layers, sizes)
    if tried is None:
        return
    if of_classes:
        if tried.outputs.shape[1] > 1 and tried.are_probabilities and tried.sum_to_one:
            _check_sums(y, layers[-1], loss)
        return
    if not tried.learns and any(layer.parameters() for layer in layers):
        raise ValueError(
            f"the network ends in {layers[-1]}, whose derivative is 0, so that nothing before "
            "it learns: leave it out, or put another activation in its place"
        )
    if type(loss).prepare is not Loss.prepare or tried.are_the_same:
        return
    low, high = tried.lowest, tried.highest
    wanted = (
        f"y must be near what {layers[-1]}, in which the network ends, can give, "
        f"{_limits(tried)}: scale it, or end the network in a Dense layer"
    )
    width = high - low
    xp = array_namespace(y)
    if np.isfinite(width):
        is_off = (y < low - width) | (y > high + width)
        if float(xp.mean(xp.astype(is_off, y.dtype))) > FAR_OFF:
            reject(is_off, y, wanted)
        return
    if np.isfinite(low) and bool(xp.all(y < low - SLACK)):
        reject(y < low - SLACK, y, wanted)
    if np.isfinite(high) and bool(xp.all(y > high + SLACK)):
        reject(y > high + SLACK, y, wanted)


def _check_sums(y: Array, last: Layer, loss: Loss) -> None:
    """Check that targets sum to 1, as outputs do that compete."""
    xp = array_namespace(y)
    off = xp.abs(xp.sum(y, axis=1, keepdims=True) - 1) > 1e-3
    wanted = (
        f"y must hold one yes in each row for loss {loss} behind {last}, whose outputs sum to "
        "1; for several, end the network in Sigmoid()"
    )
    reject(xp.broadcast_to(off, y.shape), y, wanted)


def check_batches(links: Mapping[str, Layer], sizes: Sequence[int | None], rows: int) -> None:
    """Check that what a layer gives in training depends on the row where a batch is one.

    Parameters
    ----------
    links, sizes
        As in `check_goal`.
    rows : int
        How many rows the batches have, but for the last one.

    Raises
    ------
    ValueError
        If it does not, as with batch normalisation, which takes a batch's own mean away.
    """
    if rows > 1:
        return
    generator = np.random.default_rng(0)
    for layer, size in zip(links.values(), sizes):
        try:
            x = with_codes([layer], generator.standard_normal((ROWS, size or 3)), generator)
            params, state = drawn(layer, generator)
            # without noise, which may silence all there is
            alone = [layer.train(params, state, x[i : i + 1])[0] for i in range(ROWS)]
        except Exception:  # as in `try_out`
            continue
        if all(np.array_equal(y, alone[0]) for y in alone):
            raise ValueError(
                f"batch_size must be at least 2 for {layer}, and X must have at least two rows "
                "to train on: of a batch of one row it takes away all there is, so that "
                "nothing before it learns"
            )
