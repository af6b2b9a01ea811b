"""That the trial of many machines leaves no server running when it is stopped in the middle."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from chat_forecast_tests.distributed.servers import missing
from chat_forecast_tests.served import wait_for

pytestmark = [pytest.mark.sweep, pytest.mark.skipif(bool(missing()), reason="; ".join(missing()))]


def running_in(folder):
    """The processes that name a folder, or work in it."""
    found = []
    for each in psutil.process_iter(["cmdline", "cwd", "name", "status"]):
        words = [*(each.info["cmdline"] or ()), each.info["cwd"] or ""]
        if each.info["status"] != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in words):
            found.append(each.info["name"])
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_server(number):
    folder = Path(tempfile.mkdtemp(prefix="chat_forecast-stopping-"))
    folder.chmod(0o711)  # PostgreSQL's user goes through it
    try:
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "chat_forecast_tests", "distributed"], env=os.environ | {"TMPDIR": str(folder)},
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
            wait_for(lambda: {"postgres", "redis-server"} <= set(running_in(folder)), 300, "the servers to start")
            process.send_signal(number)
            assert process.wait(300) == 128 + number, (folder / "said").read_text()
        assert running_in(folder) == []
        assert list(folder.glob("chat_forecast-distributed-*")) == []
    finally:
        shutil.rmtree(folder)
