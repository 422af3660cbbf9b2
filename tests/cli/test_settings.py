"""Settings of optimizers: every one can be said."""

import json
from collections import defaultdict
from dataclasses import fields

import numpy as np
import pytest
from command_line import refused, run
from support import of_the_core

import xpnn
from xpnn.backend import resolve
from xpnn.cli.networks import network
from xpnn.cli.settings import ACTIVATIONS, Settings
from xpnn.optimizers import OPTIMIZERS
from xpnn.tables import Classes

pytestmark = pytest.mark.usefixtures("folder")

OURS = [name for name, cls in OPTIMIZERS.items() if of_the_core(cls)]
OTHER = {"nesterov": "true", "rho": "0.5", "weight_decay": "0.25", "epsilon": "1e-6"}


def optimizer_of(*words):
    run("train", "vertical", "--epochs", 1, "--hidden", 2, *words)
    return json.loads(run("inspect", "model.safetensors", "--json").stdout)["optimizer"]


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_an_optimizer_can_be_said(name):
    values = {f.name: OTHER.get(f.name, "0.5") for f in fields(OPTIMIZERS[name])}
    words = [w for n, v in values.items() for w in ("--setting", f"{n}={v}")]
    made = optimizer_of("--optimizer", name.lower(), *words)
    assert made == {"type": name, **{n: json.loads(v) for n, v in values.items()}}


def test_settings_that_have_an_option():
    made = optimizer_of("--optimizer", "rmsprop", "--rho", "0.999", "--learning-rate", "0.02")
    assert (made["rho"], made["learning_rate"], made["decay"]) == (0.999, 0.02, 0.0)
    # of the data set's own optimizer, its settings stay
    made = optimizer_of("--setting", "nesterov=True", "--setting", " momentum = 0.5 ")
    assert made == {
        "type": "SGD", "learning_rate": 1.0, "decay": 0.001, "momentum": 0.5, "nesterov": True
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--rho 0.9", "--rho is a setting of rmsprop and adadelta, but the optimizer is sgd"),
        ("--optimizer rmsprop --rho 1", "rho must be a finite number >= 0 and < 1"),
        ("--optimizer rmsprop --rho nan", "rho must be a finite number"),
        ("--setting epsilon=1", "sgd has no setting 'epsilon'; it has learning_rate"),
        ("--setting nesterov", "--setting must be NAME=VALUE, as epsilon=1e-8, got 'nesterov'"),
        ("--setting =1", "--setting must be NAME=VALUE"),
        ("--setting momentum=", "--setting must be NAME=VALUE"),
        ("--setting momentum=fast", "momentum must be a finite number"),
        ("--setting momentum=true", "momentum must be a finite number"),
        ("--setting nesterov=1", "nesterov must be True or False, got 1"),
        ("--momentum 0.5 --setting momentum=0.5", "momentum is given twice"),
        ("--setting momentum=0.5 --setting momentum=0.6", "momentum is given twice"),
        ("--activation Dense", "unknown activation 'Dense'"),
    ],
)
def test_what_is_no_setting(words, said):
    assert said in refused("train", "vertical", "--epochs", 1, *words.split())


def test_hidden_layers_begin_as_suits_their_activation():
    wanted = {
        "glorot_uniform": {"linear", "sigmoid", "tanh"},
        "he_normal": {"relu", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus"},
        "lecun_normal": {"selu"},
    }
    target, backend = Classes("kind", ("a", "b")), resolve("numpy")
    found = defaultdict(set)
    for name in ACTIVATIONS:
        settings = Settings(hidden=(4,), activation=name)
        model = network(3, settings, target, np.random.default_rng(0), backend)
        found[model.layers[0].weights].add(name)
    assert found == wanted


def test_an_activation_that_needs_settings_is_refused(folder):
    from dataclasses import dataclass

    from xpnn.layers import LAYERS, Layer

    @dataclass(frozen=True, eq=False)
    class NeedsOfSettings(Layer):
        n: int

    try:
        said = refused("train", "vertical", "--activation", "NeedsOfSettings")
    finally:
        del LAYERS["NeedsOfSettings"]
    assert "--activation NeedsOfSettings needs settings to be made" in said
    assert xpnn.layers.LAYERS is LAYERS
