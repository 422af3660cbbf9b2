"""What a file of another program seems to be, and why it is not loaded."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

__all__ = ["MAY_HOLD_TABLES", "other_kind"]

RUNS = "loading a pickle can run any code that whoever made it put there"

PICKLE = ("a pickle", RUNS)
ONNX = ("an ONNX file", "it holds operations, from which the layers can't be told any more")

COMPRESSED = ("a compressed file", "no model file is, and what is in it may be a pickle")

ZIP = ("a zip", "no model file is")

MAY_HOLD_TABLES = (None, COMPRESSED, ZIP)
"""What `other_kind` says of tables, too: nothing of texts, and workbooks are zips."""

BEGINNINGS = (
    (rb"\x80[\2-\5]", PICKLE),
    (rb"\x93NUMPY", ("a NumPy .npy file", f"it holds an array or a pickle, and {RUNS}")),
    (rb"\x89HDF", ("an HDF5 file, as Keras writes", "it names no layers of xpnn")),
    (rb"\x08[\1-\x20][\x12\x1a\x22\x2a\x32\x3a\x42]", ONNX),
    (rb"\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18", COMPRESSED),
)
"""How files of other programs begin, what they are, and why they are not loaded."""

ENDINGS = {
    ".joblib": ("a file of joblib, which is a pickle", RUNS),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth"), PICKLE),
    ".onnx": ONNX,
}
"""The same by their endings, where the beginning does not tell."""

MEMBERS = {
    ".pkl": ("a zip with a pickle in it, as .pt files are", RUNS),
    ".npy": ("a NumPy .npz file", f"it holds arrays or pickles and no network, and {RUNS}"),
    ".h5": ("a Keras file", f"it names no layers of xpnn and may hold a pickle, and {RUNS}"),
}
"""The same by the endings of what is in a zip."""


def other_kind(path: Path) -> tuple[str, str] | None:
    """Return what a file of another program seems to be, and why it is not loaded."""
    with path.open("rb") as file:
        start = file.read(16)
    if start[8:9] == b"{":  # the beginning of a safetensors file, perhaps a damaged one
        return None
    if start.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError):
            names = []  # a damaged one
        for ending, kind in MEMBERS.items():
            if any(name.endswith(ending) for name in names):
                return kind
        return ZIP
    by_ending = ENDINGS.get(path.suffix.lower())
    if path.suffix.lower() == ".joblib":  # which may be compressed
        return by_ending
    for beginning, kind in BEGINNINGS:
        if re.match(beginning, start):
            return kind
    return by_ending
