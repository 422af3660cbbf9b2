"""Model cards: what a network is and how it was made, as plain data and as text.

A card holds what xpnn knows and nothing that only its maker can, such as what the network is
meant for; it is JSON, so that other programs read it and people add to it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from .layers import LAYERS, Layer
from .losses import LOSSES
from .metrics import METRICS
from .naming import describe, make
from .network import Network
from .network.compiled import nothing_described
from .network.heads import HeadMetric
from .network.summary import Row, summary_table
from .optimizers import OPTIMIZERS
from .schedules import SCHEDULES
from .version import __version__

__all__ = ["card_of_file", "last_epoch", "model_card", "text", "unknown_classes"]

VERSION = 1
"""Of the card's form; it grows when a field changes its meaning or goes."""


def model_card(model: Network, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe a network as plain data.

    Parameters
    ----------
    model : Sequential
        The network.
    extra : mapping, optional
        What its file keeps beside it, as `xpnn.serialization.read` returns it.

    Returns
    -------
    dict
        As `Sequential.card` tells.
    """
    layers = [*map(_card_of, model.layers, model.layer_sizes())]
    compiled, extra = model.compiled, extra or {}
    described = compiled.described() if compiled else nothing_described()
    if compiled:
        described["metrics"] = [metric.name for metric in compiled.metrics]
    training = last_epoch(model) or _training(extra)
    return _card(
        (model.dtype, model.backend.spec), model.n_inputs, layers, described, training, extra
    )


def _card_of(layer: Layer, n_inputs: int | None) -> dict[str, Any]:
    """Return what a card tells of a layer, and of those that it holds."""
    card = _layer_card(
        describe(layer),
        layer.output_size(n_inputs),
        {name: p.shape for name, p in layer.parameters().items()},
        {name: p.shape for name, p in layer.state().items()},
    )
    inner = zip(layer.inner_layers().items(), layer.inner_sizes(n_inputs))
    held = {name: _card_of(one, size) for (name, one), size in inner}
    return {**card, "layers": held} if held else card


def _layer_card(
    description: Mapping[str, Any], outputs: int | None, parameters: Any, state: Any
) -> dict[str, Any]:
    """Return what a card tells of a layer; parameters and state are shapes by name."""
    settings = {name: value for name, value in description.items() if name != "type"}
    about = {"type": description["type"], "settings": settings, "outputs": outputs}
    return {**about, "parameters": parameters, "state": state}


def _card(
    place: tuple[str, str],
    n_inputs: int | None,
    layers: list[dict[str, Any]],
    described: Mapping[str, Any],
    training: Mapping[str, Any] | None,
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """Put a card together; the place is the dtype and the backend."""
    total = sum(math.prod(s) for layer in layers for s in layer["parameters"].values())
    whole = {
        "card": VERSION,
        "xpnn": __version__,
        "dtype": place[0],
        "backend": place[1],
        "inputs": n_inputs,
        "outputs": layers[-1]["outputs"] if layers else n_inputs,
        "layers": layers,
        "parameters": total,
        "bytes": total * np.dtype(place[0]).itemsize,
        **described,
        "training": training,
        "data": None,
    }
    if "preparation" in extra:
        whole["data"] = {**extra["data"], **extra["preparation"]}
    card: dict[str, Any] = json.loads(json.dumps(whole))  # as it comes back from a file
    return card


def unknown_classes(description: Any) -> list[str]:
    """Return which classes a file's description names that are not known here.

    Parameters
    ----------
    description : dict
        As `xpnn.files.model_file.read_file` returns it.
    """
    known: set[str] = set().union(LAYERS, LOSSES, OPTIMIZERS, METRICS, SCHEDULES)
    known.add(HeadMetric.__name__)
    parts = ("layers", "loss", "optimizer", "metrics")
    found, to_visit = set(), [description.get(part) for part in parts]
    while to_visit:
        part = to_visit.pop()
        if isinstance(part, dict):
            found |= {part["type"]} if isinstance(part.get("type"), str) else set()
            to_visit += part.values()
        elif isinstance(part, list):
            to_visit += part
    return sorted(found - known)


def card_of_file(
    description: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Return the card of a model file whose classes are not all known, by what it says itself.

    Parameters
    ----------
    description, tensors
        As `xpnn.files.model_file.read_file` returns them.

    Returns
    -------
    dict
        As `Sequential.card` tells.  Of a layer whose class is not known, `outputs` is its
        setting `n_outputs`, or None, and all its arrays count as parameters.

    Raises
    ------
    ValueError, TypeError, KeyError
        If they don't describe a network.
    """
    n_inputs = size = None
    layers = []
    for index, entry in enumerate(description["layers"]):
        shapes = {
            name.partition(".")[2]: array.shape
            for name, array in tensors.items()
            if name.startswith(f"{index}.")
        }
        layer: Layer | None = None
        if not unknown_classes({"layers": [entry]}):
            layer = make(entry, LAYERS, "layer")
        if index == 0:
            n_inputs = size = _size(entry, "n_inputs")
            if layer is not None:
                n_inputs = size = getattr(layer, "n_inputs", None)
        n_before = size
        size = _size(entry, "n_outputs") if layer is None else layer.output_size(size)
        if layer is not None:
            layers.append(_card_of(layer, n_before))
        else:
            layers.append(_card_of_entry(entry, size, shapes))
    if description["dtype"] not in ("float32", "float64"):
        raise ValueError(f"the dtype must be float32 or float64, got {description['dtype']!r}")
    described = {name: description.get(name) for name in nothing_described()}
    described["metrics"] = None
    if described["loss"] is not None:
        described["metrics"] = [
            entry["type"] if isinstance(entry, dict) else entry
            for entry in description["metrics"]
        ]
    extra = description["extra"]
    place = description["dtype"], "numpy"
    return _card(place, n_inputs, layers, described, _training(extra), extra)


def _card_of_entry(
    entry: Mapping[str, Any], size: int | None, shapes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a file's description tells of a layer whose class may not be known."""
    card = _layer_card(entry, size, shapes, {})
    held: dict[str, Any] = {}
    for name, value in entry.items():
        several = value.get("tuple", value) if isinstance(value, dict) else value
        items = enumerate(several) if isinstance(several, list) else [("", several)]
        for key, item in items:
            if isinstance(item, dict) and isinstance(item.get("layer"), dict):
                own, inner = item["layer"], f"{name}.{key}".rstrip(".")
                prefix = f"{inner}."
                known = {
                    k.removeprefix(prefix): v for k, v in shapes.items() if k.startswith(prefix)
                }
                held[inner] = _card_of_entry(own, _size(own, "n_outputs"), known)
    return {**card, "layers": held} if held else card


def _size(entry: Mapping[str, Any], name: str) -> int | None:
    """Return a number of inputs or outputs that is a layer's setting."""
    size = entry.get(name)
    return size if isinstance(size, int) else None


def last_epoch(model: Network) -> dict[str, Any] | None:
    """Return how many epochs the last `fit` finished and the numbers of the last of them."""
    if model.history is None or not model.history.epochs:
        return None
    last = {name: values[-1] for name, values in model.history.history.items()}
    finite = {name: value if math.isfinite(value) else None for name, value in last.items()}
    return {"epochs": model.history.epochs, "last": finite}


def _training(extra: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a file tells of the training, trusting nothing."""
    training = extra.get("training")
    if training is None:
        return None
    odd = not isinstance(training, dict) or training.keys() != {"epochs", "last"}
    if not odd:
        last = training["last"]
        odd = not isinstance(training["epochs"], int) or not isinstance(last, dict)
        odd = odd or not all(isinstance(v, int | float | None) for v in last.values())
    if odd:
        raise ValueError(
            f"expected the training as epochs and the last one's numbers, got {training!r:.80}"
        )
    return dict(training)


def text(card: Mapping[str, Any], summary: str | None = None) -> str:
    """Return a table of the layers and what a card tells beside it, for people.

    Parameters
    ----------
    card : mapping
        The card.
    summary : str, optional
        The table, as `Network.summary` makes it; by default it is made of the card.
    """
    lines = []
    if card["loss"] is not None:
        lines.append(("loss", _called(card["loss"])))
        lines.append(("optimizer", _called(card["optimizer"])))
        lines.append(("metrics", ", ".join(card["metrics"] or []) or "none"))
    if card["training"]:
        epochs, last = card["training"]["epochs"], card["training"]["last"]
        numbers = ", ".join(f"{k} {v:.4g}" for k, v in last.items() if v is not None)
        lines.append(("trained", f"{epochs:,} epoch{'s' * (epochs != 1)}; at last {numbers}"))
    if card["data"]:
        features, target = card["data"]["features"], card["data"]["target"]
        lines.append(("data", card["data"]["name"]))
        if features:
            lines.append(("features", ", ".join(feature["column"] for feature in features)))
        lines.append(("target", target["column"] or "its classes"))
        if "labels" in target:
            lines.append(("classes", ", ".join(target["labels"])))
    told = [f"{name:10} {what}" for name, what in lines]
    return "\n".join([summary or _summary(card), *([""] if told else []), *told])


def _called(description: Any) -> str:
    """Return a description as the call that makes the thing again."""
    if isinstance(description, dict) and len(description) == 1:
        ((kind, inner),) = description.items()
        if kind == "tuple" and isinstance(inner, list):
            return f"({', '.join(map(_called, inner))}{',' * (len(inner) == 1)})"
        if kind == "slice" and isinstance(inner, list):
            return f"slice({', '.join(map(repr, inner))})"
        if isinstance(inner, dict) and "type" in inner:
            return _called(inner)
    if isinstance(description, list):
        return f"[{', '.join(map(_called, description))}]"
    if not isinstance(description, dict) or "type" not in description:
        return repr(description)
    settings = (f"{k}={_called(v)}" for k, v in description.items() if k != "type")
    return f"{description['type']}({', '.join(settings)})"


def _summary(card: Mapping[str, Any]) -> str:
    """Return a table of the layers, as `Network.summary` does."""
    rows = [*chain.from_iterable(map(_rows_of, card["layers"]))]
    return summary_table(rows, card["parameters"], card["dtype"], card["backend"])


def _rows_of(layer: Mapping[str, Any], before: str = "") -> list[Row]:
    """Return a row for a layer, and behind it for those that it holds."""
    inner = layer.get("layers", {})
    held = {name.partition(".")[0] for name in inner}  # which settings they are
    settings = {k: v for k, v in layer["settings"].items() if k not in held}
    called = before + _called({"type": layer["type"], **settings})
    count = sum(math.prod(shape) for shape in layer["parameters"].values())
    below = (_rows_of(one, f"{before}- ") for one in inner.values())
    return [(called, layer["outputs"], count), *chain.from_iterable(below)]
