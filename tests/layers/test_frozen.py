"""Layers that are held fixed, and parameters that are."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from support import host

import xpnn
from xpnn import BatchNorm, Chain, Dense, Dropout, Frozen, Sequential, Tanh
from xpnn.layers import Parameter
from xpnn.operations import column_sums

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((20, 3)), RNG.standard_normal((20, 2))


def network(*layers, backend="numpy", optimizer="adam", **how):
    model = Sequential(layers, seed=0, dtype="float64", backend=backend)
    return model.compile("mean_squared_error", optimizer, **how)


def test_the_same_in_training_as_in_use(backend):
    body = Chain(Dense(3, 4, l2=0.1), BatchNorm(4), Dropout(0.5), Tanh())
    model = network(Frozen(body), Dense(4, 2), backend=backend)
    before = model.copy_tensors()
    history = model.fit(X, Y, epochs=1, batch_size=None).history
    untouched = network(Frozen(body), Dense(4, 2), backend=backend)
    assert history["loss"][0] == pytest.approx(untouched.evaluate(X, Y)["loss"], rel=1e-12)
    for name, array in model.copy_tensors().items():
        same = np.array_equal(host(array), host(before[name]))
        assert same == name.startswith("0."), name


def test_a_frozen_body_is_a_transformation_of_the_rows(backend):
    body = Chain(Dense(3, 4), BatchNorm(4), Tanh())
    whole = network(Frozen(body), Dense(4, 2), backend=backend)
    rows = xpnn.Sequential([body], seed=0, dtype="float64", backend=backend).predict(X)
    head = network(Dense(4, 2), backend=backend)
    head.set_parameters(whole.parameters[-2:])
    for model, x in ((whole, X), (head, rows)):
        model.generator = np.random.default_rng(3)
        model.fit(x, Y, epochs=4, batch_size=6)
    np.testing.assert_allclose(*(m.history.history["loss"] for m in (whole, head)), rtol=1e-12)


def test_what_is_fixed_between_layers_that_learn(monkeypatch):
    shapes = []
    gradients = Dense.gradients

    def counted(self, x, dy):
        shapes.append((self.n_inputs, self.n_outputs))
        return gradients(self, x, dy)

    monkeypatch.setattr(Dense, "gradients", counted)
    model = network(Dense(3, 4), Frozen(Chain(Tanh(), Dense(4, 5))), Dense(5, 2))
    model.gradients(X, Y)
    assert sorted({*shapes}) == [(3, 4), (5, 2)]
    shapes.clear()
    model.fit(X, Y, epochs=2)
    assert sorted({*shapes}) == [(3, 4), (5, 2)]


def test_nothing_is_remembered_of_it(tmp_path):
    model = network(Frozen(Dense(3, 4)), Dense(4, 2))
    model.fit(X, Y, epochs=2, batch_size=7)
    slots = model.compiled.optimizer.slots
    for slot in slots:
        assert [a.shape for a in model.train_state.memory[slot]] == [(4, 2), (2,)]
    assert slots
    model.save(tmp_path / "model.safetensors")
    again = xpnn.load(tmp_path / "model.safetensors")
    for one in (model, again):
        one.fit(X, Y, epochs=2, batch_size=7)
    for array, wanted in zip(again.parameters, model.parameters, strict=True):
        np.testing.assert_array_equal(array, wanted)


@dataclass(frozen=True)
class ProjectedOfTestFrozen(xpnn.Layer):
    """A fixed projection with a learnt scale; its gradients are all there, as it is simple."""

    n: int

    def parameters(self):
        return {
            "directions": Parameter((self.n, self.n), "he_normal", l2=1.0, trainable=False),
            "scale": Parameter((self.n,), "ones", learning_rate=0.5),
        }

    def forward(self, params, x):
        directions, scale = params
        z = x @ directions
        return z * scale, lambda dy: (
            (dy * scale) @ directions.T,
            (x.T @ (dy * scale), column_sums(z * dy)),
        )


@pytest.mark.parametrize("optimizer", [xpnn.SGD(0.1), xpnn.AdamW(0.01, weight_decay=0.1)])
def test_a_parameter_that_is_not_trainable(optimizer, backend):
    model = network(ProjectedOfTestFrozen(3), Dense(3, 2), backend=backend, optimizer=optimizer)
    before = model.parameters
    loss = model.evaluate(X, Y)["loss"]
    assert loss == pytest.approx(float(np.mean((model.predict(X) - Y) ** 2)))
    model.fit(X, Y, epochs=2, batch_size=8)
    same = [np.array_equal(host(a), host(b)) for a, b in zip(model.parameters, before)]
    assert same == [True, False, False, False]
    xpnn.testing.check_layer(ProjectedOfTestFrozen(3), (4, 3), backends=[backend])


def test_all_is_fixed():
    model = network(Frozen(Dense(3, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, Y, epochs=2)
    assert model.history.history["loss"][0] == model.history.history["loss"][1]


def test_a_run_that_diverges_goes_back_and_keeps_what_is_fixed():
    model = network(Frozen(Dense(3, 4)), Dense(4, 2), optimizer=xpnn.SGD(1e200))
    before = model.parameters
    with pytest.raises(xpnn.DivergenceError):
        model.fit(X, Y, epochs=9)
    for array, wanted in zip(model.parameters[:2], before[:2]):
        np.testing.assert_array_equal(array, wanted)
    assert all(np.isfinite(array).all() for array in model.parameters)


def test_layers_go_on_with_what_they_have_learnt(tmp_path, backend):
    layers = [Dense(3, 4), BatchNorm(4), xpnn.Residual(Dense(4, 4), Tanh()), Dense(4, 2)]
    base = network(*layers, backend=backend)
    base.fit(X, Y, epochs=3)
    base.save(tmp_path / "base.safetensors")
    base = xpnn.load(tmp_path / "base.safetensors", backend=backend)

    model = network(Frozen(Chain(*base[:-1])), Dense(4, 1), backend=backend)
    outputs = [host(one.layer_outputs(X, at)) for one, at in ((model, 0), (base, 2))]
    np.testing.assert_array_equal(*outputs)
    model.fit(X, Y[:, :1], epochs=3)
    np.testing.assert_array_equal(host(model.layer_outputs(X, 0)), outputs[0])

    tuned = network(model[0].layer, *model[1:], backend=backend)
    np.testing.assert_array_equal(tuned.predict(X), model.predict(X))
    tuned.fit(X, Y[:, :1], epochs=1)
    assert all(np.any(host(a) != host(b)) for a, b in zip(tuned.parameters, model.parameters))
    assert tuned[0] == model.layers[0].layer
    assert len(tuned) == 2
    assert [type(layer) for layer in tuned] == [Chain, Dense]
    with pytest.raises(IndexError):
        tuned[2]


@dataclass(frozen=True)
class TwiceByHandOfTestFrozen(xpnn.Layer):
    """Runs a layer two times by hand, and adds its gradients up."""

    inner: xpnn.Layer

    def forward(self, params, x):
        y, first = self.inner.forward(params, x)
        z, second = self.inner.forward(params, y)

        def backward(dz):
            dy, (dweights, dbiases) = second(dz)
            dx, (more_weights, more_biases) = first(dy)
            return dx, (dweights + more_weights, dbiases + more_biases)

        return z, backward


def test_a_layer_of_ones_own_that_runs_others_by_hand(backend):
    body = TwiceByHandOfTestFrozen(Dense(4, 4))
    model = network(Dense(3, 4), Frozen(body), Dense(4, 2), backend=backend)
    before = model.parameters
    model.fit(X, Y, epochs=2)
    same = [np.array_equal(host(a), host(b)) for a, b in zip(model.parameters, before)]
    assert same == [False, False, True, True, False, False]
