"""The files of pictures: which can be written."""

import sys

import pytest

from xpnn.plots import check_picture


def test_a_picture_of_an_unknown_kind_is_refused(tmp_path):
    check_picture(tmp_path / "curves.PNG")
    for name in ("curves.doc", "curves"):
        with pytest.raises(ValueError, match=r"must end in .*\.png.*, got '.*curves"):
            check_picture(tmp_path / name)


def test_without_matplotlib_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'xpnn\[plot\]'"):
        check_picture("curves.png")
