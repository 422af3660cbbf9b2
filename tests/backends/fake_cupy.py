"""A stand-in for CuPy and its GPUs, on NumPy: its rules, not its speed.

It is both ``cupy`` and ``array_api_compat.cupy``.  What it is strict about is what breaks
on a real machine: arrays don't turn into NumPy's by themselves, functions take no NumPy
arrays, everything is computed and allocated on the current GPU whatever ``device=`` says,
and an array of another GPU is refused, as between GPUs without access to each other.

While a stream is captured, nothing is computed: new arrays hold rubbish, arrays that are
changed keep what they hold, whatever needs the host is refused, and so is cuBLAS by way of
CuPy.  What was asked is computed when the graph is launched, in the same memory.  Kernels
are run number by number, from their source; `Cublas` computes in memory, column by column.

CuPy's source (v14) and ``test_cupy_offline.py`` say that CuPy is like that.
"""

# ruff: noqa: N802 - cuBLAS's own names

import ctypes
import math
import operator
import os
import threading
from contextlib import contextmanager, nullcontext
from functools import cache
from types import SimpleNamespace

import array_api_compat.numpy as host
import numpy

__version__ = "14.2.0"

DEVICES = 2
RUBBISH = -1

synchronized = []
"""The numbers of the GPUs that were waited for."""

happened = []
"""What streams were asked: ("record", "wait", "launch", "sum" or "synchronize", the stream)."""


class CUDARuntimeError(RuntimeError):
    pass


class Device:
    __hash__ = None

    def __init__(self, device=None):
        self.id = _state.current if device is None else int(device)

    def __int__(self):
        return self.id

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    def __repr__(self):
        return f"<CUDA Device {self.id}>"

    def __enter__(self):
        if self.id >= DEVICES:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        _state.stack = (*_state.stack, _state.current)
        _state.current = self.id
        return self

    def __exit__(self, *error):
        *stack, _state.current = _state.stack
        _state.stack = tuple(stack)

    def synchronize(self):
        synchronized.append(self.id)


# ---------------------------------------------------------------------- streams and graphs


class Stream:
    def __init__(self, non_blocking=False):
        self.non_blocking, self.ptr, self.nodes = non_blocking, id(self), None

    def __enter__(self):
        self._before, _state.stream = _state.stream, self

    def __exit__(self, *error):
        _state.stream = self._before

    def record(self):
        happened.append(("record", self))
        return SimpleNamespace(stream=self)

    def wait_event(self, event):
        assert event.stream is happened[-1][1]
        happened.append(("wait", self))

    def synchronize(self):
        _refuse("cudaStreamSynchronize")
        happened.append(("synchronize", self))

    def is_capturing(self):
        return self.nodes is not None

    def begin_capture(self):
        assert self.non_blocking, "another stream would break this, or be broken by it"
        self.nodes = []

    def end_capture(self):
        nodes, self.nodes = self.nodes, None
        if nodes is None:
            raise CUDARuntimeError("cudaErrorIllegalState")
        if None in nodes:
            raise CUDARuntimeError("cudaErrorStreamCaptureInvalidated")
        return Graph(nodes)


class Graph:
    def __init__(self, nodes):
        self.nodes = nodes

    def upload(self, stream):
        _refuse("cudaGraphUpload")

    def launch(self, stream):
        _refuse("cudaGraphLaunch")
        assert _state.stream is stream
        happened.append(("launch", stream))
        for node in self.nodes:
            _run(node)


class _State(threading.local):
    current = 0
    stack = ()
    stream = null = Stream()
    pool = None


_state = _State()


def _refuse(what):
    """Refuse what needs the host to wait, or is memory of the host, in a captured stream."""
    if _state.stream.is_capturing():
        _state.stream.nodes.append(None)
        raise CUDARuntimeError(f"cudaErrorStreamCaptureUnsupported: {what}")


def _launch(node):
    if _state.stream.is_capturing():
        _state.stream.nodes.append(node)
    else:
        _run(node)


def _run(node, *args, **kwargs):
    with numpy.errstate(all="ignore"):  # a GPU warns of nothing
        return node(*args, **kwargs)


class MemoryPool:
    """Keeps the memory that a graph uses; what is not from a pool is NumPy's to use again."""

    def __init__(self):
        self.memory = []

    def malloc(self, values):
        self.memory.append(values)


def _new(values):
    """Return values on the GPU, in the memory of the pool in use."""
    assert _state.pool or not _state.stream.is_capturing(), "a graph must own its memory"
    if _state.pool:
        _state.pool(values)
    return values


