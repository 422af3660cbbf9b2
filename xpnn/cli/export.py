"""The command ``xpnn export``: a model as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..sequential import Sequential
from .models import NetworkModel, TableModel, load_any
from .options import FilePath, check_writable, import_option, model_argument
from .results import text_table
from .saying import say


@click.command()
@model_argument
@click.argument("output", type=FilePath(), metavar="OUTPUT.onnx")
@import_option
def export(model: Path, output: Path) -> None:
    """Write the MODEL as an ONNX file, which other programs run without Python.

    For a model that was trained on a table it takes raw rows, as 'xpnn predict' does: one array
    of all features where they are numbers, else one for each column, numbers, dates and times
    as float64, categories and free text as text.  What it takes and gives is printed, and the
    names of columns and classes are kept in the file's metadata.
    """
    from .. import export as network_export
    from ..tabular.onnx import export_onnx

    loaded, _ = load_any(model)
    check_writable("OUTPUT", output, ("the model", model))
    if isinstance(loaded, TableModel):
        graph = export_onnx(loaded.ensemble, output).graph
    elif isinstance(loaded, NetworkModel):
        graph = network_export.export_onnx(loaded.alone, output, loaded.preparation).graph
    else:
        assert isinstance(loaded, Sequential)  # any other file's
        graph = network_export.export_onnx(loaded, output).graph
    rows = [
        [kind, value.name, *_described(value)]
        for kind, values in (("takes", graph.input), ("gives", graph.output))
        for value in values
    ]
    say(text_table(rows, ["", "name", "dtype", "shape"]))
    say(f"wrote {output}")


def _described(value: Any) -> list[str]:
    """Return the dtype and the shape of an input or output of an ONNX graph, in words."""
    from onnx.helper import tensor_dtype_to_np_dtype

    tensor = value.type.tensor_type
    dtype = tensor_dtype_to_np_dtype(tensor.elem_type)
    shape = ", ".join(d.dim_param or str(d.dim_value) for d in tensor.shape.dim)
    return ["text" if dtype.kind == "O" else dtype.name, f"({shape})"]
