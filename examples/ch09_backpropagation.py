"""Chapter 9: a gradient taken back through a network by hand, and checked.

python examples/ch09_backpropagation.py --backend numpy
"""

import click

import xpnn
from xpnn.calculus import gradient


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
def main(backend: str | None) -> None:
    b = xpnn.set_backend(backend) if backend else xpnn.get_backend()
    xp = b.xp

    X, y = xpnn.datasets.spiral(samples=20, classes=3, seed=0)
    x, targets = b.asarray(X, "float64"), b.asarray(y)
    hidden, relu, out = xpnn.Dense(2, 8), xpnn.ReLU(), xpnn.Dense(8, 3)
    criterion = xpnn.CategoricalCrossEntropy(from_logits=True)

    # What a model holds as .parameters: plain arrays, given to each layer.
    model = xpnn.Sequential([hidden, relu, out], seed=0, dtype="float64")
    w1, b1, w2, b2 = model.parameters

    def loss_of(w1):
        z, _ = hidden.forward((w1, b1), x)
        a, _ = relu.forward((), z)
        logits, _ = out.forward((w2, b2), a)
        return criterion(logits, targets)[0]

    # Forward: each layer returns its outputs and the way back.
    z, hidden_backward = hidden.forward((w1, b1), x)
    a, relu_backward = relu.forward((), z)
    logits, out_backward = out.forward((w2, b2), a)
    loss, dlogits = criterion(logits, targets)
    # Backward: the chain rule, from the last layer to the first.
    da, (dw2, db2) = out_backward(dlogits)
    dz, _ = relu_backward(da)
    _, (dw1, db1) = hidden_backward(dz)

    numerical = gradient(loss_of, w1, 1e-6)
    print(f"loss {float(loss):.4f}")
    print(f"largest entry of dw1: {float(xp.max(xp.abs(dw1))):.6f}")
    print(f"beside finite differences: {float(xp.max(xp.abs(dw1 - numerical))):.1e} off")

    # One step down the gradient.
    sgd = xpnn.SGD(learning_rate=0.5)
    params = [w1, b1, w2, b2]
    params, _ = sgd.update(params, [dw1, db1, dw2, db2], sgd.init(params))
    print(f"after one step: {float(loss_of(params[0])):.4f}")


if __name__ == "__main__":
    main()
