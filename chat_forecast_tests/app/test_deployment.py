"""The files of a deployment on many machines."""

import shlex
import stat

import pytest
import yaml
from click.testing import CliRunner

from chat_forecast.cli import main
from chat_forecast.pipeline.distributed import distributed_settings
from chat_forecast.settings.paths import BROKER_VARIABLE, DATABASE_VARIABLE, STORAGE_VARIABLE
from chat_forecast.sources.pseudonyms import KEY_VARIABLE


def write(folder, *options):
    return CliRunner().invoke(main, ["instance", "distributed", "--write", str(folder), *options])


@pytest.fixture
def written(tmp_path):
    said = write(tmp_path / "new", "--slots", "7")
    assert said.exit_code == 0, said.output
    return tmp_path / "new"


def test_every_file_is_written_and_names_the_runs_at_a_time(written):
    assert (written / "dagster.yaml").read_text() == distributed_settings(7)
    compose = yaml.safe_load((written / "compose.yaml").read_text())
    assert shlex.split(compose["services"]["worker"]["command"])[:6] == [
        *("celery", "-A", "chat_forecast.pipeline.celery_app", "worker", "--concurrency", "7")
    ]
    assert yaml.safe_load((written / "workspace.yaml").read_text())["load_from"]
    assert "@" not in (written / "worker.service").read_text()


def test_secrets_stand_in_one_file_that_is_its_owner_s_alone(written):
    environment = (written / "deployment.env").read_text()
    for variable in (DATABASE_VARIABLE, BROKER_VARIABLE, STORAGE_VARIABLE, KEY_VARIABLE, "TELEGRAM_SESSION"):
        assert f"\n{variable}=" in environment
    assert stat.S_IMODE((written / "deployment.env").stat().st_mode) == 0o600
    assert "change-me@" not in (written / "dagster.yaml").read_text()


def test_what_is_there_is_written_over_only_if_one_says_so(written):
    (written / "dagster.yaml").write_text("mine")
    (written / "compose.yaml").unlink()
    refused = write(written)
    assert refused.exit_code == 1
    assert "dagster.yaml" in refused.output
    assert (written / "dagster.yaml").read_text() == "mine"
    assert not (written / "compose.yaml").exists()
    assert write(written, "--force").exit_code == 0
    assert (written / "dagster.yaml").read_text() == distributed_settings(2)
