"""What onnxruntime computes from a file."""

import os

import onnxruntime


def run(model, output=None, **inputs):
    """Return the output of a file, or of a model that was made, in onnxruntime.

    Of several it is the one of that name.
    """
    given = str(model) if isinstance(model, os.PathLike) else model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a pool of threads for each of so many is slow
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(given, options)
    (computed,) = session.run(output and [output], inputs)
    return computed
