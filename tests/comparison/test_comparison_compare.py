"""compare_backends names the layer that is to blame, and no other."""

from dataclasses import dataclass

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import load

import xpnn
from xpnn import Dense, Sequential, cli, compare_backends
from xpnn.backend import array_namespace

X = np.random.default_rng(0).standard_normal((50, 6))
Y = np.arange(50) % 3


def is_numpy(x):
    return "numpy" in array_namespace(x).__name__


@dataclass(frozen=True)
class ForwardOfTestComparison(xpnn.Layer):
    """The identity, but a little more on libraries other than NumPy."""

    def forward(self, params, x):
        factor = 1.0 if is_numpy(x) else 1.001
        return factor * x, lambda dy: (dy, ())


@dataclass(frozen=True)
class BackwardOfTestComparison(xpnn.Layer):
    """A shift whose gradient with respect to it is wrong there."""

    n: int

    def parameters(self):
        return {"shift": xpnn.Parameter((self.n,), 0.1)}

    def forward(self, params, x):
        (shift,) = params
        xp = array_namespace(x)
        factor = 1.0 if is_numpy(x) else 0.999
        return x + shift, lambda dy: (dy, (factor * xp.sum(dy, axis=0),))


@dataclass(frozen=True)
class NotANumberOfTestComparison(xpnn.Layer):
    def forward(self, params, x):
        factor = 1.0 if is_numpy(x) else float("nan")
        return factor * x, lambda dy: (dy, ())


@dataclass(frozen=True)
class ShapeOfTestComparison(xpnn.Layer):
    def forward(self, params, x):
        def backward(dy):
            return (dy if is_numpy(x) else dy[:1, :]), ()

        return x, backward


def network(*layers, dtype="float32", loss="categorical_cross_entropy"):
    return Sequential(layers, seed=0, dtype=dtype).compile(loss, "adam")


def strict():
    """A second backend that is installed wherever tests run."""
    return load("array_api_strict")


def test_all_layers_agree(backend, dtype, capsys):
    model = network(
        Dense(6, 40, l1=1e-3), xpnn.BatchNorm(40), xpnn.ReLU(), xpnn.Dropout(0.5),
        Dense(40, 30), xpnn.LeakyReLU(0.1), Dense(30, 20), xpnn.SiLU(), xpnn.Tanh(),
        Dense(20, 10, bias_l2=0.1), xpnn.Sigmoid(), Dense(10, 10), xpnn.Linear(), xpnn.Step(),
        Dense(10, 8), xpnn.Softmax(), Dense(8, 3), xpnn.Softmax(),
        dtype=dtype,
    )  # fmt: skip
    model.fit(X, Y, epochs=20)
    before = [np.array(backend.to_numpy(p)) for p in model.parameters]
    result = compare_backends(model, X, Y, ["numpy", backend, strict()])
    assert result.first is None
    assert result.reference == "numpy"
    assert result.backends == (backend.spec, "array_api_strict:device1")
    assert model.backend is backend
    for old, new in zip(before, model.parameters):
        np.testing.assert_array_equal(backend.to_numpy(new), old)
    said = capsys.readouterr().out
    assert said == f"{result}\n"
    assert said.count("agree: all differences are rounding") == 2


def test_parts_are_those_of_the_network(dtype):
    model = network(Dense(6, 4, l2=0.1), xpnn.Tanh(), Dense(4, 3), xpnn.Softmax(), dtype=dtype)
    result = compare_backends(model, X, Y, ["numpy", strict()])
    names = [part.name.replace(str(model.layers[0]), "Dense") for part in result.parts]
    dense = "2 Dense(n_inputs=4, n_outputs=3): "
    assert names == [
        "0 Dense: outputs", "1 Tanh(): outputs", dense + "outputs", "3 Softmax(): outputs",
        "loss", "loss: gradient of its inputs",
        dense + "gradient of weights", dense + "gradient of biases",
        dense + "gradient of its inputs", "1 Tanh(): gradient of its inputs",
        "0 Dense: gradient of weights", "0 Dense: gradient of biases",
        "0 Dense: gradient of its inputs",
    ]  # fmt: skip
    # and their numbers are those that training has
    value, grads = model.gradients(X, Y)
    found = {(part.layer, part.name.rpartition(" of ")[2]): part for part in result.parts}
    wanted = {(0, "weights"): 0, (0, "biases"): 1, (2, "weights"): 2, (2, "biases"): 3}
    for key, i in wanted.items():
        entry = np.asarray(grads[i])[found[key].place]
        assert found[key].reference == pytest.approx(float(entry), rel=1e-5)
    loss = next(part for part in result.parts if part.name == "loss")
    assert loss.reference == pytest.approx(value, rel=1e-6)


