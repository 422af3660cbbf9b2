"""The command xpnn backends."""

import re

import pytest
from command_line import run

import xpnn

pytestmark = pytest.mark.usefixtures("folder")


def test_backends_are_listed():
    result = run("backends")
    for info in xpnn.available_backends():
        (line,) = re.findall(rf"^{info.name} .*$", result.stdout, re.M)
        assert line.split()[1] == ("yes" if info.usable else "no")
    assert "Without --backend, xpnn uses numpy on cpu" in result.stdout
