"""Looking at the day that is not over, over a real home with a simulated chat."""

import shutil
from datetime import date, timedelta

import pandas as pd
import pytest

from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.forecasting.model_record import train_record
from chat_forecast.pipeline.assets.forecasting import forecast_next_day
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.watching import files_of, is_watchable, look, watch
from chat_forecast.presentation.week import gather_week, week_figures
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.sources.simulated import SimulatedSource
from chat_forecast.storage.locks import LockTaken
from chat_forecast_tests.factories import make_messages

CHAT = Chat(slug="my-chat", source="simulated", timezone="Europe/Berlin", first_day=date(2026, 3, 1))
LAST = LocalDay.parse("2026-03-20", CHAT.timezone)
TODAY = LAST.plus(1)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A home whose chat has twenty days behind it."""
    root = tmp_path_factory.mktemp("stored")
    with pytest.MonkeyPatch.context() as patched:
        storage = resources_of(home_at(root, patched)).storages.of(CHAT)
    days = list(LocalDay(CHAT.first_day, CHAT.timezone).until(LAST))
    for day, batch in zip(days, SimulatedSource(CHAT.simulation.seed, CHAT.timezone).read_days(days), strict=True):
        for asset in ("raw_messages", "merged_history"):
            storage.write(asset, day, batch)
        storage.write("hourly_series", day, count_by_hour(batch, day))
    (series,) = storage.series_before([LAST], days=CHAT.training.days)
    storage.write("trained_model", LAST, train_record(series, LAST.key, None, None))
    record = storage.newest_model(LAST)
    storage.write("next_day_forecast", LAST, forecast_next_day(LAST, (record, series)))
    return root


def home_at(root, monkeypatch):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(root))
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(root)})
    home.prepare()
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster_home))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", home.mlflow_uri)
    return home


@pytest.fixture
def home(stored, tmp_path, monkeypatch):
    shutil.copytree(stored, tmp_path / "home")
    return home_at(tmp_path / "home", monkeypatch)


def at(hours):
    return TODAY.start + timedelta(hours=hours)


def test_a_look_reads_only_what_is_new(home):
    stores = resources_of(home)
    watch(CHAT, stores, at(9))
    files = files_of(CHAT, stores)
    kept = files.messages(TODAY)
    mark = make_messages([at(8.5)], first_id=5)
    files.keep_messages(TODAY, MessageBatch(mark, kept.read_intervals))
    seen = watch(CHAT, stores, at(9))
    assert 5 in seen.messages.messages["message_id"].tolist()  # what was kept stands beside what comes
    assert seen.read_until == at(9)


def test_of_who_wrote_a_message_nothing_is_kept(home):
    seen = watch(CHAT, resources_of(home), at(20))
    assert len(seen.messages.messages) > 10
    assert seen.messages.messages["sender"].isna().all()


def test_a_simulated_chat_does_not_show_its_future(home):
    seen = watch(CHAT, resources_of(home), at(9.5))
    assert seen.messages.messages["sent_at"].max() < at(9.5)
    assert seen.today.read_until == at(9.5)
    assert seen.today.table["is_over"].sum() == 9


def test_the_day_before_leaves_nothing_behind(home):
    stores = resources_of(home)
    watch(CHAT, stores, at(9))
    watch(CHAT, stores, at(24.5))
    assert sorted(path.stem for path in (home.root / ".today" / CHAT.slug / "raw_messages").iterdir()) == [TODAY.plus(1).key]


def test_a_plan_is_made_again_once_the_night_has_stored_the_day_before(home):
    stores = resources_of(home)
    early = watch(CHAT, stores, TODAY.end + timedelta(minutes=5))
    assert len(early.today.plan.counts) == 0
    plan = (home.root / ".today" / CHAT.slug / "plan.json").read_bytes()
    watch(CHAT, stores, TODAY.end + timedelta(minutes=6))
    assert (home.root / ".today" / CHAT.slug / "plan.json").read_bytes() == plan
    storage, source = stores.storages.of(CHAT), SimulatedSource(CHAT.simulation.seed, CHAT.timezone)
    (batch,) = source.read_days([TODAY])
    storage.write("hourly_series", TODAY, count_by_hour(batch, TODAY))
    assert len(watch(CHAT, stores, TODAY.end + timedelta(minutes=9)).today.plan.counts) == 24


@pytest.mark.parametrize("name", ["plan.json", "events.json", f"raw_messages/{TODAY.key}.parquet"])
def test_what_is_damaged_is_made_again(home, name):
    stores = resources_of(home)
    whole = watch(CHAT, stores, at(12))
    (home.root / ".today" / CHAT.slug / name).write_bytes(b"\x00{")
    again = watch(CHAT, stores, at(12))
    assert again.today.table.equals(whole.today.table)


def test_one_process_looks_at_a_time(home, monkeypatch):
    stores = resources_of(home)
    watch(CHAT, stores, at(9))
    monkeypatch.setattr("chat_forecast.storage.today_files.LOCK_SECONDS", 0.05)
    with files_of(CHAT, stores).lock():
        assert look(CHAT, stores, at(9)).read_until == at(9)  # to look alone, nobody has to wait
        with pytest.raises(LockTaken):
            watch(CHAT, stores, at(9))


def test_imported_chats_and_ended_ones_have_no_today():
    assert is_watchable(CHAT)
    assert not is_watchable(CHAT.model_copy(update={"last_day": LAST.date}))
    assert not is_watchable(Chat(slug="old", source="export", timezone="UTC", first_day=date(2026, 3, 1)))


def test_the_week_begins_with_what_the_night_said_of_its_first_day(home):
    storage = resources_of(home).storages.of(CHAT)
    week = gather_week(CHAT, storage, LAST)
    forecast = storage.frame("next_day_forecast", LAST)
    assert week.days["expected"][0] == pytest.approx(forecast["expected"].sum())
    assert week.days["day"].tolist() == [LAST.plus(number).key for number in range(1, 8)]
    assert (week.days["low"] <= week.days["expected"]).all()
    assert week.hours["expected"].sum() == pytest.approx(week.total[0])
    assert week_figures(week)["reason"] is None or "model" in str(week_figures(week)["reason"])


def test_the_plan_expects_what_the_night_forecast(home):
    stores = resources_of(home)
    seen = watch(CHAT, stores, at(1))
    forecast = stores.storages.of(CHAT).frame("next_day_forecast", LAST)
    assert seen.today.table["midnight"].tolist() == pytest.approx(forecast["expected"].tolist(), rel=1e-6)


def test_a_chat_without_a_stored_day_has_a_today_without_a_forecast(tmp_path, monkeypatch):
    stores = resources_of(home_at(tmp_path, monkeypatch))
    seen = watch(CHAT, stores, at(9))
    assert seen.total is None
    assert seen.today.so_far > 0
    assert seen.today.plan.reason == "no hour of the series is known"
    week = gather_week(CHAT, stores.storages.of(CHAT), LAST)
    assert week.days.empty
    assert isinstance(week_figures(week)["days"], pd.DataFrame)
