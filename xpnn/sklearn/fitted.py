"""What an estimator has once it is fitted: its arrays, and the network that they are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ..backend import HOST, Array, Backend, backend_of, dtype_name, resolve, to_host
from ..layers import Dense
from ..layers.base import Layer
from ..network.rows import beside
from ..sequential import Sequential
from .adapter import validate_rows
from .networks import make_layers
from .parameters import Parameters

__all__ = ["Fitted", "are_names", "network_dtype"]


def are_names(labels: Array) -> bool:
    """Whether labels are no numbers, so that only NumPy can hold them."""
    return isinstance(labels, np.ndarray) and labels.dtype.kind not in "biuf"


def network_dtype(array: Array) -> str:
    """Return the dtype in which a network computes that takes an array: rows, or weights."""
    return "float32" if dtype_name(array.dtype) == "float32" else "float64"


class Fitted(Parameters):
    """The fitted arrays `coefs_` and `intercepts_`, and what is computed with them.

    They are public and may be changed or exchanged, so a network is only kept as long as they
    are the arrays that it handed out; otherwise one is made around them.
    """

    @property
    def _first_coefs(self) -> Array:
        """The array that says where the fitted ones are."""
        return self.coefs_[0]

    def _where(self, X: Array) -> Backend:
        """Return where to compute: as asked for, or where the rows are."""
        if self.backend is not None:
            return resolve(self.backend)
        return resolve(HOST) if issparse(X) else backend_of(X)

    def _arrays(self) -> list[Array]:
        """Return the fitted arrays in the order in which a network has them."""
        return [a for pair in zip(self.coefs_, self.intercepts_) for a in pair]

    def _sizes(self) -> list[int]:
        """Return the numbers of features, of neurons and of outputs that were fitted."""
        return [int(w.shape[0]) for w in self.coefs_] + [int(self.coefs_[-1].shape[1])]

    def _hand_out(self, model: Sequential, X: Array) -> None:
        """Let the fitted arrays be the network's own, or copies where X is.

        Whoever changes the network's own arrays changes what it predicts.  Copies can't do
        that, so they can't be changed.
        """
        arrays = [beside(X, p, model.backend) for p in model.parameter_arrays]
        for i, (array, own) in enumerate(zip(arrays, model.parameter_arrays)):
            if array is not own and isinstance(array, np.ndarray):
                arrays[i] = array.view()  # a library may lend out the array that it holds
                arrays[i].flags.writeable = False
        self.coefs_, self.intercepts_ = arrays[::2], arrays[1::2]
        self._model = model, arrays

    def _last(self) -> Sequential | None:
        """Return the network of the last fit, whatever became of the fitted arrays since."""
        model: Sequential | None = getattr(self, "_model", (None,))[0]
        return model

    def _kept(self) -> Sequential | None:
        """Return the network of the last fit, if the fitted arrays are still its own."""
        model, handed = getattr(self, "_model", (None, ()))
        arrays = self._arrays()
        same = len(arrays) == len(handed) and all(a is b for a, b in zip(arrays, handed))
        return model if same else None

    def _holds(self, model: Sequential) -> bool:
        """Whether the fitted arrays are, by their numbers, a network's parameters."""
        pairs = zip(self._arrays(), model.parameter_arrays, strict=True)
        return all(np.array_equal(to_host(a), to_host(p)) for a, p in pairs)

    def _around(self, layers: Sequence[Layer], backend: Backend) -> Sequential:
        """Return a network around the fitted arrays."""
        arrays = self._arrays()
        numbers = [i for i, layer in enumerate(layers) if isinstance(layer, Dense)]
        names = [f"{i}.{name}" for i in numbers for name in ("weights", "biases")]
        named = dict(zip(names, arrays))
        return Sequential.around(layers, named, network_dtype(arrays[0]), backend)

    def _outputs(self, X: Any, method: str) -> Array:
        """Return the network's outputs, of shape (n, n_outputs), where X is."""
        check_is_fitted(self, "coefs_")
        X = validate_rows(self, X, attribute="_first_coefs", method=method)
        return self._network_of(X).predict(X)

    def _network_of(self, X: Array) -> Sequential:
        """Return the network of the fitted arrays; a new one computes where X is."""
        model = self._kept()
        if model is None:
            layers = make_layers(self, self._sizes(), self.out_activation_)
            model = self._around(layers, self._where(X))
        return model

    def __getstate__(self) -> dict[str, Any]:
        # arrays that travel are copies, and no longer the network's own
        state: dict[str, Any] = {**super().__getstate__()}
        if "_model" in state:
            state["_model"] = state["_model"][0], []
        return state

    def __sklearn_array_api_convert__(self, convert: Any) -> Any:
        """Return a copy whose fitted arrays are converted, as scikit-learn asks for it."""
        new = clone(self)
        for name, value in vars(self).items():
            if name in ("coefs_", "intercepts_", "_best"):
                value = [convert(array) for array in value]
            elif name == "classes_" and not are_names(value):
                value = convert(value)
            if name != "_model":
                setattr(new, name, value)
        return new
