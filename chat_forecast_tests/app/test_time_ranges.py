import pandas as pd
import pytest

from chat_forecast.app.time_ranges import TimeRangeError, parse_time_range, parse_time_ranges, read_time_ranges_file
from chat_forecast.domain.read_intervals import ReadIntervals

ZONE = "Europe/Moscow"


def between(first, last):
    return ReadIntervals.of((pd.Timestamp(first), pd.Timestamp(last)))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-05-01..2026-05-03", "2026-04-30T21:00Z", "2026-05-03T21:00Z"),
        ("2026-05-01", "2026-04-30T21:00Z", "2026-05-01T21:00Z"),
        (" 2026-05-01 .. 2026-05-01 ", "2026-04-30T21:00Z", "2026-05-01T21:00Z"),
        ("2026-05-01T18:00..2026-05-02T06:30", "2026-05-01T15:00Z", "2026-05-02T03:30Z"),
        ("2026-05-01 18:00:30..2026-05-02", "2026-05-01T15:00:30Z", "2026-05-02T21:00Z"),
        ("2026-05-01T18:00Z..2026-05-01T20:00+00:00", "2026-05-01T18:00Z", "2026-05-01T20:00Z"),
    ],
)
def test_days_are_the_chats_and_instants_local_unless_they_have_an_offset(text, first, last):
    assert parse_time_range(text, ZONE) == between(first, last)


@pytest.mark.parametrize("text", ["", "..", "May", "2026-05-01..", "2026-13-01", "2026-05-01...2026-05-02", "..2026-05-01"])
def test_what_is_no_stretch_is_refused_with_an_example(text):
    if text == "2026-05-01..":  # one day alone, with the dots left over
        assert parse_time_range(text, ZONE) == parse_time_range("2026-05-01", ZONE)
        return
    with pytest.raises(TimeRangeError, match=r"expected FROM\.\.TO, such as 2026-05-01\.\.2026-05-03"):
        parse_time_range(text, ZONE)


@pytest.mark.parametrize("text", ["2026-05-03..2026-05-01", "2026-05-01T10:00..2026-05-01T10:00", "2026-05-01T10:00"])
def test_a_stretch_that_ends_before_it_begins_is_refused(text):
    with pytest.raises(TimeRangeError, match="ends before it begins"):
        parse_time_range(text, ZONE)


def test_several_stretches_are_joined():
    assert parse_time_ranges(["2026-05-02", "2026-05-01"], "UTC") == between("2026-05-01T00:00Z", "2026-05-03T00:00Z")
    assert parse_time_ranges([], "UTC").is_empty


@pytest.mark.parametrize(("header", "first"), [("from,to", "2026-04-30T21:00Z"), ("From_UTC,To_UTC", "2026-05-01T00:00Z")])
def test_a_file_of_stretches_is_read_in_the_chats_zone_or_in_utc_as_it_says(tmp_path, header, first):
    path = tmp_path / "gaps.csv"
    path.write_text(f"chat,{header},reason\nmine,2026-05-01T00:00,2026-05-01T12:00,\n")
    begin = pd.Timestamp(first)
    assert read_time_ranges_file(path, "mine", ZONE) == between(begin, begin + pd.Timedelta("12h"))


def test_of_a_file_with_several_chats_the_chats_own_rows_count(tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("chat,from,to\nmine,2026-05-01,2026-05-01\nyours,2026-06-01,2026-06-01\n")
    assert read_time_ranges_file(path, "mine", "UTC") == parse_time_range("2026-05-01", "UTC")
    with pytest.raises(TimeRangeError, match="it has stretches of mine, yours, and none of theirs"):
        read_time_ranges_file(path, "theirs", "UTC")
    path.write_text("chat,from,to\nmine,2026-05-01,2026-05-01\n")
    assert not read_time_ranges_file(path, "another-name", "UTC").is_empty


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", "expected a CSV file with the columns from and to"),
        ("", "expected a CSV file with the columns from and to"),
        ("from,to\n2026-05-01,x\n", "expected FROM..TO"),
        ("from,to\n2026-05-01\n", "expected FROM..TO"),
    ],
)
def test_a_file_without_stretches_is_refused(tmp_path, content, words):
    path = tmp_path / "gaps.csv"
    path.write_text(content)
    with pytest.raises(TimeRangeError, match=words):
        read_time_ranges_file(path, "mine", "UTC")
    with pytest.raises(TimeRangeError, match="cannot be read"):
        read_time_ranges_file(tmp_path / "nothing.csv", "mine", "UTC")
