"""What columns do to the answer, whatever the order of the rows."""

from types import SimpleNamespace

import numpy as np
import pytest

from xpnn.report.effects import ROWS_OF_AN_EFFECT, effects
from xpnn.tables import Measure, from_frame
from xpnn.tables.understanding import understand
from xpnn.tabular.training import encoding_of_rows

rng = np.random.default_rng(0)


def test_an_effect_is_the_mean_of_all_kinds_of_rows_also_where_they_are_sorted():
    a, b = rng.normal(size=900), np.sort(rng.uniform(size=900))
    table = from_frame({"a": [*a], "b": [*b]})
    encoding = encoding_of_rows(table, understand(table).values())

    def answer(rows):
        return sum(np.array(rows[name].cells(), float) for name in "ab")

    ensemble = SimpleNamespace(encoding=encoding, target=Measure("y"), outputs=answer)
    (effect,) = effects(table, ["a"], ensemble, np.random.default_rng(1))
    # the mean of b in 300 of 900 rows lies at its mean in all, give or take 3 standard errors
    error = b.std() / np.sqrt(ROWS_OF_AN_EFFECT)
    assert effect.answers - effect.values == pytest.approx(b.mean(), abs=3 * error)
