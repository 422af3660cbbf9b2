"""The command xpnn backends."""

import re

import pytest
from command_line import run

import xpnn
from xpnn.backend import Backend
from xpnn.cli.saying import where

pytestmark = pytest.mark.usefixtures("folder")


def test_backends_are_listed():
    result = run("backends")
    for info in xpnn.available_backends():
        (line,) = re.findall(rf"^{info.name} .*$", result.stdout, re.M)
        assert line.split()[1] == ("yes" if info.usable else "no")
    assert "Without --backend, xpnn uses numpy on cpu" in result.stdout


def test_a_backend_whose_arrays_know_of_no_device_is_only_named(monkeypatch):
    shared = Backend("shared", xpnn.backend.resolve("numpy").xp, None, "1.0")
    assert where(shared) == "shared"
    assert where(xpnn.backend.resolve("numpy")) == "numpy on cpu"
    monkeypatch.setattr("xpnn.backend.finding.load", lambda name, device: shared)
    assert {info.device for info in xpnn.available_backends()} == {None}
