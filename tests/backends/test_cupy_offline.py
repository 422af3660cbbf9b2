"""What can be known of the CuPy backend without a GPU, with CuPy itself.

In an environment with ``cupy-cuda13x`` 14, ``nvidia-cuda-nvrtc``, ``nvidia-cublas`` (or
``cupy-cuda13x[ctk]``) and ``nvidia-nccl-cu13``, this is collected when
``XPNN_TEST_CUPY_OFFLINE=1`` is set.  Arrays here have a shape, a dtype and a device, but their
memory is made up: views can be taken of them, and kernels are traced and compiled for a GPU
(an H100's sm_90), but none runs.

CuPy has no public way to compile for a GPU that is not there, so this reaches into its
private parts: they were found in CuPy 14.2.
"""

import ast
import json
import os
import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import xpnn
import xpnn.backend
from xpnn import operations
from xpnn.optimizers import OPTIMIZERS

ROOT = Path(xpnn.__file__).parent
load_cupy = import_module("xpnn.backends.cupy")


@pytest.fixture(scope="module", autouse=True)
def cupy():
    try:
        import cupy
    except ImportError as error:
        pytest.fail(
            "XPNN_TEST_CUPY_OFFLINE=1 needs CuPy, NVRTC, cuBLAS and NCCL: pip install "
            f"cupy-cuda13x nvidia-cuda-nvrtc nvidia-cublas nvidia-nccl-cu13 ({error})"
        )
    return cupy


@pytest.fixture(scope="module")
def xp(cupy):
    import array_api_compat.cupy

    return array_api_compat.cupy


@pytest.fixture
def driver(monkeypatch):
    """A driver, as far as `load` looks; what it finds is forgotten afterwards."""
    monkeypatch.setattr(load_cupy, "ctypes", SimpleNamespace(CDLL=lambda name: None))
    monkeypatch.setattr(xpnn.backend.finding, "_found", {})


@pytest.fixture
def one_gpu(driver, cupy, monkeypatch):
    monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", lambda: 1)


# ----------------------------------------------------------------------------- finding


def refusal(device=None):
    with pytest.raises(xpnn.BackendUnavailableError) as caught:
        load_cupy.load(device)
    return str(caught.value)


