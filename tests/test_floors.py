"""The floors of the house: imports point down, files are short, and little is imported at once.

The contracts themselves stand in pyproject.toml, and import-linter holds the house to them;
here it is seen to find what breaks them.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from processes import run_python

ROOT = Path(__file__).parent.parent
FOLDERS = ("xpnn", "backends")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))

# Both take the packages from the folder that they run in, and neither writes a cache.
LINT = """
import sys
sys.path.insert(0, "")
from importlinter.cli import lint_imports_command
lint_imports_command(["--no-cache"])
"""
GRAPH = """
import json, sys
sys.path.insert(0, "")
import grimp
graph = grimp.build_graph("xpnn", "backends", cache_dir=None)
imported = graph.find_modules_directly_imported_by
print(json.dumps({name: sorted(imported(name)) for name in sorted(graph.modules)}))
"""


def run(code, folder):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture
def house(tmp_path):
    """A copy of the code and its contracts, to break them."""
    for folder in FOLDERS:
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold():
    caches = sorted(ROOT.glob(".*_cache*"))
    linted = run(LINT, ROOT)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert sorted(ROOT.glob(".*_cache*")) == caches


def test_the_page_has_each_room_on_its_floor():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    floors = contracts["contracts"][0]["layers"]
    table = (ROOT / "docs" / "architecture.md").read_text().partition("| floor |")[2]
    rows = [row.split(" | ")[1] for row in table.splitlines() if re.match(r"\| \d+, ", row)]
    rooms = [set(re.findall(r"`(\w+)/?`", row)) for row in rows]
    assert rooms == [set(floor.split(" | ")) for floor in floors]


def test_an_import_of_a_higher_floor_is_found_for_types_too(house):
    with (house / "xpnn" / "layers" / "relu.py").open("a") as file:
        file.write("\nif TYPE_CHECKING:\n    from xpnn.sequential import Sequential\n")
    linted = run(LINT, house)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert "xpnn.layers.relu -> xpnn.sequential" in linted.stdout


def test_a_module_without_a_floor_is_found(house):
    (house / "xpnn" / "new_room.py").touch()
    linted = run(LINT, house)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert "xpnn.new_room" in linted.stdout


@pytest.fixture(scope="module")
def imports():
    """What each module imports of others, for types and inside functions too."""
    done = run(GRAPH, ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def reached(imports, module):
    """Return the modules to which imports lead from one, itself only where they lead back."""
    found, to_visit = set(), [module]
    while to_visit:
        new = set(imports[to_visit.pop()]) - found
        found |= new
        to_visit += new
    return found


def test_a_circle_would_be_seen():
    imports = {"a": ["b"], "b": ["c"], "c": ["b"], "d": ["a"]}
    assert [name for name in imports if name in reached(imports, name)] == ["b", "c"]


def test_no_modules_import_one_another_in_a_circle(imports):
    assert len(imports) == len(FILES)
    assert [name for name in imports if name in reached(imports, name)] == []


def test_backends_see_the_seam_only(imports):
    seam = ("xpnn.backend", "xpnn.distributed", "xpnn.operations", "xpnn.optimizers")
    seen = {
        f"{module} -> {other}"
        for module in imports
        for other in imports[module]
        if module.partition(".")[0] == "backends"
        and other.partition(".")[0] == "xpnn"
        and not other.startswith(tuple(f"{room}." for room in seam))
        and other not in seam
    }
    assert seen == set()


# ------------------------------------------------------------------------------------- sizes


def lines_of_code(function, lines):
    """Return how many lines a function has, without its docstring, comments and blank lines."""
    numbers = set(range(function.lineno, function.end_lineno + 1))
    if ast.get_docstring(function, clean=False) is not None:
        text = function.body[0]
        numbers -= set(range(text.lineno, text.end_lineno + 1))
    code = (lines[number - 1].strip() for number in numbers)
    return sum(bool(line) and not line.startswith("#") for line in code)


def test_lines_of_code_are_counted():
    text = '''
def f():
    """Say
    a lot."""

    # why
    def g():
        """Say."""
    return g
'''
    (function,) = ast.parse(text).body
    assert lines_of_code(function, text.splitlines()) == 4


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_read_at_once_is_short(path):
    text = path.read_text(encoding="utf-8")
    lines, too_long = text.splitlines(), []
    if len(lines) > 400:
        too_long.append(f"the file has {len(lines)} lines, more than 400")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            count, most = node.end_lineno - node.lineno + 1, 350
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count, most = lines_of_code(node, lines), 60
        else:
            continue
        if count > most:
            too_long.append(f"{node.name} has {count} lines, more than {most}")
    assert too_long == []


# ----------------------------------------------------------------------------- import xpnn


def test_import_xpnn_imports_little():
    """However many files there are: each takes its time."""
    code = """
        import sys, numpy
        before = set(sys.modules)
        import xpnn
        new = set(sys.modules) - before
        print(len(new), sum(name.partition(".")[0] == "xpnn" for name in new))
    """
    total, ours = map(int, run_python(code).stdout.split())
    assert total <= 90
    assert 20 < ours <= 75
