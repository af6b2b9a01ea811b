"""The processes of ``chat-forecast up``, with stand-ins that sleep."""

import json
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from chat_forecast.app.serving.commands import MLFLOW
from chat_forecast.app.serving.processes import Servers, ServingError
from chat_forecast.app.serving.up import serve
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
    "import signal, subprocess, sys\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "print('up', flush=True)\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])",
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


def is_alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_every_process_ends_also_the_workers_of_a_server_that_is_deaf_to_ctrl_c(tmp_path):
    servers = Servers(tmp_path / "logs", tmp_path / "up.json")
    servers.start("one", SLEEPING)
    servers.start(MLFLOW, WITH_A_WORKER)
    while b"up" not in (tmp_path / "logs" / "mlflow.log").read_bytes():
        servers.expect_alive()
    processes = [psutil.Process(child.pid) for child in servers.children.values()]
    processes += [each for process in processes for each in process.children()]
    servers.stop()
    wait_for(lambda: not any(map(is_alive, processes)), 10, "all of them to be gone")  # a killed one may take a moment
    assert servers.children["one"].returncode == -signal.SIGINT
    assert not (tmp_path / "up.json").exists()


def test_servers_that_outlived_a_killed_up_are_ended_by_the_next_one(home, taken_port):
    record = home.locks / "up.json"
    command = [sys.executable, "-c", STARTING_AND_KILLED, str(home.root / "logs"), str(record), SLEEPING[-1]]
    killed = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert killed.returncode == -signal.SIGKILL
    left = psutil.Process(int(killed.stdout))
    with pytest.raises(
        ServingError, match=f"port {taken_port} on 127.0.0.1 cannot be used .* Choose another port with --port"
    ):
        serve(home, port=taken_port, mlflow_port=1, reports_port=2, say=print)
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
    assert not record.exists()


def test_a_second_up_on_the_same_home_is_refused_and_leaves_the_first_alone(home):
    with subprocess.Popen(SLEEPING, stdout=subprocess.PIPE) as first:
        first.stdout.readline()
        (home.locks / "up.json").write_text(json.dumps([[first.pid, psutil.Process(first.pid).create_time()]]))
        with pytest.raises(ServingError, match=f"is running already on {home.root}, as process {first.pid}"):
            serve(home, port=1, mlflow_port=1, reports_port=2, say=print)
        assert first.poll() is None
        first.kill()


def test_a_record_of_processes_that_are_others_by_now_ends_nobody(home, taken_port):
    with subprocess.Popen(SLEEPING, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        (home.locks / "up.json").write_text(json.dumps([[other.pid, 1.0], [other.pid, 2.0]]))
        with pytest.raises(ServingError, match="cannot be used"):
            serve(home, port=taken_port, mlflow_port=1, reports_port=2, say=print)
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "https://mlflow.example.org"])
def test_where_mlflow_is_a_server_already_its_port_is_not_wanted(tmp_path, taken_port, uri):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": uri})
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(ServingError, match=f"port {taken_port} .* --port"):
            serve(home, port=taken_port, mlflow_port=listener.getsockname()[1], reports_port=2, say=print)
