"""Random layers that hold layers, as ours and as formulas of their own."""

from dataclasses import dataclass

import autograd.numpy as anp
from hypothesis import strategies as st

import xpnn


@dataclass(frozen=True)
class ProductOfTrees(xpnn.Combinator):
    """A combinator of one's own: each of its layers scales what the other gives."""

    value: xpnn.Layer
    gate: xpnn.Layer

    def combine(self, x, value, gate):
        v, value_backward = value(x)
        g, gate_backward = gate(x)
        return v * g, lambda dy: value_backward(dy * g) + gate_backward(dy * v)

    def combine_onnx(self, graph, x, value, gate):
        return graph.node("Mul", value(x), gate(x))


@dataclass(frozen=True)
class TwiceOfTrees(xpnn.Combinator):
    """A combinator of one's own: both halves of the inputs go through the same layers."""

    inner: tuple

    def combine(self, x, inner):
        (layer,), half = inner, x.shape[1] // 2
        left, left_backward = layer(x[:, :half])
        right, right_backward = layer(x[:, half:])
        xp = xpnn.backend.array_namespace(x)

        def backward(dy):
            return xp.concat([left_backward(dy), right_backward(dy)], axis=1)

        return left + right, backward


@dataclass(frozen=True)
class ByHandOfTrees(xpnn.Layer):
    """A layer of one's own that runs another one by hand, without `Combinator`."""

    inner: xpnn.Layer
    factor: float = 2.0

    def output_size(self, n_inputs):
        return self.inner.output_size(n_inputs)

    def forward(self, params, x, *noise):
        y, inner_backward = self.inner.forward(params, x, *noise)
        return self.factor * y, lambda dy: inner_backward(self.factor * dy)

    def to_onnx(self, graph, params, x):
        y = self.inner.to_onnx(graph, params, x)
        return graph.node("Mul", y, graph.constant(self.factor))


@st.composite
def layers(draw, n_inputs, depth):
    """Draw a layer for a number of inputs."""
    kind = draw(st.sampled_from(LEAVES if depth == 0 else (*LEAVES, *HOLDERS)))
    if kind == "Dense":
        return xpnn.Dense(
            n_inputs, draw(st.integers(1, 4)), l2=draw(st.sampled_from([0, 0.01]))
        )
    if kind == "Select":
        columns = st.lists(st.integers(-n_inputs, n_inputs - 1), min_size=1, max_size=4)
        some = st.slices(n_inputs).filter(lambda s: range(n_inputs)[s])
        return xpnn.Select(*draw(columns | st.tuples(some)))
    if kind == "BatchNorm":
        return xpnn.BatchNorm(n_inputs)
    if kind in ("Tanh", "SiLU"):
        return getattr(xpnn, kind)()
    if kind == "Dropout":
        return xpnn.Dropout(0.25)
    if kind == "Chain":
        return xpnn.Chain(*draw(in_a_row(n_inputs, depth)))
    if kind == "Residual":
        inner = draw(in_a_row(n_inputs, depth))
        size = xpnn.Chain(*inner).output_size(n_inputs)
        return xpnn.Residual(*inner, xpnn.Dense(size, n_inputs))
    if kind == "Concatenate":
        branches = st.lists(layers(n_inputs, depth - 1), min_size=1, max_size=3)
        return xpnn.Concatenate(*draw(branches))
    if kind == "Frozen":
        return xpnn.Frozen(draw(layers(n_inputs, depth - 1)))
    if kind == "Product":
        value, gate = draw(layers(n_inputs, depth - 1)), draw(layers(n_inputs, depth - 1))
        sizes = [layer.output_size(n_inputs) for layer in (value, gate)]
        value, gate = (xpnn.Chain(o, xpnn.Dense(n, 3)) for o, n in zip((value, gate), sizes))
        return ProductOfTrees(value, gate)
    if kind == "Twice" and n_inputs % 2 == 0:
        return TwiceOfTrees((draw(layers(n_inputs // 2, depth - 1)),))
    return ByHandOfTrees(xpnn.Chain(xpnn.Dense(n_inputs, 2), xpnn.Tanh()), 0.5)


LEAVES = ("Dense", "Select", "BatchNorm", "Tanh", "SiLU", "Dropout")
HOLDERS = ("Chain", "Residual", "Concatenate", "Frozen", "Product", "Twice", "ByHand")


@st.composite
def in_a_row(draw, n_inputs, depth):
    """Draw layers, each for what the one before gives."""
    drawn = []
    for _ in range(draw(st.integers(1, 3))):
        drawn.append(draw(layers(n_inputs, depth - 1)))
        n_inputs = drawn[-1].output_size(n_inputs)
    return drawn


@st.composite
def networks(draw, n_inputs=4):
    """Draw the layers of a network with 2 outputs."""
    drawn = draw(in_a_row(n_inputs, draw(st.integers(1, 3))))
    size = xpnn.Chain(*drawn).output_size(n_inputs)
    return [*drawn, xpnn.Dense(size, 2)]


def formula(layer, name, arrays, x):
    """Compute a layer by its definition; arrays are by name."""
    named = [(f"{name}.{own}", inner) for own, inner in layer.inner_layers().items()]
    kind = type(layer).__name__
    if kind == "Dense":
        return x @ arrays[f"{name}.weights"] + arrays[f"{name}.biases"]
    if kind == "BatchNorm":
        scale, shift, mean, variance = (
            arrays[f"{name}.{own}"] for own in ("scale", "shift", "mean", "variance")
        )
        return scale * (x - mean) / anp.sqrt(variance + layer.epsilon) + shift
    if kind == "Select":
        columns = layer.columns
        is_slice = isinstance(columns[0], slice)
        return x[:, columns[0]] if is_slice else x[:, [*columns]]
    if kind == "Embedding":
        return arrays[f"{name}.vectors"][x[:, 0].astype(int)]
    if kind == "ReLU":
        return anp.maximum(x, 0)
    if kind == "Softmax":
        return anp.exp(x) / anp.sum(anp.exp(x), axis=1, keepdims=True)
    if kind == "Tanh":
        return anp.tanh(x)
    if kind == "SiLU":
        return x / (1 + anp.exp(-x))
    if kind == "Dropout":
        return x
    if kind == "Concatenate":
        return anp.concatenate([formula(one, n, arrays, x) for n, one in named], axis=1)
    if kind == "ProductOfTrees":
        (v, value), (g, gate) = named
        return formula(value, v, arrays, x) * formula(gate, g, arrays, x)
    if kind == "TwiceOfTrees":
        ((n, one),), half = named, x.shape[1] // 2
        return formula(one, n, arrays, x[:, :half]) + formula(one, n, arrays, x[:, half:])
    y = x
    for own, inner in named:
        y = formula(inner, own, arrays, y)
    if kind == "Residual":
        return x + y
    return layer.factor * y if kind == "ByHandOfTrees" else y
