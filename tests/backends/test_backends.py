"""Each backend: how arrays get there and back, and that all have one surface."""

import inspect
import subprocess
import sys
from importlib import import_module

import array_api_strict
import numpy as np
import pytest
from support import assert_close, host

import xpnn
from xpnn.backend import Backend, array_namespace, device_of, to_host
from xpnn.backend.finding import third_party

DTYPES = ["float32", "float64", "int8", "int16", "int32", "uint8", "bool"]


def check_place(backend, x, dtype):
    """Check that an array is on a backend, with a dtype."""
    assert backend.owns(x)
    assert array_namespace(x) is backend.xp
    assert x.dtype == getattr(backend.xp, dtype)
    assert device_of(x) == backend.device


def frozen(x):
    x.flags.writeable = False
    return x


ARRAYS = {
    "plain": lambda: np.arange(12.0).reshape(3, 4),
    "read-only": lambda: frozen(np.arange(12.0).reshape(3, 4)),
    "Fortran order": lambda: np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "every second": lambda: np.arange(48.0).reshape(6, 8)[::2, ::2],
    "negative strides": lambda: np.arange(12.0).reshape(3, 4)[::-1, ::-1],
    "read-only, negative strides": lambda: frozen(np.arange(12.0).reshape(3, 4)[::-1]),
    "broadcast": lambda: np.broadcast_to(np.arange(4.0), (3, 4)),
    "empty": lambda: np.zeros((0, 4)),
    "no dimension": lambda: np.array(2.5),
    "foreign byte order": lambda: np.arange(12.0).reshape(3, 4).astype(">f8"),
}


# -------------------------------------------------------------------------------- asarray


@pytest.mark.float64
@pytest.mark.parametrize("kind", ARRAYS)
def test_numpy_arrays_of_every_kind(backend, kind):
    x = ARRAYS[kind]()
    before = x.copy()
    placed = backend.asarray(x)
    check_place(backend, placed, "float64")
    back = backend.to_numpy(placed)
    assert type(back) is np.ndarray
    assert back.shape == x.shape
    np.testing.assert_array_equal(back, before)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("kind", DTYPES)
def test_dtype_is_kept(backend, kind):
    x = np.array([[0, 1], [1, 0]], dtype=kind)
    placed = backend.asarray(x)
    check_place(backend, placed, kind)
    assert backend.to_numpy(placed).dtype == kind
    np.testing.assert_array_equal(backend.to_numpy(placed), x)


@pytest.mark.parametrize("kind", DTYPES)
def test_dtype_that_is_asked_for(backend, kind):
    for x in ([0, 1, 1], np.array([0.0, 1.0, 1.0]), backend.asarray([0, 1, 1], "int32")):
        placed = backend.asarray(x, kind)
        check_place(backend, placed, kind)
        np.testing.assert_array_equal(host(placed), np.array([0, 1, 1], dtype=kind))


@pytest.mark.float64
def test_float64_holds_on_every_backend(backend):
    x = backend.asarray([1.0, 1e-300])
    check_place(backend, x, "float64")
    fine = backend.asarray([1.0 + 2.0**-50, 1e300], dtype="float64")
    assert host(fine)[0] - 1 == 2.0**-50
    assert host(fine * 2)[1] == 2e300


@pytest.mark.parametrize(
    "x", [[[1, 2], [3, 4]], ((1, 2), (3, 4)), [[1.0, 2], [3, 4]], [np.array([1, 2]), [3, 4]]]
)
def test_lists(backend, x):
    np.testing.assert_array_equal(host(backend.asarray(x)), [[1, 2], [3, 4]])


def test_numbers(backend):
    for number in (3, 3.0, np.float32(3), np.int16(3), np.array(3.0)):
        x = backend.asarray(number, "float32")
        check_place(backend, x, "float32")
        assert x.shape == ()
        assert float(x) == 3.0


