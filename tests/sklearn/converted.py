"""What onnxruntime computes of what skl2onnx makes of an estimator."""

import numpy as np
import onnx.checker
import onnxruntime
import pandas as pd
from skl2onnx import to_onnx

from xpnn.sklearn import register_skl2onnx

register_skl2onnx()


def run(model, rows, target_opset=None, **options):
    """Return what onnxruntime computes, by the names of outputs."""
    wanted = {id(model): options} if options else None
    made = to_onnx(model, rows[:1], options=wanted, target_opset=target_opset)
    onnx.checker.check_model(made, full_check=True)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(made.SerializeToString(), settings)
    names = [value.name for value in session.get_inputs()]
    inputs = {names[0]: rows}
    if isinstance(rows, pd.DataFrame):
        columns = [rows[[column]].to_numpy() for column in rows]
        columns = [
            cells if cells.dtype.kind in "fi" else cells.astype(object) for cells in columns
        ]
        inputs = dict(zip(names, columns, strict=True))
    return dict(zip((value.name for value in session.get_outputs()), session.run(None, inputs)))


def agrees(model, rows, **options):
    """Compare labels and probabilities with the model's own."""
    found = run(model, rows, zipmap=False, **options)
    assert [*found] == ["label", "probabilities"]
    wanted = model.predict_proba(rows)
    np.testing.assert_allclose(found["probabilities"], wanted, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found["label"], model.predict(rows))
    return found
