"""The command xpnn play: what it refuses, and how it begins and ends."""

import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest
from command_line import refused, run, write_csv
from processes import HANGS

pytestmark = pytest.mark.usefixtures("folder")


def test_what_it_refuses(folder):
    assert "none.csv" in refused("play", "none.csv")
    assert "no FILE is given" in refused("play", "--target", "x")
    assert "can't be standard input" in refused("play", "-")
    assert "abacus" in refused("play", "--backend", "abacus")
    assert "65535" in refused("play", "--port", 70000)
    write_csv("own.csv", ["a", "b", "kind"], [[1.5, 2.5, "x"], [2.5, 1.0, "y"]])
    assert "did you mean 'kind'" in refused("play", "own.csv", "--target", "kinds")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused("play", "--port", port) == f"--port {port}: Address already in use"


def test_without_tornado_it_says_what_to_install(monkeypatch):
    for name in [n for n in sys.modules if n.startswith(("tornado", "xpnn.play.server"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tornado", None)
    monkeypatch.setitem(sys.modules, "tornado.httpserver", None)
    assert "pip install 'xpnn[play]'" in refused("play", "--no-browser")


def test_it_is_told_of_in_the_help():
    assert "127.0.0.1" in run("play", "--help").stdout
    assert "play" in run("--help").stdout


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 0, "Ended.\n"), (signal.SIGTERM, 143, "Ended by SIGTERM.\n")],
    ids=["ctrl-c", "sigterm"],
)
def test_it_serves_until_it_is_ended(folder, number, status, said):
    write_csv("own.csv", ["a", "kind"], [[i / 7, "xy"[i % 2]] for i in range(20)])
    words = [sys.executable, "-m", "xpnn", "play", "own.csv", "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, text=True, **pipes) as process:
        try:
            address = process.stdout.readline().strip()
            assert process.stdout.readline() == "Training by numpy on cpu; Ctrl-C ends it.\n"
            with urlopen(address) as page:
                assert b"xpnn play" in page.read()
            process.send_signal(number)
            assert process.wait(HANGS) == status
        finally:
            process.kill()
        assert process.stderr.read() == said
