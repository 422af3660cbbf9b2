"""Machine code of a compiled step: object files, which LLVM loads, called by their address.

An object file holds no address: memory, and NumPy's own loops, are found in tables that are
given when it is called.  So one that was kept on the disk needs no Numba, only `llvmlite`.
"""

from __future__ import annotations

import ctypes
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

from ._numba_kept import find, keep

__all__ = ["code_of", "object_of"]

NAME = "xpnn_run"

FORM = 3
"""To be counted on where the same text and versions are compiled in another way."""


def object_of(text: str, compiles: bool) -> bytes | None:
    """Return the object file of a text: kept, or compiled and then kept.

    Parameters
    ----------
    text : str
        A `Source.text`.
    compiles : bool
        Whether to compile; otherwise there may be none.

    Raises
    ------
    Exception
        Of many kinds, where Numba can't compile it.
    """
    whole = f"{_surroundings()}\n{text}"
    code = find(whole)
    if code is None and compiles:
        from ._numba_compiler import assembly

        code = _emitted(assembly(text, NAME))
        keep(whole, code)
    return code


@cache
def _surroundings() -> str:
    """Return what code depends on beside its text: versions, and the processor."""
    from llvmlite import binding

    features = binding.get_host_cpu_features().flatten()
    versions = (f"{name} {version(name)}" for name in ("xpnn", "numba", "llvmlite", "numpy"))
    machine = binding.get_default_triple(), binding.get_host_cpu_name(), features
    return "\n".join([f"form {FORM}", *versions, *machine])


def _emitted(assembly: str) -> bytes:
    from llvmlite import binding

    return _machine().emit_object(binding.parse_assembly(assembly))  # type: ignore[no-any-return]


class Code:
    """The function of an object file, in this process.

    Parameters
    ----------
    code : bytes
        The object file.

    Attributes
    ----------
    run : callable
        It takes the addresses of two words for Numba, of three tables, and a number.
    """

    def __init__(self, code: bytes) -> None:
        from llvmlite import binding
        from llvmlite.binding.object_file import ObjectFileRef

        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _machine())
        self._engine.add_object_file(ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        address = self._engine.get_function_address(NAME)
        if not address:
            raise ValueError("an object file without the function")
        self.run = _FUNCTION(address)


@lru_cache(maxsize=64)
def code_of(code: bytes) -> Code:
    """Return the function of an object file, loaded once for all who compute alike."""
    return Code(code)


_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, *(ctypes.c_ssize_t,) * 6)


def _machine() -> Any:
    """Return a new target: an engine that is given one frees it in the end."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )
