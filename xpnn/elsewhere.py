"""What other libraries call the things that xpnn has, for errors that help.

No such name is taken for another: it is only said which one was probably meant.  This file is
imported when a name is not known.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["hint", "meant"]

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
    # optimizers
    "gd": "sgd",
    "gradient_descent": "sgd",
    "momentum": "sgd",
    "nesterov": "sgd",
    "adagrad_optimizer": "adagrad",
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

KEYWORDS = {
    "learning_rate": "lr eta eta0 step_size learning_rate_init rate",
    "decay": "lr_decay learning_rate_decay",
    "weight_decay": "wd l2",
    "l2": "kernel_regularizer weight_regularizer weight_regularizer_l2 weight_decay alpha",
    "l1": "weight_regularizer_l1",
    "bias_l1": "bias_regularizer_l1",
    "bias_l2": "bias_regularizer bias_regularizer_l2",
    "beta_1": "beta1 b1 betas",
    "beta_2": "beta2 b2",
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
    "minimum": "min_lr min_learning_rate eta_min",
    "directory": "filepath dirpath folder",
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
        near = difflib.get_close_matches(_plain(name), by_plain, 1, 0.6)
        found = by_plain[near[0]] if near else None
    return found


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()


def hint(keyword: str, known: Iterable[str]) -> str:
    """Return what an error says behind a keyword argument that nobody takes.

    Parameters
    ----------
    keyword : str
        What was given.
    known : iterable of str
        What may be.
    """
    known = [*known]
    found = next((key for key in known if keyword in KEYWORDS.get(key, "").split()), None)
    found = found or next(iter(difflib.get_close_matches(keyword, known, 1, 0.6)), None)
    taken = ", ".join(known) or "no arguments"
    return f"; did you mean {found!r}? It takes {taken}" if found else f". It takes {taken}"
