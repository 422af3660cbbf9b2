"""The sides that are compared; a file for each library.

A file has a dictionary ``SIDES``: a side's name, and a function that takes a
`works.Work` and returns a `Trainer`.  Its library is imported at its top, so only
`load` imports a file, in the process that measures.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

import numpy as np

CPU = (
    "products-numpy",
    "limit-numpy",
    "xpnn-numpy",
    "xpnn-numpy-accuracy",
    "xpnn-numba",
    "book",
    "scikit-learn",
    "xpnn-torch",
    "torch",
    "torch-default",
    "torch-compile",
    "keras-torch",
    "xpnn-jax",
    "jax-step",
    "jax-scan",
    "keras-jax",
)
CUDA = (
    "xpnn-cupy",
    "xpnn-torch-cuda",
    "torch-cuda",
    "torch-compile-cuda",
    "torch-cudagraph",
    "xpnn-jax-cuda",
    "jax-step-cuda",
    "jax-scan-cuda",
)
INFERENCE = (
    "limit-numpy",
    "xpnn-numpy",
    "xpnn-numba",
    "torch",
    "jax-step",
    "scikit-learn",
    "onnxruntime",
)
TABLES = ("products", "xpnn", "torch", "jax")
"""The files whose sides can do the work `tables`; the others have ReLU alone, and no waves."""
LIBRARIES = ("jax", "numba", "torch")
"""What a side has in its name if it computes with it."""


class UnavailableError(Exception):
    """The side can't run on this machine."""


class Trainer(Protocol):
    """A network that is being trained by one of the sides."""

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float | None:
        """Train on from where it is.

        Parameters
        ----------
        epochs : int
            How many times to go through the data.
        tick : callable, optional
            Called after each epoch, when the device has finished it.

        Returns
        -------
        float or None
            The mean loss of the last epoch's steps; None if the side learns nothing.  The
            device has finished.
        """

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the probabilities (n, n_classes) of the classes, as a NumPy array."""


def load(name: str) -> Callable[..., Trainer]:
    """Return the side of a name; the name's first part is that of its file."""
    file = file_of(name)
    try:
        module = import_module(f"sides.{file}")
        # xpnn and keras import a library when they use it, a peer when it is loaded
        for library in LIBRARIES:
            if library in name:
                import_module(library)
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error.name} is not there") from error
    if name not in module.SIDES:
        raise UnavailableError(f"sides/{file}.py has no side {name!r}")
    return module.SIDES[name]


def file_of(name: str) -> str:
    """Return the name of a side's file."""
    return name.partition("-")[0]


def takes(name: str, work: str) -> bool:
    """Whether a side can do a work."""
    return work != "tables" or file_of(name) in TABLES


def on_cuda(name: str) -> bool:
    """Whether a side runs on a GPU."""
    return name in CUDA


def reference(name: str) -> str:
    """Return the side in which xpnn uses the same array library on the same device."""
    library = next((part for part in ("torch", "jax") if part in name), None)
    if library is None:
        return "xpnn-cupy" if on_cuda(name) else "xpnn-numpy"
    return f"xpnn-{library}-cuda" if on_cuda(name) else f"xpnn-{library}"
