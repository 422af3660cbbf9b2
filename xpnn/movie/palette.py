"""The colours of a GIF, which can have 256 of them: those that a scene is drawn in."""

from __future__ import annotations

import numpy as np

from ..plots.style import COLOURS, REGION_ALPHA, SIGNED

__all__ = ["palette"]


def palette() -> np.ndarray:
    """Return 255 colours that frames are made of: (255, 3), uint8; the last one is white."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    signed = colormaps[SIGNED](np.linspace(0, 1, 81))[:, :3]
    bright = np.array([to_rgb(colour) for colour in COLOURS])
    region = 1 - REGION_ALPHA * (1 - bright)
    black, white = np.zeros(3), np.ones(3)
    mixed = [bright, region]
    for part in (0.2, 0.4, 0.6, 0.8):  # the edges of what is drawn are smoothed
        mixed += [
            bright + part * (black - bright),
            bright + part * (region - bright),
            region + part * (black - region),
        ]
    mixed += [bright + part * (white - bright) for part in (0.3, 0.6, 0.8)]
    colours = np.concatenate([signed, *mixed])
    greys = np.linspace(0, 1, 255 - len(colours))[:, None] * white
    rounded: np.ndarray = np.round(255 * np.concatenate([colours, greys])).astype(np.uint8)
    return rounded
