"""Each block of code in README, CONTRIBUTING, CHANGELOG and docs runs; its output is as shown.

CONTRIBUTING, "Write documentation", tells how blocks are marked.  A page is one script, in an
interpreter and a folder of its own, whose lines are those of the page.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from conftest import SPECS

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in [
        *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")),
        *(ROOT / "docs").rglob("*.md"),
    ]
)
RUN = {"python", "sh"}
SHOWN = {"", "text", "toml"}
# how many blocks of a page say that they are not run
NOT_RUN = {
    "docs/book.md": 1,
    "docs/guides/callbacks.md": 1,
    "docs/guides/tables.md": 1,
    "CONTRIBUTING.md": 2,
    "README.md": 2,
    "docs/guides/gpu.md": 4,
    "docs/guides/play.md": 3,
    "docs/guides/many-fits.md": 1,
    "docs/guides/many.md": 7,
    "docs/guides/backends.md": 3,
    "docs/index.md": 1,
}
# what takes long, and shows in a picture or a file only; docs/guides/tables.md trains in full
SHORTER = {
    "README.md": ("'--target', 'rent'", "'--target', 'rent', '--preset', 'fast'"),
    "docs/index.md": ("'--target', 'species'", "'--target', 'species', '--preset', 'fast'"),
    "docs/pictures.md": ("epochs=10001", "epochs=3"),
}
MARK = re.compile(r"<!-- not run: \S.* -->")
NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d*)?(?:e[-+]?\d+)?")
SEPARATOR = "\N{SYMBOL FOR RECORD SEPARATOR}"


@dataclass
class Block:
    """A fenced block of a page."""

    language: str
    line: int  # of its first line of code, counted from 0
    code: list[str]
    marked: bool  # as one that is not run


def blocks(page):
    """Return the fenced blocks of a page, in order."""
    found, block, last = [], None, ""
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines()):
        fence = re.fullmatch(r"( *)```(\w*).*", line)
        if block is None and fence:
            indent, language = fence.groups()
            block = Block(language, number + 1, [], bool(MARK.fullmatch(last.strip())))
        elif block and line.strip() == "```":
            found.append(block)
            block = None
        elif block:
            block.code.append(line.removeprefix(indent))
        if line.strip():
            last = line
    assert block is None, f"{page}: a block does not end"
    return found


def command(line):
    """Return Python for a line that calls the command xpnn."""
    program, *arguments = shlex.split(line)
    assert program == "xpnn", f"mark the block as not run, or let it call xpnn: {line}"
    return f"assert not __import__('xpnn.cli').cli.main({arguments!r}, standalone_mode=False)"


def script(page):
    """Return the page as a Python script, with each line where it is on the page."""
    lines = [""] * len((ROOT / page).read_text(encoding="utf-8").splitlines())
    for block in blocks(page):
        if block.language in RUN and not block.marked:
            code = block.code
            if block.language == "sh":
                code = [command(line) for line in code if line.strip()]
            lines[block.line : block.line + len(code)] = code
            # processes that a page starts may import it again
            lines[block.line - 1] = f"__name__ == '__main__' and print({SEPARATOR!r})"
    old, new = SHORTER.get(page, ("", ""))
    text = "\n".join(lines)
    assert old in text
    return text.replace(old, new) if old else text


def write_tables(folder):
    """Write the tables that pages name: two species by two lengths."""
    rng = np.random.default_rng(0)
    for name, n, header in (
        ("measurements.csv", 120, "leaf,stem,species"),
        ("new.csv", 3, "leaf,stem"),
    ):
        species = np.arange(n) % 2
        numbers = rng.normal(size=(n, 2)) + 4 * species[:, None]
        rows = [f"{a:.2f},{b:.2f}" for a, b in numbers]
        if "species" in header:
            rows = [f"{row},{('oak', 'ash')[s]}" for row, s in zip(rows, species)]
        (folder / name).write_text("\n".join([header, *rows]) + "\n")
    (folder / "docs" / "guides").mkdir(parents=True)
    for table in (ROOT / "docs" / "guides").glob("*.csv"):
        shutil.copy(table, folder / "docs" / "guides")


def run(page, folder, **environment):
    """Run a page, and return what each block printed, by the line where the block begins."""
    write_tables(folder)
    (folder / "page.py").write_text(script(page), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-W", "error", "page.py"],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env={
            **os.environ,
            "MPLBACKEND": "agg",
            "PYTHONSAFEPATH": "1",
            "PYTHONUTF8": "1",
            **environment,
        },
    )
    assert result.returncode == 0, f"{page}\n{result.stderr}"
    before, *printed = result.stdout.split(SEPARATOR + "\n")
    assert before == ""
    ran = [block.line for block in blocks(page) if block.language in RUN and not block.marked]
    assert len(ran) == len(printed)
    return dict(zip(ran, printed))


def same(shown, printed):
    """Whether two texts are the same but for spaces and for the last digit of a decimal.

    A line ``…`` of what is shown stands for any lines.
    """
    head, cut, tail = f"\n{shown.strip()}\n".partition("\n…\n")
    if cut:
        lines, n, m = printed.strip().splitlines(), len(head.split("\n")) - 1, tail.count("\n")
        ends = "\n".join(lines[:n]), "\n".join(lines[len(lines) - m :])
        return n + m <= len(lines) and same(head, ends[0]) and same(tail, ends[1])
    if [" ".join(t.split()) for t in NUMBER.split(shown)] != [
        " ".join(t.split()) for t in NUMBER.split(printed)
    ]:
        return False
    for a, b in zip(NUMBER.findall(shown), NUMBER.findall(printed)):
        wanted, got = (Decimal(n.replace(",", "")) for n in (a, b))
        whole = wanted.as_tuple().exponent >= 0 and "." not in a
        unit = 0 if whole else Decimal(10) ** wanted.as_tuple().exponent
        # all digits of a double are more than libraries agree on: two roundings are allowed
        if abs(wanted - got) > max(unit, abs(wanted) * Decimal("4e-16") * (not whole)):
            return False
    return True


# The tutorial on all that this run tests, the rest once.
WHERE = [
    pytest.param(page, spec, id=f"{page}-{spec}")
    for page in PAGES
    for spec in SPECS
    if spec == "numpy" or page.startswith("docs/tutorial/")
]


@pytest.mark.float64
@pytest.mark.parametrize(("page", "spec"), WHERE)
def test_a_page_runs(page, spec, tmp_path):
    printed = run(page, tmp_path, XPNN_BACKEND=f"{spec}!")
    before = None
    for block in blocks(page):
        if block.language == "text":
            got, wanted = printed[before.line], "\n".join(block.code)
            assert same(wanted, got), f"{page}:{block.line} shows\n{wanted}\nand gets\n{got}"
        before = block


@pytest.mark.parametrize("page", PAGES)
def test_no_block_is_left_out(page):
    before = None
    for block in blocks(page):
        place = f"{page}:{block.line}"
        assert block.language in RUN | SHOWN, f"{place} has the language {block.language!r}"
        assert not block.marked or block.language in RUN, f"{place} would not run anyway"
        if block.language == "text":
            runs = before and before.language in RUN and not before.marked
            assert runs, f"{place} follows no block that runs"
        before = block
    marked = sum(block.marked for block in blocks(page))
    assert marked == NOT_RUN.get(page, 0)


def test_no_code_hides_in_another_form():
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert "~~~" not in text
        assert not re.search(r"\n\n {4,}>>> ", text)


@pytest.mark.parametrize(
    ("shown", "printed", "wanted"),
    [
        ("loss 0.5", "loss 0.5", True),
        ("loss 0.51", "loss 0.5187", True),
        ("loss 0.51", "loss 0.53", False),
        ("[1.  2.]", "[1. 2.]\n", True),
        ("300 rows", "301 rows", False),
        ("1,000", "1,001", False),
        ("1.5e-07", "1.4e-07", True),
        ("1.5e-07", "1.5e-06", False),
        ("loss 0.5", "cost 0.5", False),
        ("loss 0.5", "loss 0.5 0.5", False),
        ("loss nan", "loss 0.5", False),
        ("a\n…\nz 1.0", "a\nb\nc\nz 1.0\n", True),
        ("a\n…", "a\nb", True),
        ("a\n…\nz", "b\nz", False),
        ("a\n…\nz", "a\nz\ny", False),
        ("a\nb\n…\nb\nc", "a\nb\nc", False),
    ],
)
def test_what_is_the_same(shown, printed, wanted):
    assert same(shown, printed) is wanted
