"""What a script of the book is handed: NumPy's functions and operators take it."""

import copy
import pickle

import numpy as np
import pytest

VALUES = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]], np.float32)


@pytest.fixture
def shown(backend):
    return backend.scriptable(backend.asarray(VALUES))


def test_it_is_an_array_of_the_backend(backend, shown):
    plain = backend.asarray(VALUES)
    assert backend.owns(shown)
    assert shown.dtype == plain.dtype
    doubled = backend.to_numpy(backend.xp.add(shown, shown))  # its own functions take it too
    assert np.array_equal(doubled, 2 * VALUES)
    back = backend.asarray(shown)
    assert type(back) is type(plain)
    assert np.array_equal(backend.to_numpy(back), VALUES)


FUNCTIONS = [
    lambda a: np.mean(a),
    lambda a: np.mean(np.argmax(a, axis=1) == np.array([0, 0])),
    lambda a: np.argmax(a, axis=1),
    lambda a: np.max(a, axis=1, keepdims=True),
    lambda a: np.exp(a - np.max(a, axis=1, keepdims=True)),
    lambda a: np.sum(a, axis=0),
    lambda a: np.dot(a, a.T),
    lambda a: np.maximum(0, a),
    lambda a: np.clip(a, 0.2, 0.6),
    lambda a: np.concatenate([a, a]),
    lambda a: np.eye(3)[np.argmax(a, axis=1)] - a,
    lambda a: a - np.eye(2, 3),
    lambda a: a == np.asarray(VALUES),
    lambda a: a[:1],
    lambda a: a.copy(),
    lambda a: 2 * a + 1,
    lambda a: np.zeros_like(a),
    lambda a: [len(a), len(a.shape)],
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_what_scripts_do(function, backend, shown):
    if backend.name not in ("numba", "numpy", "torch", "jax"):
        return  # what these refuse, `docs/guides/backends.md` says
    np.testing.assert_allclose(np.asarray(function(shown)), function(VALUES), rtol=1e-6)


def test_steps_in_place(backend):
    if backend.name not in ("numba", "numpy", "torch", "jax"):
        return
    weights = backend.scriptable(backend.asarray(VALUES, copy=True))
    best = weights.copy()
    weights += 0.5 * np.ones((2, 3), np.float32)
    assert np.array_equal(np.asarray(best), VALUES)
    assert np.array_equal(np.asarray(weights), VALUES + 0.5)
    sums = np.ones((2, 3))
    sums += best
    assert np.array_equal(sums, VALUES + 1)


def test_it_prints_as_numpy_s(backend, shown):
    if backend.name in ("numba", "numpy", "torch", "jax"):
        assert str(shown[:2]) == f"{shown}" == str(VALUES)


def test_it_is_copied_and_pickled(backend, shown):
    for kept in (copy.deepcopy(shown), pickle.loads(pickle.dumps(shown))):
        assert type(kept) is type(shown)
        assert np.array_equal(backend.to_numpy(backend.asarray(kept)), VALUES)


def test_nothing_is_written_into_a_copy(backend, shown):
    """A function that shall write into a tensor on a GPU would write into its copy."""
    if backend.name == "torch":
        for function in (np.add, np.maximum):
            with pytest.raises(TypeError):
                function(VALUES, VALUES, out=shown)
        with pytest.raises(TypeError):
            np.mean(VALUES, axis=0, out=shown[0])
