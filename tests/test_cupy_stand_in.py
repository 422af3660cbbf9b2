"""The CuPy backend on two make-believe GPUs; see ``fake_cupy.py``."""

import pickle
import sys
from importlib import import_module
from types import SimpleNamespace

import array_api_compat
import fake_cupy
import numpy as np
import pytest

import xpnn
import xpnn.backend

load_cupy = import_module("xpnn.backends.cupy")


@pytest.fixture(autouse=True)
def gpus(monkeypatch):
    """Two GPUs without access to each other's memory; the first is the current one."""
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy)
    monkeypatch.setitem(sys.modules, "array_api_compat.cupy", fake_cupy)
    monkeypatch.setattr(array_api_compat, "cupy", fake_cupy, raising=False)
    monkeypatch.setattr(load_cupy, "ctypes", SimpleNamespace(CDLL=lambda name: None))
    monkeypatch.setattr(xpnn.backend, "_found", {})
    monkeypatch.setattr(xpnn.backend, "_namespaces", {})
    monkeypatch.setattr(xpnn.backend, "_default", None)
    yield
    assert current() == 0


@pytest.fixture(params=["cupy", "cupy:1"])
def backend(request):
    """The backend on each GPU; nothing has made that one current."""
    return xpnn.backend.resolve(request.param + "!")


def current():
    return fake_cupy.Device().id


def on(number, values, **kwargs):
    with fake_cupy.Device(number):
        return fake_cupy.asarray(np.asarray(values, **kwargs))


def check(x, backend, expected):
    """Check that an array is on the backend's GPU, and is what NumPy says."""
    assert backend.owns(x)
    assert x.device == backend.device
    assert x.dtype == expected.dtype
    np.testing.assert_array_equal(x.get(), expected, strict=True)


def number_of(backend):
    return backend.device.id


def other_than(backend):
    return 1 - number_of(backend)


# ------------------------------------------------------------------ the stand-in itself


def test_stand_in_is_as_strict_as_cupy():
    here, there, values = on(0, [1.0, 2.0]), on(1, [1.0, 2.0]), np.ones(2)
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(here)
    with pytest.raises(TypeError, match="Unsupported type"):
        here + values
    with pytest.raises(TypeError, match="Unsupported type"):
        values + here
    with pytest.raises(ValueError, match=r"resides \(1\).*current device \(0\)"):
        here + there
    with pytest.raises(ValueError, match=r"resides \(1\).*current device \(0\)"):
        there += 1.0
    with pytest.raises(ValueError, match=r"resides \(1\)"):
        fake_cupy.sum(there)
    with pytest.raises(ValueError, match=r"resides \(1\)"):
        bool(there[0] > 0)
    assert fake_cupy.zeros(2, device=fake_cupy.Device(1)).device == fake_cupy.Device(0)
    assert fake_cupy.sum(here).shape == ()
    assert isinstance(fake_cupy.sum(here), fake_cupy.ndarray)
    assert isinstance(np.float64(2) * here, fake_cupy.ndarray)
    with pytest.raises(NotImplementedError, match="non-contiguous"):
        fake_cupy.asarray(on(1, np.ones((4, 4)))[:, ::2])


# ----------------------------------------------------------------------------- finding


def test_load_finds_the_gpus():
    first, second = xpnn.backend.resolve("cupy"), xpnn.backend.resolve("cupy:1")
    assert (first.name, first.spec, first.version) == ("cupy", "cupy", "14.2.0")
    assert (second.name, second.spec) == ("cupy", "cupy:1")
    assert (number_of(first), number_of(second)) == (0, 1)
    assert first.xp is second.xp is fake_cupy
    assert pickle.loads(pickle.dumps(second)) is second


def test_auto_takes_the_first_gpu():
    assert xpnn.set_backend("auto").spec == "cupy"
    assert xpnn.get_backend().device == fake_cupy.Device(0)


