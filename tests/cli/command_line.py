"""Running the command xpnn in tests, and reading what it prints."""

import csv
import re

import numpy as np
from click.testing import CliRunner

from xpnn.cli import main


def run(*words, status=0):
    """Run the command and return its result, which must have this exit status."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def refused(*words):
    """Run the command, which must end with status 2 and one sentence; return that."""
    result = run(*words, status=2)
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("\n")
    return result.stderr.removeprefix("Error: ").rstrip("\n")


PARTS = (
    r"training|validation|[\d,]+ rows|out of fold|held out|most frequent class|mean|"
    "linear model|gradient-boosted trees"
)


def measured(output):
    """Return a printed table of results as {part: [numbers]}."""
    found = re.findall(rf"^({PARTS}) +([-\de+. %]+)$", output, re.M)
    return {part: [float(n.rstrip("%")) for n in numbers.split()] for part, numbers in found}


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def read_csv(text):
    return list(csv.DictReader(text.splitlines()))


SHAPES = ("circle", "square")


def write_shapes(path="shapes.csv", n=200):
    """Write rows whose class follows from the numbers and the category."""
    generator = np.random.default_rng(1)
    x, size = generator.normal(size=n), generator.normal(50, 20, size=n)
    colour = generator.choice(["red", "blue"], size=n)
    shape = [SHAPES[int(a * (1 if c == "red" else -1) > 0)] for a, c in zip(x, colour)]
    write_csv(path, ["x", "size", "colour", "shape"], zip(x, size, colour, shape))
    return shape
