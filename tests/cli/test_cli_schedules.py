"""Schedules of the learning rate, as the command has them."""

from dataclasses import fields

import pytest
from command_line import refused, run, write_shapes

import xpnn
from xpnn import tabular
from xpnn.schedules import SCHEDULES, CosineDecay, OneCycle, StepDecay, WarmUp
from xpnn.serialization import read

pytestmark = pytest.mark.usefixtures("folder")

EXAMPLES = {
    "step_decay:every=7": StepDecay(1.0, 7),
    "StepDecay:every=7,factor=0.5": StepDecay(1.0, 7, 0.5),
    "exponential-decay:every=7, factor=0.5": xpnn.schedules.ExponentialDecay(1.0, 7, 0.5),
    "cosine_decay": CosineDecay(1.0, 5),
    "cosine_decay:steps=3,final=0.1": CosineDecay(1.0, 3, 0.1),
    "flat_cosine:flat=0.25": xpnn.schedules.FlatCosine(1.0, 5, 0.25),
    "cyclic:every=4,rise=0.25": xpnn.schedules.Cyclic(1.0, 4, rise=0.25),
    "one_cycle:start=0,final=0": OneCycle(1.0, 5, start=0, final=0),
    "cosine_log:cycles=2": xpnn.schedules.CosineLog(1.0, 5, 2),
    "warm_up:steps=3": WarmUp(1.0, 3),
    "scaled:factor=2": xpnn.schedules.Scaled(1.0, 2),
}


def optimizer_of(*words):
    run("train", "vertical", "--hidden", 2, *words)
    return read("model.safetensors")[0].compiled.optimizer


def test_the_examples_are_of_all_schedules():
    ours = {cls for cls in SCHEDULES.values() if cls.__module__.startswith("xpnn.schedules")}
    assert {type(schedule) for schedule in EXAMPLES.values()} == ours


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_schedule_can_be_said(text):
    # an epoch of vertical is a step; the rate and the momentum are those of the data set
    made = optimizer_of("--epochs", 5, "--schedule", text)
    assert made == xpnn.SGD(EXAMPLES[text], momentum=0.9)


def test_the_learning_rate_is_that_of_the_option_or_the_optimizer():
    words = ("--epochs", 5, "--schedule", "cosine_decay")
    assert optimizer_of(*words, "--learning-rate", 0.5).learning_rate == CosineDecay(0.5, 5)
    assert optimizer_of(*words, "--optimizer", "adam").learning_rate == CosineDecay(0.001, 5)
    assert optimizer_of(*words, "--decay", 0).learning_rate == CosineDecay(1.0, 5)


@pytest.fixture
def fitted(monkeypatch):
    """The networks that were trained."""
    fit, networks = xpnn.Sequential.fit, []

    def noted(model, *args, **given):
        networks.append(model)
        return fit(model, *args, **given)

    monkeypatch.setattr(xpnn.Sequential, "fit", noted)
    return networks


@pytest.mark.parametrize("batch_size", ["7", "150", "all"])
def test_a_schedule_takes_as_long_as_the_training(fitted, batch_size):
    words = ("--epochs", 3, "--batch-size", batch_size, "--validation-split", 0.5)
    made = optimizer_of(*words, "--schedule", "one_cycle")
    assert made.learning_rate.steps == fitted[0].train_state.iterations


def test_what_follows_a_rise_is_a_schedule_too():
    words = ("--epochs", 9, "--schedule", "warm_up:steps=2,start=0.1", "--schedule")
    made = optimizer_of(*words, "cosine_decay")  # which ends where the training does
    assert made.learning_rate == WarmUp(CosineDecay(1.0, 7), 2, 0.1)
    made = optimizer_of(*words, "scaled:factor=0.5", "--schedule", "step_decay:every=3")
    half = xpnn.schedules.Scaled(StepDecay(1.0, 3), 0.5)
    assert made.learning_rate == WarmUp(half, 2, 0.1)
    made = optimizer_of("--schedule", "warm_up:steps=20", "--schedule", "one_cycle", *words[:2])
    assert made.learning_rate == WarmUp(OneCycle(1.0, 1), 20)


