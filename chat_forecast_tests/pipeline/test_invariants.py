"""The pipeline's invariants, over real runs on an instance on disk; with a real MLflow store where it matters."""

import dataclasses
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from chat_forecast.app.backtesting import BacktestError, run_backtest
from chat_forecast.app.importing import import_files
from chat_forecast.app.runs import RunFailed, opened
from chat_forecast.domain.forecast_limits import LONGEST_GAP_DAYS
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.pipeline import worker_processes
from chat_forecast.pipeline.retraining import day_to_train
from chat_forecast.pipeline.runs import ALL_ASSETS, DAY_ASSETS, HISTORY_ASSETS, RETRAINING_ASSETS
from chat_forecast.pipeline.watching import files_of, watch
from chat_forecast.settings.models import Chat, Check
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast.sources import Sources
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.tracking.backlog import Backlog, count_backlog
from chat_forecast_tests.at_home import NO_MLFLOW
from chat_forecast_tests.factories import make_messages

SHARED = Path(__file__).parents[3] / "shared"
CHAT = Chat(slug="my-chat", source="simulated", timezone="Europe/Berlin", first_day=date(2026, 3, 25))
FIRST = LocalDay.parse("2026-03-25", CHAT.timezone)  # the range includes a day of 23 hours, 2026-03-29
LAST = FIRST.plus(5)


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    """Leave the process's environment as it was."""
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_HOME", "CHAT_FORECAST_STORAGE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    yield
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_HOME"):
        os.environ.pop(name, None)


@pytest.fixture
def new_home(tmp_path, with_mlflow, with_instance):
    """Make homes, with an MLflow store that is ready or, by default, one that takes nothing."""

    def make(name: str = "home", *, has_mlflow: bool = False) -> Home:
        places = {"CHAT_FORECAST_HOME": str(tmp_path / name)} | ({} if has_mlflow else {"MLFLOW_TRACKING_URI": NO_MLFLOW})
        home = Home.from_environment(places)
        home.prepare()
        with_instance(home.root)
        if has_mlflow:
            with_mlflow(home.root)
        apply_environment(home)
        os.environ["DAGSTER_HOME"] = str(home.dagster_home)
        os.environ["MLFLOW_TRACKING_URI"] = home.mlflow_uri
        return home

    return make


def stored(home: Home, asset: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((home.root / CHAT.slug / asset).glob("*.parquet"))}


def test_a_range_gives_the_files_of_one_run_a_day_and_later_days_change_nothing(new_home):
    by_range, by_day = new_home("range", has_mlflow=True), new_home("days")
    first = LAST.plus(-3)  # the day of the clock change is among them
    os.environ["DAGSTER_HOME"] = str(by_range.dagster_home)
    with opened(by_range, [CHAT]) as runner:
        runner.backfill(CHAT, first, LAST.plus(-2))
        before = {asset: stored(by_range, asset) for asset in ALL_ASSETS}
        runner.backfill(CHAT, LAST.plus(-1), LAST)
    os.environ["DAGSTER_HOME"] = str(by_day.dagster_home)
    with opened(by_day, [CHAT]) as runner:
        for day in first.until(LAST):
            runner.backfill(CHAT, day, day)
    for asset in ALL_ASSETS:
        after = stored(by_range, asset)
        assert {name: after[name] for name in before[asset]} == before[asset]
        assert after == stored(by_day, asset)
    storage = runner.storage(CHAT)
    series = storage.frames("hourly_series", first, LAST)
    assert len(series) == 4 * 24 - 1
    for day in first.until(LAST):
        assert storage.frames("hourly_series", day, day)["messages"].sum() == len(
            storage.messages("merged_history", day).messages
        )
    scores = storage.frames("daily_score", first, LAST)
    assert scores["rmse"].notna().tolist() == [False] + [True] * 3


