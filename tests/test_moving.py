"""The tutorial's figures that move, as they are made; tests/browser/ has them moved."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def moving(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import moving

    return moving


def test_each_figure_is_on_a_page(moving):
    pages = [path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")]
    asked = [name for page in pages for name in moving.MARK.findall(page)]
    assert sorted(asked) == sorted(moving.FIGURES)


def test_a_page_gets_its_figures_and_stays_as_it_is_else(moving):
    page = "<p>before</p>\n<!-- figure: tangent -->\n<!-- a comment -->\n<p>after</p>"
    html = moving.with_figures(page)
    assert html.startswith('<p>before</p>\n<figure class="moving" data-figure="tangent"')
    assert html.endswith("</figure>\n<!-- a comment -->\n<p>after</p>")


def test_a_figure_that_is_not_there_ends_the_build(moving):
    with pytest.raises(ValueError, match="asks for the figure 'nueron'"):
        moving.with_figures("<!-- figure: nueron -->")


@pytest.mark.parametrize("name", ["backward", "neuron", "product", "sine", "tangent", "walks"])
def test_tables_have_a_value_for_each_position(moving, name):
    html = moving.FIGURES[name]().html(name)
    assert len(html.encode()) < 200_000
    data = json.loads(re.search(r"<script[^>]*>(.*)</script>", html)[1])
    sizes = [int(size) + 1 for size in re.findall(r'max="(\d+)"', html)]
    for table in data["tables"]:
        assert len(table["values"]) == math.prod(sizes[i] for i in table["by"])
    parts = {int(part) for part in re.findall(r'data-part="(\d+)"', html)}
    assert parts == {change["part"] for change in data["changes"]}
    assert {change["table"] for change in data["changes"]} == {*range(len(data["tables"]))}
    assert "nan" not in html
    assert "http" not in html


def test_numbers_are_written_for_readers(moving):
    from moving.figure import number

    assert [number(-0.001), number(-1.5), number(2, 0)] == ["0.00", "\N{MINUS SIGN}1.50", "2"]


def test_figures_load_no_more_than_numpy(moving):
    """The site is built without matplotlib and without other array libraries."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import moving\n"
    code += "for make in moving.FIGURES.values(): make()\n"
    code += "assert not {'matplotlib', 'scipy', 'torch', 'pandas'} & {*sys.modules}"
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(DOCS)], check=True)
