"""mlx: float32, what is put off, memory of its own.  Run where mlx is tested."""

import threading

import mlx.core as mx
import numpy as np
import pytest
from support import host

import xpnn
from xpnn.backend import array_namespace, device_of

X = np.random.default_rng(0).standard_normal((40, 3))


@pytest.fixture
def mlx():
    with xpnn.use_backend("mlx!") as backend:
        yield backend


def test_float32_stands_for_float64(mlx):
    assert not mlx.has_float64
    assert mlx.dtype("float64") == mx.float32
    assert "float64" not in mlx.xp.__array_namespace_info__().dtypes()
    assert mlx.asarray(X).dtype == mx.float32


def test_arrays_are_those_of_the_namespace_and_have_no_device(mlx):
    assert array_namespace(mx.zeros(1)) is mlx.xp
    assert device_of(mx.zeros(1)) is mlx.device is None
    record = next(info for info in xpnn.available_backends() if info.name == "mlx")
    assert record.usable
    assert record.device is None
    with pytest.raises(xpnn.BackendUnavailableError, match="set_default_device"):
        xpnn.set_backend("mlx:gpu!")


def test_no_memory_is_shared_with_the_host(mlx):
    """An array's memory may be that of what is computed from it."""
    values = np.ones(4, np.float32)
    x = mlx.asarray(values)
    before = mlx.to_numpy(x)
    x *= 3.0
    mx.eval(x)
    assert values.tolist() == before.tolist() == [1, 1, 1, 1]
    assert host(x).tolist() == [3, 3, 3, 3]


def test_bfloat16_is_read(mlx):
    x = mx.array([1.5, -2.0], dtype=mx.bfloat16)
    assert host(x).tolist() == [1.5, -2.0]
    assert mlx.asarray(x, "float32").dtype == mx.float32


def in_a_thread(function):
    """Return what a function returns in a thread of its own."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def made():
    layers = [xpnn.Dense(3, 4), xpnn.BatchNorm(4), xpnn.Tanh(), xpnn.Dense(4, 1)]
    model = xpnn.Sequential(layers, seed=0, backend="mlx!")
    return model.compile("mean_squared_error", "adam")


def trained(model):
    return model.fit(X, X[:, 0], batch_size=8, epochs=14, verbose=False)  # 70 steps


def test_one_thread_reads_what_another_has_learnt():
    """mlx itself can't evaluate what another thread has put off."""
    here, there = made(), in_a_thread(made)
    trained(here)
    in_a_thread(lambda: trained(there))
    for a, b in zip(here.parameters, there.parameters):
        np.testing.assert_array_equal(host(a), host(b))
    np.testing.assert_array_equal(in_a_thread(lambda: here.predict(X)), there.predict(X))
    moved = in_a_thread(lambda: trained(here) and here.to("numpy").to("mlx!"))
    assert np.isfinite(moved.predict(X)).all()


def test_the_namespace_has_the_words_of_the_standard(mlx):
    xp = mlx.xp
    for x in (
        *(xp.zeros((2,), device=None), xp.ones((2,), device=None), xp.arange(2, device=None)),
        *(xp.full((2,), 3.0, device=None), xp.zeros_like(xp.ones((2,)), device=None)),
    ):
        assert x.shape == (2,)
    a = mlx.asarray([3.0, 1.0, 2.0])
    assert host(xp.cumulative_sum(a, include_initial=True)).tolist() == [0, 3, 4, 6]
    rows = mlx.asarray([[1.0, 2.0], [3.0, 4.0]])
    sums = xp.cumulative_sum(rows, axis=1, include_initial=True)
    assert host(sums).tolist() == [[0, 1, 3], [0, 3, 7]]
    for index in (xp.argmax(a), xp.argmin(a), xp.argsort(a), xp.searchsorted(a, a)):
        assert index.dtype == xp.int32
    assert host(xp.argsort(a)).tolist() == [1, 2, 0]
    assert xp.reshape(a, (3, 1), copy=False).shape == (3, 1)
    assert xp.astype(a, xp.float32, copy=False) is a
    assert xp.astype(a, xp.float32) is not a
    assert host(xp.asarray(X[::-2, ::-1])).tolist() == X[::-2, ::-1].astype("f4").tolist()
