"""A sparse matrix as a row source."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Sparse"]


class Sparse:
    """A sparse matrix as a row source, which gives dense rows.

    Parameters
    ----------
    given : sparse matrix or array
        Of any library whose matrices have ``tocsr``: SciPy's stay as they are in CSR, other
        formats are converted once; those on a GPU come to the host.

    Attributes
    ----------
    rows : scipy.sparse.csr_array
        The rows.
    shape : tuple of int
        That of all rows.

    Raises
    ------
    TypeError, ValueError
        If it holds no numbers, or its indices are not those of its columns.
    """

    def __init__(self, given: Any) -> None:
        kind = np.dtype(given.dtype).kind
        if kind not in "biuf":
            raise TypeError(
                f"expected numbers, got a sparse {type(given).__name__} of dtype {given.dtype}"
            )
        if len(given.shape) != 2:
            raise ValueError(f"expected a sparse matrix of rows, got the shape {given.shape}")
        rows = given.tocsr()
        rows = rows.get() if hasattr(rows, "get") else rows
        rows.check_format(full_check=True)
        self.rows, self.shape = rows, rows.shape

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Return rows by their numbers, dense."""
        rows: np.ndarray = self.rows[numbers].toarray()
        return rows