def told(instance: dg.DagsterInstance, home: Home) -> dict[tuple[str, ...], object]:
    """What Dagster was told of each day: what its materialisations say, and what its checks found."""
    found: dict[tuple[str, ...], object] = {}
    for asset in DAY_ASSETS:
        key = dg.AssetKey([CHAT.slug, asset])
        for record in instance.fetch_materializations(key, limit=1000).records:
            words = {
                name: str(value).replace(str(home.root), "") for name, value in record.asset_materialization.metadata.items()
            }
            found[asset, record.partition_key] = words
    for check in ("ids_unique", "hours_complete", "counts_add_up", "day_read", "forecast_sane", "forecast_good_enough"):
        for asset in DAY_ASSETS:
            key = dg.AssetCheckKey(dg.AssetKey([CHAT.slug, asset]), check)
            for execution in instance.event_log_storage.get_asset_check_execution_history(key, limit=1000):
                evaluation = execution.event.dagster_event.asset_check_evaluation_data
                found[check, evaluation.partition] = (evaluation.passed, evaluation.description, evaluation.metadata)
    return found


@pytest.mark.sweep
def test_days_that_other_processes_make_and_check_are_those_that_one_makes(new_home, monkeypatch):
    """Of two blocks of days, with one on which clocks change."""
    days, results = 34, []
    for name, enough in (("here", days + 1), ("elsewhere", days)):
        monkeypatch.setattr(worker_processes, "LEAST_DAYS", enough)
        home = new_home(name)
        with opened(home, [CHAT]) as runner:
            runner.materialise(CHAT, DAY_ASSETS, FIRST, FIRST.plus(days - 1))
            results.append(({asset: stored(home, asset) for asset in DAY_ASSETS}, told(runner.instance, home)))
    (here, told_here), (elsewhere, told_elsewhere) = results
    assert {asset: len(files) for asset, files in here.items()} == dict.fromkeys(DAY_ASSETS, days)
    assert elsewhere == here
    assert len(told_here) == days * (len(DAY_ASSETS) + 6)
    assert told_elsewhere == told_here


def test_nothing_that_a_look_at_the_day_reads_or_misses_changes_a_partition(new_home):
    nights = []
    for name in ("watched", "unwatched"):
        home = new_home(name)
        with opened(home, [CHAT]) as runner:
            runner.materialise(CHAT, DAY_ASSETS, FIRST, FIRST.plus(1))
            before = {asset: stored(home, asset) for asset in ALL_ASSETS}
            if name == "watched":
                stores, today = runner.resources, FIRST.plus(2)
                for hours in (9.25, 9.5, 23.9):
                    watch(CHAT, stores, today.start + timedelta(hours=hours))
                # Of what was read all is lost, and something is there that never came.
                never = MessageBatch(make_messages([today.start]), ReadIntervals.of((today.start, today.end)))
                files_of(CHAT, stores).keep_messages(today, never)
                assert {asset: stored(home, asset) for asset in ALL_ASSETS} == before
            runner.materialise(CHAT, DAY_ASSETS, FIRST.plus(2), FIRST.plus(2))
        nights.append({asset: stored(home, asset) for asset in ALL_ASSETS})
    assert nights[0] == nights[1]
    assert nights[0] != before


def test_a_backfill_without_models_asks_for_one_training_and_one_is_enough(new_home):
    home = new_home()
    with opened(home, [CHAT]) as runner:
        runner.materialise(CHAT, DAY_ASSETS, FIRST, LAST)
        check = dg.AssetCheckKey(dg.AssetKey([CHAT.slug, "daily_score"]), "forecast_good_enough")
        evaluated = runner.instance.event_log_storage.get_asset_check_partition_info([check])
        assert sum(info.latest_execution_status.value == "FAILED" for info in evaluated) == 6
        assert day_to_train(runner.instance, CHAT, runner.storage(CHAT)) == LAST
        assert runner.retrain_if_wanted(CHAT) == LAST
        assert runner.retrain_if_wanted(CHAT) is None
        assert [day.key for day in runner.storage(CHAT).days("trained_model")] == [LAST.key]
        assert len(runner.storage(CHAT).frames("next_day_forecast", LAST, LAST)) == 24


def test_one_run_over_a_skipped_date_makes_forecasts_and_scores_of_the_days_around_it(new_home):
    """Apia had no 2011-12-30."""
    chat = Chat(slug="my-chat", source="simulated", timezone="Pacific/Apia", first_day=date(2011, 12, 28))
    first, last = LocalDay(chat.first_day, chat.timezone), LocalDay.parse("2012-01-01", chat.timezone)
    with opened(new_home(), [chat]) as runner:
        runner.materialise(chat, DAY_ASSETS, first, last)
        done = [runner.instance.get_materialized_partitions(dg.AssetKey([chat.slug, asset])) for asset in DAY_ASSETS]
        storage = runner.storage(chat)
    days = ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]
    assert all(made == set(days) for made in done)
    assert all([day.key for day in storage.days(asset)] == days for asset in DAY_ASSETS)
    before, after = LocalDay.parse("2011-12-29", chat.timezone), LocalDay.parse("2011-12-31", chat.timezone)
    forecast, score = storage.frame("next_day_forecast", before), storage.frame("daily_score", after).iloc[0]
    assert list(forecast["hour"]) == list(after.hours)
    assert score["hours_scored"] == 24
    assert score["expected_total"] == pytest.approx(forecast["expected"].sum())


def test_reading_less_again_removes_nothing_and_unmerged_messages_are_kept(new_home):
    home = new_home()
    with opened(home, [CHAT]) as runner:
        runner.materialise(CHAT, HISTORY_ASSETS, FIRST, FIRST)
        storage = runner.storage(CHAT)
        whole = storage.messages("merged_history", FIRST)
        extra = make_messages([FIRST.start + pd.Timedelta("1h")], first_id=1)
        storage.write(
            "raw_messages", FIRST, MessageBatch(extra, whole.read_intervals)
        )  # read, but its run died before merging
        runner.materialise(CHAT, HISTORY_ASSETS, FIRST, FIRST)
        assert len(storage.messages("merged_history", FIRST).messages) == len(whole.messages) + 1
        again = stored(home, "merged_history")
        runner.materialise(CHAT, HISTORY_ASSETS, FIRST, FIRST)
        assert stored(home, "merged_history") == again


def imported(home: Home, slug: str, timezone: str, *times: str) -> Chat:
    """An archive of one message at each of the local times, and the chat that it belongs to."""
    path = home.root / f"{slug}.csv"
    path.write_text("sent_at,sender\n" + "".join(f"{time},{number % 3}\n" for number, time in enumerate(times)))
    archive = Archive(home.storage_url, slug)
    report = import_files(archive, [path], timezone=timezone, pseudonyms=Pseudonyms.load(home.root))
    return Chat(slug=slug, source="export", timezone=timezone, first_day=report.first_day.date)


def days_of(chat: Chat, home: Home) -> tuple[LocalDay, LocalDay]:
    first = LocalDay(chat.first_day, chat.timezone)
    return first, Sources(home.storage_url).last_day(chat, first.plus(1000))


