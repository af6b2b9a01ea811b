"""Changing a chat's time zone."""

import json
import os
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from chat_forecast.app import timezone
from chat_forecast.app.runs import opened
from chat_forecast.app.timezone import ZoneError, change_timezone
from chat_forecast.cli import main
from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.settings.mistakes import ConfigError
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast.settings.reading import load_chats
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import NewImport
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.storage.zone_change import ZoneChange
from chat_forecast_tests.damage import cut_in_half
from chat_forecast_tests.factories import make_forecast, make_messages

OLD, NEW = "Europe/Berlin", "America/New_York"
FIRST = LocalDay.parse("2026-03-27", OLD)  # 2026-03-29 has 23 hours
LAST = FIRST.plus(4)
NOW = (LAST.end + timedelta(hours=9)).to_pydatetime()
SETTINGS = f"""# what I call it
[chats.my-chat]
source = "export"
timezone = "{OLD}"  # of most people there
first_day = {FIRST.key}

[chats.other]
source = "simulated"
timezone = "Asia/Tokyo"
first_day = 2026-01-01
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A chat with a message every 50 minutes for five days, of which the third was read until 10:00 UTC only."""
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_HOME"):
        monkeypatch.setenv(name, "")
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    home.prepare()
    home.chats_file.write_text(SETTINGS)
    storage = storage_of(home, OLD)
    for number, day in enumerate(FIRST.until(LAST)):
        read = ReadIntervals.of((day.start, day.start.floor("D") + pd.Timedelta("34h") if number == 2 else day.end))
        times = [at for at in pd.date_range(day.start, day.end, freq="50min", inclusive="left") if read.covers(at, at)]
        batch = MessageBatch(make_messages(times, first_id=1000 * number + 1), read)
        storage.write("raw_messages", day, batch)
        storage.write("merged_history", day, batch)
        storage.write("hourly_series", day, count_by_hour(batch, day))
        storage.write("next_day_forecast", day, make_forecast(day.plus(1)))
    yield home
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_HOME"):
        os.environ.pop(name, None)


def storage_of(home: Home, zone: str) -> ChatStorage:
    return ChatStorage(home.storage_url, "my-chat", zone, Locks(home.locks))


def chat_of(home: Home) -> Chat:
    return next(chat for chat in load_chats(home.chats_file, date(2026, 5, 1)) if chat.slug == "my-chat")


def move(home: Home, zone: str = NEW) -> ZoneChange | None:
    return timezone._moved(home, chat_of(home), storage_of(home, zone), NOW)


def everything(storage: ChatStorage, asset: str) -> tuple[set[tuple], ReadIntervals]:
    batches = [storage.messages(asset, day) for day in storage.days(asset)]
    rows = [row for batch in batches for row in batch.messages.itertuples(index=False, name=None)]
    assert len(rows) == len(set(rows))
    return set(rows), ReadIntervals.joined(batch.read_intervals for batch in batches)


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_message_and_what_was_read_is_kept_in_the_days_of_the_new_zone(home):
    before = {asset: everything(storage_of(home, OLD), asset) for asset in ("raw_messages", "merged_history")}
    files = files_below(home.root / "my-chat")
    change = move(home)
    assert (change.old, change.new, change.phase, change.first_day) == (OLD, NEW, "rebuilding", "2026-03-26")
    storage = storage_of(home, NEW)
    assert {asset: everything(storage, asset) for asset in before} == before
    for day in storage.days("merged_history"):
        sent_at = storage.messages("merged_history", day).messages["sent_at"]
        assert ((sent_at >= day.start) & (sent_at < day.end)).all()
    assert files_below(home.root / "my-chat" / change.retired) == files
    assert storage.days("hourly_series") == storage.days("next_day_forecast") == []
    assert home.chats_file.read_text() == SETTINGS.replace(OLD, NEW).replace(FIRST.key, "2026-03-26")
    files = files_below(home.root / "my-chat")
    assert move(home) == change
    assert files_below(home.root / "my-chat") == files


@pytest.mark.sweep
def test_killed_at_any_moment_doing_it_again_gives_the_same(home, monkeypatch, tmp_path_factory):
    import shutil

    pristine = tmp_path_factory.mktemp("pristine") / "home"
    shutil.copytree(home.root, pristine)
    move(home)
    wanted, settings = files_below(home.root / "my-chat"), home.chats_file.read_text()
    real_rename, real_replace = Path.rename, Path.replace
    deaths = 0
    for number in range(100):
        shutil.rmtree(home.root)
        shutil.copytree(pristine, home.root)
        left = iter(range(number))

        def dying(real, left=left):
            def act(*arguments):
                if next(left, None) is None:
                    raise KeyboardInterrupt
                return real(*arguments)

            return act

        monkeypatch.setattr(Path, "rename", dying(real_rename))
        monkeypatch.setattr(Path, "replace", dying(real_replace))
        try:
            move(home)
            is_done = True
        except KeyboardInterrupt:
            is_done, deaths = False, deaths + 1
        monkeypatch.setattr(Path, "rename", real_rename)
        monkeypatch.setattr(Path, "replace", real_replace)
        if is_done:
            break
        move(home)
        assert files_below(home.root / "my-chat") == wanted
        assert home.chats_file.read_text() == settings
    assert deaths > 20


