"""The CuPy backend on two make-believe GPUs; see ``fake_cupy.py``."""

import gc
import itertools
import pickle
import sys
import warnings
from functools import partial
from importlib import import_module

import fake_cupy
import numpy as np
import pytest
from on_stand_in import PARTS, find_stand_in, give_cublas
from xpnn.backends import _recurring

import xpnn
import xpnn.backend

load_cupy = import_module("xpnn.backends.cupy")


@pytest.fixture(scope="module")
def parts():
    """The modules that import CuPy as soon as they are imported, with the stand-in."""
    saved = {name: sys.modules.pop(name) for name in PARTS if name in sys.modules}
    with pytest.MonkeyPatch.context() as patch:
        find_stand_in(patch)
        imported = {name: import_module(name) for name in PARTS}
    for name in PARTS:
        del sys.modules[name]
    sys.modules.update(saved)
    return imported


@pytest.fixture(autouse=True)
def gpus(monkeypatch, parts):
    """Two GPUs without access to each other's memory; the first is the current one."""
    for name, module in parts.items():
        monkeypatch.setitem(sys.modules, name, module)
    find_stand_in(monkeypatch)
    give_cublas(monkeypatch)
    monkeypatch.setattr(_recurring, "_warned", False)
    fake_cupy.happened.clear()
    monkeypatch.setattr(xpnn.backend.finding, "_found", {})
    monkeypatch.setattr(xpnn.backend.arrays, "_namespaces", {})
    monkeypatch.setattr(xpnn.backend.choosing, "_default", None)
    yield
    assert current() == 0
    assert fake_cupy._state.stream is fake_cupy._state.null
    assert fake_cupy._state.pool is None


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
    monkeypatch.setattr(xpnn.backend.finding, "_warned", False)
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


NEVER = 10**6


def launches():
    return sum(what == "launch" for what, _ in fake_cupy.happened)


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
        xpnn.Dense(6, 5, l1=1e-3, bias_l2=1e-2),
        xpnn.Tanh(),
        xpnn.BatchNorm(5),
        xpnn.Dense(5, 4),
        xpnn.LeakyReLU(),
        xpnn.SiLU(),
        xpnn.Dense(4, 2),
        last.get(loss, xpnn.Linear()),
    ]
    metrics = ["accuracy", "f1"] if "entropy" in loss else ["r2", "mean_absolute_error"]
    return xpnn.Sequential(layers, seed=7, backend=backend).compile(loss, optimizer, metrics)


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
@pytest.mark.parametrize(
    ("data_on", "captured_from"),
    [("host", 1), ("host", NEVER), ("this GPU", NEVER), ("this GPU", 3), ("the other GPU", 3)],
)
def test_training_is_that_of_numpy(
    backend, loss, optimizer, data_on, captured_from, monkeypatch
):
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", captured_from)
    number = {"this GPU": number_of(backend), "the other GPU": other_than(backend)}.get(data_on)

    def place(x):
        return x if number is None else on(number, x)

    model, measures, arrays = everything(loss, optimizer, backend, place)
    _, expected_measures, expected_arrays = everything(loss, optimizer, "numpy", np.asarray)
    close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    for measure, expected in zip(measures, expected_measures, strict=True):
        close(measure, expected)
    assert (launches() > 0) == (captured_from < NEVER)
    n = len(model.parameters)
    grads, predicted, forward, parameters = (
        arrays[:n],
        arrays[n : n + 2],
        arrays[n + 2],
        arrays[n + 3 :],
    )
    for array, expected in zip(arrays, expected_arrays):
        assert array.dtype == np.float32
        close(xpnn.backend.to_host(array), expected)
    for array in (*grads, forward, *parameters, *model.parameter_arrays):
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
        np.testing.assert_allclose(loaded.predict(X), model.predict(X), rtol=1e-6)
        if spec != "numpy":
            assert {p.device.id for p in loaded.parameter_arrays} == {number_of(loaded.backend)}