def test_days_of_which_no_hour_is_known_do_not_hinder_a_backfill(new_home):
    """A chat that begins at 23:59, in a zone of half-hour clock changes, and a chat with one message ever."""
    home = new_home()
    late = imported(home, "late-chat", "Australia/Lord_Howe", "2026-04-03 23:59", "2026-04-05 10:00", "2026-04-07 12:30")
    one = imported(home, "one", "America/Santiago", "2026-04-04 12:00")
    assert days_of(one, home)[0] == days_of(one, home)[1] == LocalDay.parse("2026-04-04", one.timezone)
    with opened(home, [late, one]) as runner:
        for chat in (late, one):
            runner.backfill(chat, *days_of(chat, home))
        storage = runner.storage(late)
        first, last = days_of(late, home)
        trained = [len(storage.frame("trained_model", day)) for day in first.until(last)]
        forecasts = [len(storage.frame("next_day_forecast", day)) for day in first.until(last)]
        assert trained == [0, 1, 1, 1, 1]
        assert storage.trained_days() == list(first.plus(1).until(last))
        assert forecasts == [0, 25, 24, 24, 24]  # on 5 April clocks go back by half an hour
        assert storage.frames("hourly_series", first, last)["messages"].sum() == 1  # the two others stand in cut hours
        of_one = runner.storage(one)
        assert of_one.frame("hourly_series", days_of(one, home)[0])["messages"].isna().all()
        assert of_one.newest_model(last) is None
        assert of_one.trained_days() == []
        assert runner.retrain_if_wanted(one) is None


def test_an_archive_that_ended_leaves_days_missing_and_asks_for_no_training_ever(new_home):
    home = new_home()
    hours = [f"2026-01-0{day} {hour:02}:05" for day in range(1, 4) for hour in range(24)]
    chat = imported(home, "ended", "Asia/Kathmandu", *hours)
    first, last = days_of(chat, home)
    chat = chat.model_copy(update={"last_day": last.plus(400).date})  # as one that goes on, and is not read
    with opened(home, [chat]) as runner:
        runner.backfill(chat, first, last)
        storage = runner.storage(chat)
        for number in (1, 30, 300):  # right after; when the model is too old; when nothing is left to train on
            day = last.plus(number)
            assert runner.run_day(chat, day) is None
            assert storage.frame("hourly_series", day)["messages"].isna().all()
            forecast = storage.frame("next_day_forecast", day)
            assert len(forecast) == (24 if number <= LONGEST_GAP_DAYS else 0)
            reason = storage.notes("next_day_forecast", day).get("reason", "")
            assert ("known" in reason) == (number > LONGEST_GAP_DAYS)
            assert forecast["expected"].between(0.5, 1.5).all()  # as it was when last known
        assert storage.frame("daily_score", last.plus(300))["hours_missing"].tolist() == [24]


def test_older_messages_imported_later_and_days_done_later_change_no_other_day(new_home):
    home, alone = new_home(), new_home("alone")
    old = [f"2026-03-{day} {hour:02}:{day}" for day in (26, 27, 28) for hour in range(0, 24, 2)]
    new = [f"2026-03-{day} {hour:02}:{day}" for day in (28, 29, 30) for hour in range(1, 24, 3)]  # the 29th has 23 hours
    with opened(alone, [chat := imported(alone, CHAT.slug, CHAT.timezone, *old)]) as runner:
        runner.backfill(chat, *days_of(chat, alone))
        expected = runner.storage(chat)

    os.environ["DAGSTER_HOME"] = str(home.dagster_home)
    with opened(home, [chat := imported(home, CHAT.slug, CHAT.timezone, *new)]) as runner:
        middle, last = days_of(chat, home)
        runner.backfill(chat, middle, last)
        before = {asset: stored(home, asset) for asset in ALL_ASSETS}
    with opened(home, [chat := imported(home, CHAT.slug, CHAT.timezone, *old)]) as runner:
        first, _ = days_of(chat, home)
        assert {asset: stored(home, asset) for asset in ALL_ASSETS} == before
        runner.backfill(chat, first, middle.plus(-1))
        for asset, files in before.items():
            assert files.items() <= stored(home, asset).items()
        # Done after all later days were known: the same as where these were never there.
        found = runner.storage(chat)
    assert first < middle
    for asset in ("hourly_series", "next_day_forecast", "daily_score"):
        frames = (storage.frames(asset, first, middle.plus(-1)) for storage in (found, expected))
        pd.testing.assert_frame_equal(*frames)


