"""A scene: what a frame shows."""

import numpy as np
from filming import X, Y, model
from matplotlib.colors import to_rgb

from xpnn import plots
from xpnn.movie.scene import Scene


def test_the_regions_in_a_frame_are_what_the_model_sees():
    network = model()
    scene = Scene(network, (X, Y), 30, (500, 400), ["regions", "weights"])
    network.fit(X, Y, epochs=30)
    picture = scene.draw()
    main = scene._figure.axes[0]
    low, high = X.min(axis=0), X.max(axis=0)
    places = np.random.default_rng(0).uniform(low, high, (400, 2)).astype(np.float32)
    seen = network.predict(places).argmax(axis=1)
    across, up = main.transData.transform(places).T
    at = picture[(400 - up).astype(int), across.astype(int)]
    bright = np.array([to_rgb(c) for c in plots.COLOURS[:3]])
    regions = 255 * (1 - plots.REGION_ALPHA * (1 - bright))
    distances = np.abs(at[:, None] - regions).sum(axis=2)
    clear = distances.min(axis=1) < 12  # not under a point
    assert clear.mean() > 0.6
    assert (distances.argmin(axis=1) == seen)[clear].mean() > 0.97  # cells have a size