@contextmanager
def using_allocator(allocator):
    before, _state.pool = _state.pool, allocator
    try:
        yield
    finally:
        _state.pool = before


class NcclCommunicator:
    """Sums between processes, where memory is: by MPI, as this memory is the host's."""

    def __init__(self, size, identity, rank):
        from mpi4py import MPI

        assert {*MPI.COMM_WORLD.allgather(identity)} == {identity}
        assert len({*MPI.COMM_WORLD.allgather(_state.current)}) == size, "Duplicate GPU"
        self._comm, self._device = MPI.COMM_WORLD.Dup(), _state.current
        assert (self._comm.size, self._comm.rank) == (size, rank)

    def abort(self):
        happened.append(("abort", self))

    def allReduce(self, source, target, count, kind, operation, stream):
        from mpi4py import MPI

        assert operation == nccl.NCCL_SUM
        assert (stream, self._device) == (_state.stream.ptr, _state.current)
        assert source == target
        _refuse("it could be captured, but each time be launched by all")
        number = {7: ctypes.c_float, 8: ctypes.c_double}[kind]
        values = numpy.ctypeslib.as_array((number * count).from_address(source))
        self._comm.Allreduce(MPI.IN_PLACE, values)
        happened.append(("sum", _state.stream))


nccl = SimpleNamespace(
    available=True,
    NCCL_FLOAT32=7,
    NCCL_FLOAT64=8,
    NCCL_SUM=0,
    NcclCommunicator=NcclCommunicator,
    get_unique_id=lambda: os.urandom(128),
    get_version=lambda: 23203,
)

cuda = SimpleNamespace(  # without nccl, which is to be imported
    Device=Device,
    Stream=Stream,
    MemoryPool=MemoryPool,
    get_current_stream=lambda: _state.stream,
    using_allocator=using_allocator,
    runtime=SimpleNamespace(
        getDeviceCount=lambda: DEVICES,
        getDeviceProperties=lambda number: {"uuid": bytes([number] * 16)},
        CUDARuntimeError=CUDARuntimeError,
    ),
)


class Cublas:
    """The few functions of cuBLAS that are called by ctypes."""

    handles = 0

    def cublasCreate_v2(self, handle):
        type(self).handles += 1
        handle._obj.value = 7
        return 0

    def cublasDestroy_v2(self, handle):
        type(self).handles -= 1
        return 0

    def cublasSetStream_v2(self, handle, stream):
        self.stream, self.workspace = stream, None
        return 0

    def cublasSetWorkspace_v2(self, handle, pointer, size):
        self.workspace = pointer
        return 0

    def cublasGemmEx(self, handle, *arguments):
        assert (handle.value, self.stream) == (7, _state.stream.ptr)
        assert self.workspace
        _launch(lambda: gemm(*arguments))
        return 0


def gemm(*arguments):
    """Compute C = alpha op(A) op(B) + beta C in memory, column by column, as cuBLAS does."""
    a_transposed, b_transposed, m, n, k, alpha, *rest = arguments
    a, a_type, lda, b, b_type, ldb, beta, c, c_type, ldc, compute, algorithm = rest
    assert (a_type, a_type, algorithm) == (b_type, c_type, -1)
    assert compute in {0: (68, 77), 1: (70,)}[a_type]
    number = (ctypes.c_float, ctypes.c_double)[a_type]

    def matrix(pointer, rows, columns, leading):
        assert leading >= max(1, rows)
        size = leading * (columns - 1) + rows
        flat = numpy.ctypeslib.as_array((number * size).from_address(pointer))
        shape = flat.itemsize, leading * flat.itemsize
        return numpy.lib.stride_tricks.as_strided(flat, (rows, columns), shape)

    a = matrix(a, k, m, lda).T if a_transposed else matrix(a, m, k, lda)
    b = matrix(b, n, k, ldb).T if b_transposed else matrix(b, k, n, ldb)
    c = matrix(c, m, n, ldc)
    assert (alpha._obj.value, beta._obj.value) == (1, 0)
    c[...] = a @ b


# --------------------------------------------------------------------------------- arrays


