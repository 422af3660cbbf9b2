"""Writes MP4s, by ffmpeg."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np

__all__ = ["Mp4", "find_ffmpeg"]

DISK = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO, errno.EROFS)
"""What the disk may have against a movie, which ffmpeg tells in the system's words."""


def find_ffmpeg() -> str:
    """Return the path of ffmpeg: the one that is installed, or imageio-ffmpeg's."""
    import shutil

    found = shutil.which("ffmpeg")
    if found is None:
        try:
            import imageio_ffmpeg

            found = imageio_ffmpeg.get_ffmpeg_exe()
        except (ImportError, RuntimeError) as error:
            raise ModuleNotFoundError(
                "MP4 needs ffmpeg, which is not installed: pip install 'xpnn[movie]', or let "
                "the name end in .gif"
            ) from error
    return str(found)


class Mp4:
    """Gives frames to ffmpeg, which writes an MP4.

    Parameters
    ----------
    path : Path
        The file.
    fps : float
        Frames per second.
    size : (width, height)
        In pixels, both even.
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        import tempfile

        self._fps, self._last = fps, b""
        width, height = size
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (until the movie ends)
        self._process = subprocess.Popen(
            [
                *(find_ffmpeg(), "-y", "-loglevel", "error"),
                *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
                *("-r", f"{fps:g}", "-i", "-", "-an", "-pix_fmt", "yuv420p"),
                *("-movflags", "+faststart", str(path)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is for the training, not for who films it
        )

    def add(self, frame: np.ndarray) -> None:
        """Write a frame of shape (height, width, 3), uint8."""
        self._last = frame.tobytes()
        self._give()

    def _give(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(self._last)
        except OSError:  # it has ended, and says why
            self._end()

    def _end(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        status = self._process.wait()
        if -status == getattr(signal, "SIGXFSZ", None):
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if status:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip()
            for number in DISK:
                if os.strerror(number) in said:
                    raise OSError(number, os.strerror(number))
            raise OSError(f"ffmpeg could not write the movie: {said}")

    def close(self, hold: float) -> None:
        """End the file; the last frame stays for so many seconds more."""
        for _ in range(round(hold * self._fps)):
            self._give()
        self._end()

    def abandon(self) -> None:
        """End ffmpeg, whether the file is whole or not."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(OSError):
                self._process.stdin.close()
        self._errors.close()
