"""Errors of keyword arguments that help: they tell what other libraries call ours.

No such keyword is taken for another: it is only said which one was probably meant.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["Helpful", "class_with", "helpful", "hint", "several", "with_settings"]

KEYWORDS = {
    "learning_rate": "lr eta eta0 step_size learning_rate_init rate max_lr",
    "decay": "lr_decay learning_rate_decay",
    "weight_decay": "wd l2",
    "l2": "kernel_regularizer weight_regularizer weight_regularizer_l2 weight_decay alpha",
    "l1": "weight_regularizer_l1",
    "bias_l1": "bias_regularizer_l1",
    "bias_l2": "bias_regularizer bias_regularizer_l2",
    "beta_1": "beta1 b1 betas",
    "beta_2": "beta2 b2",
    "beta_3": "beta3 b3",
    "momentum_decay": "schedule_decay psi",
    "epsilon": "eps fuzz",
    "rho": "alpha smoothing_constant",
    "momentum": "mu",
    "nesterov": "nesterovs_momentum use_nesterov",
    "n_inputs": "in_features input_dim input_shape input_size n_in",
    "n_outputs": "units out_features output_dim output_size n_out n_units n_neurons",
    "weights": "kernel_initializer weight_init kernel init initializer",
    "biases": "bias_initializer bias use_bias",
    "n": "num_features n_features normalized_shape",
    "rate": "p dropout prob drop_rate keep_prob",
    "slope": "negative_slope alpha",
    "from_logits": "logits",
    "X": "x inputs data",
    "y": "Y targets target labels label outputs",
    "epochs": "epoch n_epochs nb_epoch num_epochs max_epochs max_iter n_iter",
    "batch_size": "batchsize bs minibatch_size",
    "validation_data": "val_data valid_data eval_set validation_set test_data",
    "validation_split": "validation_fraction val_split test_size",
    "sample_weight": "sample_weights weight weights",
    "class_weight": "class_weights",
    "callbacks": "callback",
    "verbose": "verbosity progress show_progress",
    "resume": "initial_epoch resume_from checkpoint",
    "loss": "loss_fn loss_function criterion objective",
    "optimizer": "optim solver",
    "metrics": "metric",
    "clip_norm": "clipnorm max_norm global_clipnorm max_grad_norm",
    "clip_value": "clipvalue",
    "seed": "random_state rng key",
    "backend": "device",
    "dtype": "floatx precision",
    "monitor": "metric",
    "patience": "n_iter_no_change wait",
    "min_delta": "tol delta threshold",
    "restore_best": "restore_best_weights",
    "factor": "gamma drop",
    "every": "step_size decay_steps",
    "steps": "total_steps T_max",
    "rise": "pct_start",
    "lowest": "base_lr",
    "minimum": "min_lr min_learning_rate eta_min",
    "directory": "filepath dirpath folder log_dir logdir save_dir",
    "histograms": "histogram_freq",
    "hyperparameters": "hparams",
    "path": "filename filepath file",
    "seconds": "time max_time timeout",
    "average": "averaging",
    "k": "top_k",
    "hidden_layer_sizes": "hidden_layers layers hidden",
    "learning_rate_init": "lr learning_rate_initial",
    "max_iter": "epochs n_epochs",
    "random_state": "seed",
}
"""Of a keyword here, what it is called elsewhere."""


class Helpful:
    """The base class of what tells, of a keyword that it doesn't take, what may be meant."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make an object; whether keywords are known is looked at before ``__init__`` does."""
        if kwargs or args:
            init = cls.__init__
            if init is object.__init__:  # it would be silent where there is a __new__
                raise TypeError(f"{cls.__name__}() takes no arguments")
            known = _keywords(init)
            for name in kwargs if known else ():
                if name not in known:
                    raise _unknown(cls.__name__, name, known)
        return super().__new__(cls)


def with_settings(cls: type[T], settings: Mapping[str, Any]) -> T:
    """Make an object of its settings by name; what ``*names`` take is a tuple of them."""
    listed = several(cls)
    named = {name: value for name, value in settings.items() if name not in listed}
    return cls(*(item for name in listed for item in settings.get(name, ())), **named)


def several(cls: type) -> tuple[str, ...]:
    """Return the name of the setting that a class takes one behind the other, as ``*names``."""
    init: Any = cls.__init__  # type: ignore[misc]
    return _listed(init)


@cache
def _listed(function: Callable[..., Any]) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind is p.VAR_POSITIONAL)


def helpful(method: Callable[P, T]) -> Callable[P, T]:
    """Decorate a method: of arguments that don't fit, its error tells what may be meant."""

    @wraps(method)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except TypeError as error:
            known, trace = _keywords(method), error.__traceback__
            if trace is None or trace.tb_next is not None:
                raise  # of what it does, not of how it was called
            for name in kwargs:
                if name not in known:
                    raise _unknown(method.__name__, name, known) from None
            if "y" in known and "'y'" in str(error):
                raise TypeError(
                    f"{error}. X and y are two arrays; of what gives pairs, as loaders do, "
                    f"take one at a time: for X, y in pairs: model.{method.__name__}(X, y)"
                ) from None
            raise

    return called


@cache
def _keywords(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's arguments; none where it takes any."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return ()
    return tuple(name for name in parameters if name != "self")


def _unknown(function: str, name: str, known: Iterable[str]) -> TypeError:
    """Return the error of a keyword that a function doesn't take."""
    return TypeError(
        f"{function}() got an unexpected keyword argument {name!r}{hint(name, known)}"
    )


def hint(keyword: str, known: Iterable[str]) -> str:
    """Return what an error says behind a keyword argument that nobody takes.

    Parameters
    ----------
    keyword : str
        What was given.
    known : iterable of str
        What may be.
    """
    from difflib import get_close_matches

    known = [*known]
    found = next((key for key in known if keyword in KEYWORDS.get(key, "").split()), None)
    found = found or next(iter(get_close_matches(keyword, known, 1, 0.6)), None)
    taken = ", ".join(known) or "no arguments"
    return f"; did you mean {found!r}? It takes {taken}" if found else f". It takes {taken}"


def class_with(kind: type, name: str) -> type:
    """Return the class that defines an attribute of a class: itself, or one above it."""
    return next(one for one in kind.__mro__ if name in vars(one))
