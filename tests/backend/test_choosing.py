"""Which backend is in use: for a model, a block, a thread, a process."""

import asyncio
import threading

import array_api_compat.numpy
import numpy as np
import pytest

import xpnn
import xpnn.backend

STRICT = "array_api_strict"


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """Each test begins as a process does, with nothing chosen."""
    monkeypatch.setattr(xpnn.backend.choosing, "_default", None)


def name():
    return xpnn.get_backend().name


def test_default_is_numpy():
    backend = xpnn.get_backend()
    assert backend.name == backend.spec == "numpy"
    assert backend.xp is array_api_compat.numpy
    assert backend.device == "cpu"
    assert backend.version == np.__version__
    assert "numpy" in repr(backend)


def test_environment_variable_is_read_when_it_is_needed(monkeypatch):
    monkeypatch.setenv("XPNN_BACKEND", STRICT)
    assert name() == STRICT
    monkeypatch.setenv("XPNN_BACKEND", "  ")
    assert name() == "numpy"


def test_precedence(monkeypatch):
    monkeypatch.setenv("XPNN_BACKEND", STRICT)
    assert xpnn.set_backend("numpy").name == "numpy"
    assert name() == "numpy"  # set_backend beats the environment
    with xpnn.use_backend(f"{STRICT}:device1") as used:
        assert used is xpnn.get_backend()
        assert used.spec == f"{STRICT}:device1"  # use_backend beats set_backend
        xpnn.set_backend(STRICT)
        assert xpnn.get_backend() is used  # until the block ends
        model = xpnn.Sequential([xpnn.Dense(2, 1)], backend="numpy")
        assert model.backend.name == "numpy"  # backend= beats all
        assert xpnn.Sequential([xpnn.Dense(2, 1)]).backend is used
    assert xpnn.get_backend().spec == STRICT


def test_use_backend_nests_and_ends_with_an_error():
    with xpnn.use_backend(STRICT):
        with xpnn.use_backend("numpy"):
            assert name() == "numpy"
        assert name() == STRICT
        with pytest.raises(ZeroDivisionError), xpnn.use_backend("numpy"):
            raise ZeroDivisionError
        assert name() == STRICT
    assert name() == "numpy"


def test_a_backend_that_is_unknown_leaves_the_one_in_use():
    with xpnn.use_backend(STRICT):
        with pytest.raises(ValueError, match="unknown backend"), xpnn.use_backend("nonsense"):
            pass
        assert name() == STRICT
    with pytest.raises(ValueError, match="unknown backend"):
        xpnn.set_backend("nonsense")
    assert name() == "numpy"


def test_use_backend_is_per_thread():
    seen, inside, done = {}, threading.Event(), threading.Event()

    def other():
        seen["at first"] = name()
        with xpnn.use_backend("numpy"):
            inside.set()
            assert done.wait(60)
            seen["at last"] = name()

    xpnn.set_backend(STRICT)
    with xpnn.use_backend(f"{STRICT}:device2") as ours:
        thread = threading.Thread(target=other)
        thread.start()
        assert inside.wait(60)
        assert xpnn.get_backend() is ours
        done.set()
        thread.join()
    # set_backend is for the process, a with block for its own thread
    assert seen == {"at first": STRICT, "at last": "numpy"}


def test_use_backend_is_per_task():
    async def task(spec, turn, next_turn):
        with xpnn.use_backend(spec):
            next_turn.set()
            await turn.wait()  # both tasks are now inside their block
            return name()

    async def main():
        first, second = asyncio.Event(), asyncio.Event()
        names = await asyncio.gather(task("numpy", first, second), task(STRICT, second, first))
        return [*names, name()]

    assert asyncio.run(main()) == ["numpy", STRICT, "numpy"]


def test_a_model_stays_on_the_backend_on_which_it_was_made():
    with xpnn.use_backend(STRICT):
        model = xpnn.Sequential([xpnn.Dense(2, 2)], seed=0)
    X = np.ones((3, 2), dtype=np.float32)
    assert model.backend.name == STRICT
    assert model.backend.owns(model.forward(X))


def test_two_backends_are_live_at_once():
    X, y = xpnn.datasets.spiral(20, seed=0)
    models = []
    for spec in ("numpy", STRICT, "numpy"):
        model = xpnn.Sequential(
            [xpnn.Dense(2, 8), xpnn.Tanh(), xpnn.Dense(8, 3), xpnn.Softmax()],
            seed=3, dtype="float64", backend=spec,
        )  # fmt: skip
        models.append(model.compile("categorical_cross_entropy", xpnn.Adam(0.05)))
    for _ in range(3):  # taking turns
        for model in models:
            model.fit(X, y, batch_size=16)
    here, strict, again = (model.predict(X) for model in models)
    np.testing.assert_array_equal(here, again)
    np.testing.assert_allclose(here, strict, rtol=1e-9)
