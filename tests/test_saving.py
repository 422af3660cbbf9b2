"""What is saved of a network comes back, and training goes on."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from measured import network, own_mean
from model_files import X, Y, check_same, names, small
from processes import run_python
from support import assert_close, host, of_the_core

import xpnn
from xpnn import Dense, ModelFileError, Sequential, metrics
from xpnn.keywords import with_settings
from xpnn.layers import LAYERS
from xpnn.losses import LOSSES
from xpnn.optimizers import OPTIMIZERS

EXAMPLES = {
    "Chain": [xpnn.Chain(), xpnn.Chain(xpnn.ReLU(), xpnn.Chain(Dense(2, 3)))],
    "Concatenate": [xpnn.Concatenate(xpnn.Tanh(), Dense(2, 3))],
    "Dense": [Dense(2, 2)],
    "BatchNorm": [xpnn.BatchNorm(2), xpnn.BatchNorm(2, momentum=0.5, epsilon=0.25)],
    "Dropout": [xpnn.Dropout(0.0), xpnn.Dropout(0.125)],
    "Embedding": [xpnn.Chain(xpnn.Step(), xpnn.Select(1), xpnn.Embedding(2, 3))],
    "ELU": [xpnn.ELU(), xpnn.ELU(0.3)],
    "Exponential": [xpnn.Exponential()],
    "Frozen": [xpnn.Frozen(xpnn.Residual(Dense(2, 2), xpnn.BatchNorm(2)))],
    "GELU": [xpnn.GELU()],
    "LayerNorm": [xpnn.LayerNorm(2), xpnn.LayerNorm(2, epsilon=0.25)],
    "LeakyReLU": [xpnn.LeakyReLU(), xpnn.LeakyReLU(0.3)],
    "Linear": [xpnn.Linear()],
    "Mish": [xpnn.Mish()],
    "NTKDense": [xpnn.NTKDense(2, 3)],
    "NumericEmbedding": [
        xpnn.NumericEmbedding(2),
        xpnn.NumericEmbedding(2, 1, n_outputs=2, n_frequencies=5, scale=0.5, learning_rate=0.2),
    ],
    "OneHot": [xpnn.OneHot(2, (3,)), xpnn.OneHot(2, (3, 1))],
    "PeriodicEmbedding": [
        xpnn.PeriodicEmbedding(2),
        xpnn.PeriodicEmbedding(2, 1, n_outputs=2, n_frequencies=5, scale=0.5),
    ],
    "PiecewiseLinear": [
        xpnn.PiecewiseLinear(2, [[0.1, 0.2]]),
        xpnn.PiecewiseLinear(2, [[-1, 0, 1], [0.5, 0.75]]),
    ],
    "ReLU": [xpnn.ReLU()],
    "Residual": [xpnn.Residual(Dense(2, 4), xpnn.Dropout(0.5), Dense(4, 2, l1=0.5))],
    "Select": [xpnn.Select(1), xpnn.Select(slice(None, None, -1)), xpnn.Select(-1, 0, 0)],
    "SELU": [xpnn.SELU()],
    "Scale": [xpnn.Scale(2)],
    "SiLU": [xpnn.SiLU()],
    "Sigmoid": [xpnn.Sigmoid()],
    "Softmax": [xpnn.Softmax()],
    "Softplus": [xpnn.Softplus()],
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
        last = Dense(layer.output_size(2), 2)
        model = Sequential([Dense(2, 2), layer, last], seed=0, dtype=dtype)
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


OTHER = {"ignore_index": 2, "quantiles": (0.25, 0.75)}


@pytest.mark.parametrize("name", sorted(ours(LOSSES) - {"Heads"}))  # test_heads.py has it
def test_every_loss(backend, tmp_path, name):
    cls = LOSSES[name]
    options = {
        f.name: True if isinstance(f.default, bool) else OTHER.get(f.name, 0.5)
        for f in dataclasses.fields(cls)
    }
    for loss in (cls(), with_settings(cls, options)):
        last = (
            [] if loss.activation is None or loss.from_logits else [LAYERS[loss.activation]()]
        )
        of_each = len(getattr(loss, "quantiles", ()))
        model = Sequential([Dense(2, of_each or 3), *last]).compile(loss, "sgd")
        model.save(tmp_path / "model")
        loaded = xpnn.load(tmp_path / "model")
        check_same(loaded, model)
        y = Y if of_each else np.eye(3)[Y]
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


def test_a_model_that_is_loaded_and_compiled_trains_as_a_fresh_one(backend, tmp_path):
    model = small(dtype="float64")
    runs = []
    for optimizer in (True, False):
        model.save(tmp_path / "model", optimizer=optimizer)
        loaded = xpnn.load(tmp_path / "model")
        if optimizer:
            loaded.compile(loaded.compiled.loss, loaded.compiled.optimizer)
        loaded.generator = np.random.default_rng(5)
        runs.append(loaded.fit(X, Y, batch_size=4, epochs=2).history)
    model.compile(model.compiled.loss, model.compiled.optimizer)  # starts anew too
    model.generator = np.random.default_rng(5)
    runs.append(model.fit(X, Y, batch_size=4, epochs=2).history)
    assert runs[0] == runs[1] == runs[2]


GOES_ON = [
    xpnn.SGD(0.1, decay=0.01),
    xpnn.SGD(0.1, momentum=0.9, nesterov=True),
    xpnn.AdaGrad(0.1),
    xpnn.RMSProp(0.01),
    xpnn.Adam(0.01, decay=0.01),
    xpnn.AdamW(xpnn.schedules.WarmUp(xpnn.schedules.CosineDecay(0.05, 40), 9)),
    xpnn.AdaDelta(),
    xpnn.AdaMax(0.01),
    xpnn.NAdam(0.01),
    xpnn.Lion(0.01),
    xpnn.Adan(0.01, weight_decay=xpnn.schedules.FlatCosine(0.1, 40)),
    xpnn.Muon(0.01),
]


def trained(optimizer, epochs=3, seed=1, **options):
    """Return a network with all that changes in training: noise, running statistics."""
    # no bias just before BatchNorm: its gradient is rounding, of which Adam makes whole steps
    layers = [Dense(2, 8), xpnn.ReLU(), xpnn.BatchNorm(8), xpnn.Dropout(0.3), Dense(8, 3)]
    model = Sequential([*layers, xpnn.Softmax()], seed=seed, **options)
    model.compile("categorical_cross_entropy", optimizer)
    if epochs:
        model.fit(X, Y, batch_size=4, epochs=epochs)
    return model


def assert_goes_on_alike(ours, theirs, exactly=True):
    tolerance = {"rtol": 0, "atol": 0} if exactly else {"rtol": 1e-8, "atol": 1e-9}
    if exactly and "cupy" in ours.backend.spec:
        # a step that is played by a GPU is that as it is written but for rounding
        tolerance = {"rtol": 1e-5, "atol": 1e-6}
    assert ours.learning_rate == theirs.learning_rate
    runs = [m.fit(X, Y, batch_size=4, epochs=3, validation_split=0.2) for m in (ours, theirs)]
    for name, values in runs[0].history.items():
        np.testing.assert_allclose(values, runs[1].history[name], **tolerance)
    for a, b in zip(ours.tensors().values(), theirs.tensors().values(), strict=True):
        np.testing.assert_allclose(host(a), host(b), **tolerance)


@pytest.mark.parametrize("optimizer", GOES_ON, ids=str)
def test_fit_after_loading_is_that_of_the_model_that_was_not_saved(
    backend, tmp_path, optimizer
):
    model = trained(optimizer)
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model")
    loaded.save(tmp_path / "again")  # before a step, while its memory is the host's
    again = pickle.loads(pickle.dumps(xpnn.load(tmp_path / "again")))
    assert_goes_on_alike(loaded, model)
    model = trained(optimizer)
    assert_goes_on_alike(again, model)


@pytest.mark.parametrize(
    "seed", [np.random.RandomState, np.random.default_rng, "Philox", "SFC64"]
)
def test_what_is_drawn_goes_on_too(tmp_path, seed):
    """Also of a model that has not been trained yet, and one whose rate a callback has set."""
    if isinstance(seed, str):
        generator = np.random.Generator(getattr(np.random, seed)(3))
    else:
        generator = seed(3)
    generator.permutation(5)  # which may leave half of a number for the next draw
    model = trained("adam", 0, generator)
    for _ in range(2):
        model.learning_rate = 0.04
        model.save(tmp_path / "model")
        loaded = xpnn.load(tmp_path / "model")
        assert type(loaded.generator) is type(model.generator)
        assert_goes_on_alike(loaded, model)


@pytest.mark.float64
def test_what_another_backend_remembers(backend, other, tmp_path):
    models = []
    for save_on, load_on in (("numpy", backend), (backend, other)):
        with xpnn.use_backend(save_on):
            model = trained(xpnn.Adam(0.01, decay=0.01), dtype="float64")
        model.save(tmp_path / "model")
        loaded = xpnn.load(tmp_path / "model", load_on)
        assert loaded.backend is xpnn.backend.resolve(load_on)
        assert_goes_on_alike(loaded, model, exactly=False)
        models.append(loaded)
    models[0].to("numpy")
    assert_goes_on_alike(*models, exactly=False)


def test_a_checkpoint_goes_on_as_a_model_file(backend, tmp_path):
    model = trained(xpnn.Adam(0.01, decay=0.01), 0)
    model.fit(X, Y, batch_size=4, epochs=3, callbacks=[xpnn.callbacks.Checkpoint(tmp_path)])
    assert_goes_on_alike(xpnn.load(xpnn.callbacks.Checkpoint.files(tmp_path)[-1]), model)


def test_what_it_costs_to_keep_what_the_optimizer_remembers(tmp_path):
    model = trained("adam")
    sizes = []
    for optimizer in (True, False):
        model.save(tmp_path / "model", optimizer=optimizer)
        _, tensors = xpnn.serialization.read_file(tmp_path / "model")
        sizes.append(sum(array.size for array in tensors.values()))
        assert bool([name for name in tensors if "/" in name]) is optimizer
    n = sum(p.size for p in model.parameters)
    assert sizes[0] == sizes[1] + 2 * n
    with pytest.raises(TypeError, match="optimizer must be True or False, got 'adam'"):
        model.save(tmp_path / "model", optimizer="adam")


def test_fit_says_once_that_the_optimizer_begins_anew(tmp_path, capsys):
    model = trained("adam")
    model.save(tmp_path / "model", optimizer=False)
    words = "The optimizer begins anew"
    loaded = xpnn.load(tmp_path / "model")
    loaded.fit(X, Y, verbose=True)
    assert capsys.readouterr().err.count(words) == 1
    loaded.fit(X, Y, verbose=True)
    copied = pickle.loads(pickle.dumps(xpnn.load(tmp_path / "model").to("numpy")))
    assert words not in capsys.readouterr().err
    copied.fit(X, Y, verbose=True)
    assert capsys.readouterr().err.count(words) == 1
    xpnn.load(tmp_path / "model").fit(X, Y, verbose=False)
    model.fit(X, Y, verbose=True)
    compiled = xpnn.load(tmp_path / "model").compile("categorical_cross_entropy", "adam")
    compiled.fit(X, Y, verbose=True)
    model.save(tmp_path / "model")
    xpnn.load(tmp_path / "model").fit(X, Y, verbose=True)
    assert words not in capsys.readouterr().err


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
