"""The Dagster instance of a home, with the settings that are written for it."""

import os
import shutil
import socket
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus

from chat_forecast.app.serving.processes import ServingError
from chat_forecast.app.serving.up import endpoints_of, serve
from chat_forecast.cli import main
from chat_forecast.pipeline.instance_settings import PART, SETTINGS, lacking_settings, prepare_instance
from chat_forecast.pipeline.run_coordinator import ChatRunCoordinator
from chat_forecast.pipeline.run_launcher import WarmRunLauncher
from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.settings.paths import Home, HomeError, apply_environment

SAMPLES = Path(__file__).parents[1] / "samples" / "v0_1_0"


@pytest.fixture(autouse=True)
def _environment():
    """Leave the process's environment as it was."""
    before = dict(os.environ)
    for name in ("CHAT_FORECAST_HOME", "DAGSTER_HOME", "MLFLOW_TRACKING_URI"):
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def home(tmp_path):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    prepare_instance(home)
    return home


def test_preparing_again_leaves_the_users_dagster_settings(home):
    (home.dagster_home / "dagster.yaml").write_text("telemetry:\n  enabled: true\n")
    prepare_instance(home)
    assert (home.dagster_home / "dagster.yaml").read_text() == "telemetry:\n  enabled: true\n"


@pytest.fixture
def old(tmp_path):
    """A home whose instance was made by version 0.1.0."""
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    settings = home.dagster_home / "dagster.yaml"
    settings.parent.mkdir(parents=True)
    shutil.copy(SAMPLES / "dagster.yaml", settings)
    apply_environment(home)
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.run_launcher, dg.DefaultRunLauncher)
    return home


def test_settings_that_an_earlier_version_wrote_follow_the_version(old):
    prepare_instance(old)
    assert lacking_settings(old) is None
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.run_launcher, WarmRunLauncher)
        assert isinstance(instance.run_coordinator, ChatRunCoordinator)
    before = (old.dagster_home / "dagster.yaml").read_bytes()
    prepare_instance(old)
    assert (old.dagster_home / "dagster.yaml").read_bytes() == before == SETTINGS.read_bytes()


def test_settings_that_a_user_changed_stay_and_the_lines_they_lack_are_named(old):
    settings = old.dagster_home / "dagster.yaml"
    own = settings.read_text().replace("max_concurrent_runs: 2", "max_concurrent_runs: 7")
    settings.write_text(own)
    prepare_instance(old)
    assert settings.read_text() == own
    said, _, lines = lacking_settings(old).partition(":\n")
    assert said.startswith(f"{settings} is your own and stays as it is, but lacks")
    assert "run_coordinator, run_launcher, compute_logs." in said
    settings.write_text(f"{own}\n{lines}\n")
    assert lacking_settings(old) is None
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.run_launcher, WarmRunLauncher)
        assert isinstance(instance.run_coordinator, ChatRunCoordinator)
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 7


def test_what_settings_lack_is_said_by_up_and_by_status(old, monkeypatch):
    settings = old.dagster_home / "dagster.yaml"
    settings.write_text(settings.read_text() + "# mine\n")
    said = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoints = endpoints_of({"dagster": taken.getsockname()[1], "mlflow": 1, "reports": 2}, "127.0.0.1", "", [])
        with pytest.raises(ServingError):
            serve(old, endpoints, said.append)
    assert said == [lacking_settings(old)]
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(old.root))
    result = CliRunner().invoke(main, ["status"])
    assert "  class: WarmRunLauncher" in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_settings_that_are_no_yaml_are_named(home):
    (home.dagster_home / "dagster.yaml").write_text("telemetry: [")
    with pytest.raises(HomeError, match=r"dagster\.yaml cannot be read: .* Mend it, or move it away"):
        prepare_instance(home)


def test_every_setting_has_a_place_among_those_that_are_named():
    settings = SETTINGS.read_text()
    assert {part[1] for part in PART.finditer(settings)} == set(yaml.safe_load(settings))


def test_dagster_takes_the_written_settings(home):
    apply_environment(home)
    with dg.DagsterInstance.get() as instance:
        assert instance.root_directory == str(home.dagster_home)
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled

        queue = instance.get_concurrency_config().run_queue_config
        assert queue.max_concurrent_runs == 2
        assert queue.tag_concurrency_limits == [{"key": CHAT_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}]
        pools = instance.get_concurrency_config().pool_config
        assert pools.pool_granularity.value == "run"
        assert pools.default_pool_limit == 1

        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_resume_run_attempts == 0
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 2
        assert instance.run_retries_retry_on_asset_or_op_failure

        sensors = instance.get_tick_retention_settings(InstigatorType.SENSOR)
        assert sensors[TickStatus.SKIPPED] == 1
        assert sensors[TickStatus.SUCCESS] == 90
        assert instance.get_settings("schedules")["use_threads"]
        assert instance.get_settings("sensors")["use_threads"]
    assert any(home.dagster_home.rglob("*.db"))
