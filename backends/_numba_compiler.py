"""The machine code of a step's text, made by Numba: what is asked of it, in one place.

The text sees memory by its number.  No two memories have a byte in common, and LLVM is told so
with each load and store (`llvm.org/docs/LangRef.html#noalias-and-alias-scope-metadata`):
otherwise it would have to look, and could not make vectors of most loops.

This is the only module that imports Numba, and is imported where there is something to compile.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils, config
from numba.core.compiler_lock import global_compiler_lock
from numba.extending import (
    intrinsic,
    lower_builtin,
    models,
    register_model,
    type_callable,
)

from ._numba_frames import SIZES, STEPS, WORDS

__all__ = ["assembly"]

TABLE = types.CPointer(types.intp)

OPTIONS = {
    "error_model": "numpy",  # a division by 0 gives infinity or NaN
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,  # nothing is allocated
}

KINDS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
KINDS += ["float32", "float64"]


def assembly(text: str, name: str) -> str:
    """Return LLVM's assembly of a text's function ``run``, under another name."""
    scope: dict[str, Any] = {"call": call, "memory": memory, "address": address}
    scope |= {"fma": fma, "bits": bits}
    scope |= {name: getattr(types, name) for name in KINDS}
    scope |= {"sqrt": math.sqrt, "inf": math.inf, "nan": math.nan, "boolean": types.boolean}
    exec(text, scope)  # made of names and numbers of our own
    for part in [part for part in scope if part.startswith("part")]:
        scope[part] = njit(**OPTIONS)(scope[part])
    with _slp_vectorizer():
        run = njit((TABLE, TABLE, TABLE, types.intp), **OPTIONS)(scope["run"])
    (signature,) = run.signatures
    given = run.overloads[signature].fndesc.llvm_func_name
    return str(run.inspect_llvm(signature).replace(given, name))


@contextmanager
def _slp_vectorizer() -> Iterator[None]:
    """Let LLVM make vectors of like instructions too, as of a short loop that it has unrolled.

    See `llvm.org/docs/Vectorizers.html#the-slp-vectorizer`.  Numba leaves it out by default,
    and nothing else is to be compiled otherwise.
    """
    with global_compiler_lock:
        before = config.SLP_VECTORIZE
        config.SLP_VECTORIZE = True
        try:
            yield
        finally:
            config.SLP_VECTORIZE = before


# --------------------------------------------------------------------------------- memory


class Memory(types.Type):  # type: ignore[misc]
    """One of so many memories, which holds numbers of a kind."""

    def __init__(self, number: int, count: int, dtype: Any) -> None:
        self.number, self.count, self.dtype = number, count, dtype
        super().__init__(name=f"Memory({number}, {count}, {dtype})")


@register_model(Memory)
class _MemoryModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        pointer = manager.lookup(kind.dtype).get_data_type().as_pointer()
        super().__init__(manager, kind, pointer)


def _address(builder: Any, tables: Any, number: int) -> Any:
    """Return where a memory begins in step k: its address and k times its stride."""
    addresses, steps, k = tables
    start, stride = (
        builder.load(builder.gep(table, [k.type(number)])) for table in (addresses, steps)
    )
    return builder.add(start, builder.mul(k, stride))


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def address(typing: Any, addresses: Any, steps: Any, k: Any, number: Any) -> Any:
    """Return where a memory begins in step k."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _address(builder, values[:3], number.literal_value)

    return types.intp(TABLE, TABLE, types.intp, number), generate


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def memory(
    typing: Any,
    addresses: Any,
    steps: Any,
    k: Any,
    number: Any,
    dtype: Any,
    of: Any,
    count: Any,
) -> Any:
    """Return a memory as it is in step k; it is one of those that a function uses."""
    kind = Memory(of.literal_value, count.literal_value, dtype.dtype)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _address(builder, values[:3], number.literal_value)
        return builder.inttoptr(place, context.get_value_type(kind))

    return kind(TABLE, TABLE, types.intp, number, dtype, of, count), generate


@type_callable(operator.getitem)  # type: ignore[untyped-decorator]
def _of_load(context: Any) -> Any:
    return lambda given, index: given.dtype if isinstance(given, Memory) else None


@type_callable(operator.setitem)  # type: ignore[untyped-decorator]
def _of_store(context: Any) -> Any:
    return lambda given, index, value: types.none if isinstance(given, Memory) else None


@lower_builtin(operator.getitem, Memory, types.Integer)  # type: ignore[untyped-decorator]
def _load(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    kind, place = signature.args[0], builder.gep(values[0], [values[1]])
    loaded = builder.load(place)
    _mark(loaded, kind, builder.module)
    return context.data_model_manager[kind.dtype].from_data(builder, loaded)


@lower_builtin(operator.setitem, Memory, types.Integer, types.Any)  # type: ignore[untyped-decorator]
def _store(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    kind, _, given = signature.args
    value = context.cast(builder, values[2], given, kind.dtype)
    data = context.data_model_manager[kind.dtype].as_data(builder, value)
    _mark(builder.store(data, builder.gep(values[0], [values[1]])), kind, builder.module)
    return context.get_dummy_value()


def _mark(instruction: Any, kind: Memory, module: Any) -> None:
    """Say in which memory an instruction reads or writes, and in which not."""
    here, elsewhere = _scopes(module, kind.number, kind.count)
    instruction.set_metadata("alias.scope", here)
    instruction.set_metadata("noalias", elsewhere)


@lru_cache(maxsize=512)
def _scopes(module: Any, number: int, count: int) -> tuple[Any, Any]:
    domain = module.add_metadata(["xpnn"])
    scopes = [module.add_metadata([f"m{i}", domain]) for i in range(count)]
    here = scopes.pop(number)
    return module.add_metadata([here]), module.add_metadata(scopes)


# ------------------------------------------------------------------------------- numbers


@intrinsic  # type: ignore[untyped-decorator]
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a b + c, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.fma(*values)

    return a(a, b, c), generate


@intrinsic  # type: ignore[untyped-decorator]
def bits(typing: Any, value: Any, dtype: Any) -> Any:
    """Return the number of another kind that has the same bits."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], context.get_value_type(dtype.dtype))

    return dtype.dtype(value, dtype), generate


# --------------------------------------------------------------------------- NumPy's loops


@intrinsic  # type: ignore[untyped-decorator]
def call(typing: Any, loops: Any, number: Any, places: Any) -> Any:
    """Call one of NumPy's loops, `PyUFuncGenericFunction`, with the places of its arrays."""
    word, byte = ir.IntType(types.intp.bitwidth), ir.IntType(8).as_pointer()

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        table, at, given = values
        frame = builder.gep(table, [builder.mul(at, at.type(WORDS))])
        function, data = (builder.load(builder.gep(frame, [word(i)])) for i in range(2))
        arrays = cgutils.alloca_once(builder, word, size=len(places))
        arrays.align = (
            16  # LLVM raises some to it, and may let another part use the table of one
        )
        for i in range(len(places)):
            place = builder.gep(arrays, [word(i)])
            builder.store(builder.extract_value(given, i), place)
        kind = ir.FunctionType(ir.VoidType(), [byte] * 4).as_pointer()
        parts = arrays, *(builder.gep(frame, [word(i)]) for i in (SIZES, STEPS))
        pointers = [builder.bitcast(part, byte) for part in parts]
        function = builder.inttoptr(function, kind)
        builder.call(function, [*pointers, builder.inttoptr(data, byte)])
        return context.get_dummy_value()

    return types.void(TABLE, types.intp, places), generate
