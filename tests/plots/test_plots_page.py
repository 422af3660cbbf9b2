"""The page in docs/ that shows the pictures."""

import re
from pathlib import Path

from PIL import Image


def test_the_page_shows_what_its_code_draws():
    docs = Path(__file__).parents[2] / "docs"
    page = (docs / "pictures.md").read_text(encoding="utf-8")
    code = "".join(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL))
    drawn = re.findall(r'(?:savefig|TrainingMovie)\("([\w.]+)"[,)]', code)
    shown = re.findall(r"!\[[^\]]+\]\(images/([\w.]+)\)", page)
    assert drawn == shown
    for name in shown:
        path = docs / "images" / name
        with Image.open(path) as picture:
            picture.load()
        assert path.stat().st_size < (3_000_000 if name.endswith(".gif") else 150_000)
    with Image.open(docs / "images" / "momentum.gif") as movie:
        assert movie.n_frames > 100
