"""The ONNX graph that layers write themselves into.

It stands below the layers, which name it in `Layer.to_onnx`; `xpnn.export` makes one of a
network.  The package onnx is imported when a graph is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .version import __version__

__all__ = ["Graph"]

OPSET = 17
"""The set of operators: onnxruntime reads it from 1.12 on (2022)."""

IR_VERSION = 8
"""The version of the file format that came with it."""

DOMAINS = {"ai.onnx.ml": 3}
"""The sets of operators of other domains, as they were when `OPSET` was new."""


class Graph:
    """An ONNX graph that layers add their operations to.

    Parameters
    ----------
    dtype : str
        The dtype of the network's numbers, ``"float32"`` or ``"float64"``.

    Attributes
    ----------
    dtype : numpy.dtype
        As given.
    prefix : str
        What is put before the names of operations and constants; the export sets it to the
        number of the layer that is asked, and a dot.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self._onnx = _onnx()
        self.prefix = ""
        self._used: set[str] = set()
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation.

        Parameters
        ----------
        operator : str
            Its name in ONNX's set 17, for example ``"Relu"``; one of another domain has that
            in ``domain=``.
        *inputs : str
            The names of what it takes, in ONNX's order: what other operations and `constant`
            returned, the layer's inputs and its parameters.
        **attributes
            As ONNX calls them.

        Returns
        -------
        str
            The name of its (first) output.
        """
        output = self._name(f"{self.prefix}{operator}")
        make = self._onnx.helper.make_node
        self._nodes.append(make(operator, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, value: Any, dtype: Any = None, *, name: str = "constant") -> str:
        """Add numbers that don't change.

        Parameters
        ----------
        value : array_like
            The numbers.
        dtype : dtype, optional
            By default that of the network; shapes and axes are ``"int64"``.
        name : str
            What to call them; a number is put behind it where the name is taken.

        Returns
        -------
        str
            Their name in the graph.
        """
        name = self._name(f"{self.prefix}{name}")
        array = np.ascontiguousarray(value, dtype=self.dtype if dtype is None else dtype)
        array = array.reshape(np.shape(value))  # NumPy made a number a row of one
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def cast(self, x: str, dtype: Any) -> str:
        """Add an operation that makes numbers those of another dtype.

        Parameters
        ----------
        x : str
            The name of the numbers.
        dtype : dtype
            What they shall be.

        Returns
        -------
        str
            The name of the operation's output.
        """
        return self.node("Cast", x, to=self._kind(dtype))

    def input(self, name: str, dtype: Any, size: int | None) -> str:
        """Add rows, of any number, that go into the graph.

        Parameters
        ----------
        name : str
            What to call them; a number is put behind it where the name is taken.
        dtype : dtype
            That of their entries; ``"object"`` is text.
        size : int or None
            How many entries a row has; None is any number.

        Returns
        -------
        str
            Their name in the graph.
        """
        name = self._name(name)
        self._inputs.append(self._value(name, dtype, size, "n_features"))
        return name

    def output(self, value: str, name: str, dtype: Any, size: int | None) -> None:
        """Let something come out of the graph beside what `finish` is told.

        Parameters
        ----------
        value : str
            Its name in the graph.
        name : str
            What to call it outside.
        dtype, size
            Of its rows, as in `input`.
        """
        name = self._name(name)
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name], name=name))
        self._outputs.append(self._value(name, dtype, size, "n_outputs"))

    def finish(
        self, last: str, output: str, dtype: Any, size: int | None, about: dict[str, str]
    ) -> Any:
        """Return the whole as a model, which has been checked; the graph is used up.

        Parameters
        ----------
        last : str
            The name of what comes out of the graph.
        output : str
            What to call it instead.
        dtype, size
            Of its rows, as in `input`.
        about : dict
            What the file tells beside the graph, as text.

        Returns
        -------
        onnx.ModelProto
            The model.

        Raises
        ------
        ValueError
            If the graph is not valid.
        """
        helper, output = self._onnx.helper, self._name(output)
        if any(last in node.output for node in self._nodes):
            for node in self._nodes:
                for names in (node.input, node.output):
                    for i, name in enumerate(names):
                        names[i] = output if name == last else name
        else:  # nothing was computed
            self._nodes.append(helper.make_node("Identity", [last], [output], name=output))
        outputs = [self._value(output, dtype, size, "n_outputs"), *self._outputs]
        graph = helper.make_graph(self._nodes, "xpnn", self._inputs, outputs, self._constants)
        domains = sorted({node.domain for node in self._nodes} - {""})
        known = self._onnx.helper.make_opsetid
        model = helper.make_model(
            graph,
            producer_name="xpnn",
            producer_version=__version__,
            ir_version=IR_VERSION,
            opset_imports=[known("", OPSET), *(known(d, DOMAINS.get(d, 1)) for d in domains)],
        )
        helper.set_model_props(model, about)
        try:
            self._onnx.checker.check_model(model, full_check=True)
        except Exception as error:  # its own classes, and those of the inference of shapes
            raise ValueError(f"the network makes no valid ONNX graph: {error}") from error
        return model

    def _name(self, wanted: str) -> str:
        """Return a name that nothing else in the graph has."""
        name, count = wanted, 1
        while name in self._used:
            count += 1
            name = f"{wanted}.{count}"
        self._used.add(name)
        return name

    def _value(self, name: str, dtype: Any, size: int | None, unknown: str) -> Any:
        """Describe rows, of any number, that go in or come out."""
        shape = ["n", size or unknown]
        return self._onnx.helper.make_tensor_value_info(name, self._kind(dtype), shape)

    def _kind(self, dtype: Any) -> int:
        """Return ONNX's number for a dtype."""
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _onnx() -> Any:
    """Import the package onnx."""
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "ONNX export needs the package onnx, which is not installed: "
            "pip install 'xpnn[onnx]', or pip install 'onnx>=1.16.2'",
            name="onnx",
        ) from error
    return onnx
