"""Writes GIFs."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from .palette import palette

__all__ = ["Gif"]


class Gif:
    """Writes a GIF frame by frame, of each only what differs from the one before.

    Pillow packs the pixels; it would write whole movies too, but keeps all frames until
    then.  One table of colours serves all frames, so that what doesn't change stays the same
    to the pixel.

    Parameters
    ----------
    path : Path
        The file.
    fps : float
        Frames per second.
    size : (width, height)
        In pixels.
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        from PIL import Image

        self._milliseconds = 1000 / fps
        self._clock, self._told = 0.0, 0  # the format counts hundredths of a second
        self._shown: np.ndarray | None = None
        self._waiting: tuple[Any, tuple[int, int]] | None = None
        self._file = path.open("wb")
        colours = palette()
        table = colours.tobytes() + bytes(3)  # the last one is "as before"
        self._white = len(colours) - 1
        self._palette = Image.new("P", (1, 1))
        self._palette.putpalette(table[:-3])
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0xF7, 0, 0) + table)
        self._file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")  # again and again

    def add(self, frame: np.ndarray) -> None:
        """Take a frame of shape (height, width, 3), uint8, and write the one before it."""
        from PIL import Image

        picture = Image.fromarray(frame).quantize(
            palette=self._palette, dither=Image.Dither.NONE
        )
        pixels = np.array(picture)
        # Pillow takes the nearest colour of coarser ones, and most of a frame is white
        pixels[(frame == 255).all(axis=2)] = self._white
        if self._waiting is not None:
            self._write(self._milliseconds)
        corner = (0, 0)
        part = pixels
        if self._shown is not None:
            changed = pixels != self._shown
            rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
            if not rows.size:  # the file must have a frame here, and a pixel is enough
                rows = columns = np.zeros(1, dtype=int)
            corner = int(columns[0]), int(rows[0])
            where = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            part = np.where(changed[where], pixels[where], np.uint8(255))
        self._shown = pixels
        self._waiting = Image.fromarray(part), corner

    def _write(self, milliseconds: float) -> None:
        """Write the frame that waits, now that it is known how long it stays."""
        from PIL.GifImagePlugin import getdata

        assert self._waiting is not None
        picture, corner = self._waiting
        self._clock += milliseconds
        hundredths = max(2, round(self._clock / 10) - self._told)
        self._told += hundredths
        for block in getdata(
            picture, corner, duration=10 * hundredths, transparency=255, disposal=1
        ):
            self._file.write(block)

    def close(self, hold: float) -> None:
        """End the file; the last frame stays for so many seconds more."""
        if self._waiting is not None:
            self._write(self._milliseconds + 1000 * hold)
        self._file.write(b";")
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file, which need not be whole."""
        self._file.close()
