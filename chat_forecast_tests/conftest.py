"""What all tests share: the day that it is, the order in which they run, and how Hypothesis looks for examples."""

import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import hypothesis
import pytest

from chat_forecast.domain.local_day import LocalDay

ZONES_EIGHT_HOURS_APART = ("Europe/Moscow", "Asia/Magadan", "America/Bogota")
"""None of them changes its clocks: a day has 24 hours."""
LONGEST_FIRST = [
    "test_end_to_end.py",
    "test_invariants.py",
    "test_pages.py",
    "test_nightly.py",
    "test_failing_writes.py",
    "test_secrets.py",
    "test_reverse_proxy.py",
]

# The same examples each time, however slow the machine is at that moment: a run fails for what was changed since the last.
# `pytest --hypothesis-profile=default` looks for new ones.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def today() -> LocalDay:
    """The day that it is, in a time zone where it is between 8 and 16 o'clock: no test sees its midnight."""
    now = datetime.now(UTC)
    zone = min(ZONES_EIGHT_HOURS_APART, key=lambda zone: abs(now.astimezone(ZoneInfo(zone)).hour - 12))
    return LocalDay.containing(now, zone)


@pytest.fixture(autouse=True)
def own_environment():
    """What a test changes in the environment, as a command in its process does, is as it was for the next one."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)


def pytest_collection_modifyitems(items):
    """Begin with the modules that take longest, so that none of them is left over when all others are done."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
