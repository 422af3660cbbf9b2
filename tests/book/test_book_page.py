"""The list of figures in the documentation."""

from pathlib import Path

from xpnn.book import FIGURES

PAGE = Path(__file__).parents[2] / "docs" / "book.md"
TUTORIAL = PAGE.parent / "tutorial"


def row(figure):
    """Return the line that stands in the list."""
    (page,) = TUTORIAL.glob(f"{figure.chapter:02}-*.md")
    functions = ", ".join(f"`{function.__name__}`" for function in figure.functions)
    moves = "moves" if figure.film is not None else ""
    mark = "" if figure.in_book else " \\+"
    link = f"[{figure.chapter}](tutorial/{page.name})"
    shows = figure.shows.replace("*", "\\*")
    return f"| {figure.number}{mark} | {shows} | {functions} | {moves} | {link} |"


def test_each_figure_is_in_the_list_with_its_function_and_page():
    lines = PAGE.read_text("utf-8").splitlines()
    listed = [line for line in lines if line[:3].strip("| ").isdigit()]
    assert listed == [row(figure) for figure in FIGURES.values()]
