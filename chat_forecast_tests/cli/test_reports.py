"""The command ``report`` where the packages for reports are not installed, as a process."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from chat_forecast_tests.presentation.reports.stored import make_chat, store_series

ROOT = Path(__file__).parents[2]
ONLY_FOR_REPORTS = ("babel", "vl_convert")


@pytest.fixture(scope="module")
def without_reports(tmp_path_factory):
    """Where Python finds all packages but those that only the extra ``report`` brings."""
    packages = tmp_path_factory.mktemp("packages")
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.lower().startswith(ONLY_FOR_REPORTS) and path.suffix != ".pth":
            (packages / path.name).symlink_to(path)
    return packages


@pytest.fixture
def run(tmp_path, without_reports):
    """Run Python there, on a home with a chat of two days; gives what it printed."""
    from chat_forecast.storage.locks import Locks
    from chat_forecast.storage.partitions import Storages

    chat = make_chat()
    (tmp_path / "chats.toml").write_text(
        f'[chats.{chat.slug}]\nsource = "export"\ntimezone = "{chat.timezone}"\nfirst_day = {chat.first_day}\n'
    )
    store_series(Storages(str(tmp_path), Locks(tmp_path / "locks")).of(chat), 2)
    names = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"CHAT_FORECAST_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(ROOT), str(without_reports)])}

    def run(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-S", *arguments]  # -S: nothing from where the packages are installed
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)

    return run


def test_the_command_says_in_a_sentence_what_to_install(run):
    ended = run("-m", "chat_forecast.cli", "report", "my-chat")
    assert ended.returncode == 1
    assert ended.stderr == (
        "Error: Reports need packages that are not installed (babel, vl-convert-python): pip install "
        "'chat_forecast[report]', or in a checkout of the project pip install -c constraints.txt -e '.[report]'\n"
    )
    assert ended.stdout == ""


def test_what_makes_no_report_works_without_them(run):
    shown = run("-m", "chat_forecast.cli", "status", "--json")
    assert '"chat": "my-chat"' in shown.stdout, shown.stderr
    code = "import chat_forecast.definitions as d; print(sorted(sensor.name for sensor in d.defs.sensor_defs))"
    assert "'reports'" in run("-c", code).stdout
    serve = "import sys; sys.argv += ['--port', '70000']; import chat_forecast.app.report_server as s; s.main()"
    assert "Only plots are served. Reports need packages" in run("-c", serve).stderr
