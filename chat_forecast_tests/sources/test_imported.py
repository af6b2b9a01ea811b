import pytest

from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.sources.base import SourceError
from chat_forecast.sources.imported import ExportSource
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import NewImport
from chat_forecast_tests.factories import make_messages

DAY = LocalDay.parse("2023-10-28", "Europe/Berlin")
DAYS = list(DAY.plus(-1).until(DAY.plus(2)))


@pytest.fixture
def source(tmp_path):
    """An archive from 09:17 of the first day, with a quiet hour, to 11:30 of the day after the clock change."""
    times = [DAY.start.replace(minute=17) + delta for delta in (DAY.hours[9] - DAY.hours[0], DAY.hours[11] - DAY.hours[0])]
    last = DAY.plus(1).hours[12].replace(minute=30)
    archive = Archive(str(tmp_path), "my-chat")
    archive.add(NewImport(MessageBatch(make_messages([*times, last]), ReadIntervals.of((times[0], last)))))
    return ExportSource(archive)


def test_each_day_holds_its_own_messages_and_coverage(source):
    batches = list(source.read_days(DAYS))
    assert [len(batch.messages) for batch in batches] == [0, 2, 1, 0]
    assert [batch.read_intervals.is_empty for batch in batches] == [True, False, False, True]


def test_the_hours_in_which_a_file_begins_and_ends_are_missing_and_quiet_ones_are_not(source):
    series = [count_by_hour(batch, day)["messages"] for batch, day in zip(source.read_days(DAYS), DAYS, strict=True)]
    assert series[1].isna().tolist() == [True] * 10 + [False] * 14
    assert series[1][10:].tolist() == [0, 1] + [0] * 12
    assert len(series[2]) == 25
    assert series[2].isna().tolist() == [False] * 12 + [True] * 13
    assert series[0].isna().all()
    assert series[3].isna().all()


def test_one_day_is_read_like_a_day_of_a_range(source):
    in_range = list(source.read_days(DAYS))
    for day, expected in zip(DAYS, in_range, strict=True):
        (alone,) = source.read_days([day])
        assert alone.messages.equals(expected.messages)
        assert alone.read_intervals == expected.read_intervals


def test_without_an_archive_it_says_what_to_do(tmp_path):
    with pytest.raises(SourceError, match="chat-forecast import my-chat FILE"):
        next(ExportSource(Archive(str(tmp_path), "my-chat")).read_days(DAYS))
