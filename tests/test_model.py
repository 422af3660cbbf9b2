"""What was once wrong with Sequential and what stands around it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.calculus import gradient, jacobian
from xpnn.testing import check_layer


def test_layers_are_equal_by_what_they_compute():
    assert xpnn.Dense(2, 3) == xpnn.Dense(2, 3, weights="zeros") != xpnn.Dense(2, 4)
    assert len({xpnn.Dense(2, 3), xpnn.Dense(100, 7), xpnn.ReLU(), xpnn.Tanh()}) == 4


def test_the_last_step_may_break_it(backend):
    model = xpnn.Sequential([xpnn.Dense(1, 1, weights="ones")], seed=0)
    model.compile("mean_squared_error", xpnn.SGD(3e38))
    before = [host(p).copy() for p in model.parameters]
    with pytest.raises(xpnn.DivergenceError, match=r"parameters became .* epoch 1, step 1"):
        model.fit(np.full((4, 1), 5.0), np.zeros(4), batch_size=None)
    for p, q in zip(model.parameters, before):
        assert np.array_equal(host(p), q)


@pytest.mark.parametrize("size", [1e-46, 1e39])
def test_only_ratios_of_weights_count(backend, size):
    losses = []
    for weight in (size * np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 4])):
        model = xpnn.Sequential([xpnn.Dense(1, 1)], seed=0).compile("huber", "sgd")
        X = np.arange(4.0)[:, None]
        losses.append(model.fit(X, X, sample_weight=weight, batch_size=None).history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.parametrize(("dtype", "k"), [("uint8", 256), ("uint8", 300), ("int8", 200)])
def test_small_labels_of_many_classes(backend, dtype, k):
    loss = xpnn.CategoricalCrossEntropy()
    labels = backend.asarray(np.array([1, 100], dtype=dtype))
    classes = loss.prepare(labels, k, backend.dtype("float32"))
    assert host(classes).tolist() == [1, 100]
    rows = xpnn.losses.one_hot(labels, backend.asarray(np.zeros((2, k)), "float32"))
    assert host(rows).sum(axis=1).tolist() == [1, 1]


@dataclass(frozen=True)
class Twice(xpnn.Layer):
    def output_size(self, n_inputs):
        return None if n_inputs is None else 2 * n_inputs

    def forward(self, params, x):
        from xpnn.backend import array_namespace

        xp = array_namespace(x)
        d = x.shape[1]
        return xp.concat([x, x], axis=1), lambda dy: (dy[:, :d] + dy[:, d:], ())


def test_a_first_layer_that_changes_sizes(backend):
    check_layer(Twice(), (4, 3), backends=[backend])
    model = xpnn.Sequential([Twice(), xpnn.Dense(6, 2)], seed=0)
    assert model.predict(np.ones((5, 3))).shape == (5, 2)
    with pytest.raises(ValueError, match="takes 6 inputs, but gets 8"):
        model.compile("mean_squared_error", "sgd").fit(np.ones((5, 4)), np.ones((5, 2)))


def test_gradients_of_functions_that_give_python_numbers(backend):
    x = backend.asarray(np.array([1.0, 2.0]))
    result = gradient(lambda p: float(backend.xp.sum(p**3)), x)
    np.testing.assert_allclose(host(result), [3, 12], rtol=1e-7)
    assert result.dtype == backend.dtype("float64")
    row = jacobian(lambda p: backend.xp.sum(p**3), x)
    np.testing.assert_allclose(host(row), [3, 12], rtol=1e-7)


def test_the_slope_of_the_sigmoid_is_even(backend):
    x = backend.asarray([[20.0, -20.0]], "float32")
    _, backward = xpnn.Sigmoid().forward((), x)
    dx = host(backward(backend.asarray([[1.0, 1.0]], "float32"))[0])
    np.testing.assert_allclose(dx, 2.0611537e-9, rtol=1e-5)


def test_masked_arrays_are_refused(backend):
    model = xpnn.Sequential([xpnn.Dense(2, 1)])
    masked = np.ma.array([[1.0, 2.0]], mask=[[0, 1]])
    with pytest.raises(TypeError, match="X: expected numbers, got a masked array"):
        model.predict(masked)
    assert model.predict(np.ma.array([[1.0, 2.0]])).shape == (1, 1)


def test_fractions_become_floats():
    assert xpnn.LeakyReLU(Fraction(1, 4)) == xpnn.LeakyReLU(0.25)
    assert type(xpnn.LeakyReLU(Fraction(1, 4)).slope) is float


def test_parts_are_imported_when_asked_for():
    code = "import xpnn; xpnn.testing.check_layer; xpnn.nnfs.init; xpnn.plots; dir(xpnn)"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        xpnn.nothing  # noqa: B018


def test_the_package_runs_as_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "xpnn", "--version"], capture_output=True, text=True, check=True
    )
    assert xpnn.__version__ in result.stdout


def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is a pipe or a device"):
        xpnn.Sequential([xpnn.ReLU()]).save(tmp_path / "pipe")


def test_float32_models_leave_double_precision_alone(backend):
    """JAX has it for a whole process or not at all, and recompiles everything for it."""
    code = f"""
import sys
import numpy as np, xpnn
model = xpnn.Sequential([xpnn.Dense(2, 1)], seed=0, backend={backend.spec!r})
model.compile("mean_squared_error", "adam")
model.fit(np.ones((4, 2)), np.ones(4), sample_weight=np.ones(4), validation_split=0.25)
model.predict(np.ones((4, 2)))
library = sys.modules.get("jax")
assert library is None or not library.config.jax_enable_x64
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("last", "loss"),
    [(xpnn.Softmax(), "categorical_cross_entropy"), (xpnn.Sigmoid(), "binary_cross_entropy")],
)
def test_a_network_that_is_only_joined_with_its_loss(backend, last, loss):
    x = np.array([[0.0, 1.0], [2.0, -1.0]])
    y = np.array([[0.0, 1.0], [1.0, 0.0]])
    model = xpnn.Sequential([last]).compile(loss, "sgd", clip_norm=np.float32(1))
    history = model.fit(x, y)
    assert history.history["loss"][0] == pytest.approx(model.evaluate(x, y)["loss"])
    assert model.gradients(x, y)[1] == []


def test_one_row_tells_nothing_of_a_variance(backend):
    rng = np.random.default_rng(0)
    x, losses = rng.standard_normal((65, 4)) * [1, 2, 3, 4], []
    for n in (64, 65):  # the last batch of 65 is one row
        layers = [xpnn.BatchNorm(4), xpnn.Dense(4, 1)]
        model = xpnn.Sequential(layers, seed=0, dtype="float64")
        model.compile("mean_squared_error", xpnn.Adam(0.02))
        model.fit(x[:n], x[:n].sum(axis=1), epochs=60)
        losses.append(model.evaluate(x[:n], x[:n].sum(axis=1))["loss"])
        variance = host(model.tensors()["0.variance"])
        np.testing.assert_allclose(variance, x[:n].var(axis=0), rtol=0.25)
    assert losses[1] < 2 * losses[0] + 0.5
