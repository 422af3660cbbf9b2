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


# ------------------------------------------------------------------- what a step is made of


def after_one_step(*layers, loss="mean_squared_error", x, y):
    """Return the parameters after a step of gradient descent at rate 1, and the loss."""
    model = xpnn.Sequential([*layers], seed=0).compile(loss, xpnn.SGD(1.0), metrics=[])
    history = model.fit(x, y, verbose=False).history
    return [host(p) for p in model.parameters], history["loss"][0]


def test_a_step_goes_down_the_penalties_too(backend):
    """loss + 0.5 abs(w) + 0.25 w², whose first part has no gradient here."""
    layer = xpnn.Dense(1, 1, l1=0.5, l2=0.25, weights=np.array([[3.0]]))
    x = np.zeros((2, 1))
    (weights, _), loss = after_one_step(layer, x=x, y=x)
    assert loss == 0.5 * 3 + 0.25 * 9
    assert weights.tolist() == [[3.0 - 0.5 - 0.5 * 3.0]]


class MaskedOfTestSteps(xpnn.Layer):
    """Dropout once more, by `forward` alone: of what it doesn't draw it gives zeros."""

    def draw(self, generator, shape):
        return (generator.random(shape) < 0.5,)

    def forward(self, params, x, mask=None):
        if mask is None:
            return x, lambda dy: (dy, ())
        return mask * x, lambda dy: (mask * dy, ())


@pytest.mark.parametrize("layer", [xpnn.Dropout(0.5), MaskedOfTestSteps()], ids=str)
def test_what_is_drawn_is_of_the_step(backend, layer):
    dense = xpnn.Dense(40, 1, weights=np.zeros((40, 1)))
    x, y = np.ones((1, 40)), np.array([[1.0]])
    (weights, _), _ = after_one_step(layer, dense, x=x, y=y)
    kept = 2.0 * (2.0 if isinstance(layer, xpnn.Dropout) else 1.0)  # Dropout makes up for it
    assert {*weights.reshape(-1).tolist()} == {0.0, kept}
    assert 8 < np.count_nonzero(weights) < 32


@dataclass(frozen=True)
class DoubledOfTestSteps(xpnn.MeanSquaredError):
    """One's own that says what its mean is, and the gradient of that."""

    def __call__(self, predictions, targets, sample_weight=None):
        loss, gradient = super().__call__(predictions, targets, sample_weight)
        return 2 * loss, 2 * gradient


def test_a_loss_may_say_what_its_mean_is(backend):
    layer = xpnn.Dense(1, 1, weights=np.zeros((1, 1)))
    x = np.ones((3, 1))
    (weights, _), loss = after_one_step(layer, loss=DoubledOfTestSteps(), x=x, y=3 * x)
    assert loss == 18.0
    assert weights.tolist() == [[12.0]]


@dataclass(frozen=True)
class DistanceOfTestSteps(xpnn.Loss):
    """One's own for yes and no, which says nothing of logits."""

    classifies = True

    def forward(self, predictions, targets):
        error = predictions - targets
        return (error * error)[:, 0], lambda: 2 * error


def test_a_loss_that_says_nothing_of_logits_takes_probabilities(backend):
    """Of which metrics are told."""
    layer = xpnn.Dense(1, 1, weights=1.0, biases=0.0)
    model = xpnn.Sequential([layer, xpnn.Sigmoid()], dtype="float64")
    model.compile(DistanceOfTestSteps(), "sgd", ["recall", "log_loss"])
    x, y = np.array([[-1.0], [-0.1], [0.1], [1.0]]), np.ones(4)
    measured = model.evaluate(x, y)
    assert measured["recall"] == 0.5
    assert measured["log_loss"] == pytest.approx(np.mean(np.log(1 + np.exp(-x))))
