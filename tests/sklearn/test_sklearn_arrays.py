"""Arrays of other libraries in the estimators and in scikit-learn's tools around them."""

import array_api_strict
import numpy as np
import pytest
import sklearn
from conftest import SPECS, load
from perceptrons import DATA, diabetes, digit_labels, digits, fitted, progress
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._array_api import get_namespace_and_device, move_estimator_to
from support import host

import xpnn
from xpnn.backend import array_namespace, device_of
from xpnn.sklearn import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")


@pytest.fixture(params=[spec for spec in SPECS if not spec.startswith("jax")])
def dispatched(request):
    """Each backend whose arrays scikit-learn takes, with all that its own code asks of it."""
    backend = load(request.param)
    flags = array_api_strict.ArrayAPIStrictFlags(
        boolean_indexing=True,
        data_dependent_shapes=True,
        enabled_extensions=("linalg", "fft"),
    )
    with flags, sklearn.config_context(array_api_dispatch=True):
        yield backend


@pytest.mark.float64
def test_other_arrays_go_in_and_come_out(dispatched, dtype):
    backend = dispatched
    reference = fitted("ours", "classes", max_iter=6, dropout=0.2)
    X, y = backend.asarray(digits, dtype), backend.asarray(digit_labels)
    model = clone(reference).fit(X, y)
    tolerance = {"float32": 1e-3, "float64": 1e-9}[dtype]
    for got, expected in (
        (model.predict_proba(X), reference.predict_proba(digits)),
        (model.coefs_[0], reference.coefs_[0]),
        (model.intercepts_[1], reference.intercepts_[1]),
    ):
        assert array_namespace(got) is backend.xp
        assert device_of(got) == device_of(X)
        assert got.dtype == X.dtype
        np.testing.assert_allclose(host(got), expected, rtol=tolerance, atol=tolerance)
    assert array_namespace(model.predict(X)) is backend.xp
    np.testing.assert_array_equal(host(model.predict(X)), reference.predict(digits))
    assert isinstance(model.score(X, y), float)

    names = np.array(list("abcdefghij"))
    by_name = clone(model).fit(X, names[digit_labels])
    np.testing.assert_array_equal(
        by_name.predict(X), np.array(list("abcdefghij"))[host(model.predict(X))]
    )

    regression = clone(fitted("ours", "numbers", max_iter=4))
    regression.fit(backend.asarray(diabetes, dtype), progress)  # numbers of another library
    expected = fitted("ours", "numbers", max_iter=4).predict(diabetes)
    got = regression.predict(backend.asarray(diabetes, dtype))
    np.testing.assert_allclose(host(got), expected, rtol=1e-2, atol=tolerance)


@pytest.mark.float64
def test_early_stopping_and_labels_on_other_libraries(dispatched):
    backend = dispatched
    for kind in ("labels", "two classes", "numbers"):
        _, X, y = DATA[kind]
        settings = {"early_stopping": True, "validation_fraction": 0.2, "max_iter": 4}
        reference = fitted("ours", kind, **settings)
        placed = backend.asarray(X), backend.asarray(y)
        weight = backend.asarray(np.ones(len(X)))
        model = clone(reference).fit(*placed, weight)
        np.testing.assert_allclose(
            model.validation_loss_curve_, reference.validation_loss_curve_, rtol=1e-9
        )
        np.testing.assert_allclose(
            model.validation_scores_, reference.validation_scores_, rtol=1e-9
        )
        assert array_namespace(model.predict(placed[0])) is backend.xp


# array-api-strict divides by NumPy, which warns of the 0 / 0 that StandardScaler begins with
@pytest.mark.float64
@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")
def test_scikit_learns_tools_take_them(dispatched):
    backend = dispatched
    varied = digits[:, digits.std(axis=0) > 0.1]
    X, y = backend.asarray(varied, "float32"), backend.asarray(digit_labels % 3)
    model = MLPClassifier(10, learning_rate_init=0.02, max_iter=10, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model)
    assert pipeline.fit(X, y).score(X, y) > 0.8
    assert device_of(pipeline.predict_proba(X)) == device_of(X)
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1e-4, 1e-2]}, cv=2)
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert array_namespace(search.predict(X)) is backend.xp
    p = cross_val_predict(model, X, y, cv=2, method="predict_proba")
    assert tuple(p.shape) == (200, 3)
    assert array_namespace(p) is backend.xp
    if backend.name not in ("cupy", "dpnp"):  # VotingClassifier reads what it is given by NumPy
        X, y = xpnn.backend.resolve(backend.name).asarray(varied), digit_labels % 3
        pair = [("a", clone(model)), ("b", LogisticRegression())]
        voting = VotingClassifier(pair, voting="soft")
        assert voting.fit(X, y).score(X, y) > 0.8


@pytest.mark.float64
def test_estimators_move_between_libraries(dispatched):
    backend = dispatched
    X, y = backend.asarray(digits), backend.asarray(digit_labels)
    model = fitted("ours", "classes").fit(X, y)
    moved = move_estimator_to(model, *get_namespace_and_device(digits)[::2])
    assert isinstance(moved.coefs_[0], np.ndarray)
    np.testing.assert_allclose(moved.predict_proba(digits), host(model.predict_proba(X)))
    before = host(model.coefs_[0]).copy()
    moved.set_params(warm_start=True).fit(digits, digit_labels)
    np.testing.assert_array_equal(host(model.coefs_[0]), before)
