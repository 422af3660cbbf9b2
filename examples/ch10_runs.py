"""Chapter 10: each of the book's runs, on its data and its first weights, printed and filmed.

python examples/ch10_runs.py --run "RMSProp, tuned" --movies movies
"""

from pathlib import Path

import click
import numpy as np

import xpnn
from xpnn.callbacks import TrainingMovie

RUNS = {
    "SGD": xpnn.SGD(1.0),
    "SGD, slower": xpnn.SGD(0.85),
    "SGD, strong decay": xpnn.SGD(1.0, decay=1e-2),
    "SGD, decay": xpnn.SGD(1.0, decay=1e-3),
    "SGD, some momentum": xpnn.SGD(1.0, decay=1e-3, momentum=0.5),
    "SGD, momentum": xpnn.SGD(1.0, decay=1e-3, momentum=0.9),
    "AdaGrad": xpnn.AdaGrad(1.0, decay=1e-4),
    "RMSProp": xpnn.RMSProp(0.001, decay=1e-4),
    "RMSProp, tuned": xpnn.RMSProp(0.02, decay=1e-5, rho=0.999),
    "Adam": xpnn.Adam(0.05, decay=5e-7),  # as in the author's scripts
}
PANELS = ("regions", "loss", "accuracy", "learning_rate", "weights", "updates")


def book_weights(generator: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    draws = generator.standard_normal(shape).astype(np.float32)
    return np.float32(0.01) * draws


def make(
    optimizer: xpnn.Optimizer, epochs: int, backend: str | None, movie: Path | None
) -> tuple[xpnn.Sequential, dict[str, list[float]]]:
    stream = np.random.RandomState(0)  # the book's: first for the data, then for the weights
    X, y = xpnn.datasets.spiral(samples=100, classes=3, seed=stream)
    layers = [
        xpnn.Dense(2, 64, weights=book_weights),
        xpnn.ReLU(),
        xpnn.Dense(64, 3, weights=book_weights),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=stream, backend=backend)
    model.compile("categorical_cross_entropy", optimizer)
    films = [] if movie is None else [TrainingMovie(movie, panels=PANELS)]
    history = model.fit(X, y, epochs=epochs, batch_size=None, callbacks=films)
    return model, history.history


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option("--epochs", default=10001, show_default=True, help="How long each run is.")
@click.option("--run", type=click.Choice([*RUNS]), multiple=True, help="Make this one only.")
@click.option("--movies", type=click.Path(path_type=Path), help="A folder for a GIF of each.")
def main(backend: str | None, epochs: int, run: tuple[str, ...], movies: Path | None) -> None:
    if movies is not None:
        movies.mkdir(parents=True, exist_ok=True)
    for name in run or RUNS:
        optimizer = RUNS[name]
        print(f"{name}: {optimizer}")
        path = movies and movies / f"{name.lower().replace(', ', '-').replace(' ', '-')}.gif"
        model, history = make(optimizer, epochs, backend, path)
        for epoch in range(0, epochs, 100):
            accuracy, loss = history["accuracy"][epoch], history["loss"][epoch]
            # as the book has it when it prints: of the step before
            rate = optimizer.learning_rate * (1 / (1 + optimizer.decay * max(epoch - 1, 0)))
            print(f"epoch: {epoch}, acc: {accuracy:.3f}, loss: {loss:.3f}, lr: {rate}")
        new = model.evaluate(*xpnn.datasets.spiral(samples=100, classes=3, seed=1))
        print(f"on new points, acc: {new['accuracy']:.3f}, loss: {new['loss']:.3f}")
        if path is not None:
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
