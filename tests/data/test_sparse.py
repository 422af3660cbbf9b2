"""Sparse rows train as the same rows do that are dense, and never all become dense."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from support import host
from told_rows import WEIGHT

import xpnn
from xpnn import (
    Chain,
    Concatenate,
    Dense,
    Embedding,
    Frozen,
    ReLU,
    Select,
    Sequential,
    Softmax,
    Tanh,
)
from xpnn.callbacks import Callback
from xpnn.data import some_rows
from xpnn.data.sources import source_of
from xpnn.distributed import Communicator

rng = np.random.default_rng(5)
X = np.where(rng.random((1013, 6)) < 0.3, rng.standard_normal((1013, 6)), 0.0)
Y = (X[:, 0] > 0).astype(np.int64) + (X[:, 1] >= 0)
CLOSE = {"rtol": 1e-10, "atol": 1e-10}
WAYS = {
    "in their order": {"shuffle": False},
    "parts of what has none": {"shuffle": "parts"},
    "a part held back, of weights": {"validation_split": 0.15, "sample_weight": WEIGHT},
    "weights of classes": {"class_weight": "balanced"},
    "all rows": {"batch_size": None},
    "one process": {"communicator": Communicator(), "rows": "own"},
}


class DoubledDenseOfTestSparse(Dense):
    """A layer of one's own, which does what sparse rows can't."""

    def forward(self, params, x):
        y, backward = super().forward(params, x + x)
        return y, lambda dy: (2 * backward(dy)[0], backward(dy)[1])


def network(*layers, backend="numpy"):
    layers = layers or (Dense(6, 8, l2=1e-3, l1=1e-4), ReLU(), Dense(8, 3), Softmax())
    model = Sequential(layers, seed=4, backend=backend, dtype="float64")
    return model.compile("categorical_cross_entropy", "adam", ["accuracy", "roc_auc"])


def trained(x, layers=(), backend="numpy", **how):
    """Return what a training gives, on the host."""
    model = network(*layers, backend=backend)
    model.fit(x, Y, **{"epochs": 2, "batch_size": 32, **how})
    history, measured = model.history.history, model.evaluate(x, Y, sample_weight=WEIGHT)
    arrays = [*map(host, model.parameters), host(model.predict(x))]
    return [*arrays, *history.values(), [*measured.values()]]


def assert_close(got, wanted):
    for array, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(array, other, **CLOSE)


@pytest.mark.float64
@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_sparse_rows_train_as_dense_ones(backend, how):
    assert_close(trained(sp.csr_array(X), (), backend, **how), trained(X, (), backend, **how))


@pytest.mark.parametrize("form", ["csc_array", "csr_matrix", "coo_matrix", "lil_array"])
def test_other_formats_are_converted(form):
    data = sp.csc_matrix(X[:200]), Y[:200], WEIGHT[:200]
    got = trained(getattr(sp, form)(X), validation_data=data)
    assert_close(got, trained(X, validation_data=(X[:200], *data[1:])))


CODES = np.column_stack([X[:, :5], rng.integers(0, 3, len(X)) * (X[:, 0] != 0)])
MORE = {
    "an activation": (ReLU(), Dense(6, 3), Softmax()),
    "codes": (
        Concatenate(Select(slice(0, 5)), Chain(Select(5), Embedding(3, 2))),
        *(Dense(7, 3), Softmax()),
    ),
    "one that is held": (Frozen(Dense(6, 5)), Tanh(), Dense(5, 3), Softmax()),
    "of one's own": (DoubledDenseOfTestSparse(6, 3), Softmax()),
}


@pytest.mark.parametrize("layers", MORE.values(), ids=MORE)
def test_a_first_layer_that_does_more_than_multiply_is_given_dense_rows(layers):
    assert_close(trained(sp.csr_array(CODES), layers), trained(CODES, layers))


@pytest.mark.float64
def test_lbfgs_takes_them_in_pieces(backend):
    wide = np.zeros((400, 20_000))  # a piece has 209 rows, where they are made dense
    wide[:, :3] = X[:400, :3]
    found = []
    for x in (wide, sp.csc_array(wide)):
        model = Sequential([Dense(20_000, 3)], seed=0, backend=backend, dtype="float64")
        model.compile(xpnn.CategoricalCrossEntropy(from_logits=True), "adam")
        xpnn.minimize(model, x, Y[:400], sample_weight=WEIGHT[:400], max_iter=4)
        found.append([host(p) for p in model.parameters])
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6, atol=1e-8)


WRONG = X.copy()
WRONG[7, 3] = np.inf
SHORT = sp.csr_array(X)
SHORT.indices = np.where(SHORT.indices == 5, 6, SHORT.indices)
REFUSED = {
    "an infinity": (
        WRONG,
        ValueError,
        "X must hold finite numbers; got inf in row 7, column 3",
    ),
    "too large": (X * 1e39, ValueError, "X must hold finite numbers; got -?inf in row 0"),
    "too many": (X[:, [0, *range(6)]], ValueError, "X must have 6 features"),
    "no rows": (X[:0], ValueError, "at least one of each, got \\(0, 6\\)"),
    "complex": (X * 1j, TypeError, "X: expected numbers, got a sparse csr_array of dtype comp"),
    "a column that is none": (SHORT, ValueError, "X: "),
    "one row": (sp.coo_array(X[0]), ValueError, "X: expected a sparse matrix of rows"),
}


@pytest.mark.parametrize(("x", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_at_the_door(x, error, words):
    x = x if sp.issparse(x) else sp.csr_array(x)
    model = Sequential([Dense(6, 3), Softmax()]).compile("categorical_cross_entropy", "sgd")
    for call in (model.predict, lambda x: model.fit(x, Y), lambda x: model.evaluate(x, Y)):
        with pytest.raises(error, match=words):
            call(x)


def test_targets_may_be_sparse():
    labels = np.eye(3)[Y]
    found = []
    for y in (labels, sp.csr_array(labels)):
        model = network().fit(sp.csr_array(X), y, epochs=1)
        found += [*model.history["loss"], *network().fit(X, y, epochs=1).history["loss"]]
    np.testing.assert_allclose(found, found[0], **CLOSE)


def test_codes_are_checked_at_the_door():
    wrong = CODES.copy()
    wrong[3, 5] = 3
    with pytest.raises(ValueError, match="0 to 2; got 3 in row 3, column 5"):
        network(*MORE["codes"]).fit(sp.csr_array(wrong), Y, epochs=1)


def test_callbacks_see_a_source():
    seen = []

    class Looking(Callback):
        def on_train_begin(self, epochs, steps):
            seen.extend([self.data[0].shape, *some_rows(self.data, 100)])

    network().fit(sp.csr_array(X), Y, epochs=1, callbacks=[Looking()])
    assert seen[0] == X.shape
    np.testing.assert_array_equal(seen[1], X[::11])
    np.testing.assert_array_equal(source_of(sp.csr_array(X)).take([5, 3]), X[[5, 3]])


def test_matrices_of_other_libraries_come_to_the_host():
    class OnDevice:
        """What CuPy's sparse matrices have of what is asked for."""

        dtype, shape = X.dtype, X.shape

        def tocsr(self):
            return self

        def get(self):
            return sp.csr_matrix(X)

    assert_close(trained(OnDevice()), trained(X))


def test_the_whole_is_never_dense(backend):
    n, width = 800, 200_000  # 640 MB in single precision
    places = rng.integers(0, width, (n, 20))
    x = sp.csr_array((np.ones(20 * n), places.ravel(), np.arange(n + 1) * 20), (n, width))
    model = Sequential([Dense(width, 2), Softmax()], seed=0, backend=backend)
    model.compile("categorical_cross_entropy", xpnn.SGD(0.1))
    tracemalloc.start()
    model.fit(x, np.arange(n) % 2, batch_size=16, epochs=1, validation_split=0.1)
    model.evaluate(x, np.arange(n) % 2)
    model.predict(x)
    assert tracemalloc.get_traced_memory()[1] < 160e6
    tracemalloc.stop()
