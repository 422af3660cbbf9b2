"""A classifier of clothes on Fashion-MNIST, saved, loaded and used.

python examples/fashion_mnist.py --epochs 10

The four files are looked for in $XPNN_DATA and downloaded where they are not found.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import click

import xpnn
from xpnn.datasets import FASHION_CLASSES


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option(
    "--epochs", default=10, show_default=True, help="How often to go through the data."
)
@click.option("--rows", default=60000, show_default=True, help="How many images to train on.")
def main(backend: str | None, epochs: int, rows: int) -> None:
    X, y = xpnn.datasets.fashion_mnist("train")
    X_test, y_test = xpnn.datasets.fashion_mnist("test")
    layers = [
        xpnn.Dense(784, 128, weights="he_normal"),
        xpnn.ReLU(),
        xpnn.Dense(128, 128, weights="he_normal"),
        xpnn.ReLU(),
        xpnn.Dense(128, 10),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=0, backend=backend)
    model.compile("categorical_cross_entropy", xpnn.Adam(0.001))
    print(model.summary())
    model.fit(X[:rows], y[:rows], epochs=epochs, batch_size=128)
    print("on the test images:", model.evaluate(X_test, y_test))

    with TemporaryDirectory() as folder:
        path = Path(folder) / "clothes.safetensors"
        model.save(path)
        again = xpnn.load(path, backend="numpy")
    for image, label in zip(X_test[:5], y_test):
        probabilities = again.predict(image[None, :])[0]
        best = probabilities.argmax()
        true, guess = FASHION_CLASSES[label], FASHION_CLASSES[best]
        print(f"{true}: taken for {guess} ({probabilities[best]:.0%})")


if __name__ == "__main__":
    main()
