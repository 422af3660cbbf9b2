"""Parameters with a learning rate and a weight decay of their own."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.schedules import CosineLog, FlatCosine, Scaled

rng = np.random.default_rng(41)


@dataclass(frozen=True)
class AffineOfTestFactors(xpnn.Layer):
    """y = x a + b, of which `a` is learnt slowly and both don't shrink as others do."""

    n: int
    slow: float = 0.1
    shrinks: float = 0.5

    def parameters(self):
        return {
            "a": xpnn.layers.Parameter((self.n,), "ones", 0, 0, self.slow, False),
            "b": xpnn.layers.Parameter((self.n,), weight_decay=self.shrinks),
        }

    def forward(self, params, x):
        a, b = params

        def backward(dy):
            xp = xpnn.backend.array_namespace(dy)
            return dy * a, (xp.sum(dy * x, axis=0), xp.sum(dy, axis=0))

        return x * a + b, backward


def network(optimizer, backend=None, **options):
    layers = [xpnn.Dense(3, 5), xpnn.Tanh(), AffineOfTestFactors(5), xpnn.Dense(5, 2)]
    model = xpnn.Sequential(layers, seed=2, dtype="float64", backend=backend)
    return model.compile(xpnn.MeanSquaredError(), optimizer, **options)


OPTIMIZERS = [
    xpnn.SGD(0.05, momentum=0.9),
    xpnn.SGD(0.05, decay=0.1, nesterov=True, momentum=0.5),
    xpnn.RMSProp(0.01),
    xpnn.Adam(CosineLog(0.02, 30)),
    xpnn.AdamW(0.02, weight_decay=0.3),
    xpnn.AdamW(CosineLog(0.02, 30), weight_decay=FlatCosine(0.5, 30)),
    xpnn.Lion(0.02, weight_decay=0.3),
    xpnn.Adan(0.02, weight_decay=FlatCosine(0.5, 30)),
    xpnn.NAdam(0.02),
    xpnn.LAMB(0.02, weight_decay=0.3),
    xpnn.Muon(0.02, weight_decay=FlatCosine(0.5, 30)),
]

FACTORS = {"2.a": (0.1, 0.0), "2.b": (1.0, 0.5)}
"""By the parameter's name, what its learning rate and its weight decay are multiplied by."""


def times(value, factor):
    if isinstance(value, xpnn.schedules.Schedule):
        return Scaled(value, factor)
    return factor * value


def apart(optimizer, name):
    """Return the optimizer that one parameter alone would need."""
    rate, decay = FACTORS.get(name, (1.0, 1.0))
    changed = {"learning_rate": times(optimizer.learning_rate, rate)}
    if hasattr(optimizer, "weight_decay"):
        changed["weight_decay"] = times(optimizer.weight_decay, decay)
    return replace(optimizer, **changed)


def step_by_step(optimizer, x, y, steps):
    """Train with an optimizer for each parameter, by the gradients alone."""
    model = network(optimizer)
    alone = {name: apart(optimizer, name) for name in model.tensors()}
    params = [host(p).copy() for p in model.parameters]
    states = [o.init([p]) for o, p in zip(alone.values(), params)]
    for _ in range(steps):
        model.set_parameters(params)
        grads = [host(g) for g in model.gradients(x, y)[1]]
        for k, (o, g) in enumerate(zip(alone.values(), grads)):
            (params[k],), states[k] = o.update([params[k].copy()], [g.copy()], states[k])
    return params


@pytest.mark.float64
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_each_parameter_is_trained_as_it_would_be_alone(backend, optimizer):
    x, y = rng.standard_normal((16, 3)), rng.standard_normal((16, 2))
    with xpnn.use_backend("numpy"):
        wanted = step_by_step(optimizer, x, y, 24)
    model = network(optimizer, backend)
    model.fit(x, y, epochs=24, batch_size=None, verbose=False)
    for p, q in zip(model.parameters, wanted, strict=True):
        np.testing.assert_allclose(host(p), q, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("average", [None, 0.9])
def test_it_goes_on_from_a_file(backend, tmp_path, average):
    x, y = rng.standard_normal((32, 3)), rng.standard_normal((32, 2))
    optimizer = xpnn.AdamW(0.02, weight_decay=FlatCosine(0.5, 30), average=average)
    model = network(optimizer, clip_norm=0.5)
    model.fit(x, y, epochs=3, batch_size=8, verbose=False)
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model")
    for other in (model, loaded):
        other.fit(x, y, epochs=3, batch_size=8, verbose=False)
    for p, q in zip(model.parameters, loaded.parameters, strict=True):
        np.testing.assert_allclose(host(p), host(q), rtol=1e-9, atol=1e-12)


def test_the_learning_rate_is_set_for_all():
    x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
    models = [network(xpnn.SGD(rate)) for rate in (0.5, 0.1)]
    models[0].learning_rate = 0.1
    for model in models:
        model.fit(x, y, epochs=2, verbose=False)
    for p, q in zip(models[0].parameters, models[1].parameters):
        assert np.array_equal(p, q)


def test_where_all_are_one_nothing_is_apart(monkeypatch):
    seen = []

    def look(*args):
        seen.append(args[2])
        raise ZeroDivisionError

    monkeypatch.setattr("xpnn.network.train_state.TrainStep", look)
    for layer in (xpnn.Dense(2, 2), AffineOfTestFactors(2, slow=1.0, shrinks=1.0)):
        model = xpnn.Sequential([layer], backend="numpy").compile(
            "mean_squared_error", "adam_w"
        )
        with pytest.raises(ZeroDivisionError):
            model.fit(np.ones((2, 2)), np.ones((2, 2)), verbose=False)
    plain, apart = seen
    assert type(plain) is xpnn.AdamW
    assert len(apart.variants) == 2  # one without decay


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"slow": 0.0}, "learning_rate of the parameter 0.a"),
        ({"shrinks": -1.0}, "weight_decay"),
    ],
    ids=["learning rate", "weight decay"],
)
def test_factors_that_make_no_sense(settings, name):
    with pytest.raises(ValueError, match=name):
        xpnn.Sequential([AffineOfTestFactors(2, **settings)])
