"""Data to try networks on.

`spiral`, `vertical` and `sine` are those of the book, after the MIT-licensed ones of
Stanford's course CS231n; `circles` are rings around one another.  `digits` ships with xpnn; `fashion_mnist` is looked for on this
machine and downloaded where it isn't found.  All are NumPy arrays: inputs in rows, of
float32 unless you ask for another, classes as int64.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .checks import check_integer, check_precision
from .files.atomic import named
from .initializers import as_generator

__all__ = [
    "FASHION_CLASSES",
    "circles",
    "digits",
    "fashion_mnist",
    "sine",
    "spiral",
    "vertical",
]

Data = tuple[np.ndarray, np.ndarray]
Plane = tuple[np.ndarray, np.ndarray]
"""The two coordinates of points in the plane."""


def spiral(
    samples: int = 100, classes: int = 3, *, seed: Any = None, dtype: str = "float32"
) -> Data:
    """Make points in the plane on one spiral arm for each class.

    Parameters
    ----------
    samples : int
        The number of points of each class.
    classes : int
        The number of classes.
    seed : int, None, numpy.random.Generator or numpy.random.RandomState
        Where the noise comes from.  With ``RandomState(0)`` the points are exactly those
        of the book.
    dtype : {"float32", "float64"}
        That of the noise and the points.

    Returns
    -------
    X : numpy.ndarray of shape (classes * samples, 2)
        The points, class by class, inside the unit circle.
    y : numpy.ndarray of shape (classes * samples,), int64
        The classes, counted from 0.
    """

    def arm(number: int, noise: Callable[[float], np.ndarray]) -> Plane:
        radius = np.linspace(0, 1, samples)
        turn = np.linspace(number * 4, (number + 1) * 4, samples)
        angle = (turn + noise(0.2)) * 2.5
        return radius * np.sin(angle), radius * np.cos(angle)

    return _class_by_class(samples, classes, seed, dtype, arm)


def vertical(
    samples: int = 100, classes: int = 3, *, seed: Any = None, dtype: str = "float32"
) -> Data:
    """Make clouds of points in the plane, side by side, one for each class.

    Parameters
    ----------
    samples, classes, seed, dtype
        As in `spiral`.

    Returns
    -------
    X : numpy.ndarray of shape (classes * samples, 2)
        The points, class by class.
    y : numpy.ndarray of shape (classes * samples,), int64
        The classes, counted from 0.
    """

    def cloud(number: int, noise: Callable[[float], np.ndarray]) -> Plane:
        across = noise(0.1) + number / 3
        return across, noise(0.1) + 0.5

    return _class_by_class(samples, classes, seed, dtype, cloud)


def circles(
    samples: int = 100, classes: int = 3, *, seed: Any = None, dtype: str = "float32"
) -> Data:
    """Make points in the plane on one circle for each class, around one another.

    The class k, counted from 0, is on a circle of the radius (k + 1) / classes around 0, from
    which its points are off by noise of a standard deviation of 0.05.  No straight line parts
    them.

    Parameters
    ----------
    samples, classes, seed, dtype
        As in `spiral`.

    Returns
    -------
    X : numpy.ndarray of shape (classes * samples, 2)
        The points, class by class, evenly spaced around 0.
    y : numpy.ndarray of shape (classes * samples,), int64
        The classes, counted from 0.
    """

    def ring(number: int, noise: Callable[[float], np.ndarray]) -> Plane:
        radius = (number + 1) / classes + noise(0.05)
        angle = np.arange(samples) * (2 * np.pi / samples)
        return radius * np.cos(angle), radius * np.sin(angle)

    return _class_by_class(samples, classes, seed, dtype, ring)


def sine(samples: int = 1000, *, dtype: str = "float32") -> Data:
    """Make points on one period of a sine.

    Parameters
    ----------
    samples : int
        The number of points.
    dtype : {"float32", "float64"}
        That of both arrays.

    Returns
    -------
    X : numpy.ndarray of shape (samples, 1)
        0 <= x < 1, evenly spaced.
    y : numpy.ndarray of shape (samples, 1)
        sin(2 pi x).
    """
    samples = check_integer("samples", samples, at_least=1)
    check_precision("dtype", dtype)
    X = np.arange(samples)[:, None] / samples
    return X.astype(dtype), np.sin(2 * np.pi * X).astype(dtype)


def _class_by_class(
    samples: int,
    classes: int,
    seed: Any,
    dtype: str,
    points: Callable[[int, Callable[[float], np.ndarray]], Plane],
) -> Data:
    """Put the points of each class, ``points(number, noise)``, behind one another."""
    samples = check_integer("samples", samples, at_least=1)
    classes = check_integer("classes", classes, at_least=1)
    check_precision("dtype", dtype)
    generator = as_generator(seed)

    def noise(scale: float) -> np.ndarray:
        """Draw noise; rounded before it is scaled, as in the book."""
        return generator.standard_normal(samples).astype(dtype) * scale

    X = [np.stack(points(number, noise), axis=1) for number in range(classes)]
    return np.concatenate(X).astype(dtype), np.repeat(np.arange(classes), samples)


def digits() -> Data:
    """Return the 1,797 handwritten digits of the UCI repository's test set.

    Returns
    -------
    X : numpy.ndarray of shape (1797, 64), float32
        Images of 8 by 8 pixels, row by row, from 0 (white) to 1 (black).
    y : numpy.ndarray of shape (1797,), int64
        The digits.

    Notes
    -----
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (1998), UCI
    Machine Learning Repository, doi.org/10.24432/C50P49, licensed CC BY 4.0.
    """
    import gzip
    from importlib import resources

    packed = resources.files("xpnn.resources").joinpath("digits.csv.gz").read_bytes()
    table = np.loadtxt(
        gzip.decompress(packed).decode().splitlines(), delimiter=",", dtype=np.int64
    )
    return (table[:, :64] / 16).astype(np.float32), table[:, 64]


FASHION_CLASSES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
"""What the classes of Fashion-MNIST are, in their order."""

DEBIAN = Path("/usr/share/datasets")
FASHION_URL = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
)
# Of the files' contents: gzip files of the same contents differ from one another.
FASHION_FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def fashion_mnist(split: str = "train", *, root: str | os.PathLike[str] | None = None) -> Data:
    """Return Fashion-MNIST: pictures of clothes in ten classes.

    The files are looked for in `root`, in ``$XPNN_DATA``, each also in its subfolder
    ``fashion-mnist``, where Debian's package dataset-fashion-mnist puts them, and in the
    user's cache.  What is nowhere is downloaded into that cache, once.

    Parameters
    ----------
    split : {"train", "test"}
        The 60,000 images to train on, or the 10,000 to test.
    root : str or path, optional
        A folder that holds the files; if it is given, they must be there.

    Returns
    -------
    X : numpy.ndarray of shape (n, 784), float32
        Images of 28 by 28 pixels, row by row, from 0 (black) to 1 (white).
    y : numpy.ndarray of shape (n,), int64
        The classes, whose names are `FASHION_CLASSES`.

    Raises
    ------
    ValueError
        If `split` is something else, or a file is damaged: its SHA-256 is checked before
        it is used.
    FileNotFoundError
        If `root` is given and a file is not there.
    ConnectionError, OSError
        If a file is nowhere and can't be downloaded, or not be written to the cache.

    Notes
    -----
    H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST (2017), MIT licence.
    """
    prefixes = {"train": "train", "test": "t10k"}
    if split not in prefixes:
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    images = _fashion_file(f"{prefixes[split]}-images-idx3-ubyte", root)
    labels = _fashion_file(f"{prefixes[split]}-labels-idx1-ubyte", root)
    # the idx format: 16 bytes of header for images, 8 for labels, then the bytes
    X = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784).astype(np.float32)
    X /= 255
    return X, np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)


def _fashion_file(name: str, root: str | os.PathLike[str] | None) -> bytes:
    """Return the checked contents of one of the files."""
    file = f"{name}.gz"
    if root is not None:
        folders = [Path(root)]
    else:
        folders = [DEBIAN]
        if os.environ.get("XPNN_DATA"):
            folders.insert(0, Path(os.environ["XPNN_DATA"]))
    for folder in folders:
        for path in (folder / file, folder / "fashion-mnist" / file):
            if path.is_file():
                return _checked(path)
    if root is not None:
        raise FileNotFoundError(f"there is no {file} in root, {Path(root).resolve()}")
    return _checked(_download(file))


def _checked(path: Path) -> bytes:
    """Return the contents of a gzip file of Fashion-MNIST, or refuse it."""
    import gzip
    import hashlib
    import zlib

    name = path.name.removesuffix(".gz")
    try:
        contents = gzip.decompress(path.read_bytes())
        found = hashlib.sha256(contents).hexdigest()
    except (OSError, EOFError, zlib.error) as error:
        contents, found = b"", f"unreadable, {error}"
    if found != FASHION_FILES[name]:
        raise ValueError(
            f"{path} is damaged: the SHA-256 of its contents must be {FASHION_FILES[name]}, "
            f"but is {found}. Delete the file and try again"
        )
    return contents


def _download(file: str) -> Path:
    """Return the path of a file in the user's cache; one that is new there is checked."""
    from tempfile import TemporaryDirectory

    import pooch
    from requests import RequestException

    folder = Path(pooch.os_cache("xpnn")) / "fashion-mnist"
    target = folder / file
    if target.is_file():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # checked under another name, so that a download that broke off is never found here
        with TemporaryDirectory(dir=folder) as incoming:
            partial = Path(incoming) / file
            download = pooch.HTTPDownloader(progressbar=True, timeout=30)
            download(FASHION_URL + file, str(partial), None)
            _checked(partial)
            partial.replace(target)
    except (RequestException, ValueError) as error:
        raise ConnectionError(
            f"{file} of Fashion-MNIST is not on this machine and could not be downloaded from "
            f"{FASHION_URL} ({error}). Put the four files into a folder and name it in "
            "$XPNN_DATA, or install Debian's package dataset-fashion-mnist"
        ) from error
    except OSError:
        with named(target):  # the disk may be full, or the cache not ours
            raise
    return target
