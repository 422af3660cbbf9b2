"""Dates and times as people write them."""

import math

import numpy as np
import pytest

from xpnn.tables.dating import (
    MOMENTS,
    DateStyle,
    TimeStyle,
    check_format,
    date_style,
    time_style,
)

nan = math.nan


def test_two_digits_of_a_year():
    read = DateStyle("%d.%m.%y").read(["31.12.68", "1.1.30", "1.1.29", "5.5.99"])
    wanted = ["1968-12-31", "1930-01-01", "2029-01-01", "1999-05-05"]
    np.testing.assert_array_equal(read, np.array(wanted, "datetime64[us]"))


DATES = {
    "iso": (["2021-01-31", "2020-02-29"], "iso"),
    "iso with time": (["2021-01-31 12:30", "2020-02-29T01:02:03"], "iso"),
    "Germany": (["31.12.2020", "1.1.2021"], "%d.%m.%Y"),
    "America": (["12/31/2020", "1/2/2021"], "%m/%d/%Y"),
    "England": (["31/12/2020", "1/2/2021"], "%d/%m/%Y"),
    "words": (["Jan 5, 2020", "Feb 28, 2019"], "%b %d, %Y"),
    "day and word": (["5 January 2020", "28 February 2019"], "%d %B %Y"),
    "eight digits": (["20210131", "20200229"], "%Y%m%d"),
    "letters": (
        ["Sat, 22 Apr 2017 15:11:58 -0500", "Sun, 1 Jan 2017 00:00:00 +0000"],
        "%a, %d %b %Y %H:%M:%S %z",
    ),
    "C": (["Tue Nov 13 14:01:27 2012", "Sun Jan  1 00:00:00 2017"], "%a %b %d %H:%M:%S %Y"),
    "afternoon": (["1/31/2021 01:05 PM", "12/1/2021 11:00 AM"], "%m/%d/%Y %I:%M %p"),
}


@pytest.mark.parametrize("name", DATES)
def test_dates(name):
    values, format = DATES[name]
    style, doubt, part = date_style(values, np.ones(len(values), int))
    assert part == 1
    assert style.format == format
    assert not doubt
    assert not np.isnat(style.read(values)).any()


def test_what_a_date_is():
    style = DateStyle("%d/%m/%Y")
    assert str(style.read(["3/4/2021"])[0]) == "2021-04-03T00:00:00.000000"
    assert np.isnat(style.read(["31/31/2021", "soon"])).all()
    zone = DateStyle().read(["2021-01-01T00:30:00+02:00", "2021-01-01T10:00:00Z"])
    assert [*map(str, zone)] == ["2020-12-31T22:30:00.000000", "2021-01-01T10:00:00.000000"]
    assert np.isnat(DateStyle().read(["0001-01-01T00:00:00+14:00"])).all()  # before all years


def test_a_word_among_many_dates_is_a_missing_cell():
    days = [f"2021-03-{day:02}" for day in range(1, 31)]
    style, _, part = date_style(["unknown", *days], np.array([20, *[1] * 30]))
    assert (style, part) == (DateStyle("iso"), 0.6)
    assert date_style(["unknown", *days], np.array([40, *[1] * 30])) is None
    assert date_style(["soon", *days[:9]], np.array([3, *[1] * 9])) is None


def test_days_and_months_that_could_be_either():
    style, doubt, _ = date_style(["1/2/2021", "3/4/2021"], np.ones(2, int))
    assert (style.format, doubt) == ("%m/%d/%Y", "%d/%m/%Y")


@pytest.mark.parametrize(
    "values",
    [["1999", "2000"], ["12345678", "87654321"], ["hello"], ["1.5"], [], ["A-1", "B-2"]],
)
def test_what_is_no_date(values):
    assert date_style(values, np.ones(len(values), int)) is None


def test_times():
    style = time_style(["12:30", "1:05 pm"])
    seconds = style.read(
        ["12:30", "1:05 pm", "23:59:59.5", "12:05 am", "27:15", "13:00 pm", "x"]
    )
    wanted = [45000, 47100, 86399.5, 300, 98100, nan, nan]
    np.testing.assert_array_equal(seconds, wanted)
    assert time_style(["noon", "12:30", "later"]) is None
    assert time_style([]) is None
    assert TimeStyle() == style


def test_durations_of_more_than_a_day():
    texts = ["0 days 00:00:01", "1 day, 2:03:04", "-1 days +01:02:03", "1:00:00.123456789"]
    style = time_style(texts)
    wanted = [1, 93784, 3723 - 86400, 3600.123456789]  # as pandas and Python write them
    np.testing.assert_allclose(style.read(texts), wanted, rtol=1e-15)
    assert np.isnan(style.read([f"{'9' * 20} days 01:02:03"])).all()


def test_the_day_stands_first_where_that_is_said():
    either, ones = ["1/2/2021", "3/4/2021"], np.ones(2, int)
    style, doubt, _ = date_style(either, ones, day_first=True)
    assert (style.format, doubt) == ("%d/%m/%Y", "%m/%d/%Y")
    sure, doubt, _ = date_style(["1/31/2021", "3/4/2021"], ones, day_first=True)
    assert (sure.format, doubt) == ("%m/%d/%Y", "")


def test_a_zone_becomes_utc():
    moment = DateStyle("%a, %d %b %Y %H:%M:%S %z").read(["Sat, 22 Apr 2017 23:11:58 -0500"])
    assert str(moment[0]) == "2017-04-23T04:11:58.000000"


def test_days_of_spreadsheets():
    # Excel and LibreOffice show 45000.5 as 15 March 2023, noon
    read = DateStyle("spreadsheet").read(["45000.5", "45000,5", "3", "1e9", "soon"])
    assert [*map(str, read[:2])] == ["2023-03-15T12:00:00.000000"] * 2
    assert np.isnat(read[2:]).all()


def test_formats():
    for format in (*MOMENTS, "spreadsheet", "%H:%M on %d.%m.%y"):
        check_format(format)


@pytest.mark.parametrize("format", ["", "date", "%Q %Y", "%Y%Y", "%d/%m", "excel", "%"])
def test_what_is_no_format(format):
    with pytest.raises(ValueError, match="is no format of dates: it is iso, spreadsheet, or"):
        check_format(format)
