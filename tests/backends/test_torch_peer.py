"""Beside PyTorch: its optimizers and its losses.  Run where torch is tested."""

import dataclasses

import numpy as np
import pytest
import torch
from support import host

import xpnn

# ours, theirs: with the book's decay where torch has it, else without
OPTIMIZERS = {
    "SGD": (xpnn.SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "momentum": (
        xpnn.SGD(0.1, momentum=0.9),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
    ),
    "nesterov": (
        xpnn.SGD(0.1, momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
    ),
    "AdaGrad": (
        xpnn.AdaGrad(0.1, decay=0.01),
        lambda p: torch.optim.Adagrad(p, 0.1, lr_decay=0.01, eps=1e-7),
    ),
    "RMSProp": (
        xpnn.RMSProp(0.01, rho=0.9),
        lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.9, eps=1e-7),
    ),
    "Adam": (xpnn.Adam(0.01), lambda p: torch.optim.Adam(p, 0.01, eps=1e-7)),
    "AdamW": (
        xpnn.AdamW(0.01, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, 0.01, eps=1e-7, weight_decay=0.1),
    ),
    "AdaDelta": (
        xpnn.AdaDelta(rho=0.9),
        lambda p: torch.optim.Adadelta(p, 1.0, rho=0.9, eps=1e-6),
    ),
    "AdaMax": (xpnn.AdaMax(0.01), lambda p: torch.optim.Adamax(p, 0.01, eps=1e-7)),
    "NAdam": (xpnn.NAdam(0.01), lambda p: torch.optim.NAdam(p, 0.01, eps=1e-7)),
    "NAdam, faster": (
        xpnn.NAdam(0.01, momentum_decay=0.3),
        lambda p: torch.optim.NAdam(p, 0.01, eps=1e-7, momentum_decay=0.3),
    ),
}


@pytest.fixture
def double():
    """Let torch's NAdam keep its product of momenta in double precision too."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


# With momentum the book scales each step when it is taken, torch all past steps anew, so
# the two part when the learning rate changes.
@pytest.mark.parametrize(
    ("name", "decay"),
    [
        (name, decay)
        for name in OPTIMIZERS
        for decay in (0.0, 0.02)
        if not (decay and name in ("momentum", "nesterov"))
    ],
)
def test_25_steps_of_an_optimizer(backend, double, name, decay):
    ours, theirs = OPTIMIZERS[name]
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 5)), rng.integers(3, size=40)
    if decay and not ours.decay:
        settings = {f.name: getattr(ours, f.name) for f in dataclasses.fields(ours)}
        ours = type(ours)(**{**settings, "decay": decay})
    layers = [xpnn.Dense(5, 7), xpnn.Tanh(), xpnn.Dense(7, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=1, dtype="float64")
    model.compile("categorical_cross_entropy", ours)
    params = [torch.tensor(host(p), requires_grad=True) for p in model.parameters]
    model.fit(X, y, epochs=25, batch_size=None)

    optimizer = theirs(params)
    if decay and "lr_decay" not in optimizer.defaults:
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + decay * t))
    else:
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1.0)
    X, y = torch.tensor(X), torch.tensor(y)
    for _ in range(25):
        optimizer.zero_grad()
        logits = torch.tanh(X @ params[0] + params[1]) @ params[2] + params[3]
        torch.nn.functional.cross_entropy(logits, y).backward()
        optimizer.step()
        schedule.step()
    for ours_p, theirs_p in zip(model.parameters, params):
        np.testing.assert_allclose(
            host(ours_p), theirs_p.detach().numpy(), rtol=1e-11, atol=1e-13
        )


def focal(p, y):
    return -(y * (1 - p) ** 1.5 * torch.log(p)).sum(1).mean()


LOSSES = {
    xpnn.MeanSquaredError(): torch.nn.functional.mse_loss,
    xpnn.MeanAbsoluteError(): torch.nn.functional.l1_loss,
    xpnn.Huber(0.7): lambda p, y: torch.nn.functional.huber_loss(p, y, delta=0.7),
    xpnn.BinaryCrossEntropy(from_logits=True): (
        torch.nn.functional.binary_cross_entropy_with_logits
    ),
    xpnn.CategoricalCrossEntropy(from_logits=True): torch.nn.functional.cross_entropy,
    xpnn.Focal(1.5, from_logits=True): lambda z, y: focal(torch.softmax(z, 1), y),
    xpnn.Poisson(from_logits=True): torch.nn.PoissonNLLLoss(),
}


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_losses(backend, loss):
    rng = np.random.default_rng(0)
    predictions = 3 * rng.standard_normal((6, 4))
    targets = rng.dirichlet(np.ones(4), size=6)
    tensor = torch.tensor(predictions, requires_grad=True)
    wanted = LOSSES[loss](tensor, torch.tensor(targets))
    wanted.backward()
    value, grad = loss(backend.asarray(predictions), backend.asarray(targets))
    np.testing.assert_allclose(float(value), wanted.item(), rtol=1e-12)
    np.testing.assert_allclose(host(grad), tensor.grad.numpy(), rtol=1e-10, atol=1e-14)


ACTIVATIONS = {
    xpnn.ELU(0.7): torch.nn.ELU(0.7),
    xpnn.GELU(): torch.nn.GELU(),
    xpnn.SELU(): torch.nn.SELU(),
    xpnn.Mish(): torch.nn.Mish(),
    xpnn.Softplus(): torch.nn.Softplus(threshold=1000),
}


@pytest.mark.parametrize("layer", ACTIVATIONS, ids=str)
def test_activations(backend, layer):
    x = np.random.default_rng(0).standard_normal((60, 5)) * np.logspace(-8, 4, 60)[:, None]
    x[0, 0] = 0.0
    tensor = torch.tensor(x, requires_grad=True)
    wanted = ACTIVATIONS[layer](tensor)
    wanted.sum().backward()
    y, backward = layer.forward((), backend.asarray(x))
    dx, _ = backward(backend.asarray(np.ones_like(x)))
    np.testing.assert_allclose(host(y), wanted.detach().numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(host(dx), tensor.grad.numpy(), rtol=1e-12, atol=1e-12)


def test_layer_norm(backend):
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 30, 6)) * np.logspace(-4, 4, 30)[:, None]
    theirs = torch.nn.LayerNorm(6, eps=1e-3, dtype=torch.float64)
    params = rng.standard_normal((2, 6))
    with torch.no_grad():
        for parameter, values in zip(theirs.parameters(), params):
            parameter.copy_(torch.tensor(values))
    tensor = torch.tensor(x, requires_grad=True)
    wanted = theirs(tensor)
    wanted.backward(torch.tensor(dy))
    layer = xpnn.LayerNorm(6, epsilon=1e-3)
    y, backward = layer.forward(tuple(map(backend.asarray, params)), backend.asarray(x))
    dx, grads = backward(backend.asarray(dy))
    np.testing.assert_allclose(host(y), wanted.detach().numpy(), rtol=1e-12, atol=1e-12)
    pairs = zip((dx, *grads), (tensor, *theirs.parameters()))
    for ours, parameter in pairs:
        size = float(parameter.grad.abs().max())
        np.testing.assert_allclose(host(ours), parameter.grad, rtol=1e-11, atol=1e-12 * size)


def pinball(p, y):
    error = y[:, None] - p
    quantiles = torch.tensor([0.1, 0.3, 0.5, 0.9], dtype=p.dtype)
    return torch.maximum(quantiles * error, (quantiles - 1) * error).mean()


# of means, of probabilities with classes, and with one target for all outputs
OTHERS = {
    xpnn.Poisson(): (torch.nn.PoissonNLLLoss(log_input=False, eps=0), (6, 4)),
    xpnn.CategoricalCrossEntropy(from_logits=True, ignore_index=2): (
        torch.nn.CrossEntropyLoss(ignore_index=2),
        None,
    ),
    xpnn.CategoricalCrossEntropy(True, 0.3, ignore_index=2): (
        torch.nn.CrossEntropyLoss(ignore_index=2, label_smoothing=0.3),
        None,
    ),
    xpnn.Focal(1.5): (lambda p, y: focal(p, torch.eye(4, dtype=p.dtype)[y]), None),
    xpnn.Focal(1.5, from_logits=True): (
        lambda z, y: focal(torch.softmax(z, 1), torch.eye(4, dtype=z.dtype)[y]),
        None,
    ),
    xpnn.Quantile(0.1, 0.3, 0.5, 0.9): (pinball, (6,)),
}


@pytest.mark.parametrize("loss", OTHERS, ids=str)
def test_losses_of_other_targets(backend, loss):
    rng = np.random.default_rng(1)
    theirs, shape = OTHERS[loss]
    predictions = rng.dirichlet(np.ones(4), size=6)
    targets = rng.integers(4, size=6) if shape is None else rng.uniform(0, 3, shape)
    tensor = torch.tensor(predictions, requires_grad=True)
    wanted = theirs(tensor, torch.tensor(targets))
    wanted.backward()
    value, grad = loss(backend.asarray(predictions), backend.asarray(targets))
    np.testing.assert_allclose(float(value), wanted.item(), rtol=1e-12)
    np.testing.assert_allclose(host(grad), tensor.grad.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("average", [0.9, 0.999])
def test_the_mean_of_the_parameters_beside_torchs(average):
    """torch has no correction for the start: it is given the corrected part of each step."""
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))
    layers = [xpnn.Dense(3, 6), xpnn.Tanh(), xpnn.Dense(6, 2)]
    model = xpnn.Sequential(layers, seed=0, dtype="float64", backend="torch")
    optimizer = xpnn.Adam(0.01, average=average)
    model.compile(xpnn.MeanSquaredError(), optimizer)
    peer = torch.nn.Sequential(torch.nn.Linear(3, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2))
    peer.double()
    with torch.no_grad():
        for p, q in zip(peer.parameters(), model.parameters):
            p.copy_(torch.tensor(host(q).T))
    adam = torch.optim.Adam(peer.parameters(), lr=0.01, eps=1e-7)
    averaged = AveragedModel(peer)
    for t in range(25):
        adam.zero_grad()
        torch.nn.functional.mse_loss(peer(torch.tensor(x)), torch.tensor(y)).backward()
        adam.step()
        kept = average * (1 - average**t) / (1 - average ** (t + 1))
        averaged.multi_avg_fn = get_ema_multi_avg_fn(kept)
        averaged.update_parameters(peer)
    model.fit(x, y, epochs=25, batch_size=None)
    for p, q in zip(averaged.module.parameters(), model.parameters):
        np.testing.assert_allclose(p.detach().numpy().T, q.numpy(), rtol=0, atol=1e-7)
