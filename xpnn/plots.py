"""Pictures: of a training, of what a network has learnt, and of how optimizers walk.

A function either draws on the matplotlib ``Axes`` that it is given or returns a ``Figure``,
whose ``savefig(path)`` writes it.  They need matplotlib, which is imported when a picture is
drawn.  No window is opened and no global state of matplotlib is touched.  Models and arrays
may be on any backend.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import array_namespace, get_backend, to_host
from .calculus import derivative
from .checks import check_flag, check_integer, check_number, reject
from .layers import Dense
from .optimizers import Optimizer

if TYPE_CHECKING:
    from .callbacks import GradientNorms
    from .model import Sequential

__all__ = [
    "check_picture",
    "confusion_matrix",
    "contributions",
    "decision_regions",
    "fitted_curve",
    "gradient_history",
    "gradient_norms",
    "learning_curves",
    "minima",
    "neuron_activations",
    "optimizer_walk",
    "optimizer_walks",
    "picture_of_training",
    "sine_by_hand",
    "valley",
    "walk",
    "weight_map",
    "weight_maps",
]

# Okabe and Ito's colours, which people with any colour vision can tell apart
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
# and a marker each, for prints without colour and for more classes than colours
MARKERS = "os^Dv*XPp"

# white in the middle, and told apart by anybody; from nothing to much, likewise
SIGNED, UNSIGNED, SHARES = "PuOr", "viridis", "cividis"

RING: dict[str, Any] = {"mfc": "none", "mec": COLOURS[4], "mew": 2}

REGION_ALPHA = 0.35
"""How much of a class's colour its region has, over white."""

RESOLUTION = 300
"""How many points a side of the grid has on which regions are computed."""


def check_picture(path: str | os.PathLike[str]) -> None:
    """Check that a picture can be written, before the work that it will show.

    Parameters
    ----------
    path : str or path
        The file; its ending says of which kind.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed.
    ValueError
        If the ending is of no kind of picture.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "pictures need matplotlib, which is not installed: pip install 'xpnn[plot]'"
        ) from error
    kinds = Figure().canvas.get_supported_filetypes()
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in kinds:
        raise ValueError(
            f"the name of a picture must end in .{', .'.join(sorted(kinds))}, got {str(path)!r}"
        )


def picture_of_training(
    history: Mapping[str, Sequence[float]],
    predict: Callable[[np.ndarray], Any] | None = None,
    data: tuple[Any, Any] | None = None,
    labels: Sequence[str] | None = None,
    names: Sequence[str] = (),
) -> Any:
    """Draw the curves of a training, and for data in the plane its regions.

    Parameters
    ----------
    history : mapping of str to sequence of float
        As in `History.history`.
    predict : callable, optional
        A model's ``predict``: from points of shape (m, 2) to scores of shape (m, k).
    data : (X, y), optional
        Points, of shape (n, 2), and their class indices, of shape (n,).
    labels : sequence of str, optional
        The names of the classes.
    names : sequence of str, optional
        The names of the two features.

    Returns
    -------
    matplotlib.figure.Figure
        The picture; ``.savefig(path)`` writes it.
    """
    from matplotlib.figure import Figure

    # some are measured in validation only
    measures = list(dict.fromkeys(name.removeprefix("val_") for name in history))
    count = len(measures) + (predict is not None)
    figure = Figure(figsize=(4.5 * count, 4), dpi=120, layout="constrained")
    axes = figure.subplots(1, count, squeeze=False)[0]
    for axis, name in zip(axes, measures):
        learning_curves(axis, history, name)
    if predict is not None and data is not None:
        decision_regions(axes[-1], predict, *data, labels=labels)
        for name, label in zip(names, (axes[-1].set_xlabel, axes[-1].set_ylabel)):
            label(name)
    return figure


def learning_curves(axes: Any, history: Mapping[str, Sequence[float]], name: str) -> None:
    """Draw how a measure went, in training and in validation.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    history : mapping of str to sequence of float
        As in `History.history`.
    name : str
        What to draw: ``"loss"``, or a metric.
    """
    from matplotlib.ticker import MaxNLocator

    if not {name, f"val_{name}"} & history.keys():
        raise ValueError(f"name must be a measure in history, {[*history]}, got {name!r}")
    for key, kind, colour, style in (
        (name, "training", COLOURS[0], "-"),
        (f"val_{name}", "validation", COLOURS[4], "--"),
    ):
        values = history.get(key, ())
        if len(values):
            # a line needs two points to be seen
            marker = "o" if len(values) == 1 else ""
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, style, color=colour, marker=marker, lw=1.5, label=kind)
    axes.set_title(name.replace("_", " ").capitalize())
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    if name == "accuracy":
        axes.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    axes.grid(alpha=0.3)
    axes.legend()


def decision_regions(
    axes: Any,
    predict: Callable[[np.ndarray], Any],
    X: Any,
    y: Any,
    *,
    labels: Sequence[str] | None = None,
    threshold: float = 0.5,
    resolution: int = RESOLUTION,
) -> Callable[[], None]:
    """Draw points in the plane over the class that the model sees at each place.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    predict : callable
        A model's ``predict``: from points of shape (m, 2) to scores of shape (m, k), or
        (m, 1) for an output that says yes or no.
    X : array_like of shape (n, 2)
        The points.
    y : array_like of shape (n,), (n, 1) or (n, k)
        Their class indices, or one-hot rows.
    labels : sequence of str, optional
        The names of the classes.
    threshold : float
        From where on a single output says yes, class 1: 0.5 for a probability.
    resolution : int
        How many points a side of the grid has on which regions are computed.

    Returns
    -------
    callable
        Without arguments; it draws the regions anew, of a model that has learnt more.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    X = _plane_points(X)
    check_number("threshold", threshold)
    check_integer("resolution", resolution, at_least=2)
    y = _classes("y", y, threshold)
    _check_lengths("y", y, "X", X)
    across, up, grid = _grid(X, resolution)
    scores = to_host(predict(grid))
    k = max(2, scores.shape[1])
    labels = _check_labels(labels, max(k, int(y.max()) + 1))
    seen = _classes("predictions", scores, threshold).reshape(across.shape)
    colours = class_colours(k)
    mesh = axes.pcolormesh(
        across,
        up,
        seen,
        cmap=ListedColormap(colours),
        norm=BoundaryNorm(np.arange(k + 1) - 0.5, k),
        alpha=REGION_ALPHA,
        linewidth=0,
        rasterized=True,
    )
    for c in range(k):
        axes.scatter(
            *X[y == c].T,
            s=16,
            marker=MARKERS[c % len(MARKERS)],
            color=colours[c],
            edgecolors="black",
            linewidths=0.4,
            label=str(c) if labels is None else labels[c],
        )
    axes.locator_params(nbins=5)
    axes.set_title("Decision regions")
    if k <= 10:
        beside = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        axes.legend(title="class", fontsize="small", **beside)

    def update() -> None:
        mesh.set_array(_classes("predictions", predict(grid), threshold).reshape(seen.shape))

    return update


