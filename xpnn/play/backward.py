"""The numbers of one sample's way through a network, and back."""

from __future__ import annotations

from typing import Any

from ..backend import to_host
from ..layers.base import parameters_of
from ..network import Network
from ..network.stack import fuse

__all__ = ["backward_pass"]


def backward_pass(model: Network, X: Any, y: Any) -> dict[str, Any]:
    """Compute what each layer makes of a sample, and the gradients on the way back.

    Nothing is dropped out, and penalties are left out.

    Parameters
    ----------
    model : Network
        A compiled network.
    X : array_like of shape (1, n_features)
        The sample.
    y : array_like of shape (1,) or (1, n_outputs)
        Its target.

    Returns
    -------
    dict
        Plain data: the ``"loss"``, and ``"layers"``, from first to last, each with its
        ``"title"``; ``"inputs"`` and ``"outputs"``, lists of numbers; ``"dinputs"`` and
        ``"doutputs"``, the gradients of the loss with respect to them; and ``"parameters"``,
        each with its ``"name"``, its ``"values"`` and its ``"gradient"``, nested lists.  An
        activation that is computed together with the loss, as Softmax is with
        cross-entropy, is the last layer, without gradients.
    """
    compiled = model.require_compiled()
    with model.gate, model.backend.activate_for(model.dtype):
        x = model.place_inputs(X)
        targets = model.place_targets(y, x)
        stack, criterion = fuse(model.layers, compiled.loss)
        passed, closures = [], []
        for layer, arrays in zip(stack.layers, stack.split(model.all_arrays)):
            outputs, backward = layer.forward(arrays, x)
            passed.append({"title": layer.title, "inputs": _row(x), "outputs": _row(outputs)})
            closures.append((layer, arrays, backward))
            x = outputs
        loss, dx = criterion.mean_and_gradient(x, targets)
        for told, (layer, arrays, backward) in zip(passed[::-1], closures[::-1]):
            told["doutputs"] = _row(dx)
            dx, gradients = backward(dx)
            told["dinputs"] = _row(dx)
            told["parameters"] = [
                {"name": name, "values": _plain(values), "gradient": _plain(gradient)}
                for name, values, gradient in zip(parameters_of(layer), arrays, gradients)
            ]
        if stack.head is not None:
            outputs, _ = stack.head.forward((), x)
            head = {"title": stack.head.title, "inputs": _row(x), "outputs": _row(outputs)}
            passed.append(head | {"doutputs": [], "dinputs": [], "parameters": []})
        return {"loss": float(to_host(loss)), "layers": passed}


def _plain(array: Any) -> Any:
    return to_host(array).astype(float).tolist()


def _row(array: Any) -> Any:
    """Return the numbers of the one row; as a copy, for what is behind may be changed."""
    return _plain(array)[0]
