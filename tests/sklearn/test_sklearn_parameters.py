"""The parameters: which there are, and which values are refused."""

import inspect

import pytest
from perceptrons import OURS, digit_labels, digits
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from xpnn.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")


@pytest.mark.parametrize("theirs", OURS)
def test_parameters_have_scikit_learns_defaults_and_places(theirs):
    ours, own = (inspect.signature(cls).parameters for cls in (OURS[theirs], theirs))
    shared = [name for name in own if name in ours]
    assert {*shared} == {*own}
    assert {name: ours[name].default for name in shared} == {
        name: own[name].default for name in shared
    }
    places = [p.name for p in own.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [p.name for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD] == places
    assert {p.kind for p in [*ours.values()][len(places) :]} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("cls", OURS.values())
def test_each_parameter_becomes_an_attribute_as_it_is(cls):
    names = inspect.signature(cls).parameters
    given = {name: object() for name in names}
    model = cls(**given)
    assert vars(model) == given
    assert clone(cls(alpha=3.0, backend="numpy")).get_params() == {
        **{name: names[name].default for name in names},
        "alpha": 3.0,
        "backend": "numpy",
    }
    assert repr(cls(alpha=3.0, loss=None)) == f"{cls.__name__}(alpha=3.0, loss=None)"
    assert cls() != cls()  # an estimator is what it learns, not its parameters


def test_other_values_are_refused_with_a_sentence():
    with pytest.raises(ValueError, match="dropout must be 0 for solver='lbfgs', which draws"):
        MLPClassifier(solver="lbfgs", dropout=[0.5]).fit(digits, digit_labels)
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")
    for name, value in (("momentum", 1), ("alpha", -1), ("dropout", 1.0), ("backend", 3)):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of MLPClassifier must"):
            MLPClassifier(**{name: value}).fit(digits, digit_labels)
    with pytest.raises(NotFittedError):
        MLPClassifier().predict(digits)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(digits, digit_labels)