ONE_DAY_OF_HISTORY = """
from chat_forecast.cli.base import Workplace
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import HISTORY_ASSETS
from chat_forecast.app.runs import ChatIsBusy, opened
place = Workplace()
(chat,) = place.chats
with opened(place.home, place.chats) as runner:
    print("ready", flush=True)
    input()
    try:
        day = LocalDay(chat.first_day, chat.timezone)
        runner.materialise(chat, HISTORY_ASSETS, day, day)
        print("done")
    except ChatIsBusy:
        print("busy")
"""


@pytest.mark.sweep
def test_two_processes_that_do_one_day_at_once_leave_whole_files(new_home):
    home = new_home()
    (home.root / "chats.toml").write_text(
        f'[chats.{CHAT.slug}]\nsource = "simulated"\ntimezone = "{CHAT.timezone}"\nfirst_day = {CHAT.first_day}\n'
    )
    with opened(home, [CHAT]) as runner:
        runner.materialise(CHAT, HISTORY_ASSETS, FIRST, FIRST)
        before = {asset: stored(home, asset) for asset in HISTORY_ASSETS}
    command = [sys.executable, "-c", ONE_DAY_OF_HISTORY]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=120)[0].strip() for process in both)
    assert said in (["done", "done"], ["busy", "done"])
    assert [process.returncode for process in both] == [0, 0]
    assert {asset: stored(home, asset) for asset in HISTORY_ASSETS} == before


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_partitions_and_archives_lie_below_an_fsspec_url(new_home, tmp_path, scheme):
    new_home()
    root = f"file://{tmp_path}/my store" if scheme == "file" else f"memory://{tmp_path.name}"
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path / "home"), "CHAT_FORECAST_STORAGE": root})
    chat = imported(home, "my-chat", "UTC", "2026-01-01 00:00", "2026-01-02 12:00", "2026-01-04 00:00")
    first, last = days_of(chat, home)
    with opened(home, [chat]) as runner:
        runner.materialise(chat, HISTORY_ASSETS, first, last)
        storage = runner.storage(chat)
    assert storage.days("hourly_series") == list(first.until(last))
    assert storage.frames("hourly_series", first, last)["messages"].sum() == 2
    assert not (home.root / "my-chat").exists()
    if scheme == "file":
        assert len(list((tmp_path / "my store" / "my-chat" / "merged_history").iterdir())) == 4


def test_a_damaged_file_fails_the_run_with_its_name(new_home):
    home = new_home()
    with opened(home, [CHAT]) as runner:
        runner.materialise(CHAT, HISTORY_ASSETS, FIRST, FIRST)
        path = Path(runner.storage(CHAT).url("merged_history", FIRST))
        path.write_bytes(b"not parquet")
        with pytest.raises(RunFailed, match=r"merged_history/2026-03-25.parquet is damaged"):
            runner.materialise(CHAT, HISTORY_ASSETS, FIRST, FIRST)
        with pytest.raises(StoredFileError):
            runner.storage(CHAT).messages("merged_history", FIRST)


def test_a_night_is_stored_although_mlflow_cannot_be_reached_and_logged_by_the_next_one(new_home):
    home = new_home(has_mlflow=True)
    with opened(home, [CHAT]) as runner:
        runner.backfill(CHAT, FIRST, FIRST.plus(2))
    unreachable = Home.from_environment(
        {"CHAT_FORECAST_HOME": str(home.root), "MLFLOW_TRACKING_URI": "sqlite:////proc/nowhere/mlflow.db"}
    )
    day = FIRST.plus(3)
    with opened(unreachable, [CHAT]) as runner:
        runner.materialise(CHAT, DAY_ASSETS, day, day)
        assert len(runner.storage(CHAT).frames("next_day_forecast", day, day)) == len(day.plus(1).hours)
        assert len(stored(home, "daily_score")) == 4
    with opened(home, [CHAT]) as runner:
        assert count_backlog(runner.resources.tracking, runner.storage(CHAT)) == Backlog(scores=1, trainings=0)
        runner.materialise(CHAT, DAY_ASSETS, day.plus(1), day.plus(1))
        assert not count_backlog(runner.resources.tracking, runner.storage(CHAT))


