"""What keeps training stable, beside PyTorch in float64.  Run where torch is tested."""

import numpy as np
import pytest
import torch
from support import host

import xpnn
from xpnn import schedules

rng = np.random.default_rng(0)
X = rng.standard_normal((46, 5))
Y = rng.integers(3, size=46)
STEPS = 30


def networks(layers, theirs, **compile_):
    """One network twice, with the same parameters."""
    model = xpnn.Sequential(layers, seed=1, dtype="float64")
    loss = compile_.pop("loss", xpnn.CategoricalCrossEntropy())
    optimizer = compile_.pop("optimizer", xpnn.SGD(0.3))
    model.compile(loss, optimizer, **compile_)
    peer = torch.nn.Sequential(*theirs).double()
    params = [host(p) for p in model.parameters]
    with torch.no_grad():
        for p, values in zip(peer.parameters(), params):
            p.copy_(torch.tensor(values.T))
    return model, peer


def train_peer(peer, optimizer, loss, batch_size=None, penalty=None, clip=None, schedule=None):
    """Train as `fit` does without shuffling, and return the losses."""
    x, y, losses = torch.tensor(X), torch.tensor(Y), []
    peer.train()
    n_batches = -(-len(X) // (batch_size or len(X)))
    for step in range(STEPS):
        start = step % n_batches * (batch_size or 0)
        rows = slice(start, start + (batch_size or len(X)))
        optimizer.zero_grad()
        value = loss(peer(x[rows]), y[rows])
        if penalty:
            value = value + penalty()
        value.backward()
        if clip:
            clip(peer.parameters())
        optimizer.step()
        if schedule:
            schedule.step()
        losses.append(value.item())
    peer.eval()
    return losses


def check(model, peer):
    for ours, theirs in zip(model.parameters, peer.parameters()):
        np.testing.assert_allclose(host(ours), theirs.detach().numpy().T, rtol=1e-7, atol=1e-9)
    given = [*peer.children()][-1]
    logits = peer(torch.tensor(X)) if not isinstance(given, torch.nn.Softmax) else None
    wanted = torch.softmax(logits, 1).detach().numpy()
    np.testing.assert_allclose(host(model.predict(X)), wanted, rtol=1e-7, atol=1e-9)


def layers(**dense):
    return [xpnn.Dense(5, 7, **dense), xpnn.Tanh(), xpnn.Dense(7, 3, **dense), xpnn.Softmax()]


def peers():
    return [torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3)]