def test_a_zone_edited_by_hand_is_changed_all_the_same_also_where_days_of_both_lie_side_by_side(home):
    home.chats_file.write_text(SETTINGS.replace(OLD, NEW))
    storage, extra = storage_of(home, NEW), LocalDay(LAST.date, NEW).plus(1)
    batch = MessageBatch(make_messages([extra.start + pd.Timedelta("20h")], first_id=9000), ReadIntervals())
    for asset in ("raw_messages", "merged_history"):
        storage.write(asset, extra, batch)
    storage.write("hourly_series", extra, count_by_hour(batch, extra))
    before = everything(storage, "merged_history")
    assert move(home).old == OLD
    assert everything(storage, "merged_history") == before


def test_an_alias_changes_the_settings_alone_and_another_change_waits_for_the_first(home):
    assert move(home, "Europe/Busingen") is not None  # Zurich's days: the same hours, but no alias of Berlin
    with pytest.raises(ZoneError, match="Finish the first one: chat-forecast timezone my-chat Europe/Busingen"):
        move(home)
    ZoneChange.end(home.storage_url, "my-chat")
    before = files_below(home.root / "my-chat")
    assert move(home, "Europe/Zurich") is None
    assert files_below(home.root / "my-chat") == before
    assert chat_of(home).timezone == "Europe/Zurich"


def test_a_damaged_file_is_named_and_nothing_is_changed(home):
    cut_in_half(home.root / "my-chat" / "merged_history" / f"{FIRST.key}.parquet")
    before = files_below(home.root / "my-chat" / "merged_history")
    with pytest.raises(StoredFileError, match=FIRST.key):
        move(home)
    assert files_below(home.root / "my-chat" / "merged_history") == before
    assert home.chats_file.read_text() == SETTINGS
    storage_of(home, OLD).expect_zone()


def test_an_unknown_zone_and_a_remote_root_are_refused(home):
    apply_environment(home)
    with opened(home, load_chats(home.chats_file, date(2026, 5, 1))) as runner:
        with pytest.raises(ConfigError, match="did you mean Europe/Moscow"):
            change_timezone(runner, home, chat_of(home), "Europe/Moskow", NOW)
        remote = Home.from_environment({"CHAT_FORECAST_HOME": str(home.root), "CHAT_FORECAST_STORAGE": "memory://chats"})
        with pytest.raises(ZoneError, match="on a local disk only"):
            change_timezone(runner, remote, chat_of(home), NEW, NOW)
    assert home.chats_file.read_text() == SETTINGS


def test_a_day_beyond_the_last_one_read_is_not_made(home, monkeypatch, with_mlflow):
    """Berlin's evening is Moscow's next day, of which nothing is known where the chat's file ends at noon."""
    with_mlflow(home.root)
    storage, end = storage_of(home, OLD), LAST.start + pd.Timedelta("12h")
    table = make_messages(pd.date_range(FIRST.start, end, freq="50min"), first_id=1)
    batch = MessageBatch(table, ReadIntervals.of((FIRST.start, end)))
    archive = Archive(home.storage_url, "my-chat")
    archive.change(lambda contents: contents.with_imports([NewImport(batch)], NOW))
    for asset in ("raw_messages", "merged_history"):
        stored = storage.messages(asset, LAST)
        known = stored.messages[stored.messages["sent_at"] <= end]
        storage.write(asset, LAST, MessageBatch(known, stored.read_intervals.clip(LAST.start, end)))
    assert move(home, "Europe/Moscow") is not None
    assert storage_of(home, "Europe/Moscow").days("merged_history")[-1].key == LAST.key
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(home.root))
    ran = CliRunner().invoke(main, ["timezone", "my-chat", "Europe/Moscow", "--json"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["days"][-1] == LAST.key


def test_the_command_counts_forecasts_and_trains_again_and_says_where_the_old_zone_is(home, monkeypatch, with_mlflow):
    with_mlflow(home.root)
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(home.root))
    number = len(everything(storage_of(home, OLD), "merged_history")[0])
    ran = CliRunner().invoke(main, ["timezone", "my-chat", NEW, "--json"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    said, storage = json.loads(ran.stdout), storage_of(home, NEW)
    assert (said["from"], said["to"], said["messages"]) == (OLD, NEW, number)
    days = [LocalDay.parse(key, NEW) for key in said["days"]]
    assert days == storage.days("hourly_series") == storage.days("next_day_forecast") == storage.days("daily_score")
    for day in days:
        counted = count_by_hour(storage.messages("merged_history", day), day)
        assert list(storage.frame("hourly_series", day)["messages"]) == list(counted["messages"])
    assert storage.trained_days() == [LocalDay.parse(said["retrained_through"], NEW)] == [days[-1]]
    assert Path(said["retired"]).is_dir()
    assert ZoneChange.load(home.storage_url, "my-chat") is None
    again = CliRunner().invoke(main, ["timezone", "my-chat", NEW], catch_exceptions=False)
    assert "nothing has to be counted again" in again.stdout
