"""What Dagster's daemon is spared, in a process that has imported it."""

import asyncio
from types import SimpleNamespace

import pytest
from dagster._daemon import controller
from dagster._daemon.freshness import FreshnessDaemon

from chat_forecast.pipeline.daemon_work import RELOAD_SECONDS, trim_daemon_work


@pytest.fixture(autouse=True)
def spared(monkeypatch):
    """The daemon's modules as its process has them after it has opened an instance; put back afterwards."""
    monkeypatch.setattr(FreshnessDaemon, "_evaluate_asset", FreshnessDaemon._evaluate_asset)
    monkeypatch.setattr(controller, "RELOAD_WORKSPACE_INTERVAL", controller.RELOAD_WORKSPACE_INTERVAL)
    for _ in range(2):
        trim_daemon_work()


def test_the_daemon_writes_nothing_of_an_asset_without_a_policy():
    """It would write an event of each: six of every chat, when it meets it."""
    bare, late = (SimpleNamespace(freshness_policy_or_from_metadata=policy, key="series") for policy in (None, "a policy"))
    assert asyncio.run(FreshnessDaemon()._evaluate_asset(context=None, node=bare)) is False
    with pytest.raises(AttributeError):  # without an instance to ask
        asyncio.run(FreshnessDaemon()._evaluate_asset(context=None, node=late))


def test_definitions_that_have_not_changed_are_read_once_an_hour():
    """The daemon is told when they change."""
    assert controller.RELOAD_WORKSPACE_INTERVAL == RELOAD_SECONDS
