"""JAX's backend: the devices of this process, and float64 without a word to the process."""

import socket
import subprocess
import sys
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from processes import HANGS
from sklearn.exceptions import ConvergenceWarning

import xpnn
from xpnn.backend import backend_of, resolve
from xpnn.sklearn import MLPClassifier, MLPRegressor

rng = np.random.default_rng(12)
X = rng.standard_normal((50, 4))
Y = rng.integers(3, size=50)


@pytest.fixture(autouse=True)
def without_float64():
    """The process as it is by default, whatever other tests have asked for."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)
    yield
    jax.config.update("jax_enable_x64", before)


def classifier(dtype="float64"):
    layers = [
        xpnn.Dense(4, 5),
        xpnn.BatchNorm(5),
        xpnn.ReLU(),
        xpnn.Dense(5, 3),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=0, dtype=dtype, backend="jax!")
    return model.compile("categorical_cross_entropy", "adam", ["accuracy", "roc_auc", "f1"])


# ---------------------------------------------------------------------------------- float64


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_estimators_leave_the_process_alone(make, early_stopping):
    how = {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0}
    here = make(backend="jax!", early_stopping=early_stopping, **how).fit(X, Y)
    there = make(backend="numpy!", early_stopping=early_stopping, **how).fit(X, Y)
    assert here.coefs_[0].dtype == np.float64
    assert here.score(X, Y) == pytest.approx(there.score(X, Y), rel=1e-9)
    np.testing.assert_allclose(here.loss_curve_, there.loss_curve_, rtol=1e-12)
    assert jnp.ones(2).dtype == jnp.float32


def test_models_in_float64_leave_the_process_alone(tmp_path):
    def losses(backend):
        model = classifier().to(backend)
        history = model.fit(X, Y, epochs=3, validation_split=0.2, sample_weight=np.ones(50))
        model.save(tmp_path / "model.safetensors")
        again = xpnn.load(tmp_path / "model.safetensors", backend=backend)
        assert again.evaluate(X, Y) == model.evaluate(X, Y)
        loss, grads = model.gradients(X, Y)
        model.set_parameters(model.parameters)
        outputs = [np.asarray(a) for a in (model.forward(X), *grads, *model.parameters)]
        return [*history.history["loss"], *history.history["val_f1_macro"], loss, *outputs]

    for ours, theirs in zip(losses("jax!"), losses("numpy!"), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)
    assert jnp.ones(2).dtype == jnp.float32


def test_other_threads_are_left_alone_while_a_model_trains():
    seen = []

    class Look(xpnn.Callback):
        def on_epoch_end(self, epoch, logs):
            thread = threading.Thread(target=lambda: seen.append(jnp.ones(2).dtype))
            thread.start()
            thread.join()
            seen.append(self.model.parameters[0].dtype)

    classifier().fit(X, Y, callbacks=[Look()])
    assert seen == [jnp.float32, jnp.float64]


def test_checks_and_slopes_leave_the_process_alone():
    xpnn.testing.check_layer(xpnn.BatchNorm(3), (5, 3), backends=["jax"])
    xpnn.testing.check_loss(xpnn.Huber(), backends=["jax"])
    xpnn.testing.check_optimizer(xpnn.Adam(), backends=["jax"])
    with xpnn.use_backend("jax"):
        slopes = xpnn.calculus.gradient(lambda x: (x**3).sum(), [1.0, 2.0], delta=1e-6)
    np.testing.assert_allclose(np.asarray(slopes), [3, 12], rtol=1e-9)
    assert jnp.ones(2).dtype == jnp.float32


# ------------------------------------------------------------------- functions that are traced


@pytest.mark.parametrize("loss", [xpnn.MeanSquaredError(), xpnn.CategoricalCrossEntropy()])
def test_losses_are_called_within_functions_that_are_compiled_or_mapped(loss):
    p = jax.nn.softmax(jnp.asarray(X[:, :3], "float32"))
    y = jnp.asarray(np.eye(3)[Y], "float32")
    wanted, gradient = loss(p, y)
    for results in (
        jax.jit(lambda p: loss(p, y))(p),
        jax.jit(loss)(p, y),
        jax.jit(lambda factor: [factor * part for part in loss(p, y)])(1.0),
        [part[0] for part in jax.vmap(loss)(p[None], y[None])],
    ):
        np.testing.assert_allclose(results[0], wanted, rtol=1e-6)
        np.testing.assert_allclose(results[1], gradient, rtol=1e-6)


# ---------------------------------------------------------------------------------- devices

PROCESS = """
import sys
import jax
jax.distributed.initialize("localhost:{port}", 2, int(sys.argv[1]))
import numpy as np, xpnn
from xpnn.backend import backend_of
X, y = np.arange(40.0).reshape(10, 4) / 40, np.arange(10) % 3
layers = [xpnn.Dense(4, 3), xpnn.Softmax()]
for spec in ("jax:cpu!", "jax:cpu:0!", "jax!"):
    model = xpnn.Sequential(layers, seed=0, backend=spec)
    model.compile("categorical_cross_entropy", "adam")
    model.fit(X, y, epochs=2, batch_size=4, validation_split=0.2)
    model.backend.synchronize()
    assert model.backend.device in jax.local_devices()
    assert backend_of(model.parameters[0]).device == model.backend.device
assert jax.process_count() == 2
print(model.predict(X).tolist())
"""


def test_each_of_several_processes_takes_its_own_device():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        code = PROCESS.replace("{port}", str(free.getsockname()[1]))
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(i)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(2)
    ]
    try:
        ended = [process.communicate(timeout=HANGS) for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0, 0], ended
    assert ended[0][0].splitlines()[-1] == ended[1][0].splitlines()[-1]


TWO_DEVICES = """
import jax, numpy as np, xpnn
from xpnn.backend import backend_of, resolve
X, y = np.ones((70, 4)), np.arange(70) % 3
backend = resolve("jax:cpu:1!")
model = xpnn.Sequential([xpnn.Dense(4, 3), xpnn.Softmax()], seed=0, backend=backend)
model.compile("categorical_cross_entropy", "adam").fit(X, y, epochs=2, validation_split=0.2)
assert model.forward(X).device == model.parameters[0].device == jax.local_devices()[1]
assert backend_of(model.forward(X)) is backend
assert model.predict(jax.numpy.ones((33, 4))).device == jax.local_devices()[0]
"""


def test_the_second_of_two_devices():
    flags = "import os; os.environ['XLA_FLAGS'] = '--xla_force_host_platform_device_count=2'\n"
    subprocess.run([sys.executable, "-c", flags + TWO_DEVICES], check=True)


def test_a_device_that_is_not_there():
    with pytest.raises(xpnn.BackendUnavailableError, match="no device 'cpu:7'"):
        resolve("jax:cpu:7!")
    assert backend_of(jnp.ones(3)).device == jax.local_devices()[0]


@pytest.mark.parametrize("place", ["numpy", "jax"])
def test_what_is_traced_is_refused_in_words(place):
    model = xpnn.Sequential([xpnn.Dense(4, 5)], seed=0, backend=place)
    with pytest.raises(TypeError, match="was called on traced array"):
        jax.jit(model.predict)(X)
