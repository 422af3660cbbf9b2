"""Chapter 10: the spiral with every optimizer of the book.

python examples/ch10_optimizers.py --steps 10001
"""

import click
from ch10_network import MOMENTUM, network

import xpnn

OPTIMIZERS = {
    "SGD": xpnn.SGD(1.0),
    "SGD, decay": xpnn.SGD(1.0, decay=1e-3),
    "SGD, momentum": MOMENTUM,
    "AdaGrad": xpnn.AdaGrad(1.0, decay=1e-4),
    "RMSProp": xpnn.RMSProp(0.02, decay=1e-5, rho=0.999),
    "Adam": xpnn.Adam(0.05, decay=5e-7),
}


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option("--steps", default=10001, show_default=True, help="How many steps to take.")
def main(backend: str | None, steps: int) -> None:
    X, y = xpnn.datasets.spiral(samples=100, classes=3, seed=0)
    X_test, y_test = xpnn.datasets.spiral(samples=100, classes=3, seed=1)
    for name, optimizer in OPTIMIZERS.items():
        model = network(optimizer, seed=0, backend=backend)
        history = model.fit(X, y, epochs=steps, batch_size=None).history
        test = model.evaluate(X_test, y_test)
        print(
            f"{name:<14} loss {history['loss'][-1]:.3f}, "
            f"accuracy {history['accuracy'][-1]:.3f}; "
            f"on new points {test['loss']:.3f}, {test['accuracy']:.3f}"
        )


if __name__ == "__main__":
    main()
