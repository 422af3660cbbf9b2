"""What is saved of a network comes back."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from measured import network, own_mean
from model_files import X, Y, check_same, names, small
from processes import run_python
from support import assert_close, of_the_core

import xpnn
from xpnn import Dense, ModelFileError, Sequential, metrics
from xpnn.layers import LAYERS
from xpnn.losses import LOSSES
from xpnn.optimizers import OPTIMIZERS

EXAMPLES = {
    "Dense": [Dense(2, 2)],
    "BatchNorm": [xpnn.BatchNorm(2), xpnn.BatchNorm(2, momentum=0.5, epsilon=0.25)],
    "Dropout": [xpnn.Dropout(0.0), xpnn.Dropout(0.125)],
    "LeakyReLU": [xpnn.LeakyReLU(), xpnn.LeakyReLU(0.3)],
    "Linear": [xpnn.Linear()],
    "ReLU": [xpnn.ReLU()],
    "Sigmoid": [xpnn.Sigmoid()],
    "Softmax": [xpnn.Softmax()],
    "Step": [xpnn.Step()],
    "Tanh": [xpnn.Tanh()],
}


def ours(table):
    return {name for name, cls in table.items() if of_the_core(cls)}


def test_examples_are_complete():
    assert set(EXAMPLES) == ours(LAYERS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_layer(backend, dtype, tmp_path, name):
    for layer in EXAMPLES[name]:
        model = Sequential([Dense(2, 2), layer, Dense(2, 2)], seed=0, dtype=dtype)
        model.save(tmp_path / "model.safetensors")
        loaded = xpnn.load(tmp_path / "model.safetensors")
        check_same(loaded, model)
        assert loaded.compiled is None
        assert loaded.backend is backend
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_network_that_learns_nothing(backend, tmp_path):
    model = Sequential([xpnn.ReLU(), xpnn.Softmax()])
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model")
    check_same(loaded, model)
    assert_close(loaded.forward(X), model.forward(X), rtol=0)


@pytest.mark.parametrize("name", sorted(ours(LOSSES)))
def test_every_loss(backend, tmp_path, name):
    cls = LOSSES[name]
    options = {
        f.name: True if isinstance(f.default, bool) else 0.5 for f in dataclasses.fields(cls)
    }
    for loss in (cls(), cls(**options)):
        last = (
            [] if loss.activation is None or loss.from_logits else [LAYERS[loss.activation]()]
        )
        model = Sequential([Dense(2, 3), *last]).compile(loss, "sgd")
        model.save(tmp_path / "model")
        loaded = xpnn.load(tmp_path / "model")
        check_same(loaded, model)
        y = np.eye(3)[Y]
        assert loaded.evaluate(X, y) == model.evaluate(X, y)


@pytest.mark.float64
@pytest.mark.parametrize("name", sorted(ours(OPTIMIZERS)))
def test_every_optimizer(backend, tmp_path, name):
    cls = OPTIMIZERS[name]
    options = {
        f.name: True if isinstance(f.default, bool) else 0.25 for f in dataclasses.fields(cls)
    }
    for optimizer in (cls(), cls(**options)):
        model = Sequential([Dense(2, 3)], seed=0, dtype="float64")
        model.compile("huber", optimizer, ["mean_absolute_error"])
        model.save(tmp_path / "model")
        loaded = xpnn.load(tmp_path / "model")
        check_same(loaded, model)
    y = np.eye(3)[Y]
    runs = [m.fit(X, y, batch_size=None, epochs=3).history for m in (model, loaded)]
    assert runs[0] == runs[1]


def test_loaded_model_trains_as_a_fresh_one(backend, tmp_path):
    model = small(dtype="float64")
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model")
    # its optimizer starts anew too
    model.compile(model.compiled.loss, model.compiled.optimizer)
    runs = []
    for each in (model, loaded):
        each.generator = np.random.default_rng(5)
        runs.append(each.fit(X, Y, batch_size=4, epochs=2).history)
    assert runs[0] == runs[1]


def test_saving_changes_nothing(backend, tmp_path):
    stayed, saved = small(dtype="float64"), small(dtype="float64")
    saved.save(tmp_path / "model")
    runs = [m.fit(X, Y, batch_size=4, epochs=2).history for m in (stayed, saved)]
    assert runs[0] == runs[1]


def test_numbers_of_numpy_as_settings(backend, tmp_path):
    """As in Dense(2, y.max() + 1)."""
    layers = [Dense(np.int64(2), Y.max() + 1), xpnn.Dropout(np.float32(0.5)), xpnn.Softmax()]
    model = Sequential(layers, seed=0)
    model.compile(
        "categorical_cross_entropy", xpnn.SGD(np.float32(0.5), momentum=np.float64(0.5))
    )
    model.save(tmp_path / "model")
    check_same(xpnn.load(tmp_path / "model"), model)


def test_special_numbers_come_back_bit_by_bit(backend, tmp_path):
    values = np.array([[np.nan, np.inf, -0.0, 5e-324], [1e308, -np.inf, 0.1, 2.0**-1022]])
    model = Sequential([Dense(2, 4)], dtype="float64", backend="numpy")
    model.set_parameters([values, np.zeros(4)])
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model", "numpy")
    assert loaded.parameters[0].tobytes() == values.tobytes()


RANDOM_LAYER = st.one_of(
    st.builds(xpnn.Dropout, st.floats(0, 1, exclude_max=True)),
    st.builds(xpnn.LeakyReLU, st.floats(0, 100)),
    st.sampled_from([xpnn.ReLU(), xpnn.Tanh(), xpnn.Sigmoid(), xpnn.Linear(), xpnn.Step()]),
    st.integers(1, 5),  # the outputs of a Dense layer
)


@pytest.mark.float64
@given(
    parts=st.lists(RANDOM_LAYER, min_size=1, max_size=8),
    seed=st.integers(0, 2**40),
    optimizer=st.builds(
        xpnn.Adam,
        st.floats(1e-300, 1e300),
        beta_1=st.floats(0, 1, exclude_max=True),
        decay=st.floats(0, 1e300),
    ),
)
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_random_stacks(backend, tmp_path, parts, seed, optimizer):
    layers, size = [], 2
    for part in parts:
        layers.append(Dense(size, part) if isinstance(part, int) else part)
        size = part if isinstance(part, int) else size
    model = Sequential(layers, seed=seed, dtype="float64")
    model.compile("mean_squared_error", optimizer)
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model")
    check_same(loaded, model)
    assert_close(loaded.forward(X), model.forward(X), rtol=0)


OWN_LAYER = """
from dataclasses import dataclass
import xpnn

