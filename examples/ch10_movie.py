"""Chapter 10: the run with momentum as a movie, GIF or MP4.

python examples/ch10_movie.py --output momentum.mp4
"""

import click
from ch10_network import MOMENTUM, network

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
    model = network(MOMENTUM, backend=backend)
    history = model.fit(X, y, epochs=epochs, batch_size=None, callbacks=[movie]).history
    loss, accuracy = history["loss"][-1], history["accuracy"][-1]
    print(f"loss {loss:.3f}, accuracy {accuracy:.3f}; wrote {output}")


if __name__ == "__main__":
    main()
