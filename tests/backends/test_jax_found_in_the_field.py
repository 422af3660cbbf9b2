"""What was found in 69caa3c and is about JAX, as in ``test_found_in_the_field.py``.

Each runs in a process of its own, as it was met: before JAX is imported, or with one of several
processes' devices.
"""

import os
import subprocess
import sys

import pytest

BOOK = """
import numpy as np
from xpnn import nnfs
nnfs.init()
import xpnn
{}
X, y = nnfs.datasets.spiral_data(samples=100, classes=3)
layer = nnfs.Layer_Dense(2, 3)
print(np.asarray(X, dtype="float32").tolist(), np.asarray(layer.weights).tolist())
"""


def outputs(code, **variables):
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_08_importing_jax_moves_no_generator():
    late = BOOK.format("xpnn.set_backend('jax!'); xpnn.set_backend('numpy')")
    assert outputs(late) == outputs(BOOK.format(""))


SECOND_PROCESS = """
import jax, jax.numpy as jnp
import numpy as np, xpnn
# what a process of a cluster sees: devices of others come first
everywhere, mine = jax.devices(), jax.devices()[1:]
jax.local_devices = lambda *how, **more: mine
model = xpnn.Sequential([xpnn.Dense(4, 3), xpnn.Softmax()], seed=0, backend="jax!")
assert model.parameters[0].device == mine[0], model.parameters[0].device
"""


def test_09_a_process_takes_its_own_device():
    outputs(SECOND_PROCESS, XLA_FLAGS="--xla_force_host_platform_device_count=2")


COMPILED = """
import jax
counted = []
jax.monitoring.register_event_duration_secs_listener(
    lambda name, *seconds, **more: counted.append(name.endswith("backend_compile_duration"))
)
import numpy as np, xpnn
layers = [xpnn.Dense(4, 8), xpnn.ReLU(), xpnn.Dense(8, 3), xpnn.Softmax()]
model = xpnn.Sequential(layers, seed=0, backend="jax!")
X = np.random.default_rng(0).standard_normal((60, 4))
wanted = xpnn.Sequential(layers, seed=0, backend="numpy").predict(X)
for rows in range(1, 60):
    np.testing.assert_allclose(model.predict(X[:rows]), wanted[:rows], atol=1e-6)
requests, counted[:] = sum(counted), []
np.testing.assert_allclose(model.predict(X[:59], batch_size=8), wanted[:59], atol=1e-6)
print(requests, sum(counted))
"""


def test_19_requests_of_any_number_of_rows_compile_for_few():
    requests, pieces = map(int, outputs(COMPILED).split())
    assert requests <= 12  # sizes, and what prepares the model
    assert pieces <= 1


ESTIMATOR = """
import jax.numpy as jnp
import numpy as np
from xpnn.sklearn import MLPClassifier
X, y = np.random.default_rng(0).standard_normal((60, 4)), np.arange(60) % 3
MLPClassifier(backend="jax!", max_iter=3).fit(X, y)
print(jnp.ones(2).dtype)
"""


def test_21_an_estimator_leaves_64_bit_arithmetic_to_the_process():
    assert outputs(ESTIMATOR) == "float32\n"


@pytest.mark.parametrize("batch_size", [None, 60])
def test_22_numbers_of_numpy_as_epochs(batch_size):
    import numpy as np

    import xpnn

    layers = [xpnn.Dense(4, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=0, backend="jax!")
    model.compile("categorical_cross_entropy", "adam")
    rows = np.ones((60, 4)), np.arange(60) % 3
    assert len(model.fit(*rows, epochs=np.int64(2), batch_size=batch_size).history["loss"]) == 2