class Frame:
    """What a table of another library looks like to NumPy."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


@pytest.mark.float64
def test_anything_that_numpy_reads(backend):
    x = backend.asarray(Frame([[1.0, 2.0]]))
    check_place(backend, x, "float64")
    np.testing.assert_array_equal(host(x), [[1.0, 2.0]])


def test_any_library_that_speaks_dlpack(backend):
    class Stranger:
        """An array with nothing but DLPack."""

        def __init__(self, x):
            self.x = x

        def __dlpack__(self, **options):
            return self.x.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.x.__dlpack_device__()

    x = backend.asarray(Stranger(np.array([1.0, 2.0], dtype=np.float32)))
    check_place(backend, x, "float32")
    np.testing.assert_array_equal(host(x), [1.0, 2.0])


@pytest.mark.parametrize(
    ("x", "error"),
    [
        ([[1.0, 2.0], [3.0]], ValueError),
        ([[1.0], [[2.0]]], ValueError),
        (["a", "b"], TypeError),
        ("12", TypeError),
        (b"12", TypeError),
        (None, TypeError),
        ([1.0, None], TypeError),
        ([2**70], TypeError),
        ({"a": 1.0}, TypeError),
        ({1.0, 2.0}, TypeError),
        (object(), TypeError),
        (np.array([1.0, "a"], dtype=object), TypeError),
        (np.array([1.0, 2.0], dtype=object), TypeError),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), TypeError),
        (np.array([1j]), TypeError),
        (1j, TypeError),
        (Frame(["a"]), TypeError),
    ],
)
def test_what_is_no_array_of_numbers(backend, x, error):
    words = "expected numbers" if error is TypeError else "expected rows of equal length"
    with pytest.raises(error, match=words):
        backend.asarray(x)


@pytest.mark.parametrize("wrong", ["flaot32", "object"])
def test_dtype_that_does_not_exist(backend, wrong):
    with pytest.raises((TypeError, ValueError), match=wrong):
        backend.asarray([1.0], dtype=wrong)


def test_own_arrays_are_not_copied(backend):
    x = backend.asarray(np.arange(4.0), "float32", copy=True)
    for again in (
        backend.asarray(x),
        backend.asarray(x, "float32"),
        backend.asarray(x, x.dtype),
    ):
        check_place(backend, again, "float32")
        assert again is x or shares_memory(backend, again, x)


def shares_memory(backend, x, y):
    """Whether a change of one changes the other."""
    x += 1
    try:
        return host(x).tolist() == host(y).tolist()
    finally:
        x -= 1


@pytest.mark.float64
def test_copy_is_a_copy(backend):
    own = backend.asarray(np.arange(4.0))
    foreign = np.arange(4.0)
    for x in (own, foreign):
        copied = backend.asarray(x, copy=True)
        check_place(backend, copied, "float64")
        copied *= 0  # in place where the library can
        np.testing.assert_array_equal(host(x), np.arange(4.0))


@pytest.mark.float64
def test_another_dtype_is_a_copy(backend):
    x = backend.asarray(np.arange(4.0), "float64")
    converted = backend.asarray(x, "float32")
    check_place(backend, converted, "float32")
    converted *= 0
    np.testing.assert_array_equal(host(x), np.arange(4.0))


@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "bool"])
def test_from_every_backend_to_every_other(backend, other, kind):
    values = np.array([[0, 1, 1], [1, 0, 1]], dtype=kind)
    x = other.asarray(values)
    placed = backend.asarray(x)
    check_place(backend, placed, kind)
    np.testing.assert_array_equal(backend.to_numpy(placed), values)
    check_place(other, x, kind)
    np.testing.assert_array_equal(other.to_numpy(x), values)
    copied = backend.asarray(x, copy=True)
    check_place(backend, copied, kind)
    if kind.startswith("float"):
        copied *= 0
        np.testing.assert_array_equal(other.to_numpy(x), values)


def test_arrays_on_another_device_of_the_library(backend):
    if backend.name == "array_api_strict":
        place = array_api_strict.Device("device2")
        x = array_api_strict.asarray([1.0, 2.0], dtype=array_api_strict.float32, device=place)
    else:  # one device is all that a test can count on
        x = backend.asarray([1.0, 2.0], "float32")
    moved = backend.asarray(x)
    check_place(backend, moved, "float32")
    np.testing.assert_array_equal(host(moved), [1.0, 2.0])


def test_arrays_that_a_library_records_or_keeps_for_itself(backend, other):
    """Tensors with requires_grad, and what other libraries have like it, come in as numbers."""
    x = other.asarray(np.array([[1.0, 2.0]], dtype=np.float32))
    if hasattr(x, "requires_grad_"):
        x = x.requires_grad_()
    placed = backend.asarray(x)
    check_place(backend, placed, "float32")
    assert not getattr(placed, "requires_grad", False)
    np.testing.assert_array_equal(backend.to_numpy(placed), [[1.0, 2.0]])
    np.testing.assert_array_equal(to_host(x), [[1.0, 2.0]])


# --------------------------------------------------------------------------- to the host


@pytest.mark.float64
def test_to_numpy_gives_every_dtype(backend):
    for kind in DTYPES:
        x = backend.to_numpy(backend.asarray([[1, 0]], kind))
        assert type(x) is np.ndarray
        assert x.dtype == kind
        np.testing.assert_array_equal(x, [[1, 0]])


@pytest.mark.float64
def test_read_gives_float64_from_any_float(backend):
    for kind in ("float32", "float64"):
        values = [backend.asarray(np.array(value), kind) for value in (1.5, -2.0, 0.1)]
        table = backend.read(values)
        assert table.dtype == np.float64
        assert table.shape == (3,)
        np.testing.assert_array_equal(table, np.array([1.5, -2.0, 0.1], dtype=kind))


def test_read_keeps_nan_and_infinity(backend):
    values = [backend.asarray(value, "float32") for value in (float("nan"), float("-inf"))]
    np.testing.assert_array_equal(backend.read(values), [np.nan, -np.inf])


def test_synchronize_and_activate(backend):
    with backend.activate(), backend.activate():
        x = backend.asarray([1.0]) + 1.0
    backend.synchronize()
    assert float(x[0]) == 2.0


def test_compiled_function_gives_the_same(backend):
    def function(arrays, x):
        return [a * x for a in arrays], x

    arrays = [backend.asarray([1.0, 2.0]), backend.asarray([[3.0]])]
    compiled = backend.compile(function, donate=(0,))
    (first, second), x = compiled(arrays, backend.asarray(2.0))
    assert_close(first, np.array([2.0, 4.0]))
    assert_close(second, np.array([[6.0]]))
    assert float(x) == 2.0


# ------------------------------------------------------------------------------- .to()


def trained(backend, epochs=2):
    X, y = xpnn.datasets.spiral(20, seed=0)
    layers = [
        xpnn.Dense(2, 8),
        xpnn.Tanh(),
        xpnn.Dropout(0.2),
        xpnn.Dense(8, 3),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=3, dtype="float64", backend=backend)
    model.compile("categorical_cross_entropy", xpnn.Adam(0.05))
    model.fit(X, y, batch_size=16, epochs=epochs)
    return model, X, y


@pytest.mark.float64
def test_model_keeps_training_after_it_moved(backend, other):
    stayed, X, y = trained(backend)
    moved, _, _ = trained(backend)
    assert moved.to(other) is moved
    assert moved.backend is other
    for parameter in moved.parameters:
        check_place(other, parameter, "float64")
    # the optimizer's state moves too, and the generator goes on
    one, two = (m.fit(X, y, batch_size=16, epochs=3).history for m in (stayed, moved))
    np.testing.assert_allclose(one["loss"], two["loss"], rtol=1e-9)
    assert one["accuracy"] == two["accuracy"]
    for ours, theirs in zip(stayed.parameters, moved.parameters):
        np.testing.assert_allclose(host(ours), host(theirs), rtol=1e-9, atol=1e-12)
    moved.to(backend)
    assert_close(moved.forward(X), stayed.forward(X), rtol=1e-9)


@pytest.mark.float64
def test_model_moves_by_name_and_stays_when_the_name_is_wrong(backend):
    model, X, _ = trained(backend, epochs=1)
    before = model.forward(X)
    with pytest.raises(ValueError, match="unknown backend"):
        model.to("nonsense")
    assert model.backend is backend
    assert_close(model.forward(X), before, rtol=0)
    model.to("numpy!")
    np.testing.assert_allclose(model.predict(X), host(before), rtol=1e-12)


def test_model_that_moved_leaves_the_copies_alone(backend, other):
    model, X, y = trained(backend, epochs=1)
    kept = model.parameters
    values = [host(p).copy() for p in kept]
    model.to(other).fit(X, y)
    for p, value in zip(kept, values):
        np.testing.assert_array_equal(host(p), value)


# --------------------------------------------------------------------------- one surface


def test_one_surface(backend):
    def surface(cls):
        methods = inspect.getmembers(
            cls, lambda m: inspect.isfunction(m) or isinstance(m, property)
        )
        return {
            name: "property"
            if isinstance(method, property)
            else [
                (p.name, p.kind, p.default)
                for p in inspect.signature(method).parameters.values()
            ]
            for name, method in methods
            if not name.startswith("_") or name == "__init__"
        }

    assert isinstance(backend, Backend)
    assert surface(type(backend)) == surface(Backend)
    assert set(vars(backend)) == {"name", "xp", "device", "version", "spec"}
    point = third_party().get(backend.name)  # of another package, or one of xpnn's own
    load = point.load() if point else import_module(f"xpnn.backends.{backend.name}").load
    assert list(inspect.signature(load).parameters) == ["device"]
    assert isinstance(backend, type(load(None)))  # which may do more on a GPU
    assert isinstance(backend.version, str)
    assert xpnn.backend.resolve(backend.spec) is backend


def test_float32_models_leave_double_precision_alone(backend):
    """JAX has it for a whole process or not at all, and recompiles everything for it."""
    code = f"""
import sys
import numpy as np, xpnn
model = xpnn.Sequential([xpnn.Dense(2, 1)], seed=0, backend={backend.spec!r})
model.compile("mean_squared_error", "adam")
model.fit(np.ones((4, 2)), np.ones(4), sample_weight=np.ones(4), validation_split=0.25)
model.predict(np.ones((4, 2)))
library = sys.modules.get("jax")
assert library is None or not library.config.jax_enable_x64
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("number", [np.array(0.5), np.float64(0.5)], ids=["array", "scalar"])
def test_a_number_becomes_an_array_of_its_own(backend, number):
    """Which torch refused to copy into another dtype, or to another device."""
    placed = backend.asarray(number, "float32", copy=True)
    assert placed.shape == ()
    assert backend.dtype("float32") == placed.dtype
    assert float(backend.to_numpy(placed)) == 0.5


def test_a_device_has_one_backend(backend):
    """However it is called: "torch:cuda" is "torch:cuda:0"."""
    if backend.device is not None:
        whole = f"{backend.name}:{backend.device_name(backend.device)}"
        assert xpnn.backend.resolve(f"{whole}!") is backend
