"""Numbers as people write them."""

import math
import time

import numpy as np
import pytest

from xpnn.tables.parsing import (
    NumberStyle,
    decimal_mark,
    is_code,
    number_style,
)

nan = math.nan

WRITTEN = {
    "plain": (["1", "-2.5", "+3", "1e3", ".5", "7."], [1, -2.5, 3, 1000, 0.5, 7]),
    "money": (["$1,234", "$12", "-$3.50", "$ 7"], [1234, 12, -3.5, 7]),
    "thousands": (["1,234", "2,345,678", "12"], [1234, 2345678, 12]),
    "per cent": (["61.5%", "3 %"], [61.5, 3]),
    "decimal comma": (["0,23", "1,5", "1.234,50", "7"], [0.23, 1.5, 1234.5, 7]),
    "fractions of three digits": (["0,123", "0,456"], [0.123, 0.456]),
    "France": (["1 234,5 €", "3,2 €", "12\u202f345 €"], [1234.5, 3.2, 12345]),
    "Switzerland": (["1'234.5", "12"], [1234.5, 12]),
    "units": (["3 kg", "4.5 kg", "10kg"], [3, 4.5, 10]),
    "speed": (["5 km/h", "60 km/h"], [5, 60]),
    "metres, not millions": (["3 m", "4 m"], [3, 4]),
    "millions": (["€1.2M", "€300K", "€2bn"], [1.2e6, 3e5, 2e9]),
    "millions alone": (["€105M", "€99M"], [105e6, 99e6]),
    "accounts": (["(1,234)", "5", "-7"], [-1234, 5, -7]),
    "code of a currency": (["USD 12", "usd 1,300"], [12, 1300]),
    "minus": (["\u22125", "5"], [-5, 5]),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_numbers(name):
    values, wanted = WRITTEN[name]
    style, part = number_style(values, np.ones(len(values), int))
    assert part == 1
    np.testing.assert_allclose(style.read(values), wanted)


NO_NUMBERS = {
    "addresses": ["12 Main", "13 Oak St"],
    "feet": ["5'11\"", "6'0\""],
    "versions": ["1.2.3", "1.3.0"],
    "days": ["2021-01-31", "2021-02-01"],
    "ranges": ["10-20", "20-30"],
    "places": ["1st", "2nd", "3rd"],
    "telephones": ["555-1234", "555-9876"],
    "times": ["12:30", "13:15"],
    "codes": ["A1", "B2"],
    "hexadecimal": ["0x1F", "0x2A"],
    "underscores": ["1_000", "2_000"],
    "infinite": ["inf", "nan"],
    "several": ["10 20", "30 40"],
    "half": ["1", "2", "no", "yes"],
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_is_no_number(name):
    assert number_style(NO_NUMBERS[name], np.ones(len(NO_NUMBERS[name]), int)) is None


def test_nearly_all_are_enough():
    values = ["$1", "$2", "unknown"]
    style, part = number_style(values, np.array([50, 49, 1]))
    assert part == 0.99
    np.testing.assert_array_equal(style.read(values), [1, 2, nan])
    assert number_style(values, np.array([50, 40, 10])) is None
    assert number_style(values, np.array([50, 40, 10]), at_least=0.5)[1] == 0.9


def test_the_style_is_kept_for_few_rows():
    """Where one row alone would be read otherwise."""
    assert NumberStyle(",").number("1.234") == 1234
    assert NumberStyle(".").number("1.234") == 1.234
    assert NumberStyle(",").number("12,5") == 12.5
    assert math.isnan(NumberStyle(".").number("12,5"))
    assert math.isnan(NumberStyle(".", "kg").number("12 lb"))
    assert NumberStyle(".", "kg").number("12") == 12


def test_a_mark_that_could_be_either_is_what_the_tables_others_show():
    values, counts = ["1.200", "2.350", "950"], np.ones(3, int)
    style, _ = number_style(values, counts)
    np.testing.assert_array_equal(style.read(values), [1.2, 2.35, 950])
    style, _ = number_style(values, counts, decimal=",")
    np.testing.assert_array_equal(style.read(values), [1200, 2350, 950])
    fractions = ["35,021", "12,345"]
    style, _ = number_style(fractions, np.ones(2, int), decimal=",")
    np.testing.assert_array_equal(style.read(fractions), [35.021, 12.345])


@pytest.mark.parametrize(
    ("columns", "mark"),
    [
        ([["3,371", "1,65"], ["1.200"]], ","),
        ([["3.408,80"]], ","),
        ([["$1,234.50"], ["1,5 kg"], ["2.25", "3.5"]], "."),
        ([["1.200", "1,200", "12"], ["words, and 1.5 more"]], "."),
        ([], "."),
    ],
)
def test_which_mark_a_table_has(columns, mark):
    assert decimal_mark(columns) == mark


def test_metres_beside_kilometres_are_no_millions():
    values = ["79 km", *(f"{k} km" for k in range(98)), "300 m"]
    style, part = number_style(values, np.ones(100, int))
    assert part == 0.99
    np.testing.assert_array_equal(style.read(["79 km", "300 m"]), [79, nan])
    assert NumberStyle().number("$3 m") == 3e6


@pytest.mark.parametrize("word", ["None", "inf", "#DIV/0!", "unknown"])
def test_a_word_among_many_numbers_is_a_missing_cell(word):
    values = [word, *(f"{k}.5" for k in range(40))]
    counts = np.array([20, *[1] * 40])
    style, part = number_style(values, counts)
    assert part == pytest.approx(2 / 3)
    assert math.isnan(style.number(word))
    # of few numbers it may be another category, as "3 and more" is one of rooms
    assert number_style(["1", "2", "3 and more"], np.array([40, 40, 20])) is None


def test_long_texts_are_no_numbers_and_take_no_time():
    texts = [f"{k} and {'so on ' * 200}" for k in range(2000)]
    began = time.perf_counter()
    assert number_style(texts, np.ones(2000, int)) is None
    assert time.perf_counter() - began < 2


def test_codes():
    texts = ("01", "007", "0", "0.5", "10", "0a", "044 903 784", "1152921504606846976")
    assert [is_code(text) for text in texts] == [
        True, True, False, False, False, False, True, True,
    ]  # fmt: skip


UNITS = ("kg", "°C", "m²", "km/h", "µg/m³", "°", "W/m²·K")


@pytest.mark.parametrize("unit", UNITS)
def test_units(unit):
    texts = [f"{number} {unit}" for number in ("12", "-3.5", "1,200")]
    style, part = number_style(texts, np.ones(3, int))
    assert part == 1
    np.testing.assert_array_equal(style.read([*texts, "7 stones"]), [12, -3.5, 1200, nan])


@pytest.mark.parametrize("words", ["12 /day", "12 ??", "12 --", "12 a b c"])
def test_what_is_no_unit(words):
    assert number_style([words, words.replace("12", "13")], np.ones(2, int)) is None


def test_houses_with_letters_are_no_thousand_millions():
    houses = [*map(str, range(100)), "64a", "64b", "7c"]
    assert number_style(houses, np.ones(103, int)) is None
    style, part = number_style([*map(str, range(100)), "2k", "3b", "7x"], np.ones(103, int))
    assert style.number("3b") == 3e9
    assert part == 102 / 103
