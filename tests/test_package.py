"""The package itself: parts that are imported when asked for, and the command."""

import subprocess
import sys

import pytest

import xpnn


def test_parts_are_imported_when_asked_for():
    code = "import xpnn; xpnn.testing.check_layer; xpnn.nnfs.init; xpnn.plots; dir(xpnn)"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        xpnn.nothing  # noqa: B018


def test_the_package_runs_as_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "xpnn", "--version"], capture_output=True, text=True, check=True
    )
    assert xpnn.__version__ in result.stdout
