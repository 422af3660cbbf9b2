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
from xpnn.cli.settings import Settings
from xpnn.layers.activations import ACTIVATIONS
from xpnn.optimizers import OPTIMIZERS
from xpnn.tables import Classes

pytestmark = pytest.mark.usefixtures("folder")

OURS = [name for name, cls in OPTIMIZERS.items() if of_the_core(cls)]
OTHER = {"nesterov": "true", "rho": "0.5", "weight_decay": "0.25", "epsilon": "1e-6"}


def optimizer_of(*words):
    run("train", "vertical", "--epochs", 1, "--hidden", 2, *words)
    return json.loads(run("inspect", "model.safetensors", "--json").stdout)["optimizer"]


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_an_optimizer_has_an_option(name):
    values = {f.name: OTHER.get(f.name, "0.5") for f in fields(OPTIMIZERS[name])}
    wanted = {"type": name, **{n: json.loads(v) for n, v in values.items()}}
    options = [w for n, v in values.items() for w in (f"--{n.replace('_', '-')}", v)]
    if "--nesterov" in options:
        options.remove("true")  # which is a flag
    assert optimizer_of("--optimizer", name.lower(), *options) == wanted
    words = [w for n, v in values.items() for w in ("--setting", f"{n}={v}")]
    assert optimizer_of("--optimizer", name.lower(), *words) == wanted


def test_help_tells_of_each_setting_what_it_is_and_whose():
    text = run("train", "--help").stdout.partition("Options of the optimizer:\n")[2]
    told = {
        entry.partition(" ")[0]: " ".join(entry.split())
        for entry in text.replace("\n  --", "\0--").strip().split("\0")
    }
    for setting in {f.name for name in OURS for f in fields(OPTIMIZERS[name])}:
        has = [n for n in OURS if setting in {f.name for f in fields(OPTIMIZERS[n])}]
        said = told[f"--{setting.replace('_', '-')}"]
        assert len(said) > 40
        if len(has) < len(OURS):
            whose = said.rpartition("Of ")[2].rstrip(".").replace(" and ", ", ")
            assert whose.split(", ") == [n.lower() for n in has]
    assert "Of sgd and muon." in told["--momentum"]
    assert "--target" not in told  # which is among those for tables


def test_settings_that_have_an_option():
    made = optimizer_of("--optimizer", "rmsprop", "--rho", "0.999", "--learning-rate", "0.02")
    assert (made["rho"], made["learning_rate"], made["decay"]) == (0.999, 0.02, 0.0)
    # of the data set's own optimizer, its settings stay
    made = optimizer_of("--no-nesterov", "--momentum", 0.25)
    assert (made["nesterov"], made["momentum"], made["decay"]) == (False, 0.25, 0.001)
    made = optimizer_of("--setting", "nesterov=True", "--setting", " momentum = 0.5 ")
    assert made == {
        "type": "SGD", "learning_rate": 1.0, "decay": 0.001, "momentum": 0.5, "nesterov": True
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--rho 0.9", "--rho is a setting of rmsprop and adadelta, but the optimizer is sgd"),
        ("--nesterov --optimizer muon", "--nesterov is a setting of sgd, but the optimizer is"),
        ("--optimizer sgd --beta-3 0.5", "leave it out or add --optimizer adan"),
        ("--optimizer adam --beta-2 1", "beta_2 must be a finite number >= 0 and < 1, got 1.0"),
        ("--average 1", "average must be a finite number > 0 and < 1, got 1.0"),
        ("--optimizer adam --epsilon tiny", "'tiny' is not a valid float"),
        ("--optimizer rmsprop --rho 1", "rho must be a finite number >= 0 and < 1"),
        ("--optimizer rmsprop --rho nan", "rho must be a finite number"),
        ("--setting epsilon=1", "sgd has no setting 'epsilon'; it has learning_rate"),
        ("--setting nesterov", "a setting must be NAME=VALUE, as epsilon=1e-8, got 'nesterov'"),
        ("--setting =1", "a setting must be NAME=VALUE"),
        ("--setting momentum=", "--setting momentum=: a setting must be NAME=VALUE"),
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
