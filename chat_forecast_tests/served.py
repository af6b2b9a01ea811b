"""The whole system as processes: ``chat-forecast up`` on a home of its own, asked over HTTP as the UI asks it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Served:
    """A running ``chat-forecast up``."""

    process: subprocess.Popen
    dagster: str
    mlflow: str

    def ask(self, query: str, **variables):
        """Ask the webserver's GraphQL, as its pages do."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.dagster}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            payload = json.load(answer)
        assert "errors" not in payload, payload["errors"]
        return payload["data"]

    def runs(self, **filters):
        """The runs that pass a filter, newest first."""
        query = """query($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results {
            runId jobName status tags { key value } assetSelection { path } } } } }"""
        return self.ask(query, filter=filters)["runsOrError"]["results"]

    def backfill(self, chat: str, assets, days) -> str:
        """Launch a backfill as the dialog over a range of partitions does; returns its id."""
        query = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
            __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
        keys = [{"path": [chat, asset]} for asset in assets]
        answer = self.ask(query, params={"assetSelection": keys, "partitionNames": list(days)})["launchPartitionBackfill"]
        return answer["backfillId"]

    def backfill_status(self, backfill: str) -> str:
        """How far a backfill is."""
        query = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
            ... on PartitionBackfill { status } } }"""
        return self.ask(query, id=backfill)["partitionBackfillOrError"]["status"]


@contextmanager
def served(home: Path):
    """Run ``chat-forecast up`` while the block lasts, and see that it ends cleanly on Ctrl-C."""
    port, mlflow_port = free_ports(2)
    environment = {key: value for key, value in os.environ.items() if key not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")}
    environment["CHAT_FORECAST_HOME"] = str(home)
    command = [sys.executable, "-m", "chat_forecast.cli", "up", f"--port={port}", f"--mlflow-port={mlflow_port}"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        lines: list[str] = []
        while "Ctrl-C" not in "".join(lines[-1:]):
            line = process.stdout.readline()
            assert line, f"up ended by itself: {''.join(lines)}"
            lines.append(line)
        assert f"http://127.0.0.1:{port}" in "".join(lines)
        yield Served(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{mlflow_port}")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stdout.read().split() == ["Stopping", "…", "Stopped."]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        process.stdout.close()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_for(condition, seconds: float, what: str):
    """Ask again and again until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.5)  # real processes are waited for
    raise AssertionError(f"waited {seconds} s in vain: {what}")
