"""Chapters 5 and 6: what a network gets wrong, and how far guessing gets.

python examples/ch05_to_06_loss_and_search.py --iterations 10000
"""

import click

import xpnn
from xpnn.search import random_search, random_walk


def network(seed: int) -> xpnn.Sequential:
    layers = [xpnn.Dense(2, 3), xpnn.ReLU(), xpnn.Dense(3, 3), xpnn.Softmax()]
    return xpnn.Sequential(layers, seed=seed).compile("categorical_cross_entropy", "sgd")


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option("--iterations", default=10000, show_default=True, help="How often to guess.")
def main(backend: str | None, iterations: int) -> None:
    b = xpnn.set_backend(backend) if backend else xpnn.get_backend()

    # Chapter 5: the loss of a sample is minus the logarithm of what its class was given.
    probabilities = b.asarray([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]])
    targets = b.asarray([0, 1, 1])
    losses, _ = xpnn.CategoricalCrossEntropy().forward(probabilities, targets)
    print("loss of each sample:", b.to_numpy(losses))
    print("accuracy:", float(xpnn.metrics.accuracy(probabilities, targets)))

    # Chapter 6: guessing everything anew gets nowhere; keeping what helped gets somewhere
    # on clouds that lie side by side, and hardly anywhere on spirals.
    for name in ("vertical", "spiral"):
        X, y = getattr(xpnn.datasets, name)(samples=100, classes=3, seed=0)
        for search in (random_search, random_walk):
            history = search(network(1), X, y, iterations=iterations, seed=2).history
            print(
                f"{name:>8}, {search.__name__:<13}: loss {history['loss'][-1]:.3f}, "
                f"accuracy {history['accuracy'][-1]:.3f}"
            )


if __name__ == "__main__":
    main()