def class_colours(k: int) -> list[str]:
    """Return a colour for each of k classes; from the eighth on they come again."""
    return [COLOURS[c % len(COLOURS)] for c in range(k)]


def _plane_points(X: Any) -> np.ndarray:
    """Check points in the plane, and return them on the host."""
    points = to_host(X)
    if points.ndim != 2 or points.shape[1] != 2 or not points.size:
        raise ValueError(f"X must be points in the plane, of shape (n, 2), got {points.shape}")
    reject(~np.isfinite(points), points, "X must hold finite numbers")
    return points


def _grid(X: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a grid (r, r) around points, across and up, and its points (r * r, 2)."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.05 * np.where(high > low, high - low, 1.0)
    sides = np.linspace(low - margin, high + margin, resolution)  # (r, 2)
    across, up = np.meshgrid(sides[:, 0], sides[:, 1])
    return across, up, np.stack([across.ravel(), up.ravel()], axis=1)


def _classes(name: str, values: Any, threshold: float = 0.5) -> np.ndarray:
    """Return class indices (n,), of indices, of one-hot rows, or of scores."""
    if isinstance(values, list | tuple):
        values = np.asarray(values)
    if isinstance(values, np.ndarray) and values.dtype.kind in "USO":
        raise TypeError(
            f"{name} must be class indices: of names, numpy.unique(..., return_inverse=True) "
            "gives them, and labels= shows the names"
        )
    host = to_host(values)
    if host.ndim not in (1, 2) or not host.size:
        raise ValueError(
            f"{name} must be class indices of shape (n,), or a row of scores for each sample, "
            f"got the shape {host.shape}"
        )
    if host.ndim == 2 and host.shape[1] > 1:
        classes: np.ndarray = np.argmax(host, axis=1)
        return classes
    flat = host.reshape(-1)
    if host.ndim == 2 and host.dtype.kind == "f":
        flat = flat > threshold
    wrong = (flat < 0) | (flat != np.floor(flat))
    reject(wrong, flat, f"{name} must be class indices, integers >= 0")
    return flat.astype(np.int64)


def _check_lengths(name: str, values: np.ndarray, other: str, others: np.ndarray) -> None:
    if len(values) != len(others):
        raise ValueError(
            f"{name} must have as many rows as {other}, {len(others)}, got {len(values)}"
        )


def _check_labels(labels: Sequence[str] | None, k: int) -> Sequence[str] | None:
    if labels is not None and len(labels) < k:
        raise ValueError(f"labels must name {k} classes, got {list(labels)!r}")
    return labels


# ------------------------------------------------------------------ what a network learnt


def weight_maps(model: Sequential) -> Any:
    """Draw the weights and biases of each Dense layer as colours.

    Parameters
    ----------
    model : Sequential
        The model.

    Returns
    -------
    matplotlib.figure.Figure
        A map for each layer, as `weight_map` draws it.

    Raises
    ------
    ValueError
        If the model has no Dense layer.
    """
    from matplotlib.figure import Figure

    maps = dense_layers(model)
    figure = Figure(figsize=(7, 0.4 + 2.1 * len(maps)), dpi=120, layout="constrained")
    for axes, (name, weights, biases) in zip(
        figure.subplots(len(maps), 1, squeeze=False)[:, 0], maps
    ):
        weight_map(axes, weights, biases)
        axes.set_title(name)
    return figure


def dense_layers(model: Sequential) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return each Dense layer's name, weights and biases, on the host."""
    arrays, layers = model._tensors(), list[tuple[str, np.ndarray, np.ndarray]]()
    for index, layer in enumerate(model.layers):
        if isinstance(layer, Dense):
            counts = ((layer.n_inputs, "input"), (layer.n_outputs, "neuron"))
            said = ", ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts)
            weights, biases = arrays[f"{index}.weights"], arrays[f"{index}.biases"]
            layers.append((f"Layer {index}: {said}", to_host(weights), to_host(biases)))
    if not layers:
        raise ValueError(f"model must have a Dense layer, got {model!r}")
    return layers


def weight_map(axes: Any, weights: Any, biases: Any) -> Callable[[Any, Any], None]:
    """Draw the weights of a layer as colours, and its biases as a strip beside them.

    Orange is below 0, white is 0, purple is above: the scale reaches equally far to both
    sides.  The longer side lies across, so that of 64 inputs for 3 neurons each neuron is a
    row, and of 2 inputs for 64 neurons a column.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw; a colour bar is put beside it.
    weights : array_like of shape (n_inputs, n_outputs)
        The weights.
    biases : array_like of shape (n_outputs,)
        The biases.

    Returns
    -------
    callable
        ``update(weights, biases)`` shows others of these shapes; the scale widens where
        they need it.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    weights, biases = to_host(weights), to_host(biases)
    if weights.ndim != 2 or biases.shape != weights.shape[1:]:
        raise ValueError(
            "weights and biases must have the shapes (n_inputs, n_outputs) and (n_outputs,), "
            f"got {weights.shape} and {biases.shape}"
        )
    neurons_across = weights.shape[0] <= weights.shape[1]
    n_inputs, n_neurons = weights.shape
    strip = max(1.0, 0.05 * n_inputs)  # that it can be seen beside hundreds of inputs
    gap = strip / 3
    inputs = np.append(np.arange(n_inputs + 1.0), [n_inputs + gap, n_inputs + gap + strip])
    neurons = np.arange(n_neurons + 1.0)

    def together(weights: np.ndarray, biases: np.ndarray) -> Any:
        nothing = np.full(biases.shape, np.nan)
        values = np.ma.masked_invalid(np.stack([*weights, nothing, biases]))
        return values if neurons_across else values.T

    x, y = (neurons, inputs) if neurons_across else (inputs, neurons)
    mesh = _signed_map(axes, x, y, together(weights, biases))
    axes.invert_yaxis()
    middles, said = _some(n_inputs)
    if n_inputs > 20:  # the strip is narrow, and its name takes the room of the last number
        middles, said = middles[:-1], said[:-1]
    input_ticks = [*middles, n_inputs + gap + strip / 2], [*said, "bias"]
    for ticks, name, across in (
        (input_ticks, "input", not neurons_across),
        (_some(n_neurons), "neuron", neurons_across),
    ):
        if across:
            axes.set_xticks(*ticks)
            axes.set_xlabel(name)
        else:
            axes.set_yticks(*ticks)
            axes.set_ylabel(name)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)

    def update(weights: Any, biases: Any) -> None:
        values = together(to_host(weights), to_host(biases))
        mesh.set_array(values)
        limit = _limit(values)
        if limit > mesh.norm.vmax:
            mesh.set_clim(-limit, limit)

    return update


def _limit(values: np.ndarray) -> float:
    """Return how far a scale reaches to both sides of 0: to a number of one or two digits.

    A movie whose weights grow has a new scale only now and then, and so is drawn faster.
    """
    largest = float(np.abs(values).max()) or 1.0
    power = 10.0 ** np.floor(np.log10(largest))
    steps = power * np.array([1, 1.5, 2, 3, 5, 7, 10])
    return float(steps[np.searchsorted(steps, largest * (1 - 1e-9))])


def _some(n: int) -> tuple[list[float], list[str]]:
    """Return where the middles of some of n cells are, and their numbers."""
    cells = np.unique(np.linspace(0, n - 1, min(n, 5)).round().astype(int))
    return [cell + 0.5 for cell in cells], [str(cell) for cell in cells]


def _signed_map(axes: Any, across: np.ndarray, up: np.ndarray, values: np.ndarray) -> Any:
    """Draw cells in colours that differ to both sides of 0, with a bar that explains them."""
    limit = _limit(values)
    mesh = axes.pcolormesh(
        across, up, values, cmap=SIGNED, vmin=-limit, vmax=limit, rasterized=True
    )
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, fraction=0.05)
    bar.ax.locator_params(nbins=3)
    bar.outline.set_visible(False)
    return mesh


def neuron_activations(
    model: Sequential,
    X: Any,
    *,
    layer: int | None = None,
    neurons: Sequence[int] | None = None,
    resolution: int = 100,
) -> Any:
    """Draw what each neuron of a layer gives over the plane.

    Parameters
    ----------
    model : Sequential
        A model of two features.
    X : array_like of shape (n, 2)
        Points; the plane is drawn where they lie.
    layer : int, optional
        The number of the layer whose outputs are drawn, counted from 0, or from the end if
        it is below 0; by default the activation behind the first layer that learns.
    neurons : sequence of int, optional
        Which of its outputs; by default all, up to 64 of them.
    resolution : int
        How many points a side of the grid has.

    Returns
    -------
    matplotlib.figure.Figure
        A map for each neuron, all in one scale of colours: from dark for nothing to yellow
        where no output is below 0, else orange below 0 and purple above.  Whose map is 0
        everywhere is said to be.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    from matplotlib.figure import Figure

    X = _plane_points(X)
    check_integer("resolution", resolution, at_least=2)
    count = len(model.layers)
    if layer is None:
        learns = [i for i, one in enumerate(model.layers) if one.parameters()]
        layer = learns[1] - 1 if len(learns) > 1 else count - 1
    check_integer("layer", layer, at_least=-count)
    if layer >= count:
        raise ValueError(f"layer must be < {count}, the number of layers, got {layer}")
    across, up, grid = _grid(X, resolution)
    outputs = _outputs(model, grid, layer % count)  # (r * r, k)
    k = outputs.shape[1]
    chosen = range(min(k, 64)) if neurons is None else neurons
    for neuron in chosen:
        check_integer("neurons", neuron, at_least=0)
        if neuron >= k:
            raise ValueError(f"neurons must be < {k}, the layer's outputs, got {neuron}")
    if not len(chosen):
        raise ValueError("neurons must name at least one, got none")
    columns = min(8, int(np.ceil(np.sqrt(2 * len(chosen)))))
    rows = -(-len(chosen) // columns)
    side = max(1.1, 6 / columns)
    figure = Figure(
        figsize=(side * columns + 0.9, (side + 0.1) * rows + 0.5), dpi=100, layout="constrained"
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    shown = outputs[:, list(chosen)]
    high = float(np.abs(shown).max()) or 1.0
    low, colours = (0.0, UNSIGNED) if shown.min() >= 0 else (-high, SIGNED)
    for axes, neuron in zip(panels, chosen):
        image = axes.imshow(
            outputs[:, neuron].reshape(across.shape),
            cmap=colours,
            vmin=low,
            vmax=high,
            origin="lower",
            extent=(across.min(), across.max(), up.min(), up.max()),
            aspect="auto",
        )
        silent = not outputs[:, neuron].any()
        axes.set_title(f"{neuron}: all 0" if silent else str(neuron), fontsize="small", pad=2)
        axes.set_xticks([])
        axes.set_yticks([])
    for axes in panels[len(chosen) :]:
        axes.set_visible(False)
    bar = figure.colorbar(image, ax=list(panels), fraction=0.04, aspect=30, pad=0.01)
    bar.outline.set_visible(False)
    kind = type(model.layers[layer]).__name__
    figure.suptitle(f"Outputs of layer {layer % count}, {kind}, over the plane")
    return figure


def _outputs(model: Sequential, X: np.ndarray, layer: int) -> np.ndarray:
    """Return a layer's outputs, on the host."""
    with model.backend.activate():
        x = model.backend.asarray(model._inputs(X), model.dtype)
        arrays = model._stack.split(model._arrays)
        for one, own in zip(model.layers[: layer + 1], arrays):
            x, _ = one.forward(own, x)
        return to_host(x)


def confusion_matrix(
    axes: Any,
    y: Any,
    predictions: Any,
    *,
    labels: Sequence[str] | None = None,
    threshold: float = 0.5,
) -> np.ndarray:
    """Draw which class is taken for which.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    y : array_like of shape (n,), (n, 1) or (n, k)
        The classes: their indices, or one-hot rows.
    predictions : array_like of shape (n,), (n, 1) or (n, k)
        What a model says: class indices, or the scores that ``predict`` gives.
    labels : sequence of str, optional
        The names of the classes.
    threshold : float
        From where on a single output says yes, class 1: 0.5 for a probability.

    Returns
    -------
    numpy.ndarray of shape (k, k), int64
        How many samples of the class of the row were taken for that of the column.  The
        colour is the part of the row; up to 20 classes have the number written in.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    check_number("threshold", threshold)
    given = y, predictions
    y = _classes("y", y, threshold)
    predictions = _classes("predictions", predictions, threshold)
    width = max(1 if (v := to_host(a)).ndim < 2 else v.shape[1] for a in given)
    _check_lengths("predictions", predictions, "y", y)
    k = max(2, width, int(y.max()) + 1, int(predictions.max()) + 1)
    labels = _check_labels(labels, k)
    counts = np.zeros((k, k), dtype=np.int64)
    np.add.at(counts, (y, predictions), 1)
    part = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    image = axes.imshow(part, cmap=SHARES, vmin=0, vmax=1)
    if k <= 20:
        for row, column in np.argwhere(counts):
            axes.text(
                column,
                row,
                f"{counts[row, column]:,}",
                ha="center",
                va="center",
                fontsize="small",
                color="white" if part[row, column] < 0.5 else "black",
            )
    names = [str(c) for c in range(k)] if labels is None else list(labels[:k])
    long = max(map(len, names)) > 3
    if k <= 40:
        axes.set_xticks(
            range(k), names, rotation=45 if long else 0, ha="right" if long else "center"
        )
        axes.set_yticks(range(k), names)
    axes.set_xlabel("taken for")
    axes.set_ylabel("class")
    axes.set_title(f"Confusion matrix: {np.trace(counts) / counts.sum():.1%} right")
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03)
    bar.ax.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    bar.set_label("part of the class")
    bar.outline.set_visible(False)
    return counts


# ------------------------------------------------------------------------------ gradients


def gradient_norms(axes: Any, model: Sequential, X: Any, y: Any) -> dict[str, float]:
    """Draw how large the gradient of each parameter is, now.

    Where gradients vanish, they get smaller by a factor from the last layer to the first.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    model : Sequential
        A compiled model.
    X, y : array_like
        The data whose loss is differentiated, as `Sequential.gradients` takes it.

    Returns
    -------
    dict of str to float
        The root of the sum of squares of each parameter's gradient, by the parameter's name:
        ``"0.weights"``.  What is 0 has no place on the scale, and is a cross at its bottom.
    """
    _, grads = model.gradients(X, y)
    norms = dict(zip(model._parameters, norms_of(model, grads)))
    kinds = list(dict.fromkeys(name.partition(".")[2] for name in norms))
    for kind, colour, marker in zip(kinds, _cycle(COLOURS), _cycle(MARKERS)):
        own = {int(n.partition(".")[0]): v for n, v in norms.items() if n.endswith(f".{kind}")}
        _log_line(axes, list(own), list(own.values()), colour, kind, marker=marker)
    layers = sorted({int(name.partition(".")[0]) for name in norms})
    kinds = [type(model.layers[i]).__name__ for i in layers]
    several = len(set(kinds)) > 1
    axes.set_xticks(layers, [f"{i}\n{k}" if several else f"{i}" for i, k in zip(layers, kinds)])
    axes.set_xlabel("layer")
    axes.set_ylabel("norm of the gradient")
    axes.set_title("Gradients, layer by layer")
    axes.grid(alpha=0.3)
    axes.legend()
    return norms


def gradient_history(
    axes: Any, recorded: GradientNorms, *, kind: str = "weights", relative: bool = False
) -> None:
    """Draw how large the gradients of each layer were in the course of a training.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    recorded : GradientNorms
        The callback that was told of the training.
    kind : str
        Which of a layer's parameters: ``"weights"``, ``"biases"``.
    relative : bool
        Whether each is divided by the norm of the parameter itself, so that layers of
        unlike sizes can be compared.

    Raises
    ------
    TypeError, ValueError
        If nothing was recorded, or an argument is none of the above.
    """
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    check_flag("relative", relative)
    names = [name for name in recorded.norms if name.partition(".")[2] == kind]
    if not recorded.epochs:
        raise ValueError("recorded must hold at least one epoch: train with it in callbacks")
    if not names:
        kinds = sorted({name.partition(".")[2] for name in recorded.norms})
        raise ValueError(f"kind must be one of {kinds}, got {kind!r}")
    # from dark, the first layer, to light; without the yellow that is lost on white
    colours = colormaps[UNSIGNED](np.linspace(0, 0.88, len(names)))
    for name, colour in zip(names, colours):
        values = np.array(recorded.norms[name])
        if relative:
            sizes = np.array(recorded.sizes[name])
            values = values / np.where(sizes > 0, sizes, np.nan)
        label = f"layer {name.partition('.')[0]}"
        marker = "o" if len(values) == 1 else ""
        _log_line(axes, recorded.epochs, values, colour, label, marker=marker)
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("epoch")
    axes.set_ylabel("norm of the gradient" + (" / norm of the parameter" if relative else ""))
    axes.set_title(f"Gradients of the {kind}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))


def norms_of(model: Sequential, arrays: Sequence[Any]) -> list[float]:
    """Return the root of the sum of squares of each array, read from the device at once."""
    if not arrays:
        return []
    xp = array_namespace(arrays[0])
    with model.backend.activate():
        # of what has vanished, squares would be 0
        largest = [xp.max(xp.abs(array)) for array in arrays]
        scaled = [a / xp.where(m > 0, m, xp.ones_like(m)) for a, m in zip(arrays, largest)]
        sums = [xp.sum(a * a) for a in scaled]
        norms = model.backend.read(largest) * np.sqrt(model.backend.read(sums))
    return [float(norm) for norm in norms]


def _log_line(
    axes: Any, places: Sequence[float], values: Any, colour: Any, label: str, *, marker: str
) -> None:
    """Draw numbers >= 0 on a logarithmic scale, and what is 0 as a cross at its bottom."""
    x, values = np.asarray(places), np.asarray(values, dtype=float)
    above = np.where(values > 0, values, np.nan)
    axes.plot(x, above, color=colour, marker=marker, lw=1.5, label=label)
    axes.set_yscale("log")
    zero = x[values == 0]
    if zero.size:
        place = axes.get_xaxis_transform()
        axes.plot(zero, np.zeros(zero.size), "x", color=colour, transform=place, clip_on=False)


def _cycle(items: Sequence[str]) -> Any:
    from itertools import cycle

    return cycle(items)


# -------------------------------------------------------------------- how optimizers walk


def valley(x: Any) -> Any:
    """Compute (x² - 4)² / 16 + x / 4, which has two valleys.

    The lowest point is near -2, in the left one; who comes from the right must get over a
    hill near 0 to reach it.

    Parameters
    ----------
    x : float or array
        Where.

    Returns
    -------
    float or array
        The function at each entry.
    """
    return (x * x - 4) ** 2 / 16 + x / 4


def walk(
    f: Callable[[Any], Any], start: float, optimizer: Optimizer, steps: int = 100
) -> np.ndarray:
    """Let an optimizer walk down a function of one variable.

    Parameters
    ----------
    f : callable
        The function, elementwise on arrays.
    start : float
        Where it begins.
    optimizer : Optimizer
        Who walks; it sees the slope by `xpnn.calculus.derivative`, the central one.
    steps : int
        How many steps it takes.

    Returns
    -------
    numpy.ndarray of shape (steps + 1,), float64
        Where it was, from `start` on; shorter where it left the finite numbers.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    check_number("start", start)
    check_integer("steps", steps, at_least=1)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an Optimizer, got {optimizer!r}")
    backend = get_backend()
    places = [float(start)]
    with backend.activate(), np.errstate(over="ignore", invalid="ignore"):
        params = [backend.asarray([start], "float64")]
        state = optimizer.init(params)
        for _ in range(steps):
            slope = derivative(f, params[0], method="central")
            params, state = optimizer.update(params, [slope], state)
            place = float(params[0][0])
            if not np.isfinite(place):
                break
            places.append(place)
    return np.array(places)


def minima(f: Callable[[Any], Any], low: float, high: float) -> np.ndarray:
    """Find the minima of a smooth function of one variable.

    Parameters
    ----------
    f : callable
        The function, elementwise on arrays.
    low, high : float
        Between which they are looked for; two that are nearer to one another than a
        thousandth of this may be missed.

    Returns
    -------
    numpy.ndarray of shape (m,), float64
        Where the slope, by `xpnn.calculus.derivative`, goes through 0 upwards; the lowest
        minimum first.
    """
    _check_range(low, high)

    def slopes(x: np.ndarray) -> np.ndarray:
        return to_host(derivative(f, get_backend().asarray(x), method="central"))

    x = np.linspace(low, high, 1001)
    rises = slopes(x) > 0
    begin = np.flatnonzero(~rises[:-1] & rises[1:])
    left, right = x[begin], x[begin + 1]
    for _ in range(50):  # each halves the interval
        middle = (left + right) / 2
        up = slopes(middle) > 0
        left, right = np.where(up, left, middle), np.where(up, middle, right)
    found = (left + right) / 2
    return found[np.argsort(_values(f, found))]


def _values(f: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    return to_host(f(get_backend().asarray(x)))


def _check_range(low: float, high: float) -> None:
    check_number("low", low)
    check_number("high", high, above=low)


def optimizer_walk(
    axes: Any, f: Callable[[Any], Any], places: Any, *, low: float = -3.5, high: float = 3.7
) -> Any:
    """Draw a function, its minima, and the places to which an optimizer came.

    A ring is around the last place, and triangles point to the minima, a green one to the
    lowest.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    f : callable
        The function, elementwise on arrays.
    places : array_like of shape (m,)
        Where the optimizer was, as `walk` tells.
    low, high : float
        The part of the function that is drawn.

    Returns
    -------
    matplotlib.collections.PathCollection
        The balls, dark at the first step and light at the last, for a colour bar.  Those
        outside the part that is drawn are not seen.
    """
    places = to_host(places).astype(np.float64)
    if places.ndim != 1 or not places.size:
        raise ValueError(f"places must have the shape (m,), m > 0, got {places.shape}")
    _check_range(low, high)
    x = np.linspace(low, high, 500)
    heights = _values(f, x)
    axes.plot(x, heights, color="0.35", lw=1.5, zorder=1)
    lowest = minima(f, low, high)
    below = heights.min() - 0.09 * np.ptp(heights)
    for i, place in enumerate(lowest):
        axes.plot(place, below, marker="^", color=COLOURS[2 if i == 0 else 4], ms=7)
    inside = (places >= low) & (places <= high)
    steps = np.arange(places.size)
    balls = axes.scatter(
        places[inside],
        _values(f, places[inside]),
        c=steps[inside],
        vmin=0,
        vmax=max(1, places.size - 1),
        cmap=UNSIGNED,
        s=34,
        edgecolors="black",
        linewidths=0.4,
        zorder=3,
    )
    if inside[-1]:
        last = places[-1:]
        axes.scatter(
            last,
            _values(f, last),
            s=130,
            facecolors=RING["mfc"],
            edgecolors=RING["mec"],
            linewidths=RING["mew"],
            zorder=4,
        )
    axes.set_xlim(low, high)
    axes.set_ylim(below - 0.06 * np.ptp(heights), heights.max() + 0.06 * np.ptp(heights))
    return balls


def optimizer_walks(
    optimizers: Mapping[str, Optimizer],
    f: Callable[[Any], Any] = valley,
    start: float = 3.4,
    *,
    steps: int = 100,
    low: float = -3.5,
    high: float = 3.7,
) -> Any:
    """Draw how optimizers walk down the same function, side by side.

    Parameters
    ----------
    optimizers : mapping of str to Optimizer
        Who walks, by the title of its picture.
    f, start, steps
        As in `walk`.
    low, high : float
        The part of the function that is drawn.

    Returns
    -------
    matplotlib.figure.Figure
        A picture for each, as `optimizer_walk` draws it.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    if not isinstance(optimizers, Mapping) or not optimizers:
        raise TypeError(
            f"optimizers must be a dict of titles and Optimizers, got {optimizers!r}"
        )
    columns = min(3, len(optimizers))
    rows = -(-len(optimizers) // columns)
    figure = Figure(figsize=(3.3 * columns, 2.4 * rows), dpi=110, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, (name, optimizer) in zip(panels.flat, optimizers.items()):
        places = walk(f, start, optimizer, steps)
        balls = optimizer_walk(axes, f, places, low=low, high=high)
        balls.set_clim(0, steps)
        if len(places) <= steps or not low <= places[-1] <= high:
            end = "leaves the picture"
        else:
            end = f"ends at {places[-1]:.2f}".replace("-", "\N{MINUS SIGN}")
        axes.set_title(f"{name}\n{end}", fontsize="medium")
    for axes in panels.flat[len(optimizers) :]:
        axes.set_visible(False)
    bar = figure.colorbar(balls, ax=panels, label="step", fraction=0.02, aspect=40, pad=0.01)
    bar.outline.set_visible(False)
    point: dict[str, Any] = {"marker": "^", "ls": "", "ms": 7}
    figure.legend(
        handles=[
            Line2D([], [], color=COLOURS[2], label="lowest minimum", **point),
            Line2D([], [], color=COLOURS[4], label="other minimum", **point),
            Line2D([], [], **RING, marker="o", ls="", ms=10, label="last place"),
        ],
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    return figure


# ---------------------------------------------------------------------- curves by neurons


def fitted_curve(axes: Any, predict: Callable[[np.ndarray], Any], X: Any, y: Any) -> float:
    """Draw a curve and what a model of one feature makes of it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    predict : callable
        A model's ``predict``: from (n, 1) to (n, 1).
    X : array_like of shape (n, 1)
        Where the curve is known.
    y : array_like of shape (n,) or (n, 1)
        The curve.

    Returns
    -------
    float
        The largest distance between the two, which the title tells.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    X, y = _line_points(X), to_host(y).reshape(-1)
    _check_lengths("y", y, "X", X)
    order = np.argsort(X[:, 0])
    x, wanted = X[order, 0], y[order]
    given = to_host(predict(X[order])).reshape(-1)
    _check_lengths("predictions", given, "X", X)
    largest = float(np.abs(given - wanted).max())
    axes.plot(x, wanted, color="0.6", lw=4, label="curve")
    axes.plot(x, given, color=COLOURS[4], lw=1.5, label="network")
    axes.set_title(f"off by {largest:.4f} at most")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return largest


def _line_points(X: Any) -> np.ndarray:
    points = to_host(X)
    if points.ndim != 2 or points.shape[1] != 1 or not points.size:
        raise ValueError(
            f"X must hold rows of one feature, of shape (n, 1), got {points.shape}"
        )
    return points


def contributions(axes: Any, model: Sequential, X: Any) -> np.ndarray:
    """Draw how a curve grows, neuron by neuron of the last hidden layer.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    model : Sequential
        A model of one feature that ends in a Dense layer with one output.
    X : array_like of shape (n, 1)
        Where.

    Returns
    -------
    numpy.ndarray of shape (n, k + 1)
        The curves that are drawn, over sorted `X`: the network's output at the least x, with
        what the first 0, 1, …, k neurons add to it from there on.  The last one is the
        network's output.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    from matplotlib import colormaps

    X = _line_points(X)
    X = X[np.argsort(X[:, 0])]
    last = model.layers[-1]
    if len(model.layers) < 2 or not isinstance(last, Dense) or last.n_outputs != 1:
        raise ValueError(
            "model must have hidden layers and end in a Dense layer of one output, got "
            f"{model!r}"
        )
    weights, biases = (to_host(p).astype(np.float64) for p in model.parameters[-2:])
    hidden = _outputs(model, X, len(model.layers) - 2).astype(np.float64)  # (n, k)
    start = hidden[:1] @ weights + biases  # (1, 1)
    added = (hidden - hidden[:1]) * weights[:, 0]
    curves = start + np.cumsum(np.concatenate([np.zeros((len(X), 1)), added], axis=1), axis=1)
    k = added.shape[1]
    colours = colormaps[UNSIGNED](np.linspace(0, 0.9, k + 1))
    for i in range(k + 1):
        label = f"{i} neuron{'s' * (i != 1)}" if i in (0, 1, k) else None
        axes.plot(X[:, 0], curves[:, i], color=colours[i], lw=1.5, label=label)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return curves  # type: ignore[no-any-return]


def sine_by_hand(by_hand: Sequential, trained: Sequential, X: Any, y: Any) -> Any:
    """Draw a curve as weights that were set by hand make it, and as training does.

    Parameters
    ----------
    by_hand : Sequential
        A network such as `xpnn.handmade.relu_pairs` makes.
    trained : Sequential
        A network of the same kind that has learnt the curve.
    X : array_like of shape (n, 1)
        Where the curve is known.
    y : array_like of shape (n,) or (n, 1)
        The curve.

    Returns
    -------
    matplotlib.figure.Figure
        Above by hand, below by training; to the left how the curve grows neuron by neuron,
        as in `contributions`, to the right what becomes of it, as in `fitted_curve`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6.4), dpi=100, layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey="col")
    for (grows, fits), model, name in zip(panels, (by_hand, trained), ("By hand", "Trained")):
        contributions(grows, model, X)
        grows.set_title(f"{name}: the curve grows, neuron by neuron")
        largest = fitted_curve(fits, model.predict, X, y)
        fits.set_title(f"{name}: off by {largest:.4f} at most")
    for axes in panels[1]:
        axes.set_xlabel("x")
    return figure
