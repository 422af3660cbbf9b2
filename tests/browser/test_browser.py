"""What the tests of pages stand on: errors, and what a page fetches from afar, are seen."""

import pytest


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        return path.as_uri()

    return written


def test_a_page_is_shown_and_pressed(open_page, write):
    page = open_page(write("<button onclick=\"this.textContent = 'pressed'\">press</button>"))
    page.click("button")
    assert page.inner_text("button") == "pressed"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<script>console.error('this went wrong')</script>", "this went wrong"),
        ("<script>missing()</script>", "missing is not defined"),
        ("<script>fetch('http://192.0.2.1/data').catch(() => 0)</script>", "192.0.2.1"),
    ],
    ids=["says so", "fails", "fetches"],
)
def test_what_goes_wrong_on_a_page_is_told(watched, write, text, what):
    page, problems = watched(write(text))
    page.wait_for_timeout(100)
    assert what in problems[0]
