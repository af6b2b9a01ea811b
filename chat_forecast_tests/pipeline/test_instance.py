"""The Dagster instance of a home, with the settings that are written for it."""

import os

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus

from chat_forecast.pipeline.instance import prepare_instance
from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.settings.paths import Home, apply_environment


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
        assert sensors[TickStatus.SKIPPED] == 2
        assert sensors[TickStatus.SUCCESS] == 90
        assert instance.get_settings("schedules")["use_threads"]
        assert instance.get_settings("sensors")["use_threads"]
    assert any(home.dagster_home.rglob("*.db"))
