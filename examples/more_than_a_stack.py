"""Layers that hold layers: a residual network, a wide and deep one, two heads, two towers.

python examples/more_than_a_stack.py

What is bought, and for how much, is made up of who buys (of 500) and what is on offer (of 80).
"""

from dataclasses import dataclass

import click
import numpy as np

import xpnn
from xpnn import Chain, Concatenate, Dense, Embedding, ReLU, Residual, Select, Softmax


@dataclass(frozen=True)
class Match(xpnn.Combinator):
    """How well two towers go together: their outputs are multiplied, number by number."""

    buyer: xpnn.Layer
    offer: xpnn.Layer

    def combine(self, x, buyer, offer):
        b, buyer_backward = buyer(x)
        o, offer_backward = offer(x)
        return b * o, lambda dy: buyer_backward(dy * o) + offer_backward(dy * b)


def offers(rows: int):
    """Return columns (buyer, offer, three numbers), the kind of each deal and its price."""
    rng = np.random.default_rng(0)
    buyer, offer = rng.integers(0, 500, rows), rng.integers(0, 80, rows)
    numbers = rng.standard_normal((rows, 3))
    taste, worth = rng.standard_normal((500, 3)), rng.standard_normal((80, 3))
    liked = (taste[buyer] * worth[offer]).sum(axis=1)
    price = liked + numbers[:, 0] * numbers[:, 1] + 0.1 * rng.standard_normal(rows)
    return np.column_stack([buyer, offer, numbers]), np.digitize(price, [-1, 1]), price


def codes():
    """Return vectors of the buyer and of the offer, beside the numbers: 8 + 8 + 3 outputs."""
    buyer, offer = Chain(Select(0), Embedding(500, 8)), Chain(Select(1), Embedding(80, 8))
    return Concatenate(buyer, offer, Select(2, 3, 4))


def residual():
    blocks = [Residual(xpnn.LayerNorm(32), Dense(32, 32), ReLU()) for _ in range(3)]
    return [codes(), Dense(19, 32), *blocks, Dense(32, 1)]


def wide_and_deep():
    deep = Chain(codes(), Dense(19, 64), ReLU(), Dense(64, 1))
    return [Concatenate(Chain(Select(2, 3, 4), Dense(3, 1)), deep), Dense(2, 1)]


def two_heads():
    ends = Concatenate(Chain(Dense(64, 3), Softmax()), Dense(64, 1))
    return [codes(), Dense(19, 64), ReLU(), ends]


def two_towers():
    buyer, offer = Chain(Select(0), Embedding(500, 8)), Chain(Select(1), Embedding(80, 8))
    return [Match(buyer, offer), Dense(8, 1)]


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option("--epochs", default=20, show_default=True, help="How often to go over the rows.")
@click.option("--rows", default=20000, show_default=True, help="How many deals there are.")
def main(backend: str | None, epochs: int, rows: int) -> None:
    X, kind, price = offers(rows)
    heads = xpnn.Heads(
        {
            "kind": (slice(0, 3), "categorical_cross_entropy"),
            "price": (slice(3, 4), "mean_squared_error", 0.5),
        }
    )
    for make in (residual, wide_and_deep, two_towers, two_heads):
        model = xpnn.Sequential(make(), seed=0, backend=backend)
        loss, y = "mean_squared_error", price
        if make is two_heads:
            loss, y = heads, {"kind": kind, "price": price}
        model.compile(loss, xpnn.Adam(0.003))
        model.fit(X, y, epochs=epochs, validation_split=0.2, verbose=False)
        print(f"{make.__name__}: validation loss {model.history.history['val_loss'][-1]:.3f}")
    print(model.summary())
    print(model.predict(X[:2]))


if __name__ == "__main__":
    main()
