"""Settings, as a layer, a loss or an optimizer keeps them, and as a file does."""

import enum
from dataclasses import KW_ONLY, InitVar, dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from support import host

import xpnn
from xpnn import metrics
from xpnn.schedules import Schedule, StepDecay

rng = np.random.default_rng(0)
X = rng.standard_normal((6, 2))


def test_fractions_become_floats():
    assert xpnn.LeakyReLU(Fraction(1, 4)) == xpnn.LeakyReLU(0.25)
    assert type(xpnn.LeakyReLU(Fraction(1, 4)).slope) is float


@dataclass(frozen=True)
class TimesOfTestNaming(xpnn.Layer):
    """A layer with any setting, which multiplies by a number that can be found in it."""

    setting: Any
    _: KW_ONLY
    first: Any = field(default="ones", metadata={"saved": False}, compare=False)

    def parameters(self):
        return {"scale": xpnn.Parameter((2,), self.first)}

    @cached_property
    def factor(self):
        inner = self.setting
        while isinstance(inner, tuple | list):
            inner = inner[-1]
        if isinstance(inner, xpnn.Dropout):
            return inner.rate
        return inner["factor"] if isinstance(inner, dict) else float(inner)

    def forward(self, params, x):
        return self.factor * x, lambda dy: (self.factor * dy, params)


@pytest.mark.parametrize(
    "setting",
    [
        *(2, 2.5, True, "3.5", np.float32(1.5), (1, (2, 3.5)), [1, 2.5], (np.float64(1.5),)),
        *({"factor": 2.5}, float("inf"), xpnn.Dropout(0.25), (xpnn.ReLU(), xpnn.Dropout(0.5))),
        [{"factor": 2.5, "more": (1, None)}],
    ],
    ids=repr,
)
def test_a_setting_comes_back_from_a_file_as_it_is(setting, folder):
    layer = TimesOfTestNaming(setting, first=lambda generator, shape: np.full(shape, 2.0))
    model = xpnn.Sequential([xpnn.Dense(2, 2), layer], seed=0)
    model.compile("mean_squared_error", "adam")
    if setting != float("inf"):
        model.fit(X, X)
    model.save("model.safetensors")
    again = xpnn.load("model.safetensors")
    assert again.layers == model.layers
    assert repr(again.layers[1].setting) == repr(layer.setting)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    model.card()


class Enumeration(enum.Enum):
    ONE = 1


