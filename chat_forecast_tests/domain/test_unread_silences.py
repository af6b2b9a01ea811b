import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.unread_silences import find_unread_silences, known_intervals

START = pd.Timestamp("2023-05-01T00:00Z")


def talk(days=60, each_day=24, *, seed=0, hole_share=0.05, night=True):
    """The entries of a chat in which one message in twenty was deleted; at night it is silent."""
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.uniform(9 if night else 0, 23, (days, each_day)), axis=1) + 24 * np.arange(days)[:, None]
    sent_at = START + pd.to_timedelta((hours.ravel() * 3600).round(), unit="s")
    entries = pd.DataFrame({"message_id": pd.array(range(1, days * each_day + 1), dtype="Int64"), "sent_at": sent_at})
    return entries[rng.random(len(entries)) > hole_share].reset_index(drop=True)


def without(entries, begin, end):
    """The entries as an export has them that lacks a stretch, and that stretch."""
    low, high = START + pd.Timedelta(begin), START + pd.Timedelta(end)
    return entries[(entries["sent_at"] < low) | (entries["sent_at"] >= high)], (low, high)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("begin", "end"), [("20 days", "21 days"), ("20 days 12h", "22 days 8h"), ("30 days", "45 days")])
def test_a_stretch_that_an_export_lacks_is_found_from_the_entry_before_it_to_the_one_after(begin, end, order):
    left, (low, high) = without(talk(), begin, end)
    ((start, stop),) = find_unread_silences(left.iloc[::order]).intervals
    assert start == left["sent_at"][left["sent_at"] < low].max()
    assert stop == left["sent_at"][left["sent_at"] >= high].min()


def test_several_stretches_are_found():
    left = talk()
    for begin, end in (("10 days", "12 days"), ("20 days", "21 days"), ("40 days", "45 days")):
        left, _ = without(left, begin, end)
    assert len(find_unread_silences(left).intervals) == 3


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("hole_share", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("each_day", [3, 24, 300])
def test_in_a_chat_that_was_read_nothing_is_found(seed, hole_share, each_day):
    assert find_unread_silences(talk(each_day=each_day, seed=seed, hole_share=hole_share)).is_empty


@pytest.mark.parametrize("place", [500, 24 * 21 - 1])
def test_a_flood_that_was_deleted_is_no_silence(place):
    entries = talk(hole_share=0)
    flooded = entries.assign(message_id=entries["message_id"] + 300 * (entries.index > place))
    assert find_unread_silences(flooded).is_empty


def test_a_holiday_with_a_few_ids_missing_is_a_silence():
    left, _ = without(talk(), "20 days", "27 days")
    ids = left["message_id"] - 140 * (left["sent_at"] > START + pd.Timedelta("25 days"))
    assert find_unread_silences(left.assign(message_id=ids)).is_empty


@pytest.mark.parametrize("factor", [3, 10**9])
def test_ids_that_do_not_count_one_by_one_show_nothing(factor):
    left, _ = without(talk(), "20 days", "22 days")
    assert find_unread_silences(left.assign(message_id=left["message_id"] * factor)).is_empty


def test_few_entries_and_none_show_nothing():
    assert find_unread_silences(talk(days=1)).is_empty
    assert find_unread_silences(talk(days=1).iloc[:0]).is_empty
    assert find_unread_silences(talk().assign(message_id=pd.array([pd.NA] * len(talk()), dtype="Int64"))).is_empty


@pytest.mark.parametrize("offset", [-5, 0, 4])
def test_a_chat_exported_month_by_month_lacks_the_last_day_of_each(offset):
    entries = talk(days=400, each_day=12)
    local = entries["sent_at"] + pd.Timedelta(hours=offset)
    is_last = (local + pd.Timedelta(days=1)).dt.day == 1
    found = find_unread_silences(entries[~is_last])
    assert len(found.intervals) == is_last[is_last].groupby(local.dt.strftime("%Y-%m")).ngroups
    for _, day in entries[is_last].groupby(local.dt.strftime("%Y-%m")):
        assert found.covers(day["sent_at"].min(), day["sent_at"].max())


def hours(*bounds):
    return ReadIntervals.of(*((START + pd.Timedelta(hours=a), START + pd.Timedelta(hours=b)) for a, b in bounds))


NOTHING = ReadIntervals()


def known(*imports, sent=(), trusted=NOTHING, missing=NOTHING):
    sent_at = pd.Series(pd.DatetimeIndex([START + pd.Timedelta(hours=each) for each in sent], tz="UTC").as_unit("us"))
    return known_intervals(imports, sent_at, trusted=trusted, missing=missing)


def test_what_files_span_is_read_but_for_silences_that_were_not():
    assert known((hours((0, 9)), NOTHING), (hours((12, 20)), NOTHING)) == hours((0, 9), (12, 20))
    assert known((hours((0, 9)), hours((3, 5))), sent=(0, 3, 5, 9)) == hours((0, 3), (5, 9))


def test_a_silence_in_which_no_file_has_a_message_stays_unread_whatever_spans_it():
    files = (hours((0, 9)), hours((3, 5))), (hours((2, 8)), NOTHING)
    assert known(*files, sent=(0, 2, 3, 5, 8, 9)) == hours((0, 3), (5, 9))
    assert known(*files, sent=(0, 2, 3, 4, 5, 8, 9)) == hours((0, 9))


def test_people_overrule_what_the_ids_show():
    file = (hours((0, 9)), hours((3, 5)))
    assert known(file, sent=(0, 3, 5, 9), trusted=hours((3, 4), (50, 60))) == hours((0, 4), (5, 9))
    assert known(file, sent=(0, 3, 5, 9), missing=hours((1, 2))) == hours((0, 1), (2, 3), (5, 9))
    assert known(file, sent=(0, 3, 5, 9), trusted=hours((3, 5)), missing=hours((4, 5))) == hours((0, 4), (5, 9))
