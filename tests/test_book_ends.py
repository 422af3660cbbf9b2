"""Where chapter 10's long runs end, on NumPy.

They are chaotic: seventeen runs of the book's own code, their starts a millionth apart, end as
far from one another as ``final_band`` in data/book.json is wide.
"""

import pytest
from test_book import RUNS, book_run


@pytest.mark.parametrize("name", [name for name in RUNS if "final_band" in RUNS[name]])
def test_the_ends_of_chapter_10(name):
    history = book_run(name, "numpy", "float32", 10001)
    band = RUNS[name]["final_band"]
    for measure, margin in (("accuracy", 0.08), ("loss", 0.15)):
        low, high = (float(v) for v in band[measure])
        assert low - margin <= history[measure][-1] <= high + margin