@pytest.mark.parametrize(
    "setting",
    [
        *(np.ones(2), print, lambda x: x, Enumeration.ONE, {1: 2.0}, {1.0}, 1j, b"1", range(3)),
        *((1, np.ones(2)), {"tuple": [1]}, {"layer": {"type": "ReLU"}}, StepDecay(0.1, 3)),
        xpnn.initializers.Normal(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_file_can_not_hold_is_refused_before_anything_is_trained(setting):
    with pytest.raises(TypeError, match=r"layers\[1\].*TimesOfTestNaming") as caught:
        xpnn.Sequential([xpnn.Dense(2, 2), TimesOfTestNaming(setting)])
    assert "'setting'" in str(caught.value)


def test_a_field_that_is_computed_is_computed_again(folder):
    @dataclass(frozen=True)
    class ComputedOfTestNaming(xpnn.Layer):
        half: float
        factor: float = field(init=False)

        def __post_init__(self):
            super().__post_init__()
            object.__setattr__(self, "factor", 2 * self.half)
            object.__setattr__(self, "_table", np.full(2, self.half))

        def forward(self, params, x):
            return self.factor * x, lambda dy: (self.factor * dy, ())

    layer = ComputedOfTestNaming(1.5)
    xpnn.Sequential([layer]).save("model.safetensors")
    np.testing.assert_allclose(xpnn.load("model.safetensors").predict(X), 3 * X, rtol=1e-6)
    object.__setattr__(layer, "factor", 7.0)
    with pytest.raises(
        TypeError, match=r"ComputedOfTestNaming .* another 'factor', 3.0 for 7.0"
    ):
        xpnn.Sequential([layer])


# Each of these would be saved without its number.


class OwnLayerOfTestNaming(xpnn.Layer):
    def __init__(self, factor=1.0):
        self.factor = factor

    def forward(self, params, x):
        return self.factor * x, lambda dy: (self.factor * dy, ())


class WiderOfTestNaming(xpnn.Dense):
    def __init__(self, n, *, factor=1.0):
        super().__init__(n, n)
        object.__setattr__(self, "factor", factor)


class GivenLaterOfTestNaming(xpnn.Dropout):
    def forward(self, params, x, mask=None):
        return self.factor * x, lambda dy: (self.factor * dy, ())


@dataclass(frozen=True)
class NotKeptOfTestNaming(xpnn.Layer):
    factor: InitVar[float] = 1.0

    def __post_init__(self, factor):
        super().__post_init__()
        object.__setattr__(self, "_factor", factor)


class OwnLossOfTestNaming(xpnn.MeanSquaredError):
    def __init__(self, weight):
        self.weight = weight


class OwnOptimizerOfTestNaming(xpnn.SGD):
    def __init__(self, rate):
        super().__init__(rate)


class OwnMetricOfTestNaming(metrics.Accuracy):
    def __init__(self, weight=1.0):
        self.weight = weight


class OwnScheduleOfTestNaming(Schedule):
    def __init__(self, rate):
        self.rate = rate


def later(layer, factor):
    object.__setattr__(layer, "factor", factor)
    return layer


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (OwnLayerOfTestNaming, "factor"),
        (lambda factor: WiderOfTestNaming(2, factor=factor), "'n'"),
        (lambda factor: later(GivenLaterOfTestNaming(0.5), factor), "factor"),
        (NotKeptOfTestNaming, "factor"),
    ],
    ids=["own", "of Dense", "later", "InitVar"],
)
def test_a_layer_whose_number_is_no_field(make, name):
    with pytest.raises(TypeError, match=rf"layers\[0\].*{name}.*frozen dataclass"):
        xpnn.Sequential([make(5.0)])


@pytest.mark.parametrize("make", [OwnLayerOfTestNaming, OwnLossOfTestNaming])
def test_two_with_other_numbers_are_not_equal(make):
    assert make(2.0) != make(5.0)
    assert make(2.0) == make(2.0)
    assert hash(make(2.0)) == hash(make(2.0))
    assert WiderOfTestNaming(2, factor=2.0) != WiderOfTestNaming(2, factor=5.0)
    assert make(2.0) != xpnn.ReLU() != xpnn.Tanh()


class PassesOnOfTestNaming(xpnn.Dense):
    def __init__(self, n_inputs, n_outputs, **settings):
        super().__init__(n_inputs, n_outputs, **settings)


class SwallowsOfTestNaming(xpnn.ReLU):
    def __init__(self, **settings):
        super().__init__()
        object.__setattr__(self, "factor", settings.get("factor", 1.0))


class PrivateOfTestNaming(xpnn.ReLU):
    def __init__(self, **settings):
        super().__init__()
        object.__setattr__(self, "_factor", settings.get("factor", 1.0))


def test_settings_that_are_passed_on_are_fields(folder):
    layer = PassesOnOfTestNaming(2, 3, l2=0.5)
    xpnn.Sequential([layer]).save("model.safetensors")
    assert xpnn.load("model.safetensors").layers[0] == layer
    for layer in (SwallowsOfTestNaming(factor=2.0), PrivateOfTestNaming(factor=2.0)):
        with pytest.raises(TypeError, match=r"another '_?factor', 1.0 for 2.0"):
            xpnn.Sequential([layer])
    assert PrivateOfTestNaming(factor=2.0) != PrivateOfTestNaming(factor=5.0)
    assert PrivateOfTestNaming(factor=2.0) == PrivateOfTestNaming(factor=2.0)


@dataclass(frozen=True)
class SeveralOfTestNaming(xpnn.ReLU):
    factors: tuple

    def __init__(self, *factors):
        object.__setattr__(self, "factors", factors)
        self.__post_init__()


def test_settings_that_are_given_one_behind_the_other(folder):
    layers = [SeveralOfTestNaming(2.0, 3.0), SeveralOfTestNaming()]
    xpnn.Sequential(layers).save("model.safetensors")
    assert [*xpnn.load("model.safetensors").layers] == layers


def test_losses_optimizers_metrics_and_schedules_whose_number_is_no_field():
    model = xpnn.Sequential([xpnn.Dense(2, 2), xpnn.Softmax()], seed=0)
    good = ("categorical_cross_entropy", "adam")
    with pytest.raises(TypeError, match=r"loss: OwnLossOfTestNaming .*weight"):
        model.compile(OwnLossOfTestNaming(5.0), "adam")
    with pytest.raises(TypeError, match=r"optimizer: OwnOptimizerOfTestNaming .*rate"):
        model.compile(good[0], OwnOptimizerOfTestNaming(0.1))
    with pytest.raises(TypeError, match=r"metrics: OwnMetricOfTestNaming .*weight"):
        model.compile(*good, [OwnMetricOfTestNaming(5.0)])
    with pytest.raises(TypeError, match=r"learning_rate: OwnScheduleOfTestNaming .*rate"):
        xpnn.SGD(OwnScheduleOfTestNaming(0.1))
    assert model.compiled is None


def test_fields_of_a_class_that_is_not_decorated():
    class BareOfTestNaming(xpnn.Dense):
        factor: float = 2.0

    with pytest.raises(TypeError, match=r"BareOfTestNaming has the field 'factor'.*decorated"):
        BareOfTestNaming(2, 2)

    class SaidOfTestNaming(xpnn.Layer):
        unbounded: bool = True  # which is of the class

        def forward(self, params, x):
            return x, lambda dy: (dy, ())

    assert SaidOfTestNaming() == SaidOfTestNaming()
    xpnn.Sequential([SaidOfTestNaming()])


def test_classes_without_settings_need_no_decorator(folder):
    class PassingOfTestNaming(xpnn.Layer):
        def forward(self, params, x):
            return x, lambda dy: (dy, ())

    class HalfOfTestNaming(xpnn.Dropout):
        """It has its settings from the class above it."""

    model = xpnn.Sequential([PassingOfTestNaming(), HalfOfTestNaming(0.25)])
    model.save("model.safetensors")
    assert xpnn.load("model.safetensors").layers == (
        PassingOfTestNaming(),
        HalfOfTestNaming(0.25),
    )


def test_two_classes_of_one_name(backend, folder):
    def one():
        @dataclass(frozen=True)
        class TwiceOfTestNaming(xpnn.Layer):
            factor: float

            def forward(self, params, x):
                return self.factor * x, lambda dy: (self.factor * dy, ())

        return TwiceOfTestNaming

    def two():
        @dataclass(frozen=True)
        class TwiceOfTestNaming(xpnn.Layer):
            factor: float

            def forward(self, params, x):
                return self.factor + x, lambda dy: (dy, ())

        return TwiceOfTestNaming

    first, again, second = one(), one(), two()
    with pytest.raises(TypeError, match="two layer classes 'TwiceOfTestNaming'"):
        xpnn.Sequential([first(2.0)])
    xpnn.Sequential([second(2.0)]).save("model.safetensors")
    assert host(xpnn.load("model.safetensors").predict(X)) == pytest.approx(X + 2, rel=1e-6)
    assert one() is not again
    xpnn.Sequential([again(2.0)])  # a notebook may define a class again


def test_a_name_that_is_taken_by_the_description():
    @dataclass(frozen=True)
    class TypedOfTestNaming(xpnn.Layer):
        type: str = "a"

    with pytest.raises(TypeError, match="TypedOfTestNaming can't have a field 'type'"):
        xpnn.Sequential([TypedOfTestNaming()])


def test_a_metric_that_is_not_known_by_name():
    class HiddenOfTestNaming(metrics.Accuracy, registered=False):
        pass

    model = xpnn.Sequential([xpnn.Dense(2, 2), xpnn.Softmax()])
    with pytest.raises(TypeError, match="metrics: the class HiddenOfTestNaming is not known"):
        model.compile("categorical_cross_entropy", "adam", [HiddenOfTestNaming()])
