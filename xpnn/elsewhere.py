"""Names, and what other libraries call the things that xpnn has, for errors that help.

No such name is taken for another: it is only said which one was probably meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")

__all__ = ["look_up", "meant"]

NAMES = {
    # losses, and metrics of the same name
    "mse": "mean_squared_error",
    "mse_loss": "mean_squared_error",
    "l2_loss": "mean_squared_error",
    "squared_error": "mean_squared_error",
    "rmse": "mean_squared_error",
    "root_mean_squared_error": "mean_squared_error",
    "mae": "mean_absolute_error",
    "l1_loss": "mean_absolute_error",
    "absolute_error": "mean_absolute_error",
    "smooth_l1": "huber",
    "smooth_l1_loss": "huber",
    "huber_loss": "huber",
    "bce": "binary_cross_entropy",
    "bce_loss": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy",
    "bce_with_logits_loss": "binary_cross_entropy",
    "binary_log_loss": "binary_cross_entropy",
    "logistic_loss": "binary_cross_entropy",
    "ce": "categorical_cross_entropy",
    "cross_entropy": "categorical_cross_entropy",
    "cross_entropy_loss": "categorical_cross_entropy",
    "nll": "categorical_cross_entropy",
    "nll_loss": "categorical_cross_entropy",
    "softmax_cross_entropy": "categorical_cross_entropy",
    "sparse_categorical_cross_entropy": "categorical_cross_entropy",
    "pinball": "quantile",
    "pinball_loss": "quantile",
    "quantile_loss": "quantile",
    "focal_loss": "focal",
    "categorical_focal_cross_entropy": "focal",
    "poisson_nll": "poisson",
    "poisson_nll_loss": "poisson",
    # optimizers
    "gd": "sgd",
    "gradient_descent": "sgd",
    "momentum": "sgd",
    "nesterov": "sgd",
    "adagrad_optimizer": "adagrad",
    # schedules
    "cosine": "CosineDecay",
    "cosine_annealing": "CosineDecay",
    "cosine_annealing_lr": "CosineDecay",
    "cosine_schedule": "CosineDecay",
    "step_lr": "StepDecay",
    "piecewise_constant_decay": "StepDecay",
    "exponential_lr": "ExponentialDecay",
    "cyclic_lr": "Cyclic",
    "triangular": "Cyclic",
    "one_cycle_lr": "OneCycle",
    "linear_warmup": "WarmUp",
    # metrics
    "acc": "accuracy",
    "binary_accuracy": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "accuracy_score": "accuracy",
    "balanced_accuracy": "recall",
    "sensitivity": "recall",
    "top_k_categorical_accuracy": "top_k_accuracy",
    "sparse_top_k_categorical_accuracy": "top_k_accuracy",
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "roc_auc_score": "roc_auc",
    "f1_score": "f1",
    "r2_score": "r2",
    "r_squared": "r2",
    # layers and activations
    "batch_normalization": "BatchNorm",
    "batch_norm_1d": "BatchNorm",
    "batch_norm1d": "BatchNorm",
    "layer_normalization": "LayerNorm",
    "fully_connected": "Dense",
    "fc": "Dense",
    "lrelu": "leaky_relu",
    "logistic": "sigmoid",
    "expit": "sigmoid",
    "heaviside": "step",
    "none": "linear",
    "identity": "linear",
    "swish": "silu",
    # callbacks
    "model_checkpoint": "Checkpoint",
    "pruning_callback": "Pruning",
    "summary_writer": "TensorBoard",
    "tensor_board_logger": "TensorBoard",
    "ml_flow_logger": "MLflow",
    "reduce_lr_on_plateau": "ReduceOnPlateau",
    # initializers
    "xavier": "glorot_uniform",
    "glorot": "glorot_uniform",
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "he": "he_normal",
    "kaiming": "he_normal",
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "lecun": "lecun_normal",
}
"""Of a name elsewhere, the name here."""


def look_up(name: str, table: Mapping[str, T], kind: str) -> T:
    """Return the entry of a name, in CamelCase or snake_case.

    Raises
    ------
    ValueError
        If there is none; it tells the nearest name and all of them.
    """
    wanted = _plain(name)
    if found := [entry for known, entry in table.items() if _plain(known) == wanted]:
        return found[0]
    near = meant(name, table)
    hint = f"; did you mean {near!r}?" if near else "."
    raise ValueError(f"unknown {kind} {name!r}{hint} Known are: {', '.join(sorted(table))}")


def meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant by another one, or None.

    Parameters
    ----------
    name : str
        Any name, in CamelCase or snake_case.
    known : iterable of str
        The names that there are, likewise.
    """
    by_plain = {_plain(key): key for key in known}
    elsewhere = {_plain(key): _plain(value) for key, value in NAMES.items()}
    found = by_plain.get(elsewhere.get(_plain(name), ""))
    if found is None:
        import difflib  # which takes longer than all that `import xpnn` needs of this file

        near = difflib.get_close_matches(_plain(name), by_plain, 1, 0.6)
        found = by_plain[near[0]] if near else None
    return found


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()
