"""Model cards: what a network is and how it was made, as plain data and as text.

A card holds what xpnn knows and nothing that only its maker can, such as what the network is
meant for; it is JSON, so that other programs read it and people add to it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .naming import describe
from .network import Network
from .network.compiled import nothing_described
from .version import __version__

__all__ = ["last_epoch", "model_card", "text"]

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
    layers, total = [], 0
    for layer, size in zip(model.layers, model.layer_sizes()[1:]):
        settings = describe(layer)
        kind = settings.pop("type")
        shapes = {name: p.shape for name, p in layer.parameters().items()}
        state = {name: p.shape for name, p in layer.state().items()}
        total += sum(math.prod(shape) for shape in shapes.values())
        about = {"type": kind, "settings": settings, "outputs": size}
        layers.append({**about, "parameters": shapes, "state": state})
    compiled, extra = model.compiled, extra or {}
    whole = {
        "card": VERSION,
        "xpnn": __version__,
        "dtype": model.dtype,
        "backend": model.backend.spec,
        "inputs": model.n_inputs,
        "outputs": model.layer_sizes()[-1],
        "layers": layers,
        "parameters": total,
        "bytes": total * np.dtype(model.dtype).itemsize,
        **(compiled.described() if compiled else nothing_described()),
        "metrics": [metric.name for metric in compiled.metrics] if compiled else None,
        "training": last_epoch(model) or _training(extra),
        "data": None,
    }
    if "preparation" in extra:
        whole["data"] = {**extra["data"], **extra["preparation"]}
    card: dict[str, Any] = json.loads(json.dumps(whole))  # as it comes back from a file
    return card


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


def text(model: Network, card: Mapping[str, Any]) -> str:
    """Return the network's table and what a card tells beside it, for people."""
    lines = []
    if model.compiled is not None:
        lines.append(("loss", str(model.compiled.loss)))
        lines.append(("optimizer", str(model.compiled.optimizer)))
        lines.append(("metrics", ", ".join(card["metrics"]) or "none"))
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
    return "\n".join([model.summary(), *([""] if told else []), *told])
