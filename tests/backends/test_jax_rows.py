"""How often JAX compiles where the number of rows changes, and that the numbers are right."""

import gc
import logging
import threading
import weakref
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from xpnn.backends import _jax_memory, _jax_steps
from xpnn.backends._jax_memory import padded
from xpnn.backends.jax import JaxBackend

import xpnn
from xpnn.backend import array_namespace

rng = np.random.default_rng(3)
X = rng.standard_normal((400, 6)).astype(np.float32)
Y = rng.integers(3, size=400)


@pytest.fixture
def compiled():
    """The names of what JAX has compiled since, as for the first network of its kind."""
    names = []
    JaxBackend._of_stack.cache_clear()

    class Names(logging.Handler):
        def emit(self, record):
            words = record.getMessage().split()
            if words[:3] == ["Finished", "XLA", "compilation"]:
                names.append(words[4])

    handler, logger = Names(), logging.getLogger("jax")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    with jax.log_compiles(True):
        yield names
    logger.removeHandler(handler)
    logger.setLevel(level)
    logger.propagate = propagate


def model(backend="jax!", layers=(), metrics=("accuracy", "f1", "roc_auc"), dtype="float32"):
    layers = [xpnn.Dense(6, 8), xpnn.BatchNorm(8), xpnn.Tanh(), *layers, xpnn.Dense(8, 3)]
    layers.append(xpnn.Softmax())
    made = xpnn.Sequential(layers, seed=1, dtype=dtype, backend=backend)
    return made.compile("categorical_cross_entropy", xpnn.Adam(0.01), metrics)


def test_sizes_to_compile_for():
    sizes = [padded(n) for n in range(1, 5000)]
    assert all(n <= size <= max(2 * n, 2) for n, size in enumerate(sizes, 1))
    assert all(size <= 1.13 * n for n, size in enumerate(sizes, 1) if n > 64)
    assert {padded(n) for n in range(1, 65)} == {1, 2, 4, 8, 16, 32, 64}
    assert len(set(sizes)) < 65
    assert sizes == sorted(sizes)


def test_requests_of_any_number_of_rows(compiled):
    ours, theirs = model(), model("numpy!")
    for n in range(1, 60):
        np.testing.assert_allclose(
            ours.predict(X[:n]), theirs.predict(X[:n]), rtol=1e-4, atol=1e-6
        )
    assert compiled.count("jit(predict)") <= 7
    before = len(compiled)
    for n in (3, 17, 59):
        rows = ours.predict(jnp.asarray(X[:n]))
        assert isinstance(rows, jax.Array)
        assert rows.shape == ours.forward(X[:n]).shape == (n, 3)
        np.testing.assert_allclose(rows, theirs.predict(X[:n]), rtol=1e-4, atol=1e-6)
    assert not [name for name in compiled[before:] if name == "jit(predict)"]


@pytest.mark.parametrize("batch_size", [8, np.int64(8)])
def test_predict_in_pieces_compiles_once(compiled, batch_size):
    outputs = model().predict(X[:59], batch_size=batch_size)
    np.testing.assert_allclose(outputs, model("numpy!").predict(X[:59]), rtol=1e-4, atol=1e-6)
    assert compiled.count("jit(predict)") == 1
    assert not {"jit(dynamic_slice)", "jit(concatenate)"} & {*compiled}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_evaluate_any_number_of_rows(compiled, dtype):
    penalised = [xpnn.Dense(8, 8, l1=1e-3, bias_l2=1e-2)]
    ours, theirs = (model(b, penalised, dtype=dtype) for b in ("jax!", "numpy!"))
    for n in (97, 98, 99, 101, 104):
        found, wanted = ours.evaluate(X[:n], Y[:n]), theirs.evaluate(X[:n], Y[:n])
        assert found == pytest.approx(wanted, rel=1e-5 if dtype == "float32" else 1e-12)
    assert len(compiled) <= 2


def test_networks_of_one_kind_share_what_is_compiled(compiled):
    """A search trains many of them, and would wait a second for each."""
    for again in (False, True):
        ours, theirs = model(), model("numpy!")
        for one in (ours, theirs):
            one.set_parameters([p + 0.1 * again for p in theirs.parameters])
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-6)
        ours.fit(X, Y, batch_size=64, validation_split=0.2)
        assert len(ours.parameters) == len(theirs.parameters)
        assert again != ("jit(predict)" in compiled)
        assert again != bool(compiled)
        compiled.clear()


