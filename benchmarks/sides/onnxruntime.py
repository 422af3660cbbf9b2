"""onnxruntime, for `predict` only; it needs the package onnx to be given a network."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from works import Work


class OnnxTrainer:
    """A graph of Gemm, Relu and Softmax, with the weights that the work starts from."""

    def __init__(self, work: Work) -> None:
        nodes, arrays, name = [], [], "X"
        for index, (weights, biases) in enumerate(work.initial()):
            arrays.append(numpy_helper.from_array(weights, f"W{index}"))
            arrays.append(numpy_helper.from_array(biases, f"b{index}"))
            gemm = [name, f"W{index}", f"b{index}"]
            nodes.append(helper.make_node("Gemm", gemm, [f"sum{index}"]))
            name = f"output{index}"
            nodes.append(helper.make_node("Relu", [f"sum{index}"], [name]))
        nodes[-1] = helper.make_node("Softmax", nodes[-1].input, [name], axis=1)
        graph = helper.make_graph(
            nodes,
            "network",
            [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, work.sizes[0]])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, work.sizes[-1]])],
            arrays,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float:
        """Refuse: this library only runs networks."""
        raise NotImplementedError("onnxruntime does not train")

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities; see `Trainer`."""
        return self.session.run(None, {"X": X})[0]


SIDES = {"onnxruntime": OnnxTrainer}
