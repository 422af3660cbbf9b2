"""Where parameters start."""

import numpy as np
import pytest

import xpnn
from xpnn import Dense, Sequential
from xpnn.initializers import INITIALIZERS, Normal, as_generator, draw


@pytest.mark.parametrize(
    ("name", "deviation", "bound"),
    [
        ("glorot_uniform", np.sqrt(2 / 500), np.sqrt(6 / 500)),
        ("glorot_normal", np.sqrt(2 / 500), np.inf),
        ("he_uniform", np.sqrt(2 / 300), np.sqrt(6 / 300)),
        ("he_normal", np.sqrt(2 / 300), np.inf),
        ("lecun_uniform", np.sqrt(1 / 300), np.sqrt(3 / 300)),
        ("lecun_normal", np.sqrt(1 / 300), np.inf),
    ],
)
def test_spread(name, deviation, bound):
    values = draw(name, np.random.default_rng(0), (300, 200))
    assert values.dtype == np.float64
    assert values.std() == pytest.approx(deviation, rel=0.01)
    assert abs(values.mean()) < 0.01 * deviation
    assert abs(values).max() <= bound


def test_constants_arrays_and_functions():
    rng = np.random.default_rng(0)
    assert (draw("zeros", rng, (2, 3)) == 0).all()
    assert (draw("ones", rng, (3,)) == 1).all()
    assert (draw(0.5, rng, (2,)) == 0.5).all()
    assert draw([1, 2], rng, (2,)).tolist() == [1, 2]
    assert draw(lambda rng, shape: np.full(shape, 7.0), rng, (1, 2)).tolist() == [[7, 7]]
    assert (
        draw(Normal(0.01), np.random.RandomState(0), (2, 5))[0, 0] == 0.01 * 1.764052345967664
    )


def test_every_name_works_for_dense():
    for name in INITIALIZERS:
        weights, biases = xpnn.Sequential([xpnn.Dense(3, 2, weights=name)], seed=0).parameters
        assert weights.shape == (3, 2)
        assert biases.shape == (2,)


def test_errors():
    with pytest.raises(ValueError, match=r"unknown initializer 'glorot'; did you mean"):
        xpnn.Dense(2, 3, weights="glorot")
    with pytest.raises(
        ValueError, match=r"weights of layer 0, Dense.*shape \(2, 3\), got \(3, 2\)"
    ):
        xpnn.Sequential([xpnn.Dense(2, 3, weights=np.ones((3, 2)))])
    with pytest.raises(TypeError, match="seed must be an int, None"):
        as_generator("1")
    with pytest.raises(ValueError, match="seed must not be negative, got -1"):
        as_generator(-1)


def test_a_generator_goes_on():
    rng = np.random.default_rng(0)
    a, b = (xpnn.Sequential([xpnn.Dense(2, 2)], seed=rng).parameters[0] for _ in range(2))
    assert not np.array_equal(a, b)


def test_initializers_that_are_none():
    with pytest.raises(ValueError, match="did you mean 'he_normal'"):
        Dense(2, 3, weights="he_normall")
    with pytest.raises(ValueError, match=r"biases of layer 0.*shape \(3,\), got \(1, 3\)"):
        Sequential([Dense(2, 3, biases=np.zeros((1, 3)))])
