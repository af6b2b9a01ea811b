"""What all tests share: the day that it is, the order in which they run, and how Hypothesis looks for examples."""

import gc
import os
import shutil
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import hypothesis
import pytest
from filelock import FileLock

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.instance_settings import prepare_instance
from chat_forecast.presentation.reports import library
from chat_forecast.settings.paths import Home
from chat_forecast_tests.forked import fork_server

gc.disable()  # until all tests are found: what is imported stays, and looking for garbage in it takes a third of the time

ZONES_EIGHT_HOURS_APART = ("Europe/Moscow", "Asia/Magadan", "America/Bogota")
"""None of them changes its clocks: a day has 24 hours."""
LONGEST_FIRST = [
    "test_end_to_end.py",  # these first three wait for servers most of the time
    "test_pages.py",
    "test_nightly.py",
    "test_pruning.py",
    "test_secrets.py",
    "test_killed_backfill.py",
    "test_two_of_everything.py",
    "test_invariants.py",
    "test_forgetting_deployment.py",
    "test_healing.py",
    "test_in_browser.py",
    "test_failing_writes.py",
    "test_forgetting_chat.py",
    "test_importing.py",
    "test_reverse_proxy.py",
]
"""Each process is given two modules at once: the first four of the tests and of the sweeps have short ones behind them."""

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

    shared = shared_folder(tmp_path_factory)
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
        root.mkdir(parents=True, exist_ok=True)
        (root / "mlflow").mkdir(mode=0o700, exist_ok=True)
        shutil.copy(ready_mlflow, root / "mlflow" / "mlflow.db")
        return root

    return give


@pytest.fixture(scope="session")
def with_instance(tmp_path_factory):
    """Give a home the files of an empty Dagster instance: to make its tables takes a quarter of a second of a processor."""
    shared = shared_folder(tmp_path_factory)
    made = shared / "ready-instance"
    with FileLock(shared / "ready-instance.lock"):
        if not made.exists():
            home = Home.from_environment({"CHAT_FORECAST_HOME": str(shared / "new-instance")})
            prepare_instance(home)
            with dg.DagsterInstance.from_config(str(home.dagster_home)) as instance:
                assert instance.get_runs() == []
            home.dagster_home.rename(made)

    def give(root: Path) -> Path:
        shutil.copytree(made, root / "dagster", dirs_exist_ok=True)
        return root

    return give


@pytest.fixture(scope="session", autouse=True)
def charts(tmp_path_factory):
    """The charts' JavaScript is put together by one process for all that run tests, which takes a second and a half."""
    put_together, run_program, shared = library.PUT_TOGETHER, library.run_program, shared_folder(tmp_path_factory)

    def run_once(module: str) -> subprocess.CompletedProcess[bytes]:
        if module != put_together:
            return run_program(module)
        made = shared / "charts.js"
        with FileLock(shared / "charts.lock"):
            if not made.exists():
                done = run_program(module)
                done.check_returncode()
                made.write_bytes(done.stdout)
        return subprocess.CompletedProcess([module], 0, made.read_bytes(), b"")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "run_program", run_once)
        yield


@pytest.fixture(scope="session")
def with_all_made(with_mlflow, with_instance, charts):
    """Give a home what takes long to make: its Dagster instance, MLflow's store, the charts; returns the home's folder."""

    def give(root: Path) -> Path:
        with_instance(with_mlflow(root))
        (root / "reports").mkdir(mode=0o700)
        library.javascript(root / "reports")
        for made in root.glob("*/**/*"):
            made.chmod(0o700 if made.is_dir() else 0o600)
        return root

    return give


def shared_folder(tmp_path_factory) -> Path:
    """A folder of all processes that run tests."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def pytest_configure(config):
    """Have one process that others are forked from, for all processes of the tests (:mod:`.forked`)."""
    if not hasattr(config, "workerinput"):
        stack = ExitStack()
        config.add_cleanup(stack.close)
        stack.enter_context(fork_server())


def pytest_collection_finish():
    """Look for garbage again, but not in what was imported, which stays."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """Begin with the modules that take longest, so that none of them is left over when all others are done."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