def middle(layer, dtype):
    layers = [Dense(6, 5), xpnn.Tanh(), layer, Dense(5, 4), xpnn.ReLU(), Dense(4, 3)]
    return network(*layers, xpnn.Softmax(), dtype=dtype)


def test_wrong_outputs_of_one_layer(dtype, capsys):
    model = middle(ForwardOfTestComparison(), dtype)
    result = compare_backends(model, X, Y, ["numpy", strict()])
    assert [part.name for part in result.parts if part.differs] == [
        "2 ForwardOfTestComparison(): outputs"
    ]
    first = result.first
    assert (first.layer, first.shape) == (2, (50, 5))
    # the largest entry is the one that is furthest off, by a thousandth
    inputs = Sequential(model.layers[:2], dtype=dtype)
    inputs.set_parameters(model.parameters[:2])
    outputs = inputs.predict(X)
    place = np.unravel_index(np.abs(outputs).argmax(), outputs.shape)
    assert first.place == tuple(place)
    assert first.reference == pytest.approx(float(outputs[place]), rel=1e-6)
    assert first.difference == pytest.approx(abs(first.reference) / 1000, rel=1e-3)
    # behind it all is led astray, and each layer is right
    behind = [part for part in result.parts if part.layer == 3]
    assert all(part.accumulated > 5 * part.difference for part in behind)
    said = capsys.readouterr().out
    assert "The first to differ by more than rounding is 2 ForwardOfTestComparison" in said
    assert f"{first.value:.9g} on array_api_strict:device1" in said


def test_wrong_gradient_of_one_parameter(dtype):
    model = middle(BackwardOfTestComparison(5), dtype)
    result = compare_backends(model, X, Y, ["numpy", strict()])
    differing = [part for part in result.parts if part.differs]
    assert [part.name for part in differing] == [
        "2 BackwardOfTestComparison(n=5): gradient of shift"
    ]
    assert result.first is differing[0]
    assert differing[0].shape == (5,)


@dataclass(frozen=True)
class TwiceOfTestComparison(xpnn.Layer):
    """Runs a layer by hand, two times, and adds a wrong gradient on its own way back."""

    inner: xpnn.Layer
    factor: float

    def forward(self, params, x):
        y, first = self.inner.forward(params, x)
        z, second = self.inner.forward(params, y)

        def backward(dy):
            dy, grads = second(dy)
            dx, more = first(dy)
            factor = 1.0 if is_numpy(x) else self.factor
            return factor * dx, tuple(a + b for a, b in zip(grads, more))

        return z, backward


@pytest.mark.parametrize(
    ("layer", "names"),
    [
        (xpnn.Residual(Dense(5, 4), xpnn.Tanh(), ForwardOfTestComparison(), Dense(4, 5)),
         ["2.inner.2 ForwardOfTestComparison(): outputs"]),
        (xpnn.Concatenate(xpnn.Chain(xpnn.Select(0, 2), BackwardOfTestComparison(2)),
                          xpnn.Frozen(Dense(5, 3))),
         ["2.branches.0.inner.1 BackwardOfTestComparison(n=2): gradient of shift"]),
        (xpnn.Residual(xpnn.Frozen(xpnn.Chain(Dense(5, 5), ForwardOfTestComparison()))),
         ["2.inner.0.layer.inner.1 ForwardOfTestComparison(): outputs"]),
        (TwiceOfTestComparison(xpnn.Residual(Dense(5, 5)), 1.001),
         ["2 TwiceOfTestComparison(factor=1.001): gradient of its inputs"]),
        (TwiceOfTestComparison(xpnn.Chain(ForwardOfTestComparison(), Dense(5, 5)), 1.0),
          [f"2.inner.inner.0{n} ForwardOfTestComparison(): outputs" for n in ("", " (2)")]),
    ],
)  # fmt: skip
def test_a_layer_that_another_one_holds(layer, names, dtype, capsys):
    model = middle(layer, dtype)
    result = compare_backends(model, X, Y, ["numpy", strict()])
    assert [part.name for part in result.parts if part.differs] == names
    assert {part.layer for part in result.parts if part.differs} == {2}
    agreed = compare_backends(model, X, Y, ["numpy", "numpy"])
    assert agreed.first is None
    assert len(agreed.parts) == len(result.parts)
    assert not any("gradient of layer" in part.name for part in result.parts)


