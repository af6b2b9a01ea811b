"""The processes of ``chat-forecast up``, with stand-ins that sleep."""

import json
import signal
import socket
import subprocess
import sys

import psutil
import pytest
from click.testing import CliRunner

from chat_forecast.app.serving.endpoint import Endpoint
from chat_forecast.app.serving.processes import Servers, ServingError
from chat_forecast.app.serving.up import endpoints_of, serve
from chat_forecast.cli import main
from chat_forecast.settings.paths import Home
from chat_forecast_tests.served import wait_for

SLEEPING = [
    sys.executable,
    "-c",
    # Whoever runs the tests in the background may have them ignore SIGINT, and what they start too.
    "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nprint('up', flush=True)\ntime.sleep(600)",
]
WITH_A_WORKER = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "signal.signal(signal.SIGINT, signal.SIG_DFL)\nprint('up', flush=True)\ntime.sleep(600)",
]
STARTING_AND_KILLED = """
import os, signal, sys
from pathlib import Path
from chat_forecast.app.serving.processes import Servers
servers = Servers(Path(sys.argv[1]), Path(sys.argv[2]))
servers.start("one", [sys.executable, "-c", sys.argv[3]])
print(servers.children["one"].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def home(tmp_path):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    home.prepare()
    return home


@pytest.fixture
def taken_port():
    """A port that something listens on: what tells it is met before any server is started."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def endpoints(port, mlflow=1, reports=2):
    return endpoints_of({"dagster": port, "mlflow": mlflow, "reports": reports}, "127.0.0.1", "", [])


def is_alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_every_process_ends_also_a_servers_workers_that_are_deaf_to_ctrl_c(tmp_path):
    servers = Servers(tmp_path / "logs", tmp_path / "up.json")
    servers.start("one", SLEEPING)
    servers.start("two", WITH_A_WORKER)
    for name in servers.children:
        while b"up" not in (tmp_path / "logs" / f"{name}.log").read_bytes():
            servers.expect_alive()
    processes = [psutil.Process(child.pid) for child in servers.children.values()]
    processes += [each for process in processes for each in process.children()]
    servers.stop()
    wait_for(lambda: not any(map(is_alive, processes)), 10, "all of them to be gone")  # a killed one may take a moment
    assert servers.children["one"].returncode == -signal.SIGINT
    assert not (tmp_path / "up.json").exists()


def test_two_servers_cannot_have_the_same_port(home):
    same = endpoints_of({"dagster": 3000, "mlflow": 5000, "reports": 3000}, "127.0.0.1", "", [])
    with pytest.raises(ServingError, match="--port and --reports-port are both 3000"):
        serve(home, same, print)


def test_servers_that_outlived_a_killed_up_are_ended_by_the_next_one(home, taken_port):
    record = home.locks / "up.json"
    command = [sys.executable, "-c", STARTING_AND_KILLED, str(home.root / "logs"), str(record), SLEEPING[-1]]
    killed = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert killed.returncode == -signal.SIGKILL
    left = psutil.Process(int(killed.stdout))
    with pytest.raises(
        ServingError, match=f"port {taken_port} on 127.0.0.1 cannot be used .* Choose another port with --port"
    ):
        serve(home, endpoints(taken_port), print)
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
    assert not record.exists()


def test_a_second_up_on_the_same_home_is_refused_and_leaves_the_first_alone(home):
    with subprocess.Popen(SLEEPING, stdout=subprocess.PIPE) as first:
        first.stdout.readline()
        (home.locks / "up.json").write_text(json.dumps([[first.pid, psutil.Process(first.pid).create_time()]]))
        with pytest.raises(ServingError, match=f"is running already on {home.root}, as process {first.pid}"):
            serve(home, endpoints(1), print)
        assert first.poll() is None
        first.kill()


def test_a_record_of_processes_that_are_others_by_now_ends_nobody(home, taken_port):
    with subprocess.Popen(SLEEPING, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        (home.locks / "up.json").write_text(json.dumps([[other.pid, 1.0], [other.pid, 2.0]]))
        with pytest.raises(ServingError, match="cannot be used"):
            serve(home, endpoints(taken_port), print)
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "https://mlflow.example.org"])
def test_where_mlflow_is_a_server_already_its_port_is_not_wanted(tmp_path, taken_port, uri):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": uri})
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(ServingError, match=f"port {taken_port} .* --port"):
            serve(home, endpoints(taken_port, mlflow=listener.getsockname()[1]), print)


def test_an_address_of_another_machine_cannot_be_listened_on(home):
    ports = {"dagster": 1, "mlflow": 2, "reports": 3}
    with pytest.raises(ServingError, match=r"--host 192\.0\.2\.1 is no address of this machine"):
        serve(home, endpoints_of(ports, "192.0.2.1", "", []), print)


def test_below_a_common_path_each_server_has_one_of_its_own():
    found = endpoints_of({"dagster": 1, "mlflow": 2, "reports": 3}, "0.0.0.0", "/forecast", ["a.example"])  # noqa: S104 - an open address
    assert found.mlflow == Endpoint(2, "0.0.0.0", "/forecast/mlflow", ("a.example",))  # noqa: S104 - likewise
    assert found.dagster.url == "http://127.0.0.1:1/forecast/dagster"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--host", "my-machine", "'my-machine' is no address"),
        ("--path-prefix", "forecast", "'forecast' is no path"),
        ("--path-prefix", "/a/../b", "'/a/../b' is no path"),
        ("--path-prefix", "/a{b}", "is no path"),
    ],
)
def test_addresses_and_paths_that_cannot_be_are_refused(option, value, said):
    found = CliRunner().invoke(main, ["up", option, value])
    assert found.exit_code == 2
    assert said in found.output