def test_installed_but_no_driver(cupy, driver, monkeypatch):
    def no_library(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(load_cupy.ctypes, "CDLL", no_library)
    text = refusal()
    assert f"CuPy {cupy.__version__} is installed, but there is no NVIDIA driver" in text
    assert "(libcuda.so.1: cannot open shared object file)" in text
    assert "install CuPy for its CUDA version: pip install 'cupy-cuda13x[ctk]'" in text


@pytest.mark.parametrize("status", [35, 100])
def test_driver_but_no_gpu(cupy, driver, monkeypatch, status):
    def refuse():
        raise cupy.cuda.runtime.CUDARuntimeError(status)

    monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", refuse)
    said = {35: "cudaErrorInsufficientDriver", 100: "cudaErrorNoDevice"}[status]
    text = refusal()
    assert f"CuPy {cupy.__version__} finds no NVIDIA GPU ({said}" in text
    assert "pip install 'cupy-cuda13x[ctk]'" in text


@pytest.mark.parametrize("number", ["1", "7", "-1", "x", "0x0", "1.0", "²"])
def test_no_such_gpu(one_gpu, number):
    text = refusal(number)
    assert f"the backend 'cupy:{number}' is not usable here" in text
    assert f"there is no GPU {number!r}" in text
    assert "finds 1. Give the number of a GPU, counted from 0" in text


@pytest.mark.parametrize("number", [None, "0"])
def test_the_first_gpu(cupy, xp, one_gpu, number):
    backend = load_cupy.load(number)
    assert (backend.name, backend.version) == ("cupy", cupy.__version__)
    assert backend.xp is xp
    assert backend.device == cupy.cuda.Device(0)


PROGRAM = """
import json, sys, warnings
import numpy as np
import xpnn
assert "cupy" not in sys.modules, "import xpnn must not import CuPy"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    chosen = xpnn.set_backend("auto").name
    silent = len(caught)
    xpnn.backend.choosing._default = None
    models = [xpnn.Sequential([xpnn.Dense(3, 2)], seed=0) for _ in range(2)]
    for model in models:
        model.compile("mean_squared_error", "sgd")
        model.fit(np.ones((8, 3)), np.ones((8, 2)), epochs=3)
    [record] = [r for r in xpnn.available_backends() if r.name == "cupy"]
print(json.dumps({
    "auto": chosen,
    "silent": silent,
    "backends": [model.backend.name for model in models],
    "epochs": models[1].history.epochs,
    "losses": models[1].history.history["loss"],
    "kinds": [w.category.__name__ for w in caught],
    "message": str(caught[0].message) if caught else "",
    "file": caught[0].filename if caught else "",
    "record": [record.usable, record.device, record.version, record.reason],
}))
"""


def run(program, **variables):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", **variables}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )


def test_asked_for_by_the_environment_it_falls_back_with_one_warning(cupy):
    done = run(PROGRAM, XPNN_BACKEND="cupy", XPNN_BACKEND_STRICT="0")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["auto"], told["silent"]) == ("numpy", 0)
    assert told["backends"] == ["numpy", "numpy"]
    assert told["epochs"] == 3
    assert told["losses"][2] < told["losses"][0]
    assert told["kinds"] == ["BackendFallbackWarning"]
    assert told["file"] == "<string>"  # it points at the user's line, not into xpnn
    for part in (f"CuPy {cupy.__version__}", "NVIDIA", "pip install", "XPNN_BACKEND_STRICT=1"):
        assert part in told["message"]
    usable, device, version, reason = told["record"]
    assert (usable, device, version) == (False, None, None)
    assert reason
    assert reason.rstrip(".") in told["message"]


def test_strict_mode_refuses():
    program = "import xpnn; xpnn.Sequential([xpnn.Dense(1, 1)])"
    done = run(program, XPNN_BACKEND="cupy", XPNN_BACKEND_STRICT="1")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("xpnn.backend.BackendUnavailableError: the backend 'cupy'")


# ------------------------------------------------------------------------------- names