@dataclass(frozen=True)
class RenamesOfTestComparison(xpnn.Layer):
    """Calls what the layer that it holds learns otherwise."""

    inner: xpnn.Layer

    def parameters(self):
        return {f"own_{name}": p for name, p in self.inner.parameters().items()}

    def forward(self, params, x):
        return self.inner.forward(params, x)


def test_a_layer_that_calls_inner_parameters_otherwise(dtype):
    model = middle(RenamesOfTestComparison(Dense(5, 5)), dtype)
    result = compare_backends(model, X, Y, ["numpy", strict()])
    assert result.first is None
    names = [part.name for part in result.parts if part.layer == 2]
    assert names[1] == "2 RenamesOfTestComparison(): gradient of own_weights"


def test_the_other_way_round(dtype):
    model = middle(ForwardOfTestComparison(), dtype)
    result = compare_backends(model, X, Y, [strict(), "numpy"])
    assert [part.layer for part in result.parts if part.differs] == [2]


def test_what_is_no_number_on_one_side():
    result = compare_backends(
        middle(NotANumberOfTestComparison(), "float32"), X, Y, ["numpy", strict()]
    )
    assert [part.layer for part in result.parts if part.differs] == [2]
    assert result.first.difference == np.inf
    assert np.isnan(result.first.value)
    # nor is what it leads to, along the way
    (loss,) = (part for part in result.parts if part.name == "loss")
    assert loss.accumulated == np.inf
    # and where neither side has a number, they agree
    other = compare_backends(
        middle(NotANumberOfTestComparison(), "float32"), X, Y, [strict(), strict()]
    )
    assert other.first is None


def test_shapes_that_differ():
    model = network(Dense(6, 3), ShapeOfTestComparison(), loss="mean_squared_error")
    result = compare_backends(model, X, np.eye(3)[Y], ["numpy", strict()])
    assert result.first.name == "1 ShapeOfTestComparison(): gradient of its inputs"
    assert result.first.difference == np.inf
    assert [part.layer for part in result.parts if part.differs] == [1]