def test_fit_with_another_number_of_rows(compiled):
    model().fit(X[:320], Y[:320], batch_size=32, validation_split=0.1)
    compiled.clear()
    rows = [(352, 0.0), (324, 0.0), (388, 0.0), (260, 0.0), (391, 0.1)]
    for n, part in rows:
        for backend in ("jax!", "numpy!"):
            history = model(backend).fit(
                X[:n], Y[:n], batch_size=32, validation_split=part, epochs=2
            )
            if backend == "jax!":
                ours = history.history
        assert ours["loss"] == pytest.approx(history.history["loss"], rel=1e-4)
    loops = [name for name in compiled if name in ("jit(loop)", "jit(take)", "jit(_take)")]
    assert len(loops) <= 1, compiled  # the last batch of four rows


@dataclass(frozen=True)
class OfTheBatchOfTestJaxRows(xpnn.Layer):
    """Mixes the rows of a batch, also where the network is used."""

    def forward(self, params, x):
        xp = array_namespace(x)
        return x - xp.mean(x, axis=0), lambda dy: (dy, ())


@dataclass(frozen=True)
class TimesOfTestJaxRows(xpnn.Layer):
    """Equal to others that compute something else."""

    factor: float = field(default=1.0, compare=False)

    def forward(self, params, x):
        return self.factor * x, lambda dy: (self.factor * dy, ())


def test_networks_that_only_look_the_same_share_nothing():
    once, twice = (
        xpnn.Sequential([TimesOfTestJaxRows(factor)], backend="jax!") for factor in (1.0, 2.0)
    )
    assert once.stack == twice.stack
    np.testing.assert_array_equal(once.predict(X), X)
    np.testing.assert_array_equal(twice.predict(X), 2 * X)


@dataclass(frozen=True)
class AroundOfTestJaxRows(xpnn.Layer):
    inner: xpnn.Layer

    def forward(self, params, x):
        return self.inner.forward(params, x)


@pytest.mark.parametrize(
    "layer",
    [OfTheBatchOfTestJaxRows(), AroundOfTestJaxRows(OfTheBatchOfTestJaxRows())],
    ids=str,
)
def test_rows_that_are_mixed_are_not_padded(layer):
    ours, theirs = (model(b, [layer], ["accuracy"]) for b in ("jax!", "numpy!"))
    for n in (3, 50, 77):
        np.testing.assert_allclose(ours.predict(X[:n]), theirs.predict(X[:n]), atol=1e-5)
        np.testing.assert_allclose(ours.forward(X[:n]), theirs.predict(X[:n]), atol=1e-5)
        assert ours.evaluate(X[:n], Y[:n]) == pytest.approx(
            theirs.evaluate(X[:n], Y[:n]), rel=1e-4
        )


def test_a_metric_of_ones_own_gets_arrays_of_jax():
    seen = []

    def largest(predictions, targets):
        seen.append(predictions)
        return jnp.max(predictions)

    found = model(metrics=[largest]).evaluate(X[:77], Y[:77])["largest"]
    assert isinstance(seen[0], jax.Array)
    assert found == pytest.approx(float(model("numpy!").predict(X[:77]).max()), rel=1e-5)


def test_a_backend_that_is_first_asked_while_compiling():
    """On a device that was named; the one without a name must not be tried in between."""
    code = """
import numpy as np, xpnn
from xpnn.backend import backend_of, resolve
model = xpnn.Sequential([xpnn.Dense(2, 1)], seed=0, backend="jax:cpu!")
model.compile("mean_squared_error", "adam").fit(np.ones((4, 2)), np.ones(4))
assert backend_of(model.parameters[0]).name == "jax"
assert resolve("jax!").name == "jax"
"""
    import subprocess
    import sys

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_table_of_few_rows_is_let_go_with_them():
    """It has room for more of them, which nobody but the training has any use for."""
    trained = model()
    trained.fit(X[:100], Y[:100], batch_size=32, epochs=2)
    gc.collect()
    assert not [a for a in jax.live_arrays() if a.ndim == 2 and len(a) > len(X)]