@pytest.mark.parametrize("number", ["2", "-1", "x", "1.5", "²"])
def test_no_such_gpu(number):
    with pytest.raises(xpnn.BackendUnavailableError) as caught:
        xpnn.backend.resolve(f"cupy:{number}!")
    text = str(caught.value)
    assert f"'cupy:{number}'" in text
    assert f"there is no GPU {number!r}; CuPy 14.2.0 finds 2" in text
    assert "Give the number of a GPU, counted from 0" in text


def refuse_driver(name):
    raise OSError(f"{name}: cannot open shared object file")


def refuse_count():
    raise fake_cupy.CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")


def refuse_exp(x):
    raise RuntimeError("Failed to find CUDA headers")


@pytest.mark.parametrize(
    ("place", "name", "value", "reason"),
    [
        (lambda: fake_cupy, "__version__", "13.6.0", "CuPy 13.6.0 is too old"),
        (lambda: load_cupy.ctypes, "CDLL", refuse_driver, "there is no NVIDIA driver (libcuda"),
        (
            lambda: fake_cupy.cuda.runtime,
            "getDeviceCount",
            refuse_count,
            "no CUDA-capable device",
        ),
        (lambda: fake_cupy, "exp", refuse_exp, "(RuntimeError: Failed to find CUDA headers)"),
    ],
    ids=["old", "no driver", "no GPU", "no kernel"],
)
def test_fallback_says_what_is_missing(monkeypatch, place, name, value, reason):
    monkeypatch.setattr(place(), name, value)
    monkeypatch.setattr(xpnn.backend, "_warned", False)
    with pytest.warns(xpnn.BackendFallbackWarning) as caught:
        assert xpnn.backend.resolve("cupy").name == "numpy"
    assert len(caught) == 1
    assert reason in str(caught[0].message)
    assert xpnn.backend.resolve("cupy").name == "numpy"  # and no second warning
    assert xpnn.backend.resolve("auto").name == "numpy"
    with pytest.raises(xpnn.BackendUnavailableError):
        xpnn.backend.resolve("cupy!")


# ----------------------------------------------------------------------------- placing

HOST = np.arange(12.0).reshape(3, 4)
READ_ONLY = HOST.copy()
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    "x",
    [
        HOST,
        READ_ONLY,
        HOST[:, ::-2],
        HOST.T,
        HOST.astype("float32"),
        HOST.astype(">f4"),
        HOST.astype(np.uint8),
        HOST > 3,
        HOST[:0],
        np.float64(3),
        [[1.0, 2.0], [3.0, 4.0]],
        [1, 2],
        3.5,
    ],
    ids=lambda x: f"{type(x).__name__} {getattr(x, 'dtype', '')} {getattr(x, 'shape', '')}",
)
def test_host_numbers_come_to_this_gpu(backend, x):
    placed = backend.asarray(x)
    expected = np.asarray(x)
    check(placed, backend, np.asarray(expected.astype(expected.dtype.newbyteorder("="))))
    check(backend.asarray(x, "float32"), backend, np.asarray(expected.astype("float32")))
    assert expected is not x or not np.shares_memory(placed._values, x)


def test_own_array_is_not_copied(backend):
    x = on(number_of(backend), HOST)
    assert backend.asarray(x) is x
    assert backend.asarray(x, "float64") is x
    view = x[:, 1:3]
    assert backend.asarray(view) is view
    for other in (backend.asarray(x, copy=True), backend.asarray(x, "float32")):
        assert not np.shares_memory(other._values, x._values)
        check(other, backend, HOST.astype(other.dtype))
    assert backend.asarray(x, "float32").dtype == np.float32


@pytest.mark.parametrize("part", [np.s_[:], np.s_[:, ::2], np.s_[0, 0], np.s_[:0]], ids=str)
@pytest.mark.parametrize("dtype", [None, "float32"])
@pytest.mark.parametrize("copy", [False, True])
def test_array_of_the_other_gpu_is_brought_here(backend, part, dtype, copy):
    x = on(other_than(backend), HOST)[part]
    placed = backend.asarray(x, dtype, copy=copy)
    check(placed, backend, np.asarray(HOST[part], dtype or "float64"))
    assert x.device.id == other_than(backend)


