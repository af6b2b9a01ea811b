"""When a chat's series is late in the UI, and what Dagster's daemon looks at."""

import asyncio
from datetime import date
from types import SimpleNamespace

import pytest
from dagster._daemon.freshness import FreshnessDaemon

from chat_forecast.pipeline.freshness import freshness_of, pass_over_assets_without_policy
from chat_forecast.settings.models import Chat

LIVE = Chat(slug="live", source="simulated", timezone="Europe/Moscow", first_day=date(2026, 3, 1))


def test_a_live_chat_is_late_after_six_in_the_morning_of_its_zone_and_one_that_has_ended_never():
    policy = freshness_of(LIVE)
    assert (policy.deadline_cron, policy.timezone) == ("0 6 * * *", "Europe/Moscow")
    assert freshness_of(LIVE.model_copy(update={"last_day": date(2026, 4, 1)})) is None
    assert freshness_of(LIVE.model_copy(update={"source": "export"})) is None


@pytest.fixture
def daemon(monkeypatch):
    """Dagster's own, as its process has it after it has opened an instance."""
    monkeypatch.setattr(FreshnessDaemon, "_evaluate_asset", FreshnessDaemon._evaluate_asset)  # put back afterwards
    for _ in range(2):
        pass_over_assets_without_policy()
    return FreshnessDaemon()


def test_the_daemon_writes_nothing_of_an_asset_without_a_policy(daemon):
    """It would write an event of each: six of every chat, when it meets it."""
    bare, late = (SimpleNamespace(freshness_policy_or_from_metadata=policy, key="series") for policy in (None, "a policy"))
    assert asyncio.run(daemon._evaluate_asset(context=None, node=bare)) is False
    with pytest.raises(AttributeError):  # without an instance to ask
        asyncio.run(daemon._evaluate_asset(context=None, node=late))
