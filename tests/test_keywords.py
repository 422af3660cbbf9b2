"""Settings, as a layer, a loss or an optimizer keeps them."""

import pickle
import re
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction
from inspect import signature

import numpy as np
import pytest

import xpnn
from xpnn import callbacks, elsewhere
from xpnn.initializers import INITIALIZERS
from xpnn.losses import LOSSES
from xpnn.metrics import METRICS
from xpnn.optimizers import OPTIMIZERS
from xpnn.schedules import SCHEDULES


def test_fractions_become_floats():
    assert xpnn.LeakyReLU(Fraction(1, 4)) == xpnn.LeakyReLU(0.25)
    assert type(xpnn.LeakyReLU(Fraction(1, 4)).slope) is float


X, Y = np.ones((4, 2)), np.ones(4)


def model():
    network = xpnn.Sequential([xpnn.Dense(2, 1)], seed=0)
    return network.compile("mean_squared_error", "sgd")


@dataclass(frozen=True)
class StretchOfTestNaming(xpnn.Layer):
    stretch: float = 1.0

    def forward(self, params, x):
        return self.stretch * x, lambda dy: (self.stretch * dy, ())


class Told(xpnn.Callback):
    """A callback that takes nothing."""


class ToldMore(xpnn.Callback):
    def __init__(self, anything, **more):
        self.more = more


KEYWORDS = {
    "lr": (lambda: xpnn.Adam(lr=0.1), "learning_rate"),
    "beta1": (lambda: xpnn.AdamW(beta1=0.9), "beta_1"),
    "eps": (lambda: xpnn.RMSProp(eps=1e-8), "epsilon"),
    "alpha": (lambda: xpnn.LeakyReLU(alpha=0.1), "slope"),
    "units": (lambda: xpnn.Dense(2, units=3), "n_outputs"),
    "in_features": (lambda: xpnn.Dense(in_features=2, out_features=3), "n_inputs"),
    "kernel_initializer": (lambda: xpnn.Dense(2, 3, kernel_initializer="he"), "weights"),
    "p": (lambda: xpnn.Dropout(p=0.5), "rate"),
    "streched": (lambda: StretchOfTestNaming(streched=2.0), "stretch"),
    "gamma": (lambda: xpnn.schedules.StepDecay(0.1, gamma=0.5), "factor"),
    "restore_best_weights": (
        lambda: callbacks.EarlyStopping("loss", restore_best_weights=True),
        "restore_best",
    ),
    "min_lr": (lambda: callbacks.ReduceOnPlateau("loss", min_lr=0.1), "minimum"),
    "filepath": (lambda: callbacks.Checkpoint(filepath="x"), "directory"),
    "random_state": (lambda: xpnn.Sequential([xpnn.Dense(2, 1)], random_state=0), "seed"),
    "epoch": (lambda: model().fit(X, Y, epoch=3), "epochs"),
    "nb_epoch": (lambda: model().fit(X, Y, nb_epoch=3), "epochs"),
    "x": (lambda: model().fit(x=X, y=Y), "X"),
    "val_data": (lambda: model().fit(X, Y, val_data=(X, Y)), "validation_data"),
    "sample_weights": (lambda: model().evaluate(X, Y, sample_weights=Y), "sample_weight"),
    "criterion": (lambda: model().compile(criterion="mse"), "loss"),
    "clipnorm": (lambda: model().compile("huber", "sgd", clipnorm=1.0), "clip_norm"),
    "batchsize": (lambda: model().fit(X, Y, batchsize=3), "batch_size"),
}


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_keywords_of_other_libraries_are_hinted_at(keyword):
    call, meant = KEYWORDS[keyword]
    with pytest.raises(TypeError) as caught:
        call()
    words = f"unexpected keyword argument {keyword!r}; did you mean {meant!r}? It takes "
    assert words in str(caught.value)
    assert meant in str(caught.value).partition("It takes")[2]
    assert type(caught.value) is TypeError