@pytest.mark.parametrize("number", [0, 1])
def test_arrays_of_both_gpus_come_to_the_host(backend, number):
    x = on(number, HOST)
    for back in (backend.to_numpy(x), backend.to_numpy(x[:, ::2]), xpnn.backend.to_host(x)):
        assert type(back) is np.ndarray
        assert not np.shares_memory(back, x._values)
    np.testing.assert_array_equal(backend.to_numpy(x), HOST)
    np.testing.assert_array_equal(backend.to_numpy(x[:, ::2]), HOST[:, ::2])
    np.testing.assert_array_equal(xpnn.backend.to_host(x), HOST)


def test_scalars_are_read_together(backend):
    numbers = [1.5, -2.0, 0.25]
    values = backend.read([on(number_of(backend), v, dtype="float32") for v in numbers])
    assert (type(values), values.dtype) == (np.ndarray, np.float64)
    assert values.tolist() == numbers


def test_synchronize_waits_for_this_gpu(backend, monkeypatch):
    monkeypatch.setattr(fake_cupy, "synchronized", [])
    backend.synchronize()
    assert fake_cupy.synchronized == [number_of(backend)]


def test_activate_makes_this_gpu_current(backend):
    with backend.activate():
        assert current() == number_of(backend)
        with xpnn.backend.resolve("cupy").activate(), backend.activate():
            assert current() == number_of(backend)
        assert current() == number_of(backend)
    assert current() == 0
    with pytest.raises(KeyError), backend.activate():
        raise KeyError
    assert current() == 0


def test_dtypes(backend):
    assert backend.dtype("float32") == np.float32
    assert backend.dtype(on(0, HOST).dtype) == np.float64
    assert xpnn.backend.index_dtype_of(on(0, HOST)) == np.int64


# ------------------------------------------------------------------------ whole models


def data(loss):
    generator = np.random.default_rng(4)
    X = generator.standard_normal((23, 3))
    if loss == "categorical_cross_entropy":
        return X, generator.integers(0, 2, 23)
    if loss == "binary_cross_entropy":
        return X, generator.integers(0, 2, (23, 2))
    return X, generator.standard_normal((23, 2))


def make(loss, optimizer, backend):
    last = {"categorical_cross_entropy": xpnn.Softmax(), "binary_cross_entropy": xpnn.Sigmoid()}
    layers = [
        xpnn.Dense(3, 6),
        xpnn.ReLU(),
        xpnn.Dropout(0.2),
        xpnn.Dense(6, 5),
        xpnn.Tanh(),
        xpnn.Dense(5, 4),
        xpnn.LeakyReLU(),
        xpnn.Dense(4, 2),
        last.get(loss, xpnn.Linear()),
    ]
    return xpnn.Sequential(layers, seed=7, backend=backend).compile(loss, optimizer)