class ndarray:  # noqa: N801 - CuPy's own name, by which array-api-compat finds it
    __array_ufunc__ = None  # an operator with a NumPy scalar on the left comes to us
    __module__ = "cupy"

    def __init__(self, values, device):
        self._values, self._device = numpy.asarray(values), device

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def get(self):
        _refuse("cudaMemcpy")
        return self._values.copy()

    @property
    def device(self):
        return Device(self._device)

    dtype = property(lambda self: self._values.dtype)
    flags = property(lambda self: self._values.flags)
    shape = property(lambda self: self._values.shape)
    strides = property(lambda self: self._values.strides)
    itemsize = property(lambda self: self._values.itemsize)
    ndim = property(lambda self: self._values.ndim)
    size = property(lambda self: self._values.size)
    data = property(lambda self: SimpleNamespace(ptr=self._values.ctypes.data))
    T = property(lambda self: type(self)(self._values.T, self._device))

    def __getitem__(self, index):
        if not any(isinstance(part, ndarray) for part in _parts(index)):
            return type(self)(self._values[index], self._device)  # a view: no kernel runs
        return _compute(operator.getitem, self, index, kind=ndarray)

    def __setitem__(self, index, value):
        values, index, value = _use(self), _use(index), _use(value)
        _launch(lambda: operator.setitem(values, index, value))

    def view(self, kind):
        return kind(self._values, self._device)

    def reshape(self, *shape):
        return _compute(numpy.reshape, self, *shape)

    def copy(self):
        values = self._values
        with nullcontext() if self._device == _state.current else Device(self._device):
            copied = _compute(numpy.copy, ndarray(values, self._device), kind=type(self))
        copied._device = _state.current
        return copied

    def astype(self, dtype, *, copy=True):
        if not copy and self.dtype == dtype:
            _use(self)
            return self
        return _compute(lambda values: values.astype(dtype), self)

    def take(self, indices, axis=None, out=None):
        if out is None:
            return _compute(numpy.take, self, indices, axis, kind=ndarray)
        values, indices, result = _use(self), _use(indices), _use(out)
        assert values.dtype == result.dtype
        _launch(lambda: values.take(indices, axis, result, "wrap"))
        return out

    def __len__(self):
        return len(self._values)

    def __bool__(self):
        _refuse("cudaMemcpy")
        return bool(_use(self))

    def __int__(self):
        _refuse("cudaMemcpy")
        return int(_use(self))

    def __float__(self):
        _refuse("cudaMemcpy")
        return float(_use(self))


def _parts(index):
    return index if isinstance(index, tuple) else (index,)


