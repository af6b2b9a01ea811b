"""Local times of another zone are told from foreign files, and aliases are one zone."""

import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage, RecentDays
from chat_forecast.storage.schemas import OtherZoneError, StoredFileError
from chat_forecast.storage.zone_change import ZoneChange
from chat_forecast_tests.factories import make_message_batch, make_series


def storage_in(tmp_path, zone: str) -> ChatStorage:
    return ChatStorage(str(tmp_path), "my-chat", zone, Locks(tmp_path / "locks"))


def store_series(storage: ChatStorage, key: str, days: int = 2) -> LocalDay:
    first = LocalDay.parse(key, storage.timezone)
    for day in first.until(first.plus(days - 1)):
        storage.write("hourly_series", day, make_series(day, 1))
    return first


@pytest.mark.parametrize(("old", "new"), [("Europe/Kiev", "Europe/Kyiv"), ("Asia/Calcutta", "Asia/Kolkata")])
def test_what_was_written_under_an_alias_is_read_under_the_other_name_and_beside_it(tmp_path, old, new):
    for written, read in ((old, new), (new, old)):
        before, after = (storage_in(tmp_path / written.replace("/", "-"), zone) for zone in (written, read))
        store_series(before, "2026-03-28")
        after.expect_zone()
        third = store_series(after, "2026-03-30", 1)
        frame = after.frames("hourly_series", third.plus(-2), third)
        assert str(frame["hour"].dt.tz) == read
        assert list(frame["hour"]) == list(make_series(third.plus(-2), 3)["hour"])
        recent = RecentDays(after, "hourly_series", 2).ending(third)
        pd.testing.assert_frame_equal(recent, frame.iloc[-len(recent) :].reset_index(drop=True))


def test_another_zone_is_named_with_the_chat_and_the_command(tmp_path):
    store_series(storage_in(tmp_path, "Europe/Berlin"), "2026-05-01")
    moved = storage_in(tmp_path, "Europe/Moscow")
    expected = r"my-chat: .* Europe/Moscow .* Europe/Berlin .*chat-forecast timezone my-chat Europe/Moscow"
    for look in (moved.expect_zone, lambda: moved.frame("hourly_series", LocalDay.parse("2026-05-01", moved.timezone))):
        with pytest.raises(OtherZoneError, match=expected):
            look()


def test_days_of_two_zones_beside_each_other_are_noticed_under_either(tmp_path):
    berlin, moscow = storage_in(tmp_path, "Europe/Berlin"), storage_in(tmp_path, "Europe/Moscow")
    store_series(berlin, "2026-05-01")
    store_series(moscow, "2026-05-03")
    for storage in (berlin, moscow):
        with pytest.raises(OtherZoneError):
            storage.expect_zone()


def test_a_foreign_or_damaged_file_is_no_other_zone(tmp_path):
    storage = storage_in(tmp_path, "Europe/Berlin")
    day = LocalDay.parse("2026-05-01", storage.timezone)
    storage.write("merged_history", day, make_message_batch(day))
    folder = tmp_path / "my-chat"
    (folder / "merged_history").rename(folder / "hourly_series")
    storage.expect_zone()
    with pytest.raises(StoredFileError, match="is not what its place says"):
        storage.frame("hourly_series", day)


def test_a_chat_that_is_half_moved_is_not_used(tmp_path):
    storage = storage_in(tmp_path, "Europe/Berlin")
    change = ZoneChange("Europe/Berlin", "Asia/Kolkata", "retired", "moving", "2026-05-01")
    change.save(storage.root, storage.chat)
    with pytest.raises(StoredFileError, match="Finish it: chat-forecast timezone my-chat Asia/Kolkata"):
        storage.expect_zone()
    ZoneChange.end(storage.root, storage.chat)
    storage.expect_zone()