def test_each_network_of_a_table_has_a_schedule_of_its_length(fitted):
    write_shapes()
    words = ("train", "shapes.csv", "--target", "shape", "--members", 2, "--no-baselines")
    run(*words, "--epochs", 4, "--schedule", "cosine_decay", "--weight-decay", 0.1)
    assert len(fitted) == len(tabular.load("model.safetensors")[0].members) == 2
    for network in fitted:
        steps = network.train_state.iterations
        wanted = xpnn.AdamW(CosineDecay(0.001, steps), weight_decay=0.1)
        assert network.compiled.optimizer == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("cosine", "unknown schedule 'cosine'; did you mean 'CosineDecay'? Known are: "),
        ("step_lr", "did you mean 'StepDecay'?"),
        ("step_decay", "--schedule step_decay needs every: step_decay:every=VALUE"),
        ("exponential_decay", "needs every and factor: exponential_decay:every=VALUE,factor="),
        ("warm_up", "--schedule warm_up needs steps: warm_up:steps=VALUE"),
        ("step_decay:evry=3", "step_decay has no setting 'evry'; it has every, factor"),
        ("cosine_decay:learning_rate=2", "has no setting 'learning_rate'; it has steps, final"),
        ("cosine_decay:", "a setting must be NAME=VALUE, as epsilon=1e-8, got ''"),
        ("cyclic:every", "--schedule cyclic:every: a setting must be NAME=VALUE"),
        ("cyclic:every=2.5", "--schedule cyclic:every=2.5: every must be an integer >= 2"),
        ("cosine_decay:final=1", "final must be a finite number >= 0 and < "),
        ("one_cycle:rise=0.5,rise=0.6", "rise is given twice"),
        ("one_cycle --schedule cosine_decay", "so 'cosine_decay' can't follow it"),
        (
            "warm_up:steps=x --schedule cosine_decay",
            "warm_up:steps=x: steps must be an integer",
        ),
        (
            "warm_up:steps=3 --schedule cyclic:every=x",
            "Error: --schedule cyclic:every=x: every",
        ),
        ("cosine_decay --decay 0.1", "--decay and --schedule both change the learning rate"),
        ("cosine_decay --setting decay=0.1", "leave one of them out"),
        ("cosine_decay --learning-rate 0", "learning_rate must be a finite number > 0"),
    ],
)
def test_what_is_no_schedule_is_refused_before_any_work(monkeypatch, words, said):
    def never(*args, **kwargs):
        raise AssertionError("something slow began")

    monkeypatch.setattr("xpnn.cli.train_data_set.built_in", never)
    monkeypatch.setattr("xpnn.cli.train_table.read", never)
    write_shapes()
    for data in (["vertical"], ["shapes.csv", "--target", "shape"]):
        assert said in "Error: " + refused("train", *data, "--schedule", *words.split())


def test_a_schedule_of_ones_own_and_an_optimizer_without_a_rate(folder, monkeypatch):
    (folder / "of_schedules.py").write_text(
        "from dataclasses import dataclass\n"
        "import xpnn\n"
        "@dataclass(frozen=True)\n"
        "class HalfOfSchedules(xpnn.schedules.Schedule):\n"
        "    learning_rate: float\n"
        "    part: float = 0.5\n"
        "    def __call__(self, t):\n"
        "        return self.learning_rate * self.part + 0 * t\n"
        "@dataclass(frozen=True)\n"
        "class PlainOfSchedules(xpnn.Optimizer):\n"
        "    def rule(self, p, g, rate):\n"
        "        return (p - rate * g,)\n"
    )
    words = ("--import", "of_schedules", "--optimizer", "plain_of_schedules", "--epochs", 2)
    monkeypatch.syspath_prepend(folder)
    own = ("--schedule", "half_of_schedules:part=0.25")
    try:
        said = refused("train", "vertical", *words, *own)
        assert "--schedule needs --learning-rate, as plain_of_schedules has none" in said
        made = optimizer_of(*words, *own, "--learning-rate", 0.5)
        assert {f.name for f in fields(made.learning_rate)} == {"learning_rate", "part"}
        assert float(made.learning_rate(3.0)) == 0.125
    finally:
        del SCHEDULES["HalfOfSchedules"], xpnn.optimizers.OPTIMIZERS["PlainOfSchedules"]
