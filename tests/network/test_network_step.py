"""Steps that are taken many at a time, beside the same steps taken one by one."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from stepping import case
from support import host

import xpnn
from xpnn.network.step import clip
from xpnn.training import fuse


def one_by_one(model, x, y, *, epochs, batch_size, shuffle=True, sample_weight=None):
    """Train a model of NumPy's as the book does, and return parameters and losses."""
    stack, criterion = fuse(model.layers, model.compiled.loss)
    params, generator, n = model.parameters, model.generator, x.shape[0]
    state = model.compiled.optimizer.init(params)
    size = batch_size or n
    weight = np.ones(n) if sample_weight is None else sample_weight
    means = []
    for _ in range(epochs):
        order = generator.permutation(n) if shuffle and size < n else np.arange(n)
        total = 0.0
        for start in range(0, n, size):
            rows = order[start : start + size]
            h, noise = x[rows], []
            for layer, width in zip(model.layers, model.layer_sizes(x.shape[1])):
                noise.append(layer.draw(generator, (rows.size, width)))
            predictions, backward, _ = stack.train(stack.split(params), [], h, tuple(noise))
            given = None if sample_weight is None else weight[rows]
            loss, dpredictions = criterion(predictions, y[rows], given)
            params, state = model.compiled.optimizer.update(
                params, backward(dpredictions), state
            )
            total += float(loss) * weight[rows].sum()
        means.append(total / weight.sum())
    return params, means


@pytest.mark.float64
def test_many_steps_at_once_are_the_steps_one_by_one(backend):
    # JAX compiles each network, which takes it as long as all the others together
    for seed in range({"jax": 3, "array_api_strict": 7}.get(backend.name, 42)):
        layers, loss, optimizer, x, y, how = case(seed)
        model = xpnn.Sequential(layers, seed=seed, dtype="float64").compile(loss, optimizer)
        history = model.fit(x, y, **how)
        other = xpnn.Sequential(layers, seed=seed, dtype="float64", backend="numpy")
        wanted, losses = one_by_one(other.compile(loss, optimizer), x, y, **how)
        assert len(wanted) == len(model.parameters) > 0
        for p, q in zip(model.parameters, wanted):
            np.testing.assert_allclose(host(p), q, rtol=1e-9, atol=1e-9, err_msg=f"{seed=}")
        np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-9)


@dataclass(frozen=True)
class WeighedOfTestSteps(xpnn.losses.Loss):
    """A loss of one's own whose number says nothing when two of them are compared."""

    weight: float = field(compare=False)

    def forward(self, predictions, targets):
        error = predictions - targets
        return self.weight * (error * error)[:, 0], lambda: 2 * self.weight * error


def test_losses_of_one_class_are_told_apart(backend):
    """Where what is compiled for one model is used for another, it must compute the same."""
    x = np.linspace(-1, 1, 8)[:, None]
    moved = []
    for weight in (1.0, 4.0):
        start = xpnn.Dense(1, 1, weights=[[0.0]])
        model = xpnn.Sequential([start], dtype="float64")
        model.compile(WeighedOfTestSteps(weight), xpnn.SGD(0.01)).fit(x, x, batch_size=None)
        moved.append(host(model.parameters[0])[0, 0])
    np.testing.assert_allclose(moved[1], 4 * moved[0], rtol=1e-9)
    assert moved[0] > 0


# --------------------------------------------------------------------------------- clipping

GRADS = [np.array([[3.0, -0.5], [0.0, 1.0]]), np.array([-4.0])]
NORM = np.sqrt(9 + 0.25 + 1 + 16)


@pytest.mark.parametrize(
    ("norm", "value", "factor", "limit"),
    [
        (None, None, 1, np.inf),
        (None, 2.0, 1, 2),
        (1.5, None, 1.5 / (NORM + 1e-6), np.inf),
        (6.0, None, 1, np.inf),
        (1.5, 2.0, 1.5 / (np.sqrt(4 + 0.25 + 1 + 4) + 1e-6), 2),
    ],
    ids=["no", "value", "norm", "within", "both"],
)
@pytest.mark.float64
def test_gradients_are_cut(backend, norm, value, factor, limit):
    given = [backend.asarray(g) for g in GRADS]
    cut = clip(given, norm, value)
    for array, g in zip(cut, GRADS, strict=True):
        np.testing.assert_allclose(host(array), factor * np.clip(g, -limit, limit), rtol=1e-14)
    nothing = [backend.asarray(np.zeros(3))]
    assert not host(clip(nothing, 1.0)[0]).any()
    assert clip([], 1.0, 1.0) == []


def test_a_network_is_trained_with_cut_gradients(backend):
    x, y = np.array([[1.0, 2.0]]), np.array([[30.0]])

    def step(**cut):
        layer = xpnn.Dense(2, 1, weights=np.zeros((2, 1)))
        model = xpnn.Sequential([layer])
        model.compile("mean_squared_error", xpnn.SGD(1.0), metrics=[], **cut)
        model.fit(x, y, verbose=False)
        return np.concatenate([host(p).reshape(-1) for p in model.parameters])

    gradient = np.array([-60.0, -120.0, -60.0])  # of the weights and the bias
    np.testing.assert_allclose(step(), -gradient, rtol=1e-6)
    np.testing.assert_allclose(step(clip_value=70.0), [60, 70, 60], rtol=1e-6)
    wanted = -gradient * 3 / np.linalg.norm(gradient)
    np.testing.assert_allclose(step(clip_norm=3.0), wanted, rtol=1e-6)


def test_a_penalty_leaves_a_parameter_that_is_0(backend):
    """abs(p) has no derivative there; 0 is one of its slopes."""
    layer = xpnn.Dense(2, 1, l1=0.5, l2=0.25, weights=np.array([[0.0], [-2.0]]))
    model = xpnn.Sequential([layer]).compile("mean_squared_error", "sgd")
    x = np.array([[0.0, 0.0]])
    loss, (weights, biases) = model.gradients(x, x[:, :1])
    assert loss == 0.5 * 2 + 0.25 * 4
    assert host(weights).tolist() == [[0.0], [-0.5 - 1.0]]
    assert host(biases).tolist() in ([0.0], [[0.0]])
