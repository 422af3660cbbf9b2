"""Fitted arrays: where they are, that they can be changed, and that they travel."""

import copy
import pickle

import numpy as np
import pytest
from perceptrons import DATA, diabetes, digit_labels, digits, fitted, progress
from sklearn.base import clone

import xpnn

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")


def test_training_goes_on_where_it_was(backend):
    """Fitted arrays that can't be changed may be views of those that training changes."""
    ours = fitted("ours", "classes")
    model = clone(ours).set_params(backend=backend.spec, max_iter=2).fit(digits, digit_labels)
    losses = [model.partial_fit(digits, digit_labels).loss_ for _ in range(2)]
    assert losses[1] < losses[0]


@pytest.mark.float64
def test_computing_elsewhere(backend):
    here = fitted("ours", "classes")
    there = clone(here).set_params(backend=backend.spec).fit(digits, digit_labels)
    assert there._model[0].backend is backend
    for got, expected in zip(there.coefs_ + there.intercepts_, here.coefs_ + here.intercepts_):
        assert isinstance(got, np.ndarray)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)
    if backend.name not in ("numba", "numpy"):  # only a copy, which can't be changed in vain
        with pytest.raises(ValueError, match="read-only"):
            there.coefs_[0] += 1
    np.testing.assert_allclose(there.predict_proba(digits), here.predict_proba(digits))
    there.coefs_ = [np.array(w) for w in there.coefs_]
    there.partial_fit(digits, digit_labels)
    here.partial_fit(digits, digit_labels)
    np.testing.assert_allclose(there.coefs_[0], here.coefs_[0], rtol=1e-9, atol=1e-11)


def test_arrays_that_nobody_knows_are_refused():
    class Strange:
        pass

    with pytest.raises(TypeError, match=r"no backend is known for arrays like .*Strange"):
        xpnn.backend.backend_of(Strange())


def test_the_backend_of_an_array(backend):
    found = xpnn.backend.backend_of(backend.asarray([1.0]))
    assert found is (xpnn.backend.resolve("numpy") if backend.name == "numba" else backend)


def test_what_is_fitted_can_be_changed():
    model = fitted("ours", "numbers")
    before = model.predict(diabetes)
    model.intercepts_[-1][:] += 5
    np.testing.assert_allclose(model.predict(diabetes), before + 5)
    model.intercepts_[-1] = model.intercepts_[-1] - 5
    np.testing.assert_allclose(model.predict(diabetes), before)
    model.coefs_ = [0 * w for w in model.coefs_]
    assert np.ptp(model.predict(diabetes)) == 0
    model.set_params(solver="sgd", momentum=0, learning_rate_init=1e-12)
    model.partial_fit(diabetes, progress)
    assert np.abs(model.coefs_[-1]).max() < 0.01


@pytest.mark.parametrize("travel", ["pickle", "deepcopy"])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_training_goes_on_after_a_journey(travel, kind):
    _, X, y = DATA[kind]
    model = fitted("ours", kind, shuffle=True, dropout=0.3, batch_size=40)
    other = copy.deepcopy(model) if travel == "deepcopy" else pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    for _ in range(3):
        model.partial_fit(X, y)
        other.partial_fit(X, y)
    for a, b in zip(model.coefs_, other.coefs_):
        np.testing.assert_array_equal(a, b)
