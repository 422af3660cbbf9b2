"""What tests of several kinds of pictures draw."""

import numpy as np
from matplotlib.figure import Figure

import xpnn

HISTORY = {
    "loss": [3.0, 2.0, 1.0],
    "accuracy": [0.2, 0.4, 0.9],
    "val_loss": [3.5, 2.5, 2.0],
    "val_accuracy": [0.1, 0.3, 0.5],
}

POINTS = np.array([[0.0, 0.0], [0.2, 1.0], [0.9, 0.3], [1.0, 0.8]]), np.array([0, 0, 1, 1])

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (30, 2))
Y = rng.integers(3, size=30)
W0, B0 = rng.normal(size=(2, 5)), rng.normal(size=5)
W1, B1 = rng.normal(size=(5, 3)), rng.normal(size=3)


def left_or_right(points):
    """See class 1 right of x = 0.5."""
    right = np.asarray(points)[:, 0] > 0.5
    return np.stack([~right, right], axis=1).astype(np.float32)


def axes():
    return Figure().subplots()


def model(*middle):
    layers = [
        xpnn.Dense(2, 5, weights=W0, biases=B0),
        *(middle or [xpnn.ReLU()]),
        xpnn.Dense(5, 3, weights=W1, biases=B1),
        xpnn.Softmax(),
    ]
    network = xpnn.Sequential(layers, seed=0, dtype="float64")
    return network.compile("categorical_cross_entropy", xpnn.SGD(0.1))


def meshes(axes):
    return [c for c in axes.collections if type(c).__name__ == "QuadMesh"]


def positions(figure, texts):
    """Return where texts are, in pixels, once the figure is drawn; a pixel may be shared."""
    figure.canvas.draw()
    return [text.get_window_extent().padded(-1) for text in texts]