@dataclass(frozen=True)
class ScaleOfTestSerialization(xpnn.Layer):
    n_inputs: int
    start: float = 2.0

    def parameters(self):
        return {"factors": xpnn.Parameter((self.n_inputs,), self.start)}

    def forward(self, params, x):
        (factors,) = params
        def backward(dy):
            return dy * factors, ((dy * x).sum(axis=0),)
        return x * factors, backward
"""


def test_layer_of_the_user(tmp_path):
    path = tmp_path / "model"
    save = f"""
import numpy as np
model = xpnn.Sequential([ScaleOfTestSerialization(2, 3.0), xpnn.Dense(2, 1)], seed=0)
model.compile("mean_squared_error", "sgd").fit(np.ones((4, 2)), np.ones(4))
model.save({str(path)!r})
print(model.predict([[1.0, 2.0]]).tobytes().hex())
"""
    use = f"""
model = xpnn.load({str(path)!r})
print(model.predict([[1.0, 2.0]]).tobytes().hex())
assert model.layers[0] == ScaleOfTestSerialization(2, 3.0)
"""
    first = run_python(OWN_LAYER + save)
    second = run_python(OWN_LAYER + use)
    assert first.stdout == second.stdout
    with pytest.raises(ModelFileError) as caught:
        xpnn.load(path)
    for words in (str(path), "unknown layer 'ScaleOfTestSerialization'", "import the module"):
        assert words in str(caught.value)


def test_files_hold_metrics_by_description(tmp_path):
    path = tmp_path / "model.safetensors"
    chosen = ["accuracy", "f1_weighted", metrics.Recall(threshold=0.2), metrics.TopKAccuracy(3)]
    model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen)
    model.save(path)
    assert xpnn.load(path).compiled.metrics == model.compiled.metrics
    chosen = [own_mean, "accuracy"]
    model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen)
    with pytest.warns(UserWarning, match="saved without the metric own_mean: a file holds no"):
        model.save(path)
    assert [metric.name for metric in xpnn.load(path).compiled.metrics] == ["accuracy"]


def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    for extra, error in (({"x": object()}, TypeError), ({"x": np.nan}, ValueError)):
        with pytest.raises(error):
            xpnn.serialization.save(small(), tmp_path / "model", extra)
    assert names(tmp_path) == []
