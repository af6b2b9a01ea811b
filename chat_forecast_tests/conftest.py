"""What all tests share: the day that it is, the order in which they run, and how Hypothesis looks for examples."""

import gc
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from filelock import FileLock

from chat_forecast.domain.local_day import LocalDay

gc.disable()  # until all tests are found: what is imported stays, and looking for garbage in it takes a third of the time

ZONES_EIGHT_HOURS_APART = ("Europe/Moscow", "Asia/Magadan", "America/Bogota")
"""None of them changes its clocks: a day has 24 hours."""
LONGEST_FIRST = [
    "test_end_to_end.py",  # these first three wait for servers most of the time
    "test_pages.py",
    "test_nightly.py",
    "test_forgetting_deployment.py",
    "test_invariants.py",
    "test_pruning.py",
    "test_two_of_everything.py",
    "test_in_browser.py",
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


@pytest.fixture(scope="session")
def ready_mlflow(tmp_path_factory):
    """The SQLite file of an empty MLflow store, to be copied: making one takes a second, so all processes share it."""
    from chat_forecast.tracking.client import Tracking, import_mlflow

    # By each process of the tests, since some open a store by MLflow's own client, which warns of itself.
    import_mlflow(with_models=True)

    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made = shared / "ready-mlflow" / "mlflow.db"
    with FileLock(shared / "ready-mlflow.lock"):
        if not made.exists():
            with Tracking(f"sqlite:///{shared}/new-mlflow/mlflow.db").open("make its store"):
                pass
            (shared / "new-mlflow").rename(made.parent)
    return made


@pytest.fixture(scope="session")
def with_mlflow(ready_mlflow):
    """Give a home an MLflow store that is ready; returns the home's folder."""

    def give(root: Path) -> Path:
        (root / "mlflow").mkdir(parents=True, exist_ok=True)
        shutil.copy(ready_mlflow, root / "mlflow" / "mlflow.db")
        return root

    return give


def pytest_collection_finish():
    """Look for garbage again, but not in what was imported, which stays."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """Begin with the modules that take longest, so that none of them is left over when all others are done."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
