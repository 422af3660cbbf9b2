"""Rows at the door: what is refused, and in how many guises they may come."""

import numpy as np
import pytest
from conftest import SPECS, load
from support import host
from twelve_rows import NUMBERS, N, X, Y, changed, classifier, everything, read_only, regressor

import xpnn
from xpnn import Adam, Dense, Sequential, Sigmoid

BAD_NUMBERS = {
    "wrong shape": (np.zeros((N, 3)), ["(n, 2)", "(12, 3)"]),
    "1-D": (np.zeros(N), ["(n, 2)", "(12,)"]),
    "NaN": (changed(NUMBERS, (3, 1), np.nan), ["finite", "nan", "row 3, column 1"]),
    "infinity": (changed(NUMBERS, (3, 1), np.inf), ["finite", "inf", "row 3, column 1"]),
    "shorter": (NUMBERS[1:], ["12", "(11, 2)"]),
}


@pytest.mark.parametrize("name", BAD_NUMBERS)
def test_targets_that_are_numbers(backend, name):
    wrong, words = BAD_NUMBERS[name]
    model = regressor()
    before = everything(model)
    with pytest.raises(ValueError) as caught:
        model.fit(X, wrong)
    assert [word for word in ["y ", *words] if word not in str(caught.value)] == []
    np.testing.assert_equal(everything(model), before)
    with pytest.raises(ValueError, match="class_weight"):
        model.fit(X, NUMBERS, class_weight={0: 2.0})


@pytest.mark.parametrize("wrong", [2, -1, 1.5, np.nan])
def test_targets_that_are_yes_or_no(backend, wrong):
    model = Sequential([Dense(2, 1), Sigmoid()], seed=0).compile("binary_cross_entropy", "sgd")
    with pytest.raises(ValueError, match=r"y must .*row 3"):
        model.fit(X, changed(Y % 2, 3, wrong, float))


def test_numbers_that_the_dtype_cannot_hold(backend):
    """They are refused as infinite, and nothing else is said."""
    model = regressor(dtype="float32")
    with pytest.raises(ValueError, match=r"X must hold finite numbers"):
        model.fit(changed(X, (1, 1), 1e300, float), NUMBERS)
    with pytest.raises(ValueError, match=r"y must hold finite numbers"):
        model.fit(X, changed(NUMBERS, (1, 1), 1e300))


def test_masked_arrays_are_refused(backend):
    model = xpnn.Sequential([xpnn.Dense(2, 1)])
    masked = np.ma.array([[1.0, 2.0]], mask=[[0, 1]])
    with pytest.raises(TypeError, match="X: expected numbers, got a masked array"):
        model.predict(masked)
    assert model.predict(np.ma.array([[1.0, 2.0]])).shape == (1, 1)


class Frame:
    """What a table of another library looks like to NumPy."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


WHOLE = np.array([[0, 1], [1, 1], [1, 0], [0, 0]] * 3)
GUISES = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(map(tuple, x.tolist())),
    "list of arrays": list,
    "bool": lambda x: x.astype(bool),
    "uint8": lambda x: x.astype(np.uint8),
    "int8": lambda x: x.astype(np.int8),
    "int64": lambda x: x.astype(np.int64),
    "uint64": lambda x: x.astype(np.uint64),
    "float16": lambda x: x.astype(np.float16),
    "float32": lambda x: x.astype(np.float32),
    "long double": lambda x: x.astype(np.longdouble),
    "big-endian": lambda x: x.astype(">f4"),
    "big-endian float64": lambda x: x.astype(">f8"),
    "read-only": lambda x: read_only(x.astype(np.float64)),
    "Fortran order": lambda x: np.asfortranarray(x, dtype=np.float64),
    "every second": lambda x: np.repeat(x.astype(np.float64), 2, axis=0)[::2],
    "negative strides": lambda x: np.flip(x.astype(np.float64)).copy()[::-1, ::-1],
    "table": Frame,
}


@pytest.fixture(scope="module")
def of_whole_numbers():
    """For each backend, what a training on WHOLE leads to."""
    results = {}
    for spec in SPECS:
        model = classifier(backend=load(spec))
        model.fit(WHOLE.astype(np.float64), Y, batch_size=5)
        results[load(spec).name] = model
    return results


@pytest.mark.float64
@pytest.mark.parametrize("guise", GUISES)
def test_inputs_in_many_guises(backend, of_whole_numbers, guise):
    given = GUISES[guise](WHOLE)
    model = of_whole_numbers[backend.name]
    expected = model.predict(WHOLE.astype(np.float64))
    predicted = model.predict(given)
    assert type(predicted) is np.ndarray
    assert predicted.dtype == np.float64
    np.testing.assert_array_equal(predicted, expected)
    np.testing.assert_array_equal(np.asarray(given), WHOLE)  # as they were


@pytest.mark.parametrize(
    "guise", ["list", "int8", "uint8", "int64", "float32", "big-endian int32"]
)
def test_classes_in_many_guises(backend, of_whole_numbers, guise):
    given = {
        "list": Y.tolist(), "int8": Y.astype(np.int8), "uint8": Y.astype(np.uint8),
        "int64": Y[:, None], "float32": Y.astype(np.float32),
        "big-endian int32": Y.astype(">i4"),
    }[guise]  # fmt: skip
    model = of_whole_numbers[backend.name]
    assert model.evaluate(WHOLE, given) == model.evaluate(WHOLE, Y)
    np.testing.assert_allclose(
        model.evaluate(WHOLE, np.eye(3)[Y])["loss"],
        model.evaluate(WHOLE, Y)["loss"],
        rtol=1e-12,
    )


def test_yes_and_no_as_truth_values(backend):
    model = Sequential([Dense(2, 1), Sigmoid()], seed=0, dtype="float64")
    model.compile("binary_cross_entropy", "sgd")
    yes = Y % 2 == 0
    expected = model.evaluate(X, yes.astype(np.float64))
    for given in (yes, yes[:, None], yes.astype(np.uint8), yes.tolist()):
        assert model.evaluate(X, given) == expected


def test_what_comes_in_is_not_changed(backend):
    weight = np.linspace(1, 2, N)
    x, y, own = X.astype(np.float64), NUMBERS.copy(), backend.asarray(X, "float64", copy=True)
    model = regressor(optimizer=Adam(0.1))
    copies = [a.copy() for a in (x, y, weight)]
    for given in (x, own):
        model.fit(
            given, y, epochs=2, batch_size=None, sample_weight=weight, validation_split=0.25
        )
        model.fit(given, y, epochs=2, batch_size=5, validation_data=(given, y))
        model.evaluate(given, y)
        model.gradients(given, y)
        model.predict(given)
        model.forward(given)
    for array, copied in zip((x, y, weight, own), [*copies, x]):
        np.testing.assert_array_equal(host(array), copied)


def test_read_only_everything(backend):
    """Also what is trained in place: parameters that were given are copied."""
    weights = read_only(np.ones((2, 2)))
    model = Sequential([Dense(2, 2, weights=weights)], dtype="float64")
    model.compile("mean_squared_error", Adam(0.1))
    model.set_parameters([weights, read_only(np.zeros(2))])
    model.fit(
        read_only(X.astype(np.float64)), read_only(NUMBERS), epochs=2, batch_size=5,
        sample_weight=read_only(np.ones(N)),
        validation_data=(read_only(X), read_only(NUMBERS)),
    )  # fmt: skip
    np.testing.assert_array_equal(weights, 1)
    assert not np.array_equal(host(model.parameters[0]), weights)
