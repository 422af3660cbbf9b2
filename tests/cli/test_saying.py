"""What the command says, where it goes, and rows that come through pipes."""

import io
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from command_line import measured, read_csv, refused, run, write_csv, write_shapes
from processes import surroundings

from xpnn.cli import main

QUICK = ("--preset", "fast", "--members", 2, "--epochs", 3, "--no-baselines")
COMMAND = [sys.executable, "-P", "-m", "xpnn"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a table and a model of it, with a class that ASCII doesn't have."""
    folder = tmp_path_factory.mktemp("trained")
    table = folder / "shapes.csv"
    write_shapes(table)
    table.write_text(table.read_text().replace("circle", "größe"), encoding="utf-8")
    model = folder / "model.safetensors"
    run("train", table, "--target", "shape", *QUICK, "--output", model)
    return folder


@pytest.fixture
def shapes(folder, trained):
    """Both of them, where the test works."""
    shutil.copytree(trained, folder, dirs_exist_ok=True)
    return folder / "shapes.csv"


def through(words, data):
    result = CliRunner().invoke(main, words, input=data)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_data_from_standard_input(folder, shapes):
    data = shapes.read_bytes()
    wanted = run("predict", "model.safetensors", shapes).stdout
    assert through(["predict", "model.safetensors", "-"], data) == wanted
    assert read_csv(wanted)[0]["probability größe"]
    evaluated = through(["evaluate", "model.safetensors", "-"], data)
    assert measured(evaluated) == measured(run("evaluate", "model.safetensors", shapes).stdout)
    words = ["compare", "model.safetensors", "-", "--backends", "numpy,numpy"]
    assert through(words, data)
    words = ["train", "-", "--target", "shape", *map(str, QUICK), "--output", "again"]
    through(words, b"\xef\xbb\xbf" + data)
    again = run("predict", "again", shapes).stdout
    assert again == wanted
    assert "standard input" in run("inspect", "again").stdout


def test_data_through_pipes(folder, shapes):
    wanted = run("predict", "model.safetensors", shapes).stdout
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=[shapes.read_bytes()])
    writer.start()
    assert run("predict", "model.safetensors", "pipe").stdout == wanted
    writer.join()
    with shapes.open("rb") as file:
        done = subprocess.run(
            [*COMMAND, "predict", "model.safetensors", "/dev/stdin"],
            stdin=file, env=surroundings(), capture_output=True, check=True,
        )  # fmt: skip
    assert done.stdout.decode() == wanted


def test_predictions_into_pipes(folder, shapes):
    wanted = run("predict", "model.safetensors", shapes).stdout
    words = ("predict", "model.safetensors", shapes, "--output")
    assert run(*words, "-").stdout == wanted
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    reader.start()
    assert "wrote pipe" in run(*words, "pipe").stderr
    reader.join()
    assert read[0].decode() == wanted
    run(*words, "/dev/null")
    assert refused(*words, "/dev/full") == "/dev/full: No space left on device"


def test_what_is_no_table(folder):
    for data in ("nothing.csv", "."):
        assert refused("predict", "model", data) == "there is no file model"
        assert refused("train", data, "--target", "y").startswith(
            f"there is no file {data}" if data != "." else ". is a folder; name a file"
        )
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=[b""])
    writer.start()
    assert "pipe is empty" in refused("train", "pipe", "--target", "y")
    writer.join()
    result = CliRunner().invoke(main, ["train", "-", "--target", "y"], input=b"\x80\x04\x95")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: standard input")
    assert "a Python pickle" in result.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_a_terminal_without_the_letter_gets_it_escaped(folder, shapes, environment):
    def on_it(*words):
        done = subprocess.run(
            [*COMMAND, *words], env=surroundings(environment=environment), capture_output=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    printed = on_it("predict", "model.safetensors", "shapes.csv")
    wanted = run("predict", "model.safetensors", "shapes.csv").stdout
    assert printed.decode("ascii") == wanted.replace("ö", "\\xf6").replace("ß", "\\xdf")
    on_it("predict", "model.safetensors", "shapes.csv", "--output", "predictions.csv")
    assert (folder / "predictions.csv").read_text(encoding="utf-8") == wanted
    assert b"gr" in on_it("inspect", "model.safetensors")


@pytest.mark.parametrize(
    "words",
    [
        "predict model.safetensors shapes.csv",
        "inspect model.safetensors",
    ],
)
def test_standard_output_that_is_full_is_one_line(shapes, words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *words.split()],
            env=surroundings(), stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "Error: standard output: No space left on device\n"


def test_whoever_reads_may_have_enough(folder):
    """As ``head`` has: it is no error that is told."""
    write_csv("many.csv", range(2), [[i / 7, i] for i in range(20_000)])
    run("train", "vertical", "--epochs", 1)
    process = subprocess.Popen(
        [*COMMAND, "predict", "model.safetensors", "many.csv"],
        env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.readline().startswith(b"prediction")
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1


def test_standard_input_is_not_closed():
    from xpnn.tables import read

    class Stdin:
        buffer = io.BytesIO(b"a,b\n1,2\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Stdin)
        assert read("-").columns["b"].cells().tolist() == ["2"]
    assert not Stdin.buffer.closed