def names_used(source):
    """Return the names that are taken from a namespace: of xp, x.xp, array_namespace(x)."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            origin = node.value
            if isinstance(origin, ast.Call):
                origin = origin.func
                wanted = "array_namespace"
            else:
                wanted = "xp"
            name = getattr(origin, "attr", None) or getattr(origin, "id", None)
            if name == wanted:
                found.add(node.attr)
    return found


def test_every_name_that_is_used_exists(xp):
    # but for backends/, whose other modules have other libraries' namespaces
    files = [p for p in ROOT.rglob("*.py") if "backends" not in p.relative_to(ROOT).parts]
    used = set().union(*(names_used(p.read_text()) for p in [*files, Path(load_cupy.__file__)]))
    assert {"exp", "where", "tanh", "stack", "concat", "take", "astype"} <= used
    assert {name for name in used if not hasattr(xp, name)} == set()


# ----------------------------------------------------------------------------- kernels


@pytest.fixture(scope="module")
def array(cupy):
    """Return a function that makes an array whose memory is made up."""
    from cupy.cuda.memory import MemoryPointer, UnownedMemory

    def make(shape=(64, 32), dtype="float32", device=0):
        size = max(1, int(np.prod(shape)) * np.dtype(dtype).itemsize)
        return cupy.ndarray(
            shape, dtype, MemoryPointer(UnownedMemory(4096, size, None, device), 0)
        )

    return make


@pytest.fixture
def trace(cupy, xp, monkeypatch):
    """Return what `cupy.fuse` does at its first call: the function becomes one kernel."""
    from cupy._core import fusion

    # the one thing that a rule needs beside its arguments
    monkeypatch.setitem(xpnn.backend.arrays._namespaces, fusion._FusionVarArray, xp)

    def trace(function, arguments):
        local, history = fusion._thread_local, fusion._FusionHistory()
        local.history, local.is_old_fusing = history, True
        try:
            kernel, options = history.get_fusion(function, arguments, "fused")
        finally:
            local.history, local.is_old_fusing = None, False
        assert options == {}  # no reduction: one elementwise kernel
        return kernel, history

    return trace


def compile_kernel(cupy, kernel, arrays):
    """Render a kernel for arrays, as at its launch, and compile it for sm_90, to a binary."""
    from cupy._core import _carray, _kernel, _scalar, core
    from cupy.cuda.compiler import _NVRTCProgram

    types = tuple(a.dtype.type for a in arrays)
    _, results, type_map = kernel._decide_params_type(types[: kernel.nin], types[kernel.nin :])
    results = results[len(types) - kernel.nin :]  # those that the launch makes
    # contiguous arrays are launched as vectors; those of shape () are broadcast to them
    infos = [
        _kernel._ArgInfo(1, cupy.ndarray, a.dtype.type, 1, a.ndim > 0, True)
        if isinstance(a, cupy.ndarray)
        else _kernel._ArgInfo(3, _scalar.CScalar, a.dtype.type, 0, True, True)
        for a in arrays
    ]
    infos += [_kernel._ArgInfo(1, cupy.ndarray, t, 1, True, True) for t in results]
    infos.append(_kernel._ArgInfo(2, _carray.Indexer, None, 1, True, True))
    source = _kernel._get_elementwise_kernel_code(
        tuple(infos), type_map, kernel.params, kernel.operation, kernel.name, kernel.preamble
    )
    headers = "#include <cupy/complex.cuh>\n#include <cupy/carray.cuh>\n"
    options = (*core.assemble_cupy_compiler_options(()), "-arch=sm_90", "-ftz=true")
    binary, _ = _NVRTCProgram(headers + source, "fused.cu", method="cubin").compile(options)
    return binary


def check_kernel(cupy, kernel, arrays, dtype):
    """Check that a kernel compiles and computes in the dtype of its arrays throughout."""
    binary = compile_kernel(cupy, kernel, arrays)
    assert binary[:4] == b"\x7fELF"
    assert b"fused" in binary
    declared = [line for line in kernel.operation.splitlines() if line.endswith(";")]
    ours, other = {"float32": ("float", "double"), "float64": ("double", "float")}[dtype]
    assert any(line.startswith(f"{ours} v") for line in declared)
    # Python's numbers are constants in double precision, cast before they are used
    assert [line for line in declared if line.startswith((f"{other} ", "float16 "))] == []


def emulate(history, values):
    """Run the operations that were traced with NumPy; return every variable by its number."""
    variables = dict(enumerate(values))
    variables |= {
        v.index: v.const_value for v in history.local_list if v.const_value is not None
    }
    for op in history.op_list:
        types = [dtype for dtype, _ in op.submodule.in_params]
        inputs = [np.asarray(variables[a.index]).astype(t) for a, t in zip(op.args, types)]
        function = getattr(np, op.submodule.name.removeprefix("cupy_"), None)
        result = function(*inputs) if function else inputs[0]  # a cast, which follows
        (to,) = op.args[len(types) :]
        variables[to.index] = np.asarray(result).astype(to.dtype)
    return variables


def returned(kernel, variables):
    """Return the results: a kernel ends in copying them, "vTO = vFROM; vTO = vFROM;"."""
    copies = kernel.operation.splitlines()[-1].rstrip("; ").split(";")
    return [variables[int(copy.rpartition("= v")[2])] for copy in copies]


OWN = {
    "SGD": [
        xpnn.SGD(0.1),
        xpnn.SGD(0.1, momentum=0.9, decay=0.01),
        xpnn.SGD(0.1, momentum=0.9, nesterov=True),
    ],
    "AdaGrad": [xpnn.AdaGrad(0.1)],
    "RMSProp": [xpnn.RMSProp(0.1)],
    "Adam": [xpnn.Adam(0.1), xpnn.Adam(0.1, beta_1=0.0)],
    "AdamW": [xpnn.AdamW(0.1, decay=0.01)],
    "AdaDelta": [xpnn.AdaDelta()],
    "AdaMax": [xpnn.AdaMax(0.1)],
    "NAdam": [xpnn.NAdam(0.1)],
    "Lion": [xpnn.Lion(0.1, weight_decay=0.2)],
    "Adan": [xpnn.Adan(0.1, weight_decay=0.2)],
}
CASES = [optimizer for settings in OWN.values() for optimizer in settings]


def test_every_optimizer_is_here():
    own = {
        name
        for name, cls in OPTIMIZERS.items()
        if cls.__module__.startswith("xpnn.") and not cls.by_parameter
    }
    assert set(OWN) == own


class Descent(xpnn.Optimizer):
    """Its rule returns a new array."""

    def rule(self, p, g, learning_rate):
        return (p - learning_rate * g,)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [*CASES, Descent(0.1)], ids=str)
def test_update_rule_is_one_kernel_in_place(cupy, array, trace, optimizer, dtype, monkeypatch):
    from xpnn.backends._cupy_kernels import OPERATIONS, OneKernel

    # as where there is a GPU, and so the backend, whose operations these are
    monkeypatch.setattr(operations, "operations_of", lambda kind: OPERATIONS)
    n_slots, n_numbers = len(optimizer.slots), len(optimizer.numbers(np.asarray(0.0)))
    fakes = [array(dtype=dtype) for _ in range(2 + n_slots)]
    fakes += [array((), dtype) for _ in range(n_numbers)]
    fused = OneKernel(optimizer)._fused()
    assert isinstance(fused, cupy._core.fusion.Fusion)
    step = fused.__wrapped__

    kernel, history = trace(step, fakes)
    assert kernel.nout == 0
    assert [not p.is_const for p in kernel.in_params] == [
        i < 2 + n_slots and i != 1 for i in range(len(fakes))
    ]
    check_kernel(cupy, kernel, fakes, dtype)

    generator = np.random.default_rng(3)
    values = [generator.standard_normal((5, 4)).astype(dtype) for _ in range(2 + n_slots)]
    values = values[:2] + [abs(v) for v in values[2:]]
    values += [np.asarray(v, dtype) for v in optimizer.numbers(np.asarray(7.0))]
    traced = emulate(history, [v.copy() for v in values])
    expected = optimizer.rule(*(v.copy() for v in values))
    for index, wanted in zip([0, *range(2, 2 + n_slots)], expected, strict=True):
        assert traced[index].dtype == dtype
        np.testing.assert_allclose(traced[index], wanted, rtol=20 * np.finfo(dtype).eps)
        assert not np.array_equal(traced[index], values[index])


# with beta_1=0 it is a constant, made by ones_like, which is no elementwise kernel; nor is
# the sum of a series, or a constant for the first step
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "optimizer",
    [o for o in CASES if getattr(o, "beta_1", 1) and type(o) not in (xpnn.NAdam, xpnn.Adan)],
    ids=str,
)
def test_numbers_are_one_kernel(cupy, array, trace, optimizer, dtype):
    t = array((), dtype)
    kernel, history = trace(optimizer.numbers, [t])
    check_kernel(cupy, kernel, [t], dtype)

    value = np.asarray(7, dtype)
    traced = returned(kernel, emulate(history, [value]))
    for number, wanted in zip(traced, optimizer.numbers(value), strict=True):
        assert number.dtype == wanted.dtype == dtype
        np.testing.assert_allclose(number, wanted, rtol=5 * np.finfo(dtype).eps)


def test_own_kernels_compile(cupy, array):
    from xpnn.backends import _cupy_kernels as kernels

    k = np.int64(4)
    for dtype in ("float32", "float64"):
        a, b = array((6, 4), dtype), array((6, 4), dtype)
        for columns in (array((6,), "int64"), array((6,), "uint8")):
            cases = {
                kernels._where_positive: [a, b],
                kernels._erf: [a],
                kernels._pick: [a, columns, k],
                kernels._add_rows: [a, array((6, 1), columns.dtype), k, b],
                kernels._subtract_one_hot: [columns, k, a],
                **{kernels._join(n): [a, k] * n for n in (2, 3, kernels.MOST_JOINED)},
            }
            for kernel, arguments in cases.items():
                binary = compile_kernel(cupy, kernel, arguments)
                assert kernel.name.encode() in binary


ACTIVATIONS = [
    xpnn.ReLU(),
    xpnn.LeakyReLU(0.1),
    xpnn.SiLU(),
    xpnn.GELU(),
    xpnn.ELU(),
    xpnn.SELU(),
    xpnn.Mish(),
    xpnn.Softplus(),
    xpnn.Sigmoid(),
    xpnn.Tanh(),
    xpnn.Step(),
]


def run_both_ways(layer, x, dy):
    y, backward = layer.forward((), x)
    return (y,) if isinstance(layer, xpnn.Step) else (y, backward(dy)[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", ACTIVATIONS, ids=str)
def test_activation_is_one_kernel(cupy, array, trace, layer, dtype):
    fakes = [array(dtype=dtype), array(dtype=dtype)]
    kernel, history = trace(lambda x, dy: run_both_ways(layer, x, dy), fakes)
    assert kernel.return_tuple
    assert [str(p.dtype) for p in kernel.out_params] == [dtype] * kernel.nout
    check_kernel(cupy, kernel, fakes, dtype)

    generator = np.random.default_rng(5)
    x, dy = generator.standard_normal((2, 6, 4)).astype(dtype)
    x[0] = [0.0, -80.0, 80.0, -0.0]
    traced = returned(kernel, emulate(history, [x, dy]))
    for result, wanted in zip(traced, run_both_ways(layer, x, dy), strict=True):
        assert result.dtype == wanted.dtype == dtype
        np.testing.assert_allclose(result, wanted, rtol=10 * np.finfo(dtype).eps)


def test_wrong_code_does_not_compile(cupy, array):
    kernel = cupy.ElementwiseKernel("float32 x", "float32 y", "y = sqroot(x)", "fused")
    with pytest.raises(cupy.cuda.compiler.CompileException, match="sqroot"):
        compile_kernel(cupy, kernel, [array()])


# -------------------------------------------------------------------------------- views


@pytest.fixture
def backend(one_gpu):
    return load_cupy.load(None)


def test_array_is_known(cupy, xp, array, backend):
    import array_api_compat

    x = array()
    assert array_api_compat.is_array_api_obj(x)
    assert xpnn.backend.array_namespace(x) is xp
    assert backend.owns(x)
    assert not backend.owns(np.ones(2))
    assert xpnn.backend.device_of(x) == cupy.cuda.Device(0) == backend.device
    assert xpnn.backend.device_of(array(device=1)) != backend.device
    assert backend._to_device(x) is x
    assert xpnn.backend.device_of(array(()).T) == backend.device
    assert "CUDA Device 0" in repr(backend)


@pytest.mark.parametrize("name", ["bool", "int32", "int64", "uint8", "float32", "float64"])
def test_dtypes(xp, array, backend, name):
    x = array(dtype=name)
    assert xpnn.backend.dtype_name(x.dtype) == name
    assert (
        x.dtype
        == backend.dtype(name)
        == backend.dtype(x.dtype)
        == backend.dtype(np.dtype(name))
    )
    assert xp.astype(x, backend.dtype(name), copy=False) is x
    assert xp.isdtype(x.dtype, "real floating") == name.startswith("float")
    assert xp.isdtype(x.dtype, "integral") == ("int" in name)


def test_what_is_asked_of_the_namespace(xp, array, backend):
    assert xpnn.backend.index_dtype_of(array((3,))) == np.int64
    assert float(xp.finfo(np.dtype("float32")).smallest_normal) == float(np.finfo("f4").tiny)


def test_views_are_those_of_numpy(xp, array, backend):
    x, same = array((6, 4)), np.empty((6, 4), np.float32)
    y, same_y = array((6,), "int64"), np.empty(6, np.int64)
    views = [
        (x.T, same.T),
        (x[2:5, ...], same[2:5, ...]),
        (x[2:5, :], same[2:5, :]),
        (x[:, 0], same[:, 0]),
        (x[3], same[3]),
        (x[3, 1], same[3, 1]),
        (y[:, None], same_y[:, None]),
        (y[1:3], same_y[1:3]),
        (xp.reshape(x, (-1,)), same.reshape(-1)),
        (xp.reshape(x, (2, 3, 4)), same.reshape(2, 3, 4)),
        (xp.reshape(array((1,)), ()), np.empty(1, np.float32).reshape(())),
        (xp.broadcast_to(y[:, None], (6, 4)), np.broadcast_to(same_y[:, None], (6, 4))),
        (x[:0, ...], same[:0, ...]),
    ]
    for view, wanted in views:
        assert isinstance(view, type(x))
        assert (view.shape, view.dtype, view.ndim) == (wanted.shape, wanted.dtype, wanted.ndim)
        assert view.device == backend.device
        if wanted.size and wanted.ndim:
            assert view.strides == wanted.strides
    assert type(x.shape) is tuple
    assert all(type(n) is int for n in x.shape)
    assert (x[1, 2].data.ptr - x.data.ptr) == (1 * 4 + 2) * 4


def test_no_array_turns_into_numpys_by_itself(array):
    # that the stand-in of fake_cupy.py is strict in the same way
    x = array()
    with pytest.raises(TypeError, match="Implicit conversion to a NumPy array is not allowed"):
        np.asarray(x)
    with pytest.raises(TypeError, match="unhashable"):
        hash(x.device)
    with pytest.raises(TypeError):
        range(array((), "int64"))


# ----------------------------------------------------------------------------- products


@pytest.fixture
def products(cupy, monkeypatch):
    """The products of captured arrays, with the real cuBLAS replaced by a list of calls."""
    from cupy.cuda.memory import MemoryPointer, UnownedMemory
    from xpnn.backends import _cupy_products

    class Recorded:
        def __init__(self):
            self.calls = []

        def __getattr__(self, name):
            signature = _cupy_products.SIGNATURES[name]

            def call(*arguments):
                assert len(arguments) == len(signature)
                self.calls.append((name, *arguments))
                return 0

            return call

    cublas = Recorded()
    monkeypatch.setattr(_cupy_products, "load_cublas", lambda: cublas)
    cupy.cuda.set_allocator(
        lambda size: MemoryPointer(UnownedMemory(1 << 20, max(size, 1), None, 0), 0)
    )
    try:
        yield _cupy_products, _cupy_products.Products(SimpleNamespace(ptr=5)), cublas.calls
    finally:
        cupy.cuda.set_allocator(cupy.get_default_memory_pool().malloc)


def test_cublas_has_what_is_called():
    import ctypes

    from xpnn.backends import _cupy_products

    library = _cupy_products.load_cublas()
    assert set(_cupy_products.SIGNATURES) <= set(vars(library))
    handle = ctypes.c_void_p()
    assert library.cublasCreate_v2(ctypes.byref(handle)) == 1  # not initialized: no GPU
    # a handle that is none is refused, after the arguments were taken
    numbers = [0, 0, 4, 4, 4]
    one, matrix = ctypes.byref(ctypes.c_float(1)), (4096, 0, 4)
    arguments = (*numbers, one, *matrix, *matrix, one, *matrix, 68, -1)
    assert library.cublasGemmEx(None, *arguments) == 1


def test_arrays_of_a_captured_step_stay_so(cupy, xp, array, products):
    module, _, _ = products
    x = array((6, 4)).view(module.Captured)
    views = [
        *(x.T, x[2:5], x[2:5, ...], x[:, 0], x[3], x[3, 1], x[:, None], x.reshape(-1)),
        *(x.ravel(), x[..., None], xp.reshape(x, (2, 12)), xp.broadcast_to(x[0], (5, 4))),
        *(xp.astype(x, x.dtype, copy=False), xp.reshape(x[:2], (8,), copy=False)),
    ]
    assert {type(view) for view in views} == {module.Captured}
    assert type(x.view(cupy.ndarray)) is cupy.ndarray
    assert xpnn.backend.array_namespace(x) is xp
    assert isinstance(x, cupy.ndarray)


def test_products_of_captured_arrays_are_asked_of_cublas(cupy, array, products):
    module, multiply, calls = products
    assert [name for name, *_ in calls] == [
        "cublasCreate_v2",
        "cublasSetStream_v2",
        "cublasSetWorkspace_v2",
    ]
    x, w, dy = array((6, 4)), array((4, 3)), array((6, 3))
    cx, cw, cdy = (a.view(module.Captured) for a in (x, w, dy))
    N, T = 0, 1
    cases = [  # the factors; then, of the second and of the first: how, and from where to where
        (cx, cw, (N, N, 3, 6, 4), 3, 4),
        (x, cw, (N, N, 3, 6, 4), 3, 4),
        (cx, w, (N, N, 3, 6, 4), 3, 4),
        (cx.T, cdy, (N, T, 3, 4, 6), 3, 4),
        (cdy, cw.T, (T, N, 4, 6, 3), 3, 3),
        (cdy, w.T, (T, N, 4, 6, 3), 3, 3),
        (x.T, cdy, (N, T, 3, 4, 6), 3, 4),
        (cx[2:4], cw, (N, N, 3, 2, 4), 3, 4),
        (cx[:, 1:3], cw[1:3], (N, N, 3, 6, 2), 3, 4),
        (array((6,)).view(module.Captured), cx, (N, N, 4, 1, 6), 4, 6),
    ]
    for a, b, how, b_leading, a_leading in cases:
        calls.clear()
        with multiply:
            result = a @ b
        (call,) = calls
        assert call[0] == "cublasGemmEx"
        assert call[2:7] == how
        assert call[8:14] == (b.data.ptr, 0, b_leading, a.data.ptr, 0, a_leading)
        assert call[15:] == (result.data.ptr, 0, how[2], 68, -1)
        assert type(result) is module.Captured
        assert result.shape == (np.empty(a.shape) @ np.empty(b.shape)).shape


# -------------------------------------------------------------------------------- sums


class Of(xpnn.distributed.Communicator):
    """The first of two processes, of which the other says the same from another machine."""

    size = 2

    def _gather(self, value):
        version, _ = value
        return [value, (version, b"another")]

    def _broadcast(self, value):
        self.told = pickle.loads(pickle.dumps(value))
        return self.told


def test_nccl_is_asked_as_it_takes_it(cupy, array, monkeypatch):
    """Without a GPU it refuses to begin; its arguments are those that it reads."""
    from cupy.cuda import nccl
    from xpnn.backends import _cupy_sums

    assert nccl.available
    properties = {"uuid": b"one"}
    monkeypatch.setattr(cupy.cuda.runtime, "getDeviceProperties", lambda gpu: properties)
    communicator = Of()
    with pytest.raises(nccl.NcclError, match="ERROR"):
        _cupy_sums._meet(communicator, 0)
    assert (type(communicator.told), len(communicator.told)) == (bytes, 128)

    asked = []
    group = SimpleNamespace(allReduce=lambda *arguments: asked.append(arguments))
    made = {communicator: _cupy_sums._Group(0, _cupy_sums._by_nccl(nccl, group))}
    monkeypatch.setattr(_cupy_sums, "_groups", made)
    monkeypatch.setattr(cupy.cuda, "get_current_stream", lambda: SimpleNamespace(ptr=7))
    a, b = array((5,), "float32"), array((3, 2), "float64")
    assert _cupy_sums.summed(a, communicator) is a
    assert _cupy_sums.summed(b, communicator) is b
    assert asked == [
        (a.data.ptr, a.data.ptr, 5, nccl.NCCL_FLOAT32, nccl.NCCL_SUM, 7),
        (b.data.ptr, b.data.ptr, 6, nccl.NCCL_FLOAT64, nccl.NCCL_SUM, 7),
    ]