def test_model_moves_between_devices(backend):
    X, y = data("mean_squared_error")
    stays, moves = (make("mean_squared_error", "adam", b) for b in ("numpy", backend))
    for spec in ("cupy", "numpy", "cupy:1", "cupy"):
        stays.fit(X, y)
        moves.fit(X, y)
        moves.to(spec)
        assert moves.backend.spec == spec
    for p, expected in zip(moves.parameters, stays.parameters):
        np.testing.assert_allclose(xpnn.backend.to_host(p), expected, rtol=1e-5, atol=1e-6)
    memory = moves.train_state.memory
    arrays = (*moves.parameter_arrays, *memory["mean"], memory["iterations"])
    assert {a.device.id for a in arrays} == {0}


@pytest.mark.parametrize("number", [0, 1])
def test_parameters_from_any_gpu(backend, number):
    model = make("mean_squared_error", "sgd", backend)
    wanted = [np.full(p.shape, i, dtype="float32") for i, p in enumerate(model.parameters)]
    given = [on(number, p) for p in wanted]
    model.set_parameters(given)
    for p, array, expected in zip(model.parameter_arrays, given, wanted):
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


# ------------------------------------------------------------------------- CUDA graphs


@pytest.fixture
def captured(monkeypatch):
    """Capture from the first step on."""
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", 1)


def train(backend, layers=None, optimizer=None, fits=1, model=None, rows=20, **options):
    """Train, and return the model and all numbers that came of it."""
    generator = np.random.default_rng(8)
    if model is None:
        layers = layers or [xpnn.Dense(3, 4), xpnn.Tanh(), xpnn.Dense(4, 2)]
        model = xpnn.Sequential(layers, seed=1, backend=backend)
        model.compile("mean_squared_error", optimizer or xpnn.Adam(0.01))
    measures = []
    for _ in range(fits):
        X, y = generator.standard_normal((rows, 3)), generator.standard_normal((rows, 2))
        history = model.fit(X, y, **{"epochs": 3, "batch_size": 8, **options})
        measures += [*history.history["loss"]]
    return model, [np.array(measures), *map(xpnn.backend.to_host, model.parameters)]


def check_as_numpy(found, **arguments):
    for array, expected in zip(found, train("numpy", **arguments)[1], strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False},
        {"batch_size": None, "epochs": 5},
        {"fits": 2},
        {"fits": 3, "batch_size": None},
        {"fits": 2, "batch_size": 1, "epochs": 1, "rows": 5},
        {"sample_weight": np.linspace(0, 1, 20)},
        {"layers": [xpnn.Dense(3, 9), xpnn.Dropout(0.5), xpnn.ReLU(), xpnn.Dense(9, 2)]},
        {"layers": [xpnn.Dense(3, 3) for _ in range(9)] + [xpnn.Dense(3, 2)]},
        {"layers": [xpnn.BatchNorm(3), xpnn.Dense(3, 9, l1=0.01), xpnn.Dense(9, 2, l2=0.1)]},
    ],
    ids=str,
)
def test_short_batches_noise_weights_and_new_data(backend, captured, options):
    check_as_numpy(train(backend, **options)[1], **options)
    assert launches() > 3


def half(array):
    return xpnn.backend.to_host(array) / 2


def test_other_memory_is_captured_anew(backend, captured):
    models = [train(b)[0] for b in (backend, "numpy")]
    for change in (
        lambda model: model.set_parameters(list(map(half, model.parameters))),
        lambda model: model.compile("mean_squared_error", xpnn.SGD(0.1, momentum=0.5)),
        lambda model: model.fit(np.ones((4, 3)), np.ones((4, 2))),
    ):
        for model in models:
            change(model)
        before = launches()
        (_, found), (_, expected) = (train(None, model=model, fits=2) for model in models)
        assert launches() > before + 4
        for array, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(array, wanted, rtol=1e-5, atol=1e-6)


def test_the_same_memory_seen_otherwise_is_other_data(backend, captured):
    square = on(number_of(backend), np.random.default_rng(0).random((4, 4)), dtype="float32")
    targets = on(number_of(backend), [[0.0], [1.0], [2.0], [3.0]], dtype="float32")
    found = []
    for b, x, y in ((backend, square, targets), ("numpy", square.get(), targets.get())):
        model = xpnn.Sequential([xpnn.Dense(4, 1)], seed=2, backend=b)
        model.compile("mean_squared_error", "sgd")
        for data in (x, x.T, x):
            model.fit(data, y, epochs=4, batch_size=None)
        found.append(xpnn.backend.to_host(model.parameters[0]))
    np.testing.assert_allclose(*found, rtol=1e-5)


