"""What tests of the pipeline share: a home, its resources, and a chat with a few stored days."""

from datetime import date

import dagster as dg
import pytest

from chat_forecast.pipeline.instance_settings import prepare_instance
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home


@pytest.fixture
def stores(tmp_path):
    """The resources over an empty home."""
    return resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}))


@pytest.fixture
def instance(tmp_path, monkeypatch, with_instance):
    """The instance of an empty home, on disk, with our settings."""
    with_instance(tmp_path)
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    prepare_instance(home)
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster_home))
    with dg.DagsterInstance.get() as instance:
        yield instance


@pytest.fixture
def chat():
    return Chat(slug="my-chat", source="simulated", timezone="Europe/Berlin", first_day=date(2026, 3, 25))
