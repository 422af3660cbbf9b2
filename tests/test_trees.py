"""Random trees of layers: gradients, runs, files and graphs beside independent ones."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from onnx_runs import run
from support import host
from trees import formula, networks

import xpnn
from xpnn.export import onnx_model

RNG = np.random.default_rng(0)
X = RNG.standard_normal((11, 4))
Y = RNG.standard_normal((11, 2))

each_of = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def model_of(layers, backend=None):
    model = xpnn.Sequential(layers, seed=0, dtype="float64", backend=backend)
    return model.compile("mean_squared_error", xpnn.Adam(0.01))


def loss_of(model, trained, x):
    """Return the loss by the definition, as a function of the parameters that are learnt."""
    fixed = {name: host(array) for name, array in model.tensors().items()}

    def loss(*values):
        arrays, y = {**fixed, **dict(zip(trained, values))}, x
        for i, layer in enumerate(model.layers):
            y = formula(layer, str(i), arrays, y)
        penalties = [p.l2 * anp.sum(arrays[name] ** 2) for name, p in trained.items() if p.l2]
        return anp.mean((y - Y) ** 2) + sum(penalties)

    return loss


@settings(each_of, max_examples=200)
@given(layers=networks())
def test_gradients_are_those_of_the_formulas(layers):
    model = model_of(layers, "numpy")
    model.fit(X, Y, epochs=1, batch_size=4)
    trained = model.trained_parameters
    before = {name: host(a) for name, a in model_of(layers, "numpy").tensors().items()}
    for name, array in model.tensors().items():
        held = name in model.declared_parameters and name not in trained
        assert not held or np.array_equal(array, before[name])
    loss = loss_of(model, trained, X)
    own = [host(model.tensors()[name]) for name in trained]
    wanted = autograd.grad(loss, argnum=tuple(range(len(own))))(*own)
    value, grads = model.gradients(X, Y)
    assert value == pytest.approx(float(loss(*own)), rel=1e-12)
    of_all = dict(zip(model.declared_parameters, grads))
    for name, grad in zip(trained, wanted):
        np.testing.assert_allclose(of_all.pop(name), grad, rtol=1e-10, atol=1e-10)
    assert not any(np.any(grad) for grad in of_all.values())


def fitted(layers, backend, epochs=2):
    model = model_of(layers, backend)
    model.fit(X, Y, epochs=epochs, batch_size=4)
    return model


def trees(count):
    """Return trees, drawn anew for each test, of which there need not be so many."""

    def decorate(test):
        return settings(each_of, max_examples=count)(given(layers=networks())(test))

    return decorate


@trees(60)
def test_files_hold_them_and_runs_go_on(tmp_path_factory, layers):
    path = tmp_path_factory.mktemp("tree") / "model.safetensors"
    model = fitted(layers, "numpy")
    model.save(path)
    again = xpnn.load(path, backend="numpy")
    assert again.layers == model.layers
    assert str(again.layers) == str(model.layers)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    for one in (model, again):
        one.fit(X, Y, epochs=1, batch_size=4)
    for array, wanted in zip(again.all_arrays, model.all_arrays):
        np.testing.assert_array_equal(array, wanted)


def holds(layers, kind):
    inner = [one for layer in layers for one in layer.inner_layers().values()]
    return any(type(layer).__name__ == kind for layer in layers) or (
        bool(inner) and holds(inner, kind)
    )


@trees(60)
def test_graphs_compute_the_same(layers):
    model = fitted(layers, "numpy")
    if holds(layers, "TwiceOfTrees"):
        with pytest.raises(TypeError, match="TwiceOfTrees does not say how ONNX computes it"):
            onnx_model(model)
    else:
        np.testing.assert_allclose(
            run(onnx_model(model), inputs=X), model.predict(X), rtol=1e-12, atol=1e-12
        )


@pytest.mark.float64
def test_one_run_on_every_backend(backend):
    other = "array_api_strict" if backend.name == "numpy" else "numpy"

    @trees(5 if backend.name == "jax" else 40)  # each is compiled
    def check(layers):
        model, wanted = fitted(layers, backend), fitted(layers, other)
        for a, b in zip(*(one.copy_to_host(one.all_arrays) for one in (model, wanted))):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)

    check()
