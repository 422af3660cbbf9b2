"""Chapter 10: the run with momentum as a movie, GIF or MP4.

python examples/ch10_movie.py --output momentum.mp4
"""

import click

import xpnn
from xpnn.callbacks import TrainingMovie


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option("--epochs", default=10001, show_default=True, help="How long to train.")
@click.option("--every", type=int, help="Epochs between frames.  [default: dense at first]")
@click.option("--output", default="momentum.gif", show_default=True)
def main(backend: str | None, epochs: int, every: int | None, output: str) -> None:
    movie = TrainingMovie(output, every=every)
    X, y = xpnn.datasets.spiral(samples=100, classes=3, seed=7)
    small = xpnn.initializers.Normal(0.01)
    layers = [
        xpnn.Dense(2, 64, weights=small),
        xpnn.ReLU(),
        xpnn.Dense(64, 3, weights=small),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=7, backend=backend)
    model.compile("categorical_cross_entropy", xpnn.SGD(1.0, decay=1e-3, momentum=0.9))
    history = model.fit(X, y, epochs=epochs, batch_size=None, callbacks=[movie]).history
    loss, accuracy = history["loss"][-1], history["accuracy"][-1]
    print(f"loss {loss:.3f}, accuracy {accuracy:.3f}; wrote {output}")


if __name__ == "__main__":
    main()