def test_the_rule_smape_is_the_original_s_and_fails_what_no_forecast_meets(new_home):
    strict = CHAT.model_copy(update={"check": Check(rule="smape", smape_threshold=0.0001)})
    with opened(new_home(), [strict]) as runner:
        runner.backfill(strict, FIRST, FIRST.plus(2))
        assert runner.run_day(strict, FIRST.plus(3)) == FIRST.plus(3)


def test_a_backtest_gives_the_forecasts_of_a_backfill(new_home):
    with opened(new_home(), [CHAT]) as runner:
        runner.backfill(CHAT, FIRST, LAST)
        storage = runner.storage(CHAT)
        days = {"days": 4, "every": 1, "progress": lambda _done, _total: None}
        sources = runner.resources.sources
        found = run_backtest(CHAT, LAST, storage=storage, sources=sources, jobs=1, **days)
        # The archive's days are counted without a run where no series is stored.
        elsewhere = dataclasses.replace(storage, root=f"{storage.root}/elsewhere")
        unstored = run_backtest(CHAT, LAST, storage=elsewhere, sources=sources, jobs=2, **days)
        stored = storage.frames("next_day_forecast", LAST.plus(-4), LAST.plus(-1))
    product = found.rows[found.rows["forecaster"] == "product"].reset_index(drop=True)
    columns = list(FORECAST_COLUMNS)
    pd.testing.assert_frame_equal(product[columns], stored[columns], check_exact=True)
    pd.testing.assert_frame_equal(found.rows, unstored.rows, check_exact=True)


def test_a_chat_too_young_for_a_backtest_is_told_so(new_home):
    with opened(new_home(), [CHAT]) as runner, pytest.raises(BacktestError, match="too few for a backtest"):
        run_backtest(
            CHAT, FIRST.plus(1), storage=runner.storage(CHAT), sources=runner.resources.sources, days=9, every=1,
            jobs=1, progress=lambda _done, _total: None,
        )  # fmt: skip


def test_the_code_location_loads_with_an_empty_environment():
    libraries = ("mlflow", "prophet", "telethon", "matplotlib", "sklearn", "scipy", "altair", "babel", "vl_convert")
    heavy = f"[name for name in {libraries} if name in sys.modules]"
    code = f"import sys; import chat_forecast.definitions as d; print(len(d.defs.asset_graph.get_all_asset_keys()), {heavy})"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={}, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip().endswith(" []")


@pytest.mark.sweep
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real chats in ../shared/data, which are not in the repository")
def test_a_real_chat_is_imported_and_backfilled(new_home):
    home = new_home()
    chat = Chat(slug="seed", source="export", timezone="Europe/Moscow", first_day=date(2022, 10, 13))
    report = import_files(
        Archive(home.storage_url, chat.slug),
        [SHARED / "data" / "chats" / "tg-seed-yarolit.parquet"],
        timezone=chat.timezone,
        pseudonyms=Pseudonyms.load(home.root),
    )
    assert report.new == 19997
    last = LocalDay.parse("2023-11-05", chat.timezone)
    with opened(home, [chat]) as runner:
        runner.materialise(chat, HISTORY_ASSETS, last.plus(-139), last)  # all of its 389 days: bench_backfill
        begin = last.plus(-13)
        runner.materialise(chat, RETRAINING_ASSETS, begin, begin)
        runner.materialise(chat, ("next_day_forecast", "daily_score"), begin.plus(1), last)
        scores = runner.storage(chat).frames("daily_score", begin.plus(1), last)
    assert scores["skill"].notna().sum() == 13
    assert scores["skill"].mean() > 0
