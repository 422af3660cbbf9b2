"""The seam between the mathematics and the array libraries.

Everything in xpnn is written against an array namespace ``xp`` (array API standard).
A `Backend` is the small object that says which ``xp``, on which device, and how arrays
get there and back.  The backends that ship with xpnn are the modules of the package
``xpnn.backends``; third parties add theirs through the entry-point group of the same
name.  Both are reached by name, at run time, so that ``import xpnn`` imports no array
library but NumPy, and no static import points from here to a library.

A backend is *asked for* by a spec, ``NAME``, ``NAME:DEVICE``, or either with a ``!`` at
the end, in this order of precedence: the ``backend=`` of a model, `use_backend`,
`set_backend`, the environment variable ``XPNN_BACKEND``, ``"numpy"``.
"""

from .arrays import (
    Array,
    Block,
    SparseRows,
    array_namespace,
    device_of,
    dtype_name,
    index_dtype_of,
    row_blocks,
    set_namespace,
)
from .arrays import batch_size_of as batch_size_of
from .arrays import is_array as is_array
from .base import Backend
from .choosing import backend_of, get_backend, resolve, set_backend, use_backend
from .choosing import precise_backend as precise_backend
from .coming import expecting as expecting
from .coming import steps_to_come as steps_to_come
from .finding import HOST as HOST
from .finding import (
    BackendFallbackWarning,
    BackendInfo,
    BackendUnavailableError,
    available_backends,
    operations_of,
    to_host,
)
from .finding import find as find

__all__ = [
    "Array",
    "Backend",
    "BackendFallbackWarning",
    "BackendInfo",
    "BackendUnavailableError",
    "Block",
    "SparseRows",
    "array_namespace",
    "available_backends",
    "backend_of",
    "device_of",
    "dtype_name",
    "get_backend",
    "index_dtype_of",
    "operations_of",
    "resolve",
    "row_blocks",
    "set_backend",
    "set_namespace",
    "to_host",
    "use_backend",
]
