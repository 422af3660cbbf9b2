"""What tests of movies film, and how they look at what was filmed."""

import numpy as np
from PIL import Image

import xpnn
from xpnn.callbacks import TrainingMovie

X, Y = xpnn.datasets.spiral(samples=20, classes=3, seed=0)
SMALL = {"size": (300, 200)}


def model(classes=3, loss="categorical_cross_entropy", n_inputs=2):
    layers = [xpnn.Dense(n_inputs, 8), xpnn.Tanh(), xpnn.Dense(8, classes)]
    if loss == "categorical_cross_entropy":
        layers.append(xpnn.Softmax())
    return xpnn.Sequential(layers, seed=0).compile(loss, xpnn.Adam(0.05))


def small_model():
    layers = [xpnn.Dense(2, 3), xpnn.Softmax()]
    return xpnn.Sequential(layers, seed=0).compile("categorical_cross_entropy", "sgd")


def frames(path):
    """Return the frames of a GIF as a viewer shows them, and how long each."""
    pictures, durations = [], []
    with Image.open(path) as image:
        assert image.format == "GIF"
        assert image.info["loop"] == 0
        for i in range(image.n_frames):
            image.seek(i)
            pictures.append(np.asarray(image.convert("RGB"), dtype=int))
            durations.append(image.info["duration"])
    return pictures, durations


def film(path, epochs=4, data=(X, Y), network=None, fit=(X, Y), **settings):
    callback = TrainingMovie(path, data=data, **{**SMALL, "every": 1, **settings})
    network = network or small_model()
    network.fit(*fit, epochs=epochs, batch_size=None, callbacks=[callback])
    return network