@pytest.mark.parametrize("batch_size", [None, 10])
@pytest.mark.parametrize(("momentum", "epsilon"), [(0.9, 1e-5), (0.6, 1e-2)])
def test_batch_normalisation(backend, batch_size, momentum, epsilon):
    norm = xpnn.BatchNorm(7, momentum, epsilon)
    ours = [xpnn.BatchNorm(5), xpnn.Dense(5, 7), norm, xpnn.ReLU(), xpnn.Dense(7, 3)]
    theirs = [
        torch.nn.BatchNorm1d(5),
        torch.nn.Linear(5, 7),
        torch.nn.BatchNorm1d(7, eps=epsilon, momentum=1 - momentum),
        torch.nn.ReLU(),
        torch.nn.Linear(7, 3),
    ]
    model, peer = networks([*ours, xpnn.Softmax()], theirs)
    optimizer = torch.optim.SGD(peer.parameters(), 0.3)
    epochs = STEPS if batch_size is None else STEPS // 5
    model.fit(X, Y, epochs=epochs, batch_size=batch_size, shuffle=False)
    train_peer(peer, optimizer, torch.nn.functional.cross_entropy, batch_size)
    check(model, peer)
    tensors = model.tensors()
    for i in (0, 2):
        for name, buffer in (("mean", "running_mean"), ("variance", "running_var")):
            wanted = getattr(peer[i], buffer).numpy()
            np.testing.assert_allclose(
                host(tensors[f"{i}.{name}"]), wanted, rtol=1e-7, atol=1e-12
            )
    # what it does where it is used is the same function, with the same gradients
    loss, grads = model.gradients(X, Y)
    peer.zero_grad()
    value = torch.nn.functional.cross_entropy(peer(torch.tensor(X)), torch.tensor(Y))
    value.backward()
    assert loss == pytest.approx(value.item(), rel=1e-9)
    for ours_g, p in zip(grads, peer.parameters()):
        np.testing.assert_allclose(host(ours_g), p.grad.numpy().T, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    "strengths",
    [
        {"l1": 1e-3},
        {"l2": 1e-2},
        {"l1": 1e-3, "l2": 1e-2},
        {"bias_l1": 3e-3, "bias_l2": 2e-2},
        {"l1": 1e-3, "l2": 1e-2, "bias_l1": 3e-3, "bias_l2": 2e-2},
    ],
    ids=str,
)
def test_penalties(backend, strengths):
    model, peer = networks(layers(**strengths), peers())

    def penalty():
        total = 0
        for p in peer.parameters():
            prefix = "" if p.ndim == 2 else "bias_"
            total += strengths.get(f"{prefix}l1", 0) * p.abs().sum()
            total += strengths.get(f"{prefix}l2", 0) * (p**2).sum()
        return total

    history = model.fit(X, Y, epochs=STEPS // 5, batch_size=10, shuffle=False).history
    optimizer = torch.optim.SGD(peer.parameters(), 0.3)
    losses = train_peer(
        peer, optimizer, torch.nn.functional.cross_entropy, batch_size=10, penalty=penalty
    )
    weights = [10, 10, 10, 10, 6]
    wanted = [np.average(losses[i : i + 5], weights=weights) for i in range(0, STEPS, 5)]
    np.testing.assert_allclose(history["loss"], wanted, rtol=1e-7)
    check(model, peer)
    value = (
        torch.nn.functional.cross_entropy(peer(torch.tensor(X)), torch.tensor(Y)) + penalty()
    )
    assert model.evaluate(X, Y)["loss"] == pytest.approx(value.item(), rel=1e-9)
    assert model.gradients(X, Y)[0] == pytest.approx(value.item(), rel=1e-9)


def test_l2_is_the_weight_decay_of_sgd(backend):
    model, peer = networks(layers(l2=0.01, bias_l2=0.01), peers())
    model.fit(X, Y, epochs=STEPS, batch_size=None)
    optimizer = torch.optim.SGD(peer.parameters(), 0.3, weight_decay=0.02)
    train_peer(peer, optimizer, torch.nn.functional.cross_entropy)
    check(model, peer)


@pytest.mark.parametrize(
    "limits",
    [{"clip_norm": 0.05}, {"clip_norm": 100.0}, {"clip_value": 0.01}],
    ids=str,
)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_clipping(backend, limits, optimizer):
    ours, theirs = {
        "sgd": (xpnn.SGD(0.5, momentum=0.9), lambda p: torch.optim.SGD(p, 0.5, momentum=0.9)),
        "adam": (xpnn.Adam(0.02), lambda p: torch.optim.Adam(p, 0.02, eps=1e-7)),
    }[optimizer]
    model, peer = networks(layers(), peers(), optimizer=ours, **limits)
    model.fit(X, Y, epochs=STEPS // 5, batch_size=10, shuffle=False)

    def clip(params):
        if "clip_norm" in limits:
            torch.nn.utils.clip_grad_norm_(params, limits["clip_norm"])
        else:
            torch.nn.utils.clip_grad_value_(params, limits["clip_value"])

    train_peer(
        peer,
        theirs(peer.parameters()),
        torch.nn.functional.cross_entropy,
        batch_size=10,
        clip=clip,
    )
    check(model, peer)


lr = torch.optim.lr_scheduler
SCHEDULES = {
    "step": (schedules.StepDecay(0.3, 7, 0.5), lambda o: lr.StepLR(o, 7, 0.5)),
    "exponential": (
        schedules.ExponentialDecay(0.3, 1, 0.93),
        lambda o: lr.ExponentialLR(o, 0.93),
    ),
    "cosine": (
        schedules.CosineDecay(0.3, STEPS + 5, final=0.01),
        lambda o: lr.CosineAnnealingLR(o, STEPS + 5, 0.01),
    ),
    "one cycle": (  # whose phases end a step before those that torch is told
        schedules.OneCycle(0.3, STEPS + 4, (0.25 * (STEPS + 5) - 1) / (STEPS + 4), 0.1, 1e-3),
        lambda o: lr.OneCycleLR(
            o,
            0.3,
            STEPS + 5,
            pct_start=0.25,
            cycle_momentum=False,
            div_factor=10,
            final_div_factor=100,
        ),
    ),
    "triangles": (
        schedules.Cyclic(0.3, 20, lowest=0.02, rise=0.35),
        lambda o: lr.CyclicLR(o, 0.02, 0.3, 7, 13, cycle_momentum=False),
    ),
    "smaller triangles": (
        schedules.Cyclic(0.3, 14, lowest=0.02, factor=0.5),
        lambda o: lr.CyclicLR(o, 0.02, 0.3, 7, mode="triangular2", cycle_momentum=False),
    ),
    "warm-up": (
        schedules.WarmUp(0.3, 12, start=0.25),
        lambda o: lr.LinearLR(o, 0.25, total_iters=12),
    ),
    "warm-up, then cosine": (
        schedules.WarmUp(schedules.CosineDecay(0.3, 50), 10, start=0.1),
        lambda o: lr.SequentialLR(
            o, [lr.LinearLR(o, 0.1, total_iters=10), lr.CosineAnnealingLR(o, 50)], [10]
        ),
    ),
}


@pytest.mark.filterwarnings("ignore:.*epoch parameter in .scheduler.step.*:UserWarning")
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(backend, name):
    ours, theirs = SCHEDULES[name]
    adam = xpnn.Adam(ours)
    model, peer = networks(layers(), peers(), optimizer=adam)
    model.fit(X, Y, epochs=STEPS // 5, batch_size=10, shuffle=False)
    optimizer = torch.optim.Adam(peer.parameters(), 0.3, eps=1e-7)
    train_peer(
        peer,
        optimizer,
        torch.nn.functional.cross_entropy,
        batch_size=10,
        schedule=theirs(optimizer),
    )
    check(model, peer)
    assert model.learning_rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)


@pytest.mark.parametrize("smoothing", [0.1, 0.9])
@pytest.mark.parametrize("kind", ["indices", "rows"])
def test_label_smoothing(backend, smoothing, kind):
    loss = xpnn.CategoricalCrossEntropy(label_smoothing=smoothing)
    model, peer = networks(layers(), peers(), loss=loss)
    targets = Y if kind == "indices" else np.eye(3)[Y]
    history = model.fit(X, targets, epochs=STEPS, batch_size=None).history
    optimizer = torch.optim.SGD(peer.parameters(), 0.3)
    losses = train_peer(peer, optimizer, torch.nn.CrossEntropyLoss(label_smoothing=smoothing))
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-7)
    check(model, peer)


@pytest.mark.parametrize("kind", ["class", "sample", "both"])
def test_weights(backend, kind):
    model, peer = networks(layers(), peers())
    of_class = np.array([0.5, 2.0, 1.0]) if kind != "sample" else np.ones(3)
    of_sample = rng.uniform(0, 2, 46) if kind != "class" else np.ones(46)
    model.fit(
        X,
        Y,
        epochs=STEPS,
        batch_size=None,
        class_weight=dict(enumerate(of_class)) if kind != "sample" else None,
        sample_weight=of_sample if kind != "class" else None,
    )

    def loss(logits, y):
        each = torch.nn.functional.cross_entropy(logits, y, reduction="none")
        weight = torch.tensor(of_class)[y] * torch.tensor(of_sample)
        if kind == "class":  # torch's own normalisation is the same
            return torch.nn.functional.cross_entropy(logits, y, torch.tensor(of_class))
        return (weight * each).sum() / weight.sum()

    train_peer(peer, torch.optim.SGD(peer.parameters(), 0.3), loss)
    check(model, peer)


def test_reduce_on_plateau(backend):
    losses = [5.0, 4.0, 4.5, 4.1, 3.9, 3.9, 3.85, 3.7, 3.69, 3.68, 3.9, 4.0, 3.6, 3.6, 3.6, 3.6]
    model = xpnn.Sequential(layers(), seed=0).compile("categorical_cross_entropy", "sgd")
    theirs = torch.optim.SGD([torch.zeros(1)], 0.01)
    # theirs waits for one more epoch than its patience
    schedule = lr.ReduceLROnPlateau(
        theirs, factor=0.3, patience=1, threshold=0.05, threshold_mode="abs", min_lr=3e-4
    )
    rates = []

    class Told(xpnn.Callback):
        def on_epoch_end(self, epoch, logs):
            ours.on_epoch_end(epoch, {"loss": losses[epoch]})
            schedule.step(losses[epoch])
            rates.append((self.model.learning_rate, theirs.param_groups[0]["lr"]))

    ours = xpnn.callbacks.ReduceOnPlateau("loss", 0.3, 2, min_delta=0.05, minimum=3e-4)
    ours.model = model
    model.fit(X, Y, epochs=len(losses), callbacks=[Told()])
    assert len({rate for rate, _ in rates}) > 3
    for rate, wanted in rates:
        assert rate == pytest.approx(wanted, rel=1e-12)