def everything(loss, optimizer, backend, place):
    """Use a model in each way there is, with data that `place` places; return the numbers."""
    X, y = data(loss)
    X, y = place(X), place(y)
    model = make(loss, optimizer, backend)
    history = model.fit(
        X,
        y,
        epochs=2,
        batch_size=8,
        validation_split=0.3,
        sample_weight=place(np.linspace(0, 2, 23)),
        class_weight={0: 2.0} if loss == "categorical_cross_entropy" else None,
    )
    model.fit(X, y, validation_data=(X, y), shuffle=False, batch_size=None)
    loss_value, grads = model.gradients(X, y)
    outputs = [model.predict(X), model.predict(X, batch_size=5), model.forward(X)]
    measures = [*history.history.values(), loss_value, *model.evaluate(X, y).values()]
    return model, measures, [*grads, *outputs, *model.parameters]


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [
        ("categorical_cross_entropy", xpnn.Adam(decay=0.01)),
        ("categorical_cross_entropy", xpnn.SGD(momentum=0.9, nesterov=True)),
        ("binary_cross_entropy", xpnn.AdamW()),
        ("mean_squared_error", xpnn.RMSProp()),
        ("mean_absolute_error", xpnn.AdaGrad()),
        ("huber", xpnn.SGD()),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
@pytest.mark.parametrize("data_on", ["host", "this GPU", "the other GPU"])
def test_training_is_that_of_numpy(backend, loss, optimizer, data_on):
    number = {"this GPU": number_of(backend), "the other GPU": other_than(backend)}.get(data_on)

    def place(x):
        return x if number is None else on(number, x)

    model, measures, arrays = everything(loss, optimizer, backend, place)
    _, expected_measures, expected_arrays = everything(loss, optimizer, "numpy", np.asarray)
    assert measures == expected_measures
    n = len(model.parameters)
    grads, predicted, forward, parameters = (
        arrays[:n],
        arrays[n : n + 2],
        arrays[n + 2],
        arrays[n + 3 :],
    )
    for array, expected in zip(arrays, expected_arrays):
        assert array.dtype == np.float32
        np.testing.assert_array_equal(xpnn.backend.to_host(array), expected)
    for array in (*grads, forward, *parameters, *model._params):
        assert array.device == backend.device
    for array in predicted:  # to where the inputs came from
        assert type(array) is (np.ndarray if number is None else fake_cupy.ndarray)
        assert number is None or array.device.id == number


def test_save_and_load(backend, tmp_path):
    X, y = data("categorical_cross_entropy")
    model = make("categorical_cross_entropy", "adam", backend)
    model.fit(X, y)
    model.save(tmp_path / "model.safetensors")
    for spec in (backend, "cupy", "cupy:1", "numpy"):
        loaded = xpnn.load(tmp_path / "model.safetensors", backend=spec)
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
        if spec != "numpy":
            assert {p.device.id for p in loaded._params} == {number_of(loaded.backend)}


def test_model_moves_between_devices(backend):
    X, y = data("mean_squared_error")
    stays, moves = (make("mean_squared_error", "adam", b) for b in ("numpy", backend))
    for spec in ("cupy", "numpy", "cupy:1", "cupy"):
        stays.fit(X, y)
        moves.fit(X, y)
        moves.to(spec)
        assert moves.backend.spec == spec
    for p, expected in zip(moves.parameters, stays.parameters):
        np.testing.assert_array_equal(xpnn.backend.to_host(p), expected)
    moments = moves._state["mean"]
    assert {a.device.id for a in (*moves._params, *moments, moves._state["iterations"])} == {0}


@pytest.mark.parametrize("number", [0, 1])
def test_parameters_from_any_gpu(backend, number):
    model = make("mean_squared_error", "sgd", backend)
    wanted = [np.full(p.shape, i, dtype="float32") for i, p in enumerate(model.parameters)]
    given = [on(number, p) for p in wanted]
    model.set_parameters(given)
    for p, array, expected in zip(model._params, given, wanted):
        assert not np.shares_memory(p._values, array._values)
        check(p, backend, expected)


@pytest.mark.parametrize(
    "X", [np.full((2, 3), np.nan), np.full((2, 4), 1.0)], ids=["NaN", "wide"]
)
def test_bad_input_is_found_on_the_gpu(backend, X):
    model = make("mean_squared_error", "sgd", backend)
    with pytest.raises(
        ValueError, match=r"X must have|X must hold finite numbers; got nan in row 0"
    ):
        model.fit(on(number_of(backend), X), np.zeros((2, 2)))


def test_bad_labels_are_found_on_the_gpu(backend):
    model = make("categorical_cross_entropy", "sgd", backend)
    with pytest.raises(
        ValueError, match="class indices 0 to 1, as whole numbers; got 2 in row 1"
    ):
        model.fit(np.ones((3, 3)), on(number_of(backend), [0, 2, 1]))


def test_two_gpus_in_one_process():
    X, y = data("mean_squared_error")
    models = [make("mean_squared_error", "adam", spec) for spec in ("cupy", "cupy:1")]
    for _ in range(2):
        for model in models:
            model.fit(X, y)
    first, second = (model.parameters for model in models)
    assert [{p.device.id for p in parameters} for parameters in (first, second)] == [{0}, {1}]
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a.get(), b.get())