@pytest.fixture
def few(monkeypatch):
    """Let arrays of more than 100 numbers be large."""
    for module in (_jax_memory, _jax_steps):
        monkeypatch.setattr(module, "FEW", 100)


def test_many_rows_are_where_there_is_room_for_more(compiled, few):
    wanted = [model("numpy!").fit(X[:n], Y[:n], batch_size=8) for n in (65, 67, 72)]
    found = [model().fit(X[:65], Y[:65], batch_size=8)]
    before = compiled.count("jit(loop)")
    found += [model().fit(X[:n], Y[:n], batch_size=8) for n in (67, 72)]
    assert compiled.count("jit(loop)") == before
    for ours, theirs in zip(found, wanted):
        assert ours.history["loss"] == pytest.approx(theirs.history["loss"], rel=1e-5)


@pytest.mark.parametrize("n", [65, 16], ids=["as they are", "as many as there is room for"])
def test_what_is_trained_on_is_let_go(few, n):
    x = jnp.asarray(X[:n, :1] if n == 16 else X[:n])
    y = jnp.asarray(rng.random((n, 1), "float32"))
    trained = xpnn.Sequential([xpnn.Dense(x.shape[1], 1)], seed=0, backend="jax!")
    trained.compile("mean_squared_error", "sgd").fit(x, y, batch_size=8)
    gone = weakref.ref(x), weakref.ref(y)
    del x, y
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_what_is_drawn_is_cut_by_numpy(compiled):
    """Into as many steps as the loop has room for, of which the last are few."""
    regressor = xpnn.Sequential(
        [xpnn.Dense(6, 900), xpnn.Dropout(0.5), xpnn.Dense(900, 1)], seed=0, backend="jax!"
    ).compile("mean_squared_error", "sgd")
    for n in (400, 392, 384, 376, 264):
        regressor.fit(X[:n], Y[:n], batch_size=8)
        if n == 400:
            compiled.clear()
    assert compiled == ["jit(take)"]  # 33 steps are 32 and one


def test_how_many_steps_a_loop_has_room_for():
    """No more than what it is given for them takes little memory for."""
    for rows, drawn, steps in ((32, 1, 128), (64, 64, 32), (500_000, 1, 1)):
        given = np.empty((3, 2)), np.empty((3, rows)), ((np.empty((3, rows, drawn)),), ())
        assert _jax_steps._steps_at_once(given) == steps


def test_many_rows_that_somebody_else_has_placed(few):
    """As JAX's own, in memory that has no room."""
    ours, theirs = (
        model(b).fit(x, Y, batch_size=8) for b, x in (("jax!", jnp.asarray(X)), ("numpy!", X))
    )
    assert ours.history["loss"] == pytest.approx(theirs.history["loss"], rel=1e-5)


def test_memory_with_room(few):
    """It is let go with the array, and is found while there is one."""
    backend = xpnn.backend.resolve("jax!")
    for shape in ((65, 6), (65,), (65, 2, 3), (1, 2)):
        given = rng.random(shape).astype("float32")
        placed = backend.asarray(given)
        np.testing.assert_array_equal(placed, given)
        roomy = _jax_memory.with_room(np.asarray(placed), padded(len(given)))
        if given.size <= 100:
            assert roomy is None
        else:
            assert roomy.shape == (72, *shape[1:])
            np.testing.assert_array_equal(roomy[:65], given)
            assert _jax_memory.with_room(np.asarray(placed), 144) is None
    before = len(_jax_memory._roomy)
    del placed, roomy
    gc.collect()
    assert len(_jax_memory._roomy) <= before
    given[:] = 0  # nobody's but the caller's


def test_models_that_share_what_is_compiled_train_in_two_threads():
    """Each on its own rows."""
    parts = slice(100), slice(100, 200)

    def train(part, ended):
        trained = model()
        for _ in range(20):
            trained.fit(X[part], Y[part], batch_size=8)
        ended.append(trained.predict(X))

    alone, together = ([], []), ([], [])
    for part, ended in zip(parts, alone):
        train(part, ended)
    threads = [threading.Thread(target=train, args=both) for both in zip(parts, together)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(together, alone)
