"""The whole system as processes: ``chat-forecast up`` on a home of its own, asked over HTTP as the UI asks it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "chat_forecast"}


@dataclass
class Served:
    """A running ``chat-forecast up``."""

    process: subprocess.Popen
    dagster: str
    mlflow: str
    reports: str
    said: str = ""
    """What it printed when it started."""

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

    def times(self, **filters) -> list[float]:
        """How many seconds each run took that passes a filter and has ended."""
        query = """query($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results {
            startTime endTime } } } }"""
        runs = self.ask(query, filter=filters)["runsOrError"]["results"]
        return [run["endTime"] - run["startTime"] for run in runs if run["endTime"]]

    def backfill(self, chat: str, assets, days) -> str:
        """Launch a backfill as the dialog over a range of partitions does; returns its id."""
        query = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
            __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
        keys = [{"path": [chat, asset]} for asset in assets]
        answer = self.ask(query, params={"assetSelection": keys, "partitionNames": list(days)})["launchPartitionBackfill"]
        return answer["backfillId"]

    def launch(self, chat: str, assets, tags: dict[str, str]) -> None:
        """Launch a run of assets as the button *Materialize* does; its tags name the partitions."""
        query = """mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
            __typename ... on PythonError { message } } }"""
        keys = [{"path": [chat, asset]} for asset in assets]
        selector = {**REPOSITORY, "jobName": "__ASSET_JOB", "assetSelection": keys, "assetCheckSelection": []}
        metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
        params = {"selector": selector, "mode": "default", "executionMetadata": metadata}
        answer = self.ask(query, params=params)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer

    def have_ended(self, **filters) -> bool:
        """Whether there are runs that pass the filter, and all have ended."""
        runs = self.runs(**filters)
        return bool(runs) and all(run["status"] in ("SUCCESS", "FAILURE", "CANCELED") for run in runs)

    def failures(self) -> list[str]:
        """What the failed steps of all runs said."""
        query = """{ runsOrError(filter: {statuses: [FAILURE]}) { ... on Runs { results { eventConnection { events {
            ... on ExecutionStepFailureEvent { stepKey error { message errorChain { error { message } } } }
            ... on RunFailureEvent { message } } } } } } }"""
        return [
            str(event)
            for run in self.ask(query)["runsOrError"]["results"]
            for event in run["eventConnection"]["events"]
            if event
        ]

    def dry_run(self, schedule: str, instant: float) -> list[dict[str, str]]:
        """The tags of the runs that a schedule's tick at an instant (Unix seconds) would request."""
        query = """mutation($schedule: ScheduleSelector!, $instant: Float) {
            scheduleDryRun(selectorData: $schedule, timestamp: $instant) { __typename ... on DryRunInstigationTick {
                evaluationResult { runRequests { tags { key value } } error { message } } } } }"""
        answer = self.ask(query, schedule={**REPOSITORY, "scheduleName": schedule}, instant=instant)["scheduleDryRun"]
        return [
            {tag["key"]: tag["value"] for tag in request["tags"]} for request in answer["evaluationResult"]["runRequests"]
        ]

    def ticks(self, sensor: str) -> list[float]:
        """When a sensor has ticked, in Unix seconds."""
        query = """query($sensor: SensorSelector!) { sensorOrError(sensorSelector: $sensor) {
            ... on Sensor { sensorState { ticks { timestamp } } } } }"""
        answer = self.ask(query, sensor={**REPOSITORY, "sensorName": sensor})
        return [tick["timestamp"] for tick in answer["sensorOrError"]["sensorState"]["ticks"]]

    def kill(self) -> None:
        """End everything at once, as a power cut does."""
        processes = [self.process, *psutil.Process(self.process.pid).children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(60)


@contextmanager
def served(home: Path, ending: signal.Signals = signal.SIGINT, prefix: str = ""):
    """Run ``chat-forecast up`` while the block lasts, and see that it ends cleanly on a signal, Ctrl-C if not said."""
    port, mlflow_port, reports_port = free_ports(3)
    environment = {key: value for key, value in os.environ.items() if key not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")}
    environment["CHAT_FORECAST_HOME"] = str(home)
    ports = [f"--port={port}", f"--mlflow-port={mlflow_port}", f"--reports-port={reports_port}"]
    command = [sys.executable, "-m", "chat_forecast.cli", "up", *ports, "--path-prefix", prefix]
    process = subprocess.Popen(
        command, env=environment, umask=0o022, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        lines: list[str] = []
        while "Ctrl-C" not in "".join(lines[-1:]):
            line = process.stdout.readline()
            assert line, f"up ended by itself: {''.join(lines)}"
            lines.append(line)
        assert f"http://127.0.0.1:{port}" in "".join(lines)
        parts = (("dagster", port), ("mlflow", mlflow_port), ("reports", reports_port))
        urls = (f"http://127.0.0.1:{number}{prefix and f'{prefix}/{name}'}" for name, number in parts)
        yield Served(process, *urls, "".join(lines))
        if process.poll() is not None:
            return  # killed by the test
        process.send_signal(ending)
        assert process.wait(180) == 0
        assert process.stdout.read().split()[-3:] == ["Stopping", "…", "Stopped."]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        process.stdout.close()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on; below those that the system gives to clients, which might take them meanwhile."""
    found: list[int] = []
    for port in range(20_000 + os.getpid() % 120 * 100, 32_768):
        with socket.socket() as each:
            if each.connect_ex(("127.0.0.1", port)):
                found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no port is free")


def wait_for(condition, seconds: float, what: str, pause: float = 0.5):
    """Ask again and again until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(pause)  # real processes are waited for
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def open_to_others(home: Path) -> list[Path]:
    """The files and folders of a home that others may read or change."""
    found = [path for path in (home, *sorted(home.rglob("*"))) if not path.is_symlink()]
    return [path for path in found if path.exists() and path.stat().st_mode & 0o077]
