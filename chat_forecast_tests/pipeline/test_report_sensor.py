from pathlib import Path

import dagster as dg
import pytest

from chat_forecast.pipeline.report_sensor import report_sensor
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.paths import Home
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat, store_forecasts, store_series

CHATS = [make_chat("first"), make_chat("second")]


@pytest.fixture
def stores(tmp_path):
    return resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}))


@pytest.fixture
def reports(stores):
    return stores.reports


@pytest.fixture
def tick(stores):
    """Let the sensor tick as the daemon does, handing on its cursor; gives what it said."""
    cursor = None

    def tick() -> str:
        nonlocal cursor
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"stores": stores})
            result = report_sensor(CHATS)(context)
        cursor = result.cursor
        return result.skip_reason.skip_message

    return tick


def test_a_page_is_made_once_its_chat_has_come_to_rest_and_again_after_the_next_forecast(reports, tick):
    storage = reports.storages.of(CHATS[0])
    store_series(storage, 30)
    assert tick() == "Every page is up to date, or its chat is being worked on."
    assert tick() == "Made anew: first.en.html."
    assert (reports.folder / "index.html").exists()
    assert tick() == "Every page is up to date, or its chat is being worked on."
    store_forecasts(storage, 29, 29)
    tick()
    assert tick() == "Made anew: first.en.html."


def test_a_page_that_cannot_be_made_is_named_and_keeps_no_other_chat_from_its_own(reports, tick):
    for chat in CHATS:
        store_series(reports.storages.of(chat), 2)
    damaged = Path(reports.storages.of(CHATS[0]).url("hourly_series", FIRST))
    whole = damaged.read_bytes()
    damaged.write_bytes(b"not parquet")
    tick()
    said = tick()
    assert "Could not be made, and will be tried again: first: StoredFileError:" in said
    assert "2026-03-01.parquet is damaged" in said
    assert "Made anew: second.en.html." in said
    damaged.write_bytes(whole)
    assert tick() == "Made anew: first.en.html."
