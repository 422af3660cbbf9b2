"""One training on several devices of JAX, of one process or of two."""

import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from processes import HANGS, run_python, surroundings

import xpnn

FOLDER = Path(__file__).parents[1] / "distributed"

SOME = (
    "batch normalisation",
    "dropout and penalties",
    "one short batch",
    "weights of classes and samples",
    "all rows",
)
# processes of their own each compile all that they compute
OF_TWO = ("batch normalisation", "weights of classes and samples")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(file, names, environment):
    """Start the trainings on one process."""
    return subprocess.Popen(
        [sys.executable, "-P", FOLDER / "one_run.py", "jax_mesh", "jax", file, "same", *names],
        env=surroundings([FOLDER, FOLDER.parent], environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("n", [1, 2])
def test_one_seed_is_one_run(n, tmp_path, monkeypatch):
    """Four devices of one process; and a device of each of two."""
    monkeypatch.syspath_prepend(FOLDER)
    from one_run import results

    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    if n == 2:
        flags = {"JAX_SIZE": "2", "JAX_ADDRESS": f"127.0.0.1:{free_port()}"}
    file, names = tmp_path / "all.npz", OF_TWO if n == 2 else SOME
    processes = [
        started(file, names, {**flags, "JAX_RANK": str(i) * (n > 1)}) for i in range(n)
    ]
    printed = [process.communicate(timeout=HANGS)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * n, printed
    found = np.load(file)
    for name in names:
        for key, value in results(name, "jax").items():
            got = found[f"{name}/{key}"]
            np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-12, err_msg=key)


def test_batches_are_spread_over_the_devices():
    """In what XLA compiles, devices add what each has of a sum."""
    code = """
        import jax, numpy as np, xpnn
        from importlib import import_module
        steps = import_module("xpnn.backends._jax_steps")
        texts, compile = [], jax.jit
        def jit(function, **how):
            compiled = compile(function, **how)
            def call(*arguments):
                texts.append(compiled.lower(*arguments).compile().as_text())
                return compiled(*arguments)
            return call
        steps.jax.jit = jit
        model = xpnn.Sequential([xpnn.Dense(6, 5)], backend="jax")
        model.compile("mean_squared_error", "sgd")
        mesh = xpnn.distributed.jax_mesh()
        assert (mesh.size, mesh.rank, len(mesh.local_devices)) == (1, 0, 4)
        X = np.ones((64, 6))
        model.fit(X, X[:, :5], batch_size=16, epochs=2, communicator=mesh)
        assert "all-reduce" in texts[-1]
        assert "f32[4,6]" in texts[-1]  # a quarter of the batch on each
        two = xpnn.distributed.jax_mesh(jax.devices()[:2])
        model.fit(X, X[:, :5], batch_size=16, epochs=2, communicator=two)
        assert "f32[8,6]" in texts[-1]
        other = xpnn.distributed.jax_mesh(jax.devices()[2:])
        for backend, given in (("jax", other), ("numpy", mesh)):
            try:
                model.to(backend).fit(X, X[:, :5], communicator=given)
            except ValueError as error:
                assert "needs a model with the backend 'jax', on one of" in str(error)
            else:
                raise AssertionError(backend)
    """
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    run_python(code, environment=flags)


def linear(n):
    model = xpnn.Sequential([xpnn.Dense(n, 1)], seed=0, backend="jax")
    return model.compile("mean_squared_error", "sgd")


def test_bad_use_is_told():
    with pytest.raises(TypeError, match=r"devices must be a list of jax.Device, got \[3\]"):
        xpnn.distributed.jax_mesh([3])
    model = xpnn.Sequential([xpnn.Dense(1, 1)], backend="jax").compile(
        "mean_squared_error", "sgd"
    )
    with pytest.raises(ValueError, match="rows must be 'same' with"):
        model.fit([[1.0]], [1.0], communicator=xpnn.distributed.jax_mesh(), rows="own")


def test_a_device_of_ones_own_is_enough():
    model = xpnn.Sequential([xpnn.Dense(2, 1)], seed=0, backend="jax").compile(
        "mean_squared_error", "sgd"
    )
    alone = xpnn.Sequential([xpnn.Dense(2, 1)], seed=0, backend="jax").compile(
        "mean_squared_error", "sgd"
    )
    X, y = np.eye(2), np.ones(2)
    mesh = xpnn.distributed.jax_mesh(jax.local_devices()[:1])
    model.fit(X, y, epochs=30, communicator=mesh)
    alone.fit(X, y, epochs=30)
    np.testing.assert_allclose(model.predict(X), alone.predict(X), rtol=1e-6)
