from pathlib import Path

import dagster as dg
import pytest

from chat_forecast.pipeline.report_sensor import report_sensor
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.presentation.reports import requirements
from chat_forecast.settings.paths import Home
from chat_forecast_tests.damage import cut_in_half, make_a_folder
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat, store_forecasts, store_series

CHATS = [make_chat("first"), make_chat("second")]
NOTHING = "Every page is up to date, or a run of its chat is active."


@pytest.fixture
def stores(tmp_path):
    return resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}))


@pytest.fixture
def reports(stores):
    return stores.reports


@pytest.fixture
def instance(tmp_path_factory):
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance:
        yield instance


@pytest.fixture
def tick(stores, instance):
    """Let the sensor tick as the daemon does, handing on its cursor; gives what it said."""
    cursor = None

    def tick() -> str:
        nonlocal cursor
        context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"stores": stores})
        result = report_sensor(CHATS)(context)
        cursor = result.cursor
        return result.skip_reason.skip_message

    return tick


def note_run(instance, chat, status=dg.DagsterRunStatus.SUCCESS) -> None:
    """A run of the chat, as Dagster notes it."""
    instance.add_run(dg.DagsterRun(job_name="__ASSET_JOB", status=status, tags={CHAT_TAG: chat.slug}))


def test_pages_wait_while_many_chats_have_runs_under_way(reports, instance, tick, monkeypatch):
    monkeypatch.setattr("chat_forecast.pipeline.report_sensor.RUSH", 0)
    store_series(reports.storages.of(CHATS[0]), 30)
    note_run(instance, CHATS[0])
    note_run(instance, CHATS[1], dg.DagsterRunStatus.STARTED)
    assert "1 chats have runs queued" in tick()
    instance.delete_run(instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))[0].run_id)
    assert tick() == "Updated: first.en.html."


def test_a_page_is_made_once_no_run_of_its_chat_is_active_and_again_after_the_next_one(reports, instance, tick):
    storage = reports.storages.of(CHATS[0])
    store_series(storage, 30)
    note_run(instance, CHATS[0], dg.DagsterRunStatus.STARTED)
    assert tick() == NOTHING
    instance.delete_run(instance.get_runs()[0].run_id)
    note_run(instance, CHATS[0])
    assert tick() == "Updated: first.en.html."
    assert (reports.folder / "index.html").exists()
    assert tick() == NOTHING
    store_forecasts(storage, 29, 29)
    note_run(instance, CHATS[0])
    assert tick() == "Updated: first.en.html."
    assert tick() == NOTHING
    note_run(instance, CHATS[0])  # which changed nothing
    assert tick() == NOTHING


@pytest.mark.parametrize("damage", [cut_in_half, make_a_folder], ids=lambda way: way.__name__)
def test_a_page_that_cannot_be_made_is_named_and_keeps_no_other_chat_from_its_own(reports, tick, damage):
    for chat in CHATS:
        store_series(reports.storages.of(chat), 2)
    damaged = Path(reports.storages.of(CHATS[0]).url("hourly_series", FIRST))
    whole = damaged.read_bytes()
    damage(damaged)
    said = tick()
    assert said.startswith("Updated: second.en.html. Could not be made, and is tried again: first: StoredFileError:")
    assert "2026-03-01.parquet" in said
    assert "first: StoredFileError:" in tick()
    if damaged.is_dir():
        damaged.rmdir()
    damaged.write_bytes(whole)
    assert tick() == "Updated: first.en.html."


def test_without_the_packages_for_reports_the_sensor_says_what_to_install(monkeypatch, stores, tick):
    store_series(stores.storages.of(CHATS[0]), 2)
    monkeypatch.setattr(requirements, "PACKAGES", {"no_such_module": "no-such-package"})
    assert tick() == (
        "No pages are made. Reports need packages that are not installed (no-such-package): pip install "
        "'chat_forecast[report]', or in a checkout of the project pip install -c constraints.txt -e '.[report]'."
    )
    assert not stores.reports.folder.exists()
