"""What is derived from `combine`, beside what must hold."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import xpnn
from xpnn import Chain, Combinator, Concatenate, Dense, Dropout, Residual, Select, Tanh

X = np.random.default_rng(0).standard_normal((6, 3))


def drawn(layer):
    generator = np.random.default_rng(1)
    return tuple(generator.standard_normal(p.shape) for p in layer.parameters().values())


@dataclass(frozen=True)
class TwiceOfTestCombinator(Combinator):
    """Runs one layer on the inputs, and once more on what it gave."""

    inner: xpnn.Layer

    def combine(self, x, inner):
        y, first = inner(x)
        z, second = inner(y)
        return z, lambda dy: first(second(dy))


@dataclass(frozen=True)
class HalfOfTestCombinator(Combinator):
    """Lets no gradient through its second layer."""

    kept: xpnn.Layer
    cut: xpnn.Layer

    def combine(self, x, kept, cut):
        y, backward = kept(x)
        return y + cut(x)[0], backward


@dataclass(frozen=True)
class IdleOfTestCombinator(Combinator):
    inner: tuple

    def combine(self, x, inner):
        return inner[0](x)


def test_gradients_of_a_layer_that_is_run_twice_add_up():
    layer = TwiceOfTestCombinator(Dense(3, 3))
    weights, biases = drawn(layer)
    y, backward = layer.forward((weights, biases), X)
    np.testing.assert_allclose(y, (X @ weights + biases) @ weights + biases)
    dy = np.ones((6, 3))
    dx, (dweights, dbiases) = backward(dy)
    h, dh = X @ weights + biases, dy @ weights.T
    np.testing.assert_allclose(dweights, h.T @ dy + X.T @ dh)
    np.testing.assert_allclose(dbiases, (dy + dh).sum(axis=0))
    np.testing.assert_allclose(dx, dh @ weights.T)
    np.testing.assert_array_equal(backward.alone(dy)[0], dweights)
    np.testing.assert_array_equal(backward(dy)[0], dx)  # it may be asked again


def test_the_state_of_a_layer_that_is_run_twice_goes_on():
    norm = xpnn.BatchNorm(3, momentum=0.5)
    layer = TwiceOfTestCombinator(norm)
    params, state = (np.ones(3), np.zeros(3)), (np.zeros(3), np.ones(3))
    _, _, new = layer.train(params, state, X)
    y, _, once = norm.train(params, state, X)
    _, _, twice = norm.train(params, once, y)
    for array, wanted in zip(new, twice):
        np.testing.assert_array_equal(array, wanted)


def test_what_nothing_came_back_to_has_no_gradient():
    layer = HalfOfTestCombinator(Dense(3, 2), Dense(3, 2))
    _, backward = layer.forward(drawn(layer), X)
    _, grads = backward(np.ones((6, 2)))
    assert [bool(np.any(grad)) for grad in grads] == [True, True, False, False]
    assert [grad.shape for grad in grads] == [(3, 2), (2,), (3, 2), (2,)]


class NoWayBackOfTestCombinator(Dense):
    """Says what its parameters' gradients are, and can't say that of its inputs."""

    def forward(self, params, x):
        def backward(dy):
            raise AssertionError("nobody needs the gradient of these inputs")

        return super().forward(params, x)[0], backward


def of_two(sizes=(1, 2)):
    a, b = (NoWayBackOfTestCombinator(n, 4) for n in sizes)
    return Concatenate(Chain(Select(0), a, Tanh()), Chain(Select(1, 2), xpnn.ReLU(), b))


@pytest.mark.parametrize(
    "first",
    [
        of_two(),
        Chain(xpnn.Tanh(), of_two()),
        Concatenate(Residual(NoWayBackOfTestCombinator(3, 3)), xpnn.Linear()),
        xpnn.Chain(xpnn.Frozen(Dense(3, 3)), Concatenate(NoWayBackOfTestCombinator(3, 3))),
    ],
)
def test_no_gradient_is_computed_that_nobody_needs(first):
    size = first.output_size(3)
    model = xpnn.Sequential([first, Dense(size, 1)], seed=0, backend="numpy")
    model.compile("mean_squared_error", "adam")
    model.fit(X, X[:, :1], epochs=2)
    model.gradients(X, X[:, :1])
    deeper = xpnn.Sequential([Dense(3, 3), first, Dense(size, 1)], seed=0, backend="numpy")
    with pytest.raises(AssertionError, match="nobody needs"):
        deeper.compile("mean_squared_error", "adam").fit(X, X[:, :1])


def test_each_layer_draws_for_its_own_width():
    layer = Concatenate(Chain(Select(0), Dropout(0.5)), Chain(Dense(3, 5), Dropout(0.25)))
    noise = layer.draw(np.random.default_rng(0), (6, 3))
    generator = np.random.default_rng(0)
    wanted = [(generator.random((6, 1)) >= 0.5) * 2, (generator.random((6, 5)) >= 0.25) / 0.75]
    for mask, own in zip(noise, wanted, strict=True):
        np.testing.assert_allclose(mask, own)
    y, _, _ = layer.train(drawn(layer), (), X, *noise)
    np.testing.assert_array_equal(y[:, :1], X[:, :1] * noise[0])
    assert Concatenate(Tanh(), Dense(3, 2)).draw(generator, (6, 3)) == ()


def test_sizes_are_found_by_a_run():
    assert HalfOfTestCombinator(Dense(3, 2), Dense(3, 2)).output_size(3) == 2
    assert HalfOfTestCombinator(Dense(3, 2), Dense(3, 2)).output_size(None) is None
    model = xpnn.Sequential([TwiceOfTestCombinator(Dense(3, 3)), Dense(3, 1)], seed=0)
    assert model.predict(X).shape == (6, 1)


def test_what_does_not_fit():
    with pytest.raises(ValueError, match=r"layers\[1\] does not fit: .*Dense\(3, 2\) takes 3"):
        xpnn.Sequential([Dense(4, 4), HalfOfTestCombinator(Dense(3, 2), Dense(3, 2))])
    with pytest.raises(ValueError, match="does not run its layer Tanh"):
        IdleOfTestCombinator((Dense(3, 3), Tanh())).output_size(3)
    with pytest.raises(TypeError, match=r"inner\[1\] must be a Layer, got 'tanh'"):
        IdleOfTestCombinator((Dense(3, 3), "tanh"))
    with pytest.raises(TypeError, match="does not define combine"):
        Combinator().output_size(2)


def test_it_can_be_pickled_and_compared():
    layer = Residual(Dense(3, 3), Dropout(0.5))
    layer.draw(np.random.default_rng(0), (2, 3))
    layer.forward(drawn(layer), X)
    again = pickle.loads(pickle.dumps(layer))
    assert again == layer
    assert hash(again) == hash(layer) == hash(Residual(Dense(3, 3), Dropout(0.5)))
    assert layer != Residual(Dense(3, 3), Dropout(0.25))
    assert layer != Chain(Dense(3, 3), Dropout(0.5))


@dataclass(frozen=True)
class SumOfTestCombinator(Combinator):
    """The sum of any layers, in any container; one of no layers adds nothing."""

    named: dict
    listed: list
    sizes: tuple = ()

    def combine(self, x, named, listed):
        ys, backwards = zip(*(run(x) for run in (*named.values(), *listed)))
        return sum(ys[1:], ys[0]), lambda dy: sum(backward(dy) for backward in backwards)


def test_containers_of_layers():
    layer = SumOfTestCombinator({"a": Dense(3, 2), "b": Dense(3, 2)}, [Dense(3, 2)], (4,))
    names = ["named.a.weights", "named.a.biases", "named.b.weights"]
    assert [*layer.parameters()][:3] == names
    few = [({}, [Dense(3, 2)]), ({"a": Dense(3, 2)}, [])]
    for one in (layer, *(SumOfTestCombinator(*settings) for settings in few)):
        params = drawn(one)
        y, _ = one.forward(params, X)
        np.testing.assert_allclose(y, sum(X @ w + b for w, b in zip(params[::2], params[1::2])))
        model = xpnn.Sequential([one, Dense(2, 1)], seed=0, backend="numpy")
        model.compile("mean_squared_error", "sgd").fit(X, X[:, :1])
    with pytest.raises(TypeError, match=r"listed\[1\] must be a Layer, got 3"):
        SumOfTestCombinator({}, [Dense(3, 2), 3])