def test_keywords_that_nobody_knows():
    takes = (
        r"Adam\(\) got an unexpected keyword argument 'quux'\. It takes learning_rate, decay"
    )
    with pytest.raises(TypeError, match=takes):
        xpnn.Adam(quux=1)
    with pytest.raises(TypeError, match=r"evaluate\(\) got .*'quux'\. It takes X, y, sample_w"):
        model().evaluate(X, Y, quux=0)
    for call in (lambda: Told(5), lambda: Told(a=5), lambda: xpnn.Callback(5)):
        with pytest.raises(TypeError, match="takes no arguments"):
            call()
    assert ToldMore(1, lr=2).more == {"lr": 2}
    with pytest.raises(TypeError, match="positional argument"):
        model().fit(X, Y, 3)
    with pytest.raises(TypeError, match="unsupported operand"):  # of what it does, untouched
        model().fit(X, Y, callbacks=[Adding()])


class Adding(xpnn.Callback):
    def on_train_begin(self, epochs, steps):
        return epochs + "a"


def test_what_is_helpful_is_what_it_was():
    assert [*signature(xpnn.Adam).parameters][:2] == ["learning_rate", "decay"]
    assert [*signature(xpnn.Sequential).parameters] == ["layers", "seed", "dtype", "backend"]
    assert [*signature(xpnn.Sequential.fit).parameters][:4] == ["self", "X", "y", "epochs"]
    assert xpnn.Sequential.fit.__doc__.startswith("Train.")
    for thing in (xpnn.Adam(0.1), xpnn.Dense(2, 3), callbacks.EarlyStopping("loss")):
        for again in (deepcopy(thing), pickle.loads(pickle.dumps(thing))):
            assert vars(again) == vars(thing)


NAMED = [
    *((f"loss:{name}", meant) for name, meant in {
        "mse": "MeanSquaredError", "MAE": "MeanAbsoluteError", "bce": "BinaryCrossEntropy",
        "crossentropy": "CategoricalCrossEntropy", "BCEWithLogitsLoss": "BinaryCrossEntropy",
        "NLLLoss": "CategoricalCrossEntropy", "SmoothL1Loss": "Huber",
        "sparse_categorical_crossentropy": "CategoricalCrossEntropy",
    }.items()),
    ("optimizer:gd", "SGD"),
    ("optimizer:adamm", "Adam"),
    *((f"metric:{name}", meant) for name, meant in {
        "acc": "accuracy", "auc": "roc_auc", "mse": "mean_squared_error", "rmse":
        "mean_squared_error", "f1_score": "f1", "R2Score": "r2",
        "top_k_categorical_accuracy": "top_k_accuracy", "sensitivity": "recall",
    }.items()),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "meant"), NAMED)
def test_names_of_other_libraries_are_hinted_at(asked, meant):
    kind, _, name = asked.partition(":")
    given = {"loss": "huber", "optimizer": "sgd", "metrics": ()}
    given["metrics" if kind == "metric" else kind] = [name] if kind == "metric" else name
    with pytest.raises(ValueError, match=f"unknown {kind} '{name}'; did you mean '{meant}'"):
        model().compile(**given)


def test_other_names_that_are_hinted_at():
    with pytest.raises(ValueError, match=r"unknown initializer 'xavier'; .*'glorot_uniform'"):
        xpnn.Dense(2, 3, weights="xavier")
    backends = {"pytorch": "torch", "cpu": "numpy", "cuda": "torch:cuda", "metal": "mlx"}
    for spec, meant in backends.items():
        with pytest.raises(
            ValueError, match=f"unknown backend '{spec}'; did you mean '{meant}'"
        ):
            model().to(spec)
    for name, meant in (("BatchNormalization", "BatchNorm"), ("Adamw", "AdamW")):
        with pytest.raises(AttributeError, match=f"'{name}'; did you mean '{meant}'"):
            getattr(xpnn, name)
    assert not hasattr(xpnn, "quux")


def test_what_is_hinted_at_is_there():
    """A name that is hinted at but that nothing has would be no help."""
    metrics = [cls.label for cls in METRICS.values()]
    parts = [*LOSSES, *OPTIMIZERS, *SCHEDULES, *metrics, *INITIALIZERS]
    names = [*parts, *dir(xpnn), *dir(callbacks)]
    there = {re.sub("_", "", name).casefold() for name in names}
    meant = {re.sub("_", "", name).casefold() for name in elsewhere.NAMES.values()}
    assert meant - there == set()
    assert [name for name in elsewhere.NAMES if re.sub("_", "", name) in there] == []
