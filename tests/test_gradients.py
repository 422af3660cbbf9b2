"""Gradients of whole random networks beside an independent automatic differentiation.

The peer is the package autograd, which differentiates NumPy code that is written here a
second time, from the definitions.
"""

from itertools import pairwise

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.scipy.special import erf
from support import host

import xpnn
from xpnn.layers import LAYERS

REFERENCE = {
    "ReLU": lambda x: anp.maximum(x, 0),
    "LeakyReLU": lambda x: anp.where(x > 0, x, 0.1 * x),
    "SiLU": lambda x: x / (1 + anp.exp(-x)),
    "GELU": lambda x: x * (1 + erf(x / 2**0.5)) / 2,
    "ELU": lambda x: anp.where(x > 0, x, anp.exp(x) - 1),
    "SELU": lambda x: (
        1.0507009873554805 * anp.where(x > 0, x, 1.6732632423543772 * (anp.exp(x) - 1))
    ),
    "Mish": lambda x: x * anp.tanh(anp.log(1 + anp.exp(x))),
    "Softplus": lambda x: anp.log(1 + anp.exp(x)),
    "Sigmoid": lambda x: 1 / (1 + anp.exp(-x)),
    "Tanh": anp.tanh,
    "Linear": lambda x: x,
    "Exponential": anp.exp,
    "Softmax": lambda x: anp.exp(x) / anp.sum(anp.exp(x), axis=1, keepdims=True),
}

OUTPUTS = {  # loss: (last activation, targets, loss of predictions p and targets y)
    "CategoricalCrossEntropy": (
        "Softmax",
        lambda rng, n, k: rng.integers(k, size=n),
        lambda p, y: -anp.mean(anp.log(p[np.arange(len(y)), y])),
    ),
    "Focal": (
        "Softmax",
        lambda rng, n, k: rng.dirichlet(np.ones(k), size=n),
        lambda p, y: -anp.mean(anp.sum(y * (1 - p) ** 2 * anp.log(p), axis=1)),
    ),
    "BinaryCrossEntropy": (
        "Sigmoid",
        lambda rng, n, k: rng.integers(2, size=(n, k)).astype(float),
        lambda p, y: -anp.mean(y * anp.log(p) + (1 - y) * anp.log(1 - p)),
    ),
    "MeanSquaredError": (
        "Linear",
        lambda rng, n, k: rng.standard_normal((n, k)),
        lambda p, y: anp.mean((p - y) ** 2),
    ),
    "MeanAbsoluteError": (
        "Tanh",
        lambda rng, n, k: rng.standard_normal((n, k)),
        lambda p, y: anp.mean(anp.abs(p - y)),
    ),
    "PoissonDeviance": (
        "Exponential",
        lambda rng, n, k: rng.poisson(2.0, size=(n, k)).astype(float),
        lambda p, y: anp.mean(anp.sum(y * anp.log(anp.where(y > 0, y, 1) / p) - y + p, axis=1)),
    ),
    "Poisson": (
        "Exponential",
        lambda rng, n, k: rng.poisson(2.0, size=(n, k)).astype(float),
        lambda p, y: anp.mean(p - y * anp.log(p)),
    ),
    "Huber": (
        "Linear",
        lambda rng, n, k: 2 * rng.standard_normal((n, k)),
        lambda p, y: anp.mean(
            anp.where(anp.abs(p - y) < 1, (p - y) ** 2 / 2, anp.abs(p - y) - 0.5)
        ),
    ),
}


PENALTIES = {"l1": 0.01, "l2": 0.02, "bias_l1": 0.03, "bias_l2": 0.04}


def random_network(rng, loss):
    """Return layers, as ours and as functions, of random sizes and activations."""
    sizes = rng.integers(1, 8, size=rng.integers(2, 5)).tolist()
    ours, theirs = [], []
    for n_inputs, n_outputs in pairwise(sizes):
        name = rng.choice([name for name in REFERENCE if name not in ("Linear", "Exponential")])
        if n_outputs == 1 and name == "Softmax":  # which is refused, as it is always 1
            name = "Tanh"
        biases = rng.standard_normal(n_outputs)
        ours += [xpnn.Dense(n_inputs, n_outputs, biases=biases, **PENALTIES)]
        ours += [LAYERS[name](0.1) if name == "LeakyReLU" else LAYERS[name]()]
        theirs.append(REFERENCE[name])
    last = OUTPUTS[loss][0]
    ours += [xpnn.Dense(sizes[-1], 3), LAYERS[last]()]
    theirs.append(REFERENCE[last])
    return sizes[0], ours, theirs


@pytest.mark.float64
@pytest.mark.parametrize("loss", OUTPUTS)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "apart"])
def test_a_random_network(backend, loss, seed, fused):
    rng = np.random.default_rng(seed)
    n_inputs, layers, activations = random_network(rng, loss)
    n = int(rng.integers(1, 9))
    X, y = rng.standard_normal((n, n_inputs)), OUTPUTS[loss][1](rng, n, 3)
    if not fused:  # something between keeps activation and loss from being joined
        layers.append(xpnn.Dropout(0.5))
    model = xpnn.Sequential(layers, seed=seed, dtype="float64").compile(loss, "sgd")
    params = [host(p) for p in model.parameters]

    def reference(params):
        x = X
        for weights, biases, activation in zip(params[::2], params[1::2], activations):
            x = activation(anp.dot(x, weights) + biases)
        penalties = 0.0
        for weights, biases in zip(params[:-2:2], params[1:-2:2]):  # the last layer has none
            penalties += 0.01 * anp.sum(anp.abs(weights)) + 0.02 * anp.sum(weights**2)
            penalties += 0.03 * anp.sum(anp.abs(biases)) + 0.04 * anp.sum(biases**2)
        return OUTPUTS[loss][2](x, y) + penalties

    wanted, wanted_grads = autograd.value_and_grad(reference)(params)
    value, grads = model.gradients(X, y)
    assert value == pytest.approx(float(wanted), rel=1e-10, abs=1e-10)
    for grad, wanted_grad in zip(grads, wanted_grads):
        assert backend.owns(grad)
        np.testing.assert_allclose(host(grad), wanted_grad, rtol=1e-10, atol=1e-10)


@pytest.mark.float64
def test_softmax_backward_is_the_jacobian(backend):
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((4, 5)), rng.standard_normal((4, 5))
    _, backward = xpnn.Softmax().forward((), backend.asarray(x))
    jacobians = [autograd.jacobian(REFERENCE["Softmax"])(row[None, :])[0, :, 0, :] for row in x]
    wanted = np.stack([d @ jacobian for d, jacobian in zip(dy, jacobians)])
    np.testing.assert_allclose(host(backward(backend.asarray(dy))[0]), wanted, atol=1e-14)


@pytest.mark.parametrize("scale", [1e3, 1e30])
def test_extreme_logits_stay_finite(backend, dtype, scale):
    logits = backend.asarray([[scale, -scale, 0.0], [-scale, -scale, -scale]], dtype)
    for loss, targets in (
        (xpnn.CategoricalCrossEntropy(from_logits=True), backend.asarray([0, 1])),
        (xpnn.BinaryCrossEntropy(from_logits=True), backend.asarray(np.eye(3)[:2], dtype)),
    ):
        value, grad = loss(logits, targets)
        assert np.isfinite(host(value)).all()
        assert np.isfinite(host(grad)).all()
    for layer in (xpnn.Softmax(), xpnn.Sigmoid(), xpnn.Tanh()):
        y, backward = layer.forward((), logits)
        assert np.isfinite(host(y)).all()
        assert np.isfinite(host(backward(y)[0])).all()