def test_only_the_backend_that_differs_is_named(backend):
    model = middle(ForwardOfTestComparison(), "float32")
    result = compare_backends(model, X, Y, ["numpy", "numpy", strict(), "numpy"])
    tables = str(result).split("\n\n")
    assert [len(table.splitlines()) for table in tables] == [len(result.parts) // 3 + 4] * 3
    assert {part.backend for part in result.parts if part.differs} == {
        "array_api_strict:device1"
    }


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber"])
def test_regression(backend, dtype, loss):
    model = network(Dense(6, 20), xpnn.ReLU(), Dense(20, 2), dtype=dtype, loss=loss)
    result = compare_backends(model, X, X[:, :2] * 100, ["numpy", backend])
    assert result.first is None


@pytest.mark.parametrize("last", [[xpnn.Sigmoid()], []])
def test_loss_apart_from_the_last_layer(backend, dtype, last):
    loss = xpnn.BinaryCrossEntropy(from_logits=not last)
    model = network(Dense(6, 20), xpnn.ReLU(), Dense(20, 1), *last, dtype=dtype, loss=loss)
    assert compare_backends(model, X, Y > 0, ["numpy", backend]).first is None
    model = network(xpnn.Softmax(), dtype=dtype)
    assert compare_backends(model, X, Y, ["numpy", backend]).first is None


def test_large_and_saturated_numbers_are_no_alarm(backend, dtype):
    """Roundings weigh where numbers cancel, or where an activation is flat."""
    layers = [
        Dense(6, 64),
        xpnn.Tanh(),
        Dense(64, 64),
        xpnn.Sigmoid(),
        Dense(64, 3),
        xpnn.Softmax(),
    ]
    model = network(*layers, dtype=dtype)
    for scale in (1e-3, 30.0, 1e3):
        model.set_parameters(
            [scale * np.asarray(backend.to_numpy(p)) for p in model.parameters]
        )
        assert compare_backends(model, 100 * X, Y, ["numpy", backend]).first is None
        model.set_parameters(
            [np.asarray(backend.to_numpy(p)) / scale for p in model.parameters]
        )


def test_the_same_number_added_again_and_again_is_no_alarm(backend, dtype):
    """Then roundings don't cancel: each sum is off in its own direction."""
    model = network(Dense(4, 8), xpnn.Sigmoid(), Dense(8, 1), dtype=dtype, loss="huber")
    x = np.random.default_rng(0).standard_normal((30_000, 4))
    result = compare_backends(model, x, np.full(30_000, 1e3), ["numpy", backend])
    assert result.first is None


def test_tolerance():
    model = middle(ForwardOfTestComparison(), "float64")
    assert compare_backends(model, X, Y, ["numpy", strict()], tolerance=2e-3).first is None
    result = compare_backends(model, X, Y, ["numpy", strict()], tolerance=5e-4)
    assert [part.layer for part in result.parts if part.differs] == [2]


def test_bad_input(monkeypatch):
    model = network(Dense(6, 3), xpnn.Softmax())
    for backends in ("numpy", ["numpy"], [], 3, {"numpy": 1}):
        with pytest.raises(ValueError, match="two backends or more"):
            compare_backends(model, X, Y, backends)
    with pytest.raises(ValueError, match="did you mean 'numpy'"):
        compare_backends(model, X, Y, ["numpy", "nunpy"])
    with pytest.raises(ValueError, match="tolerance"):
        compare_backends(model, X, Y, ["numpy", "numpy"], tolerance=0.0)
    with pytest.raises(ValueError, match="6 features"):
        compare_backends(model, X[:, :2], Y, ["numpy", "numpy"])
    with pytest.raises(ValueError, match="class indices"):
        compare_backends(model, X, Y + 1, ["numpy", "numpy"])
    with pytest.raises(RuntimeError, match="compile"):
        compare_backends(Sequential([Dense(6, 3)]), X, Y, ["numpy", "numpy"])


def test_no_fallback(monkeypatch):
    error = xpnn.BackendUnavailableError("array_api_strict", "it is away", "Fetch it")
    monkeypatch.setitem(xpnn.backend.finding._found, ("array_api_strict", None), error)
    model = network(Dense(6, 3), xpnn.Softmax())
    with pytest.raises(xpnn.BackendUnavailableError, match=r"it is away\. Fetch it"):
        compare_backends(model, X, Y, ["numpy", "array_api_strict"])


def test_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open("table.csv", "w") as file:
        file.write("a,b,kind\n" + "".join(f"{i},{i % 7},{'xy'[i % 2]}\n" for i in range(40)))

    def run(*words, status=0):
        result = CliRunner().invoke(cli.main, [*words])
        assert result.exit_code == status, (result.output, result.exception)
        return result

    run("train", "table.csv", "--target", "kind", "--epochs", "2", "--no-baselines")
    words = ("compare", "model.safetensors", "table.csv", "--backends")
    said = run(*words, "numpy,array_api_strict").stdout
    assert "array_api_strict and numpy agree" in said
    assert "two backends or more" in run(*words, "numpy", status=2).stderr
    assert "did you mean 'numpy'" in run(*words, "numpy,nunpy", status=2).stderr
    monkeypatch.setattr("xpnn.comparison.rounding.BESIDE", -1e9)
    said = run(*words, "numpy,array_api_strict", status=1).stdout
    assert "The first to differ" in said
