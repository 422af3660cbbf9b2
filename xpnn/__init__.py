"""Neural networks you can read, on any array library."""

from typing import TYPE_CHECKING

from . import initializers, layers, losses, optimizers, schedules
from .backend import (
    Backend,
    BackendFallbackWarning,
    BackendUnavailableError,
    available_backends,
    get_backend,
    set_backend,
    use_backend,
)
from .layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Chain,
    Combinator,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Exponential,
    Frozen,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    Mish,
    NTKDense,
    NumericEmbedding,
    OneHot,
    Parameter,
    PeriodicEmbedding,
    PiecewiseLinear,
    ReLU,
    Residual,
    Scale,
    Select,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from .losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Focal,
    Heads,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    PoissonDeviance,
    Quantile,
)
from .optimizers import (
    LAMB,
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    Adan,
    Lion,
    Muon,
    NAdam,
    Optimizer,
    RMSProp,
)

if TYPE_CHECKING:
    from . import calculus, callbacks, datasets, metrics, search
    from .files.model_file import ModelFileError
    from .history import DivergenceError, History
    from .hooks import Callback
    from .learning_rates import find_learning_rate
    from .minimizing import minimize
    from .sequential import Sequential
    from .serialization import load
    from .version import __version__ as __version__

# what stands on the parts is imported when it is first asked for: `import xpnn` stays quick
_LATER = {
    "Callback": "hooks",
    "DivergenceError": "history",
    "History": "history",
    "ModelFileError": "files.model_file",
    "Sequential": "sequential",
    "__version__": "version",
    "compare_backends": "comparison",
    "find_learning_rate": "learning_rates",
    "load": "serialization",
    "minimize": "minimizing",
}


def __getattr__(name: str) -> object:
    """Import a module, or what one defines, when it is first asked for."""
    from importlib import import_module

    if name in _LATER:
        value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = value
        return value
    if name.isidentifier() and not name.startswith("_"):
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":  # it is there, and lacks what it needs
                raise
    text = f"module {__name__!r} has no attribute {name!r}"
    if name.isidentifier() and not name.startswith("_"):
        near = import_module(f"{__name__}.elsewhere").meant(name, __all__)
        text += f"; did you mean {near!r}?" if near else ""
    raise AttributeError(text)


def __dir__() -> list[str]:
    from pkgutil import iter_modules

    modules = (module.name for module in iter_modules(__path__))
    return sorted({*globals(), *_LATER, *modules} - {"TYPE_CHECKING", "__main__"})


__all__ = [
    "ELU",
    "GELU",
    "LAMB",
    "SELU",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adam",
    "AdamW",
    "Adan",
    "Backend",
    "BackendFallbackWarning",
    "BackendUnavailableError",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Callback",
    "CategoricalCrossEntropy",
    "Chain",
    "Combinator",
    "Concatenate",
    "Dense",
    "DivergenceError",
    "Dropout",
    "Embedding",
    "Exponential",
    "Focal",
    "Frozen",
    "Heads",
    "History",
    "Huber",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Lion",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Mish",
    "ModelFileError",
    "Muon",
    "NAdam",
    "NTKDense",
    "NumericEmbedding",
    "OneHot",
    "Optimizer",
    "Parameter",
    "PeriodicEmbedding",
    "PiecewiseLinear",
    "Poisson",
    "PoissonDeviance",
    "Quantile",
    "RMSProp",
    "ReLU",
    "Residual",
    "Scale",
    "Select",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
    "available_backends",
    "calculus",
    "callbacks",
    "datasets",
    "find_learning_rate",
    "get_backend",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "minimize",
    "optimizers",
    "schedules",
    "search",
    "set_backend",
    "use_backend",
]
