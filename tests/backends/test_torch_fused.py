"""torch's own kernels in place of an optimizer's rule.  Run where torch is tested."""

import numpy as np
import pytest
import torch
from support import host
from xpnn.backends import _torch_fused
from xpnn.backends._torch_fused import fused

import xpnn
from xpnn.backend import resolve
from xpnn.layers.base import Parameter

CPU = torch.device("cpu")

FUSED = [
    xpnn.SGD(0.1),
    xpnn.SGD(0.1, decay=0.3),
    xpnn.SGD(0.1, momentum=0.9, decay=0.3),
    xpnn.SGD(1e-4, momentum=0.5),
    xpnn.Adam(0.01, decay=0.1),
    xpnn.Adam(0.01, beta_1=0.0, beta_2=0.5, epsilon=1e-3),
    xpnn.AdamW(0.01, decay=0.1, weight_decay=0.2),
]

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((30, 4)), rng.integers(0, 3, size=30)


def train(optimizer, dtype="float64", **how):
    layers = [xpnn.Dense(4, 70), xpnn.Tanh(), xpnn.Dense(70, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=3, dtype=dtype, backend="torch")
    model.compile("categorical_cross_entropy", optimizer)
    model.fit(X, Y, **{"epochs": 40, "batch_size": 8, "verbose": False, **how})
    return model


def without(monkeypatch):
    monkeypatch.setattr(_torch_fused, "fused", lambda *arguments: None)


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", FUSED, ids=str)
def test_a_kernel_is_used_and_does_what_the_rule_does(monkeypatch, optimizer, name):
    assert fused(optimizer, CPU, getattr(torch, name)) is not None
    with_kernel = train(optimizer, name)
    without(monkeypatch)
    with_rule = train(optimizer, name)
    rounding = 1e-10 if name == "float64" else 2e-3
    for kind in ("_params", *optimizer.slots):
        ours, wanted = (
            m.parameter_arrays if kind == "_params" else m.train_state.memory[kind]
            for m in (with_kernel, with_rule)
        )
        for a, b in zip(ours, wanted):
            np.testing.assert_allclose(host(a), host(b), rtol=rounding, atol=rounding)


def test_what_has_no_kernel_keeps_its_rule(monkeypatch):
    monkeypatch.setattr(xpnn.optimizers.base, "OPTIMIZERS", {})  # others need not know of it

    class Half(xpnn.SGD):
        """Of one's own: it has no kernel, although its base class has."""

        def rule(self, p, g, *rest):
            return super().rule(p, 0.5 * g, *rest)

    nesterov = xpnn.SGD(0.1, momentum=0.9, nesterov=True)
    for optimizer in (nesterov, xpnn.RMSProp(), xpnn.AdaGrad(), Half(0.1)):
        assert fused(optimizer, CPU, torch.float64) is None


@pytest.mark.parametrize("failure", ["gone", "other arguments", "other numbers"])
def test_a_kernel_that_does_something_else_is_not_used(monkeypatch, failure):
    wanted = train(xpnn.Adam(0.01))
    _torch_fused.fused.cache_clear()
    kernel = torch._fused_adam_

    def half(params, *arguments, lr, **options):
        kernel(params, *arguments, lr=lr / 2, **options)

    def other(params):
        raise AssertionError("it can't be called")

    if failure == "gone":
        monkeypatch.delattr(torch, "_fused_adam_")
    else:
        monkeypatch.setattr(
            torch, "_fused_adam_", half if failure == "other numbers" else other
        )
    try:
        assert fused(xpnn.Adam(0.01), CPU, torch.float64) is None
        for p, q in zip(train(xpnn.Adam(0.01)).parameters, wanted.parameters):
            np.testing.assert_allclose(host(p), host(q), rtol=1e-9, atol=1e-10)
    finally:
        _torch_fused.fused.cache_clear()


class TransposedOfTestFused(xpnn.Layer):
    """A layer whose gradients lie in memory in another order, and have another precision."""

    def parameters(self):
        return {
            "weights": Parameter((4, 3), "glorot_uniform"),
            "biases": Parameter((3,), "zeros"),
        }

    def output_size(self, n_inputs):
        return 3

    def forward(self, params, x):
        weights, biases = params

        def backward(dy):
            both = torch.stack([dy.sum(0), dy.sum(0)], dim=1)
            return dy @ weights.T, ((dy.T @ x).T.double(), both[:, 0])

        return x @ weights + biases, backward


@pytest.mark.parametrize("optimizer", [xpnn.SGD(0.1, momentum=0.9), xpnn.Adam(0.1)], ids=str)
def test_gradients_may_lie_in_memory_as_they_like(monkeypatch, optimizer):
    def trained(layer):
        # each parameter alone, so that nothing is joined and made contiguous
        monkeypatch.setattr(type(resolve("torch!")), "packing", (1, 1 << 20))
        model = xpnn.Sequential([layer, xpnn.Softmax()], seed=3, backend="torch")
        model.compile("categorical_cross_entropy", optimizer)
        model.fit(X, Y, epochs=20, batch_size=7, verbose=False)
        return model.parameters

    for p, q in zip(trained(TransposedOfTestFused()), trained(xpnn.Dense(4, 3))):
        np.testing.assert_allclose(host(p), host(q), rtol=1e-4, atol=1e-5)


def test_an_error_in_a_step_leaves_the_means_in_their_units():
    class FailOfTestFused(xpnn.Layer):
        calls = 0

        def parameters(self):
            return {}

        def output_size(self, n_inputs):
            return n_inputs

        def forward(self, params, x):
            FailOfTestFused.calls += 1
            if FailOfTestFused.calls == 3:
                raise RuntimeError("in the third step")
            return x, lambda dy: (dy, ())

    layers = [xpnn.Dense(4, 3), FailOfTestFused(), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=3, dtype="float64", backend="torch")
    model.compile("categorical_cross_entropy", xpnn.Adam(0.01))
    with pytest.raises(RuntimeError, match="third"):
        model.fit(X, Y, epochs=10, batch_size=None, verbose=False)
    plain = xpnn.Sequential([xpnn.Dense(4, 3), xpnn.Softmax()], seed=3, dtype="float64")
    plain.compile("categorical_cross_entropy", xpnn.Adam(0.01))
    plain.fit(X, Y, epochs=2, batch_size=None, verbose=False)
    for name in ("mean", "squares"):
        for a, b in zip(model.train_state.memory[name], plain.train_state.memory[name]):
            np.testing.assert_allclose(host(a), host(b), rtol=1e-9)