def test_a_model_goes_back_to_where_it_was_before_it_diverged(backend, captured):
    wild = xpnn.SGD(1e30)
    for b in (backend, "numpy"):
        with pytest.raises(xpnn.DivergenceError):
            train(b, optimizer=wild)


def test_streams_wait_for_each_other(backend, captured):
    null = fake_cupy._state.null
    train(backend)
    done = fake_cupy.happened
    streams = {stream for _, stream in done} - {null}
    assert len(streams) == 2  # of the whole batches, and of the short one
    assert all(stream.non_blocking for stream in streams)
    current = []
    for what, stream in done:
        if what == "wait" and stream is not null:
            current.append(stream)  # after the null stream's record, as wait_event checks
        elif what == "wait":
            current.pop()
        elif what == "launch":
            assert current == [stream]
    assert current == []


@pytest.mark.parametrize(
    "first",
    [
        xpnn.Concatenate(xpnn.Select(0), xpnn.Select(slice(0, 3))),
        xpnn.Chain(
            xpnn.Residual(xpnn.Dense(3, 3)),
            xpnn.Concatenate(xpnn.Select(0, 1), xpnn.Select(0, 2)),
        ),
    ],
    ids=["of the batch", "of what a layer made"],
)
def test_products_of_what_was_joined_are_captured(backend, captured, first):
    layers = [
        first,
        xpnn.Dense(4, 5),
        xpnn.ReLU(),
        xpnn.Concatenate(xpnn.Dense(5, 2), xpnn.Chain()),
    ]
    layers += [xpnn.Dense(7, 3), xpnn.ReLU(), xpnn.Dense(3, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, found = train(backend, layers=layers, fits=2)
    assert launches() > 0
    check_as_numpy(found, layers=layers, fits=2)


def test_an_error_of_the_step_itself_is_what_is_told(backend, captured):
    model = xpnn.Sequential([xpnn.Dense(3, 2)], seed=1, backend=backend)
    model.compile("mean_squared_error", "sgd", metrics=[lambda p, y: p])
    X, y = np.ones((8, 3)), np.ones((8, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="must return one number"):
            model.fit(X, y, epochs=3, batch_size=4)


class LooksAtANumber(xpnn.Layer):
    def forward(self, params, x):
        sign = 1.0 if float(x[0, 0]) > 0 else -1.0
        return sign * x, lambda dy: (sign * dy, ())


class SaysStop(xpnn.Layer):
    def forward(self, params, x):
        if fake_cupy._state.stream.is_capturing():
            raise KeyboardInterrupt
        return x, lambda dy: (dy, ())


def with_layer(layer):
    return [xpnn.Dense(3, 4), layer, xpnn.Dense(4, 2)]


def test_what_cannot_be_captured_is_not(backend, captured):
    layers = with_layer(LooksAtANumber())
    with pytest.warns(_recurring.EagerWarning, match="no CUDA graph") as caught:
        _, found = train(backend, layers=layers, fits=2)
    train(backend, layers=layers)  # and no second warning
    (warning,) = caught
    assert str(warning.message) == (
        "no CUDA graph could be made of a step of training (CUDARuntimeError: "
        "cudaErrorStreamCaptureUnsupported: cudaMemcpy). Training goes on without it, slower"
    )
    assert launches() == 0
    streams = {stream for _, stream in fake_cupy.happened} - {fake_cupy._state.null}
    assert len(streams) == 2  # each model tried once
    check_as_numpy(found, layers=layers, fits=2)


def test_capturing_ends_whatever_happens(backend, captured):
    assert gc.isenabled()
    with pytest.raises(KeyboardInterrupt):
        train(backend, layers=with_layer(SaysStop()))
    assert gc.isenabled()
    streams = [stream for _, stream in fake_cupy.happened]
    assert not any(stream.is_capturing() for stream in streams)


@pytest.mark.parametrize(
    ("name", "what"),
    [("Stream", "no stream"), ("MemoryPool", "no pool")],
)
def test_no_stream_or_memory(backend, captured, monkeypatch, name, what):
    def refuse(*args, **kwargs):
        raise MemoryError(what)

    monkeypatch.setattr(fake_cupy.cuda, name, refuse)
    with pytest.warns(UserWarning, match=what):
        _, found = train(backend, fits=2)
    check_as_numpy(found, fits=2)


def test_cublas_that_fails(backend, captured, monkeypatch):
    monkeypatch.setattr(fake_cupy.Cublas, "cublasGemmEx", lambda *arguments: 15)
    with pytest.warns(UserWarning, match="cuBLAS failed with status 15"):
        _, found = train(backend, fits=2)
    check_as_numpy(found, fits=2)


@pytest.mark.parametrize("times", [1, 2, NEVER])
def test_what_differs_is_not_played(backend, captured, monkeypatch, times):
    launch, wrong = fake_cupy.Graph.launch, iter(range(times))

    def sometimes_wrong(graph, stream):
        launch(graph, stream)
        if next(wrong, None) is not None:
            for node in graph.nodes:
                node()

    monkeypatch.setattr(fake_cupy.Graph, "launch", sometimes_wrong)
    options = {"rows": 16, "epochs": 8}
    if times == NEVER:
        with pytest.warns(UserWarning, match="ArithmeticError: it gives other numbers than"):
            _, found = train(backend, **options)
    else:
        _, found = train(backend, **options)
    assert launches() == (3 if times == NEVER else 15)
    check_as_numpy(found, **options)


def test_a_launch_that_fails(backend, captured, monkeypatch):
    def refuse(graph, stream):
        raise fake_cupy.CUDARuntimeError("cudaErrorLaunchFailure")

    monkeypatch.setattr(fake_cupy.Graph, "launch", refuse)
    with pytest.warns(UserWarning, match="cudaErrorLaunchFailure"):
        _, found = train(backend)
    check_as_numpy(found)


def fuses_nothing(*, kernel_name):
    raise NotImplementedError("no such function")


def fuses_wrongly(*, kernel_name):
    return lambda function: lambda *arrays: function(*arrays[:-1], 1 + arrays[-1])


@pytest.mark.parametrize("fuse", [fuses_nothing, fuses_wrongly])
@pytest.mark.parametrize("from_step", [1, NEVER])
def test_rule_that_is_no_kernel(backend, monkeypatch, fuse, from_step):
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", from_step)
    monkeypatch.setattr(fake_cupy, "fuse", fuse)
    with pytest.warns(UserWarning, match="no single kernel of the rule of Adam") as caught:
        _, found = train(backend, fits=2)
    assert len(caught) == 1
    check_as_numpy(found, fits=2)


def fuses_otherwise(*, kernel_name):
    def wrap(function):
        def fused(p, *rest):
            function(p, *rest)
            p._values[...] = np.nextafter(p._values, np.inf)  # as another order may round

        return fused

    return wrap


@pytest.mark.parametrize("from_step", [1, NEVER])
def test_one_that_goes_on_rounds_its_first_step_alike(backend, monkeypatch, from_step):
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", from_step)
    monkeypatch.setattr(fake_cupy, "fuse", fuses_otherwise)
    model, _ = train(backend)
    again = pickle.loads(pickle.dumps(model))
    for array, expected in zip(train(backend, model=again)[1], train(backend, model=model)[1]):
        np.testing.assert_array_equal(array, expected)


class Descent(xpnn.Optimizer):
    def rule(self, p, g, learning_rate):
        return (p - learning_rate * g,)


def test_rule_that_returns_new_arrays(backend, captured):
    _, found = train(backend, optimizer=Descent(0.1))
    check_as_numpy(found, optimizer=xpnn.SGD(0.1))


def test_what_a_graph_uses_goes_with_the_model(backend, captured):
    gc.collect()
    before = fake_cupy.Cublas.handles
    model, _ = train(backend)
    assert fake_cupy.Cublas.handles == before + 2
    del model
    gc.collect()
    assert fake_cupy.Cublas.handles == before


# ---------------------------------------------------------------- products and kernels

LAYOUTS = [
    lambda a: np.ascontiguousarray(a),
    lambda a: np.asfortranarray(a),
    lambda a: np.pad(a, ((1, 2), (3, 1)))[1:-2, 3:-1],
    lambda a: np.pad(a, ((1, 2), (3, 1))).copy("F")[1:-2, 3:-1],
    lambda a: np.repeat(np.repeat(a, 2, 0), 3, 1)[::2, ::3],
    lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
]


@pytest.mark.parametrize("sizes", [(4, 5, 3), (1, 5, 3), (4, 1, 3), (4, 5, 1), (1, 1, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products(parts, sizes, dtype):
    products = parts[PARTS[0]].Products(fake_cupy._state.null)
    (m, k, n), generator = sizes, np.random.default_rng(2)
    a = generator.standard_normal((m, k)).astype(dtype)
    b = generator.standard_normal((k, n)).astype(dtype)
    for lay_a, lay_b in itertools.product(LAYOUTS, LAYOUTS):
        x, y = (fake_cupy.ndarray(array, 0) for array in (lay_a(a), lay_b(b)))
        for left, right in ((x, y), (x[0], y), (x, y[:, 0])):
            result = products(left, right)
            assert (type(result), result.dtype) == (parts[PARTS[0]].Captured, a.dtype)
            np.testing.assert_allclose(
                result._values, left._values @ right._values, rtol=1e-5, strict=True
            )


@pytest.mark.parametrize(("said", "compute"), [(None, 68), ("0", 68), ("1", 77)])
def test_digits_of_products_are_those_of_cupy(parts, monkeypatch, said, compute):
    asked = []
    monkeypatch.delenv("CUPY_TF32", raising=False)
    if said:
        monkeypatch.setenv("CUPY_TF32", said)
    monkeypatch.setattr(fake_cupy, "gemm", lambda *arguments: asked.append(arguments[-2]))
    products = parts[PARTS[0]].Products(fake_cupy._state.null)
    for dtype in ("float32", "float64"):
        a = on(0, np.ones((2, 2)), dtype=dtype)
        products(a, a)
    assert asked == [compute, 70]


def test_products_that_are_none(parts):
    products = parts[PARTS[0]].Products(fake_cupy._state.null)
    a = on(0, np.ones((2, 3)))
    for b, error in (
        (on(0, np.ones((2, 3))), ValueError),
        (on(0, np.ones((3, 0))), ValueError),
        (on(0, np.ones((3, 2), "float32")), TypeError),
        (on(0, np.ones((4, 3, 2))), TypeError),
    ):
        with pytest.raises(error, match="no product of"):
            products(a, b)


def test_kernels_are_the_shared_bodies(backend):
    from xpnn import operations

    generator = np.random.default_rng(3)
    arrays = [generator.standard_normal((5, 4)).astype("float32") for _ in range(40)]
    arrays[0][0, :2] = 0.0, np.nan
    columns = np.array([0, 3, 3, 1, 2])
    calls = {
        "column_sums": (arrays[1],),
        "erf": (arrays[1],),
        "sign": (np.array([[2.0, 0.0], [-0.5, -0.0]]),),
        "where_positive": (arrays[0], arrays[1]),
        "pick": (arrays[1], columns),
        "add_rows": (arrays[2].copy(), columns, arrays[1]),
        "subtract_one_hot": (arrays[1].copy(), columns),
        "join": (
            *arrays[:20],
            arrays[4].astype("float64"),
            columns[1:3].astype("float32"),
            *arrays[20:],
            arrays[3].T,
        ),
    }
    assert {*calls, "summed"} == {*backend.operations}  # that is in test_cupy_sums.py
    with backend.activate():
        for name, args in calls.items():
            shared = getattr(operations, name).__wrapped__
            given = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
            placed = [backend.asarray(a) if isinstance(a, np.ndarray) else a for a in args]
            expected, found = shared(*given), backend.operations[name](*placed)
            assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
            np.testing.assert_allclose(found.get(), expected, rtol=1e-6)