def _use(x):
    """Return the values that a kernel may read: of the current GPU, or a scalar."""
    if isinstance(x, ndarray):
        if x._device != _state.current:
            raise ValueError(
                f"The device where the array resides ({x._device}) is different from the "
                f"current device ({_state.current}). Peer access is unavailable between "
                "these devices."
            )
        return x._values
    if isinstance(x, numpy.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    if isinstance(x, list | tuple):
        return type(x)(_use(part) for part in x)
    return x


def _compute(function, *args, kind=None, **kwargs):
    """Compute something; the result is of the kind of the first array that is not plain."""
    kinds = [type(a) for a in args if isinstance(a, ndarray) and type(a) is not ndarray]
    kind = kind or (kinds[0] if kinds else ndarray)
    args = _use(args)
    kwargs = {key: _use(value) for key, value in kwargs.items()}
    capturing = _state.stream.is_capturing()
    result = _run(function, *args, **kwargs)
    if not isinstance(result, numpy.ndarray | numpy.generic):
        return result
    arrays = [a for a in args if isinstance(a, numpy.ndarray)]
    if capturing and not any(numpy.may_share_memory(result, a) for a in arrays):
        result = _new(numpy.full(result.shape, RUBBISH).astype(result.dtype))
        _launch(lambda: operator.setitem(result, ..., function(*args, **kwargs)))
    return kind(result, _state.current)


def _operator(name):
    function = getattr(operator, name)
    own, reflected, in_place = (f"__{kind}{name.strip('_')}__" for kind in ("", "r", "i"))
    setattr(ndarray, own, lambda a, *b: _compute(function, a, *b))
    setattr(ndarray, reflected, lambda a, b: _compute(function, b, a))

    def change(a, b):
        values, other = _use(a), _use(b)

        def node():
            values[...] = function(values, other).astype(values.dtype, casting="same_kind")

        _launch(node)
        return a

    setattr(ndarray, in_place, change)


_OPERATORS = """
    neg pos abs invert
    add sub mul truediv floordiv mod pow and_ or_ xor lt le eq ne gt ge
"""
for _name in _OPERATORS.split():
    _operator(_name)


def matmul(a, b):
    if _state.stream.is_capturing():
        raise NotImplementedError(
            "calling cuBLAS API during stream capture is currently unsupported"
        )
    return _compute(numpy.matmul, a, b, kind=ndarray)


ndarray.__matmul__ = matmul


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    with nullcontext() if device is None else Device(device):
        if not isinstance(obj, ndarray):
            _refuse("cudaMemcpy")
            return ndarray(numpy.array(obj, dtype=dtype), _state.current)  # to the GPU
        if obj._device != _state.current:
            flags = obj._values.flags
            if not (flags.c_contiguous or flags.f_contiguous):
                raise NotImplementedError(
                    "CuPy cannot copy non-contiguous array between devices."
                )
            obj = obj.copy()
        elif copy:
            obj = obj.copy()
        return obj if dtype is None or obj.dtype == dtype else obj.astype(dtype)


def astype(x, dtype, /, *, copy=True):
    return x.astype(dtype, copy=copy)


class __array_namespace_info__:  # noqa: N801 - the standard's name
    def default_dtypes(self, *, device=None):
        return host.__array_namespace_info__().default_dtypes()

    def dtypes(self, *, device=None, kind=None):
        return host.__array_namespace_info__().dtypes(kind=kind)


_CREATE = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros")
_REDUCE = ("all", "any", "argmax", "argmin", "concat", "max", "mean", "min", "sum", "take")


def empty(shape, dtype):
    return ndarray(_new(numpy.full(shape, RUBBISH).astype(dtype)), _state.current)


def empty_like(a):
    return empty(a.shape, a.dtype)


def sign(x):
    _refuse("array-api-compat sets NaN by a mask, and how many there are is read")
    return _compute(numpy.sign, x)


def ascontiguousarray(a):
    return _compute(numpy.ascontiguousarray, a, kind=ndarray)


@cache
def __getattr__(name):
    thing = getattr(host, name)
    if isinstance(thing, type) or not callable(thing):
        return thing  # dtypes and constants

    kind = ndarray if name in _REDUCE else None

    def function(*args, device=None, **kwargs):
        return _compute(thing, *args, kind=kind, **kwargs)

    if name in ("finfo", "iinfo", "isdtype"):
        function = thing
    elif name not in _CREATE and not name.endswith("_like"):
        inner = function

        def function(*args, **kwargs):
            assert "device" not in kwargs, f"{name} takes no device="
            return inner(*args, **kwargs)

    return function


# -------------------------------------------------------------------------------- kernels


class ElementwiseKernel:
    """Runs a kernel from its source, an assignment, perhaps with ``? :``, or an addition."""

    def __init__(self, in_params, out_params, operation, name):
        self.params = [part.split() for part in f"{in_params}, {out_params}".split(", ")]
        self.n_in = len(in_params.split(", "))
        target, assign, value = operation.partition(" -= ")
        if operation.startswith("atomicAdd(&"):
            target, _, value = operation[len("atomicAdd(&") : -1].partition(", ")
            assign = " += "
        elif not assign:
            target, assign, value = operation.partition(" = ")
        self.code = compile(f"{target}{assign}{_python(value)}", name, "exec")
        self.target = target

    def __call__(self, *args):
        scope, arrays, raw = {}, {}, {}
        for (*kind, letter, name), arg in zip(self.params, args):
            values = _use(arg)
            if isinstance(values, numpy.ndarray):
                assert scope.setdefault(letter, values.dtype.type) is values.dtype.type
            if kind == ["raw"]:
                raw[name] = values.flat
            elif isinstance(values, numpy.ndarray):
                arrays[name] = values
            else:
                scope[name] = values
        shape = numpy.broadcast_shapes(*(values.shape for values in arrays.values()))
        result = args[self.n_in] if len(args) > self.n_in else None
        *_, letter, name = self.params[-1]
        if result is None:
            result = empty(shape, numpy.dtype(scope[letter]))
        out = result._values

        def node():
            # small integers are added in C++ as large ones are, and so are Python's
            inputs = {
                key: numpy.broadcast_to(
                    a.astype(object) if a.dtype.kind in "iu" else a, shape
                ).flat
                for key, a in arrays.items()
            }
            for i in range(int(numpy.prod(shape))):
                now = (
                    {"erf": math.erf}
                    | scope
                    | raw
                    | {key: flat[i] for key, flat in inputs.items()}
                    | {"i": i}
                )
                exec(self.code, now)
                if name == self.target:
                    out.flat[i] = now[name]

        _launch(node)
        return result


def _python(value):
    condition, question, rest = value.partition(" ? ")
    if not question:
        return value
    chosen, _, otherwise = rest.partition(" : ")
    return f"({chosen} if {condition} else {_python(otherwise)})"


def fuse(*, kernel_name):
    def wrap(function):
        def fused(*arrays):
            assert all(isinstance(a, ndarray) for a in arrays), "it would be half precision"
            function(*arrays)

        return fused

    return wrap


_core = SimpleNamespace(
    fusion=SimpleNamespace(_FusionVarArray=type("_FusionVarArray", (), {})),
)
