"""A layer of one's own: written once, checked on every array library, trained and saved.

python examples/own_layer.py
"""

from dataclasses import dataclass

import xpnn
from xpnn.backend import array_namespace
from xpnn.testing import check_layer


@dataclass(frozen=True)
class PReLU(xpnn.Layer):
    """ReLU with a slope below 0 that each feature learns.  He et al. (2015)."""

    n_features: int
    start: float = 0.25

    def parameters(self):
        return {"slope": xpnn.Parameter((self.n_features,), self.start)}

    def output_size(self, n_inputs):
        if n_inputs not in (None, self.n_features):
            raise ValueError(f"{self} can't take {n_inputs} features")
        return self.n_features

    def forward(self, params, x):
        (slope,) = params  # (n_features,)
        xp = array_namespace(x)
        negative = xp.minimum(x, 0.0)  # (n, n_features)

        def backward(dy):
            dslope = xp.sum(dy * negative, axis=0)  # (n_features,)
            dx = xp.where(x > 0, dy, slope * dy)  # (n, n_features)
            return dx, (dslope,)

        return xp.maximum(x, 0.0) + slope * negative, backward

    def to_onnx(self, graph, params, x):
        return graph.node("PRelu", x, *params)


def main() -> None:
    check_layer(PReLU(3), (5, 3))
    usable = [backend.name for backend in xpnn.available_backends() if backend.usable]
    print("PReLU is right on", ", ".join(usable))

    X, y = xpnn.datasets.digits()
    layers = [xpnn.Dense(64, 32), PReLU(32), xpnn.Dense(32, 10), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=0).compile("categorical_cross_entropy", "adam")
    history = model.fit(X, y, epochs=20, validation_split=0.2).history
    print(f"validation accuracy on the digits: {history['val_accuracy'][-1]:.3f}")


if __name__ == "__main__":
    main()
