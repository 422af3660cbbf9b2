"""What can be chosen, and what is said of what can't."""

import pytest

from xpnn.play import Choices
from xpnn.play.choices import optimizers


def test_choices_come_back_from_plain_data():
    chosen = Choices(hidden=(3,), activations=("relu",), settings={"learning_rate": 0.5})
    assert Choices.of(chosen.plain()) == chosen
    assert Choices.of({}) == Choices()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"settings": {"learning_rate": -1}},
            "learning_rate must be a .*> 0, got -1",
        ),
        ({"settings": {"learning_rate": None}}, "learning_rate must be a number|finite number"),
        ({"settings": {"momentum": 0.5}}, "Adam has no setting 'momentum'"),
        ({"settings": {"beta_1": True}}, "beta_1 must be a number, got True"),
        ({"optimizer": "sgd", "settings": {"nesterov": 1}}, "nesterov must be True or False"),
        ({"optimizer": "sgd", "settings": {"nesterov": True}}, "nesterov needs a momentum"),
        ({"settings": [1]}, "settings must be an object"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"optimizer": 3}, "optimizer must be a name, got 3"),
        ({"data": "moons"}, "data must be one of spiral, vertical, circles, sine or a table"),
        ({"samples": 1}, "samples must be .*, got 1"),
        ({"samples": None}, "samples must be .*, got None"),
        ({"samples": 10**6}, "samples must be at most 2,000"),
        ({"classes": 9}, "classes must be at most 8, got 9"),
        ({"noise": -0.1}, "noise must be a finite number >= 0"),
        ({"noise": float("nan")}, "noise must be a finite number"),
        ({"hidden": [0], "activations": ["relu"]}, "neurons of a layer must be"),
        ({"hidden": [17], "activations": ["relu"]}, "neurons of a layer must be at most 16"),
        ({"hidden": [1] * 7, "activations": ["relu"] * 7}, "up to 6 hidden layers, got 7"),
        ({"hidden": [4], "activations": []}, "an activation for each of the 1 hidden"),
        ({"hidden": [4], "activations": ["softmix"]}, "unknown activation 'softmix'"),
        ({"hidden": 4}, "hidden must be a list, got 4"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"l1": -1}, "l1 must be"),
        ({"l2": "much"}, "l2 must be"),
        ({"dropout": 1}, "dropout must be a finite number >= 0 and < 1, got 1"),
        ({"seed": -1}, "seed must be"),
        ({"target": 3}, "target must be text"),
        ({"colour": "red"}, "there is no choice 'colour'"),
        (["data"], "choices must be an object"),
    ],
    ids=str,
)
def test_what_can_t_be_chosen_is_told_in_a_sentence(given, said):
    with pytest.raises((TypeError, ValueError), match=said):
        Choices.of(given)


@pytest.mark.parametrize("name", optimizers())
def test_every_optimizer_can_be_chosen(name):
    made = Choices(optimizer=name, settings={"learning_rate": 0.25}).make_optimizer()
    assert type(made).__name__.lower() == name
    assert made.learning_rate == 0.25


def test_a_training_goes_on_by_another_learning_rate_and_batch_size_alone():
    before = Choices()
    plain = before.plain()
    others = [{"settings": {"learning_rate": 1.5}}, {"batch_size": None}, {}]
    assert all(Choices.of(plain | other).goes_on_from(before) for other in others)
    for other in (
        {"settings": {"learning_rate": 0.03, "decay": 0.1}},
        {"optimizer": "adamw"},
        {"seed": 1},
        {"l2": 0.1},
        {"hidden": [8, 7]},
    ):
        assert not Choices.of(plain | other).goes_on_from(before)
