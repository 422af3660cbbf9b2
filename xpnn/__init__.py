"""Neural networks you can read, on any array library."""

from . import (
    calculus,
    callbacks,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    schedules,
    search,
)
from .backend import (
    Backend,
    BackendFallbackWarning,
    BackendUnavailableError,
    available_backends,
    get_backend,
    set_backend,
    use_backend,
)
from .callbacks import Callback
from .layers import (
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Linear,
    Parameter,
    ReLU,
    Sigmoid,
    Softmax,
    Step,
    Tanh,
)
from .losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
)
from .model import DivergenceError, History, Sequential
from .optimizers import SGD, AdaGrad, Adam, AdamW, Optimizer, RMSProp
from .serialization import ModelFileError, load
from .version import __version__

_LATER = ("export", "handmade", "nnfs", "plots", "sklearn", "testing")


def __getattr__(name: str) -> object:
    """Import the parts that not every program needs when they are first asked for."""
    from importlib import import_module

    if name in _LATER:
        return import_module(f"{__name__}.{name}")
    if name == "compare_backends":
        return import_module(f"{__name__}.comparison").compare_backends
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER, "compare_backends"])


__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Backend",
    "BackendFallbackWarning",
    "BackendUnavailableError",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Callback",
    "CategoricalCrossEntropy",
    "Dense",
    "DivergenceError",
    "Dropout",
    "History",
    "Huber",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "ModelFileError",
    "Optimizer",
    "Parameter",
    "RMSProp",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Step",
    "Tanh",
    "__version__",
    "available_backends",
    "calculus",
    "callbacks",
    "datasets",
    "get_backend",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "optimizers",
    "schedules",
    "search",
    "set_backend",
    "use_backend",
]
