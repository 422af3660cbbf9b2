"""Chapter 4: a sine out of pairs of ReLU neurons, set by hand, and the fit of training.

python examples/ch04_sine_by_hand.py --output sine.png
"""

from pathlib import Path

import click
import numpy as np

import xpnn
from xpnn import handmade, plots


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option("--pairs", default=8, show_default=True, help="How many pairs of neurons.")
@click.option("--epochs", default=200, show_default=True, help="How long to train.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("sine.png"))
def main(backend: str | None, pairs: int, epochs: int, output: Path) -> None:
    plots.check_picture(output)
    x, wave = xpnn.datasets.sine(1000)
    knots = handmade.sine_knots(pairs)
    by_hand = handmade.relu_pairs(lambda t: np.sin(2 * np.pi * t), knots, backend=backend)
    layers = [
        xpnn.Dense(1, pairs, weights="he_normal"),
        xpnn.ReLU(),
        xpnn.Dense(pairs, pairs, weights="he_normal"),
        xpnn.ReLU(),
        xpnn.Dense(pairs, 1, weights="he_normal"),
    ]
    trained = xpnn.Sequential(layers, seed=1, backend=backend)
    trained.compile("mean_squared_error", xpnn.Adam(0.01, decay=1e-3))
    trained.fit(x, wave, epochs=epochs)
    for name, model in (("by hand", by_hand), ("trained", trained)):
        print(f"{name}: off by {np.abs(model.predict(x) - wave).max():.4f} at most")
    plots.sine_by_hand(by_hand, trained, x, wave).savefig(output)


if __name__ == "__main__":
    main()
