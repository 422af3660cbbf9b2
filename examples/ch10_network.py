"""Chapter 10: the book's network on its spiral, with the momentum that the book ends up with.

python examples/ch10_network.py --steps 10001

Another example, look_inside.py, takes the network from here.
"""

import click

import xpnn

MOMENTUM = xpnn.SGD(1.0, decay=1e-3, momentum=0.9)


def network(
    optimizer: xpnn.Optimizer, seed: int = 7, backend: str | None = None
) -> xpnn.Sequential:
    """Return the book's 2-64-3 network, ready to be trained."""
    small = xpnn.initializers.Normal(0.01)
    layers = [
        xpnn.Dense(2, 64, weights=small),
        xpnn.ReLU(),
        xpnn.Dense(64, 3, weights=small),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=seed, backend=backend)
    return model.compile("categorical_cross_entropy", optimizer)


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option("--steps", default=10001, show_default=True, help="How many steps to take.")
def main(backend: str | None, steps: int) -> None:
    X, y = xpnn.datasets.spiral(samples=100, classes=3, seed=7)
    model = network(MOMENTUM, backend=backend)
    history = model.fit(X, y, epochs=steps, batch_size=None).history
    print(f"loss {history['loss'][-1]:.3f}, accuracy {history['accuracy'][-1]:.3f}")


if __name__ == "__main__":
    main()
