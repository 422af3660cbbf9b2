"""How numbers and names are written."""

import pytest

from xpnn.report.words import counted, metric_value, number, shortened


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (194237.4, "194,200"), (2224000, "2,224,000"), (0.123456, "0.1235"), (1999.96, "2,000"),
        (-1234.5, "-1,234"), (0, "0"), (-0.0, "0"), (5.0, "5"), (0.00002, "0.00002"),
        (3.2e-9, "3.2e-09"), (1.5e20, "1.5e+20"), (9.9999, "10"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_people_write_them(value, told):
    assert number(value) == told


def test_numbers_have_a_unit_and_all_digits_where_asked():
    assert number(194237.45, 12) == "194,237.45"
    assert number(0.1 + 0.2, 12) == "0.3"
    assert number(12.5, unit="m²") == "12.5 m²"
    assert metric_value("mean_absolute_error", 12345.6, "€") == "12,350 €"
    assert metric_value("r2", 0.5, "€") == "0.5"
    assert metric_value("accuracy", 0.5, "€") == "50.0%"
    assert (counted(1, "row"), counted(2000, "row")) == ("1 row", "2,000 rows")


@pytest.mark.parametrize(
    "names",
    [
        ["short", "a very long name indeed"],
        [f"Species number {k} of the northern hills" for k in range(12)],
        [f"the same beginning {k} and the same end" for k in range(30)],
    ],
)
def test_shortened_names_can_still_be_told_apart(names):
    found = shortened(names, 14)
    assert len(set(found)) == len(names)
    assert max(map(len, found)) <= 14
    assert all(f == name for f, name in zip(found, names) if len(name) <= 14)
