"""Give the command odd tables and wild options: each ends well, or with one line and status 2.

Run ``python reliability/fuzz_command.py 3000`` for 3,000 cases, which take some minutes, and
``python reliability/fuzz_command.py 1 --seed 1234`` for the one that failed: a case is made of
its number alone.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
import random
import resource
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from click.testing import CliRunner, Result

from xpnn.cli import main

MEMORY = 8 << 30
"""How many bytes of addresses the process may have: what asks for more shall fail, not wait."""

ENCODINGS = (*["utf-8"] * 20, "utf-8-sig", "utf-8-sig", "latin-1", "utf-16", "cp1252", "utf-7")
NUMBERS = (
    "0", "1", "-1", "2", "1.5", "1e3", "-1e-3", "1e38", "1e39", "1e308", "1e309", "-1e308",
    "nan", "inf", "-inf", "5e-324", "1_000", "0x10", "1,5", " 7 ", "+3", "١", "1e", ".", "00",
    "-0", "1d3",
)  # fmt: skip
TEXTS = (
    "", " ", "a", "b", "red", "ü", "\u202e", "\U0001f600", "NA", "null", "?", "True", '"', "'",
    "a\nb", "a\rb", "\t", ";", ",", "=1+1", "\x00", "\x1b[31m", "x" * 300, "x" * 140_000,
    "\ufeff", "-", "--", "\u2028", "\x85", "\x1c", "y", "loss", "%s", "{}", "\\",
)  # fmt: skip
NAMES = (
    "x",
    "y",
    "z",
    "target",
    "é",
    " x",
    "",
    "0",
    "1",
    "epoch",
    "n" * 2000,
    "a,b",
    "a;b",
    "#",
)
WILD = (
    "0", "1", "-1", "2", "3", "0.5", "1e-300", "1e300", "nan", "inf", "-inf", "1e999", "", " ",
    "x", "1,2", "1,,2", "1,2,", "999999999999999", "-0", "1.0", "٣", "0x1", "1_0", "all",
    "none", "\x00", "x" * 5000, "ü", "true", "-", "--", "=", "a=b", "nesterov=true",
    "epsilon=nan", "rho=", "=1", "beta_1=1", "decay=1e400", "learning_rate=x",
)  # fmt: skip
FITTING = {
    "--preset": ("default", "fast", "fast", "best"),
    "--members": ("1", "2", "3"),
    "--time-budget": ("0.01", "0.5"),
    "--class-weight": ("balanced",),
    "--drop": ("x0", "x1", "y"),
    "--category": ("x0", "x1", "x2"),
    "--number": ("x0", "x1", "x2"),
    "--date": ("x0", "x1"),
    "--id": ("x0", "x1"),
    "--columns": ("data.csv", "nothing.toml", "."),
    "--task": ("auto", "classification", "regression"),
    "--hidden": ("0", "1", "4", "3,2", "5,5,5,5,5,5"),
    "--activation": ("relu", "Tanh", "sigmoid", "leaky_relu", "linear"),
    "--optimizer": ("sgd", "adagrad", "rmsprop", "adam", "adamw", "AdamW", "nadam", "lion"),
    "--learning-rate": ("0.1", "1e-30", "1e30", "1e308", "3"),
    "--decay": ("0", "0.1", "1e30"),
    "--momentum": ("0", "0.9", "0.999999"),
    "--rho": ("0", "0.9", "0.999999"),
    "--epsilon": ("1e-8", "1", "1e-300"),
    "--beta-1": ("0", "0.9", "0.999999"),
    "--weight-decay": ("0", "0.1", "1e30"),
    "--schedule": (
        *("cosine_decay", "one_cycle:rise=0.5", "step_decay:every=2", "warm_up:steps=3"),
        *("cyclic:every=4,factor=0.5", "step_decay", "one_cycle:steps=1", "cosine_log:x=1"),
    ),
    "--setting": ("nesterov=true", "epsilon=1e-8", "beta_1=0.5", "weight-decay=0.1", "rho=0.5"),
    "--batch-size": ("1", "2", "32", "all", "1000000"),
    "--dropout": ("0", "0.5", "0.999"),
    "--l2": ("0", "0.1", "1e30"),
    "--patience": ("1", "2"),
    "--seed": ("0", "1", "4294967296", "99999999999999999999999"),
    "--validation-split": ("0", "0.1", "0.5", "0.999999", "1e-9"),
    "--metric": ("f1", "roc_auc", "r2", "top_3_accuracy", "precision_macro", "accuracy"),
    "--backend": ("numpy", "numpy!", "auto", "nothing", "numpy:cpu"),
    "--plot": ("a.png", "a.svg", "a.pdf", "a.doc", "no/a.png", "."),
    "--movie-panels": ("loss", "updates,weights", "los"),
    "--checkpoints": ("kept", "kept/deep", "data.csv", "/dev/null/x"),
    "--output": ("m", "/dev/null", ".", "no/m", "n" * 255, "n" * 256, "data.csv"),
    "--import": ("math", "json", "this", "nothing.at.all"),
}


KINDS = ("numbers", "numbers", "integers", "words", "same", "large")


def table(draw: random.Random) -> bytes:
    """Return the contents of a file that is a table, nearly one, or none at all."""
    kind = draw.random()
    if kind < 0.02:
        return b""
    if kind < 0.04:
        return draw.randbytes(draw.choice((1, 10, 1000, 100_000)))
    n_rows = draw.choice((0, 1, 2, 5, 30, 30, 90, 90))
    odd = draw.choice((0, 0, 0, 0.01, 0.1, 1))
    names, kinds = ["x0", "x1", "y"], ["numbers", "words", draw.choice(("words", "numbers"))]
    if kind < 0.6:  # another one than that which the models know
        n_columns = draw.choice((1, 2, 2, 3, 3, 4, 30))
        names = [*(f"x{i}" for i in range(n_columns - 1)), "y"]
        kinds = [draw.choice(KINDS) for _ in names]
    if draw.random() < 0.15:
        names = [draw.choice(NAMES) if draw.random() < 0.4 else name for name in names]
    columns = [column(draw, n_rows, kind, odd) for kind in kinds]
    rows = [list(row) for row in zip(*columns)] if n_rows else []
    if rows and draw.random() < 0.1:  # a ragged one
        row = draw.choice(rows)
        row.append("1") if draw.random() < 0.5 else row.pop()
    text = io.StringIO(newline="")
    separator = draw.choice((",",) * 16 + (";", "\t", "|", " "))
    end = draw.choice(("\n", "\n", "\r\n", "\r"))
    quotes = draw.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=quotes).writerows(
        [names, *rows] if draw.random() < 0.97 else rows
    )
    data = text.getvalue().encode(draw.choice(ENCODINGS), errors="replace")
    if draw.random() < 0.05:
        data = data[: draw.randrange(len(data) + 1)]
    if data and draw.random() < 0.05:
        place = draw.randrange(len(data))
        data = data[:place] + draw.choice((b"\0", b'"', b"\xff", b"\n", b"\r")) + data[place:]
    return data


def column(draw: random.Random, n: int, kind: str, odd: float) -> list[str]:
    """Return the cells of a column: mostly of a kind, and a part of odd ones."""
    makes = {
        "numbers": lambda: f"{draw.gauss(0, 1):.4g}",
        "integers": lambda: str(draw.randrange(3)),
        "words": lambda: draw.choice(("red", "blue")),
        "same": lambda: "1",
        "large": lambda: f"{draw.gauss(0, 1) * 10 ** draw.choice((30, 37, 300)):.4g}",
    }
    return [
        draw.choice((*NUMBERS, *TEXTS)) if draw.random() < odd else makes[kind]()
        for _ in range(n)
    ]


def options(draw: random.Random, names: list[str], wild: float) -> list[str]:
    """Return some options, most of them with values that fit."""
    words = []
    for name in draw.choices(names, k=draw.choice((0, 0, 1, 1, 2, 3))):
        value = draw.choice(WILD if draw.random() < wild else FITTING[name])
        words += [f"{name}={value}"] if draw.random() < 0.2 else [name, value]
    return words


def words(draw: random.Random, models: list[str]) -> tuple[list[str], bytes | None]:
    """Return the words of a command, and what it reads from standard input."""
    wild, given = draw.choice((0, 0, 0.2, 1)), None
    data = draw.choice(("data.csv",) * 12 + ("-", "-", "nothing.csv", "vertical"))
    if data == "-":
        given = Path("data.csv").read_bytes()
    target = ["--target", draw.choice((*["y"] * 200, *NAMES, *WILD))]
    target = target if draw.random() < 0.97 else []
    command = draw.choice(("train",) * 5 + ("predict", "predict", "evaluate", "compare"))
    command = (
        command if draw.random() < 0.95 else draw.choice(("export", "inspect", "backends"))
    )
    model = draw.choice((*models * 5, "data.csv", "nothing", ".")) if models else "nothing"
    if command == "train":
        epochs = draw.choice(("1", "2", "2", "2"))
        asked = options(draw, list(FITTING), wild)
        said = [
            command,
            data,
            *(target if data != "vertical" else []),
            "--epochs",
            epochs,
            *asked,
        ]
    elif command == "predict":
        said = [
            command,
            model,
            data,
            *options(draw, ["--output", "--backend", "--import", "--id"], wild),
            *(["--keep"] if draw.random() < 0.2 else []),
        ]
    elif command == "evaluate":
        asked = options(draw, ["--metric", "--backend", "--import"], wild)
        said = [command, model, data, *asked, *(target if draw.random() < 0.3 else [])]
    elif command == "compare":
        specs = draw.choice(("numpy,numpy", "numpy,array_api_strict", "numpy", "", "x,y", ",,"))
        said = [command, model, data, "--backends", specs]
    elif command == "export":
        said = [command, model, draw.choice(("m.onnx", "/dev/null", "", "no/m", "n" * 300))]
    elif command == "inspect":
        what = draw.choice((model, data))
        said = [command, what, *(["--json"] if draw.random() < 0.5 else [])]
        said += options(draw, ["--drop", "--category", "--number", "--date"], wild)
    else:
        said = [command, *options(draw, ["--backend"], wild)]
    if wild == 1 and draw.random() < 0.2:
        said.insert(draw.randrange(len(said) + 1), draw.choice(WILD))
    return said, given


def complaint(result: Result, command: str) -> str | None:
    """Return what is wrong with how a command ended, None where nothing is."""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return "".join(traceback.format_exception(result.exception))
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    if "Traceback" in result.stderr:
        return result.stderr
    if result.exit_code in ((0, 1) if command == "compare" else (0,)):
        return f"status 0, but {errors}" if errors else None
    if result.exit_code != 2:
        return f"status {result.exit_code}: {result.stderr}"
    if len(errors) != 1 or not result.stderr.endswith("\n"):
        return f"not one line of error: {result.stderr!r}"
    last = result.stderr.removesuffix("\n").split("\n")[-1]
    return None if last.startswith("Error: ") else f"more than a line: {result.stderr!r}"


def train_models(folder: Path) -> list[str]:
    """Return model files to use: of classes, of a number, and of a built-in data set."""
    draw, runner = random.Random(0), CliRunner()
    made = []
    for name in ("words", "numbers"):
        with (folder / f"{name}.csv").open("w", encoding="utf-8") as file:
            print("x0,x1,y", file=file)
            for _ in range(60):
                x = draw.gauss(0, 1)
                y = ("red" if x > 0 else "blue") if name == "words" else f"{x:.3f}"
                print(f"{x:.3f},{draw.choice(('red', 'blue'))},{y}", file=file)
        asked = ["train", str(folder / f"{name}.csv"), "--target", "y", "--epochs", "2"]
        made.append((asked, folder / f"{name}.model"))
    made.append((["train", "vertical", "--epochs", "2"], folder / "vertical.model"))
    for asked, output in made:
        result = runner.invoke(main, [*asked, "--output", str(output)])
        assert result.exit_code == 0, result.output
    return [str(output) for _, output in made]


def run_case(number: int, models: list[str]) -> tuple[list[str], str | None]:
    """Run a case in a folder of its own; return its words, and what is wrong with it."""
    draw = random.Random(number)
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("data.csv").write_bytes(table(draw))
            said, given = words(draw, models)
            said = [word.replace("\x00", "") if draw.random() < 0.9 else word for word in said]
            result = CliRunner().invoke(main, said, input=given)
            wrong = complaint(result, said[0])
            left = [p.name for p in Path().rglob(".*") if p.is_file()]
            return said, wrong or (f"left {left}" if left else None)
        finally:
            os.chdir(before)


def run(count: int, first: int) -> int:
    """Run cases, tell of those that end badly, and return how many these are."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    warnings.simplefilter("ignore")
    failed, tenth = 0, math.ceil(count / 10)
    with tempfile.TemporaryDirectory() as folder:
        models = train_models(Path(folder))
        for number in range(first, first + count):
            said, wrong = run_case(number, models)
            if wrong is not None:
                failed += 1
                shown = " ".join(repr(w[:80]) if len(w) > 80 else w or "''" for w in said)
                print(f"case {number}: xpnn {shown}\n{wrong[-3000:]}\n", flush=True)
            done = number - first + 1
            if done % tenth == 0 or done == count:
                print(f"{done:,} cases, {failed} failed", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=1000, help="how many cases")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first")
    asked = parser.parse_args()
    sys.exit(min(1, run(asked.count, asked.seed)))
