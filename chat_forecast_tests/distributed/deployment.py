"""A deployment: one machine that serves and requests runs, and workers that execute them, all on loopback.

Belongs here: the homes of the machines, their processes, and asking what became of a backfill.
Does not belong here: the servers that they share (:mod:`.servers`), and what happens to them meanwhile (:mod:`.scenarios`).
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import psutil

from chat_forecast.pipeline.distributed import distributed_settings
from chat_forecast.pipeline.runs import ALL_ASSETS
from chat_forecast_tests.at_home import NO_MLFLOW
from chat_forecast_tests.distributed.servers import end
from chat_forecast_tests.served import Served, free_ports, wait_for

FIRST = date(2026, 3, 1)
ZONES = ("Europe/Berlin", "Asia/Kolkata", "America/New_York", "UTC")
TRAINED_DAYS = {1: 35}
"""Of the first chat's days so many are trained on, enough for every curve; of the others' the fewest that can be set: what
is tried is where a day is computed, and how often, and a training takes as long as all else that is done for a day."""
FEWEST_TRAINED_DAYS = 14


def slugs_of(chats: int) -> list[str]:
    """The names of so many chats."""
    return [f"chat-{number}" for number in range(1, chats + 1)]


def chats_file(chats: int, days: int) -> str:
    """The configuration of simulated chats that have ended: no night is run beside the backfill."""
    return "\n".join(
        f'[chats.chat-{number}]\nsource = "simulated"\ntimezone = "{ZONES[number % len(ZONES)]}"\n'
        f"first_day = {FIRST}\nlast_day = {FIRST + timedelta(days - 1)}\nsimulation.seed = {number}\n"
        f"training.days = {TRAINED_DAYS.get(number, FEWEST_TRAINED_DAYS)}\n"
        for number in range(1, chats + 1)
    )


@dataclass
class Deployment:
    """Machines that share servers; ``environment`` is what all of them are told."""

    folder: Path
    environment: Mapping[str, str]
    mlflow: str
    """The address of MLflow's database, which the serving machine alone knows."""
    chats: int
    days: int
    has_mlflow: bool
    """Whether workers log what they made."""
    slots: int = 2
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    served: Served | None = None
    ports: list[int] = field(default_factory=lambda: free_ports(3))

    @property
    def slugs(self) -> list[str]:
        """The names of the chats."""
        return slugs_of(self.chats)

    @property
    def partitions(self) -> list[str]:
        """The days."""
        return [str(FIRST + timedelta(number)) for number in range(self.days)]

    def home(self, machine: str) -> Path:
        """The home of a machine: what is configured is the same on all, and nothing else is shared."""
        home = self.folder / machine
        if not home.exists():
            (home / "dagster").mkdir(parents=True)
            (home / "chats.toml").write_text(chats_file(self.chats, self.days))
            (home / "dagster" / "dagster.yaml").write_text(distributed_settings(self.slots))
        return home

    def variables(self, machine: str) -> dict[str, str]:
        """The environment of a machine's processes."""
        kept = {name: value for name, value in os.environ.items() if name not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")}
        own = {"CHAT_FORECAST_HOME": str(self.home(machine)), "DAGSTER_HOME": str(self.home(machine) / "dagster")}
        server = f"http://127.0.0.1:{self.ports[1]}" if self.has_mlflow else NO_MLFLOW
        own["MLFLOW_TRACKING_URI"] = self.mlflow if machine == "control" else server
        return {**kept, **self.environment, **own, "OPENBLAS_NUM_THREADS": "1"}

    def start_worker(self, name: str) -> None:
        """Start a machine that executes one run at a time."""
        command = [
            sys.executable, "-m", "celery", "-A", "chat_forecast.pipeline.celery_app", "worker",
            "--concurrency", "1", "--hostname", f"{name}@%h", "--loglevel", "INFO",
        ]  # fmt: skip
        with (self.folder / f"{name}.log").open("ab") as log:
            self.workers[name] = subprocess.Popen(
                command, env=self.variables(name), stdout=log, stderr=log, start_new_session=True, cwd=self.home(name)
            )

    def kill_worker(self, name: str) -> None:
        """End a machine at once with all its processes, as a power cut does."""
        process = self.workers.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    @contextmanager
    def up(self) -> Iterator[Served]:
        """Run ``chat-forecast up`` while the block lasts, which is started again whenever it ends by itself."""
        port, mlflow_port, reports_port = self.ports
        options = [f"--port={port}", f"--mlflow-port={mlflow_port}", f"--reports-port={reports_port}"]
        command = [sys.executable, "-m", "chat_forecast.cli", "up", *options]
        with (self.folder / "up.log").open("ab") as log:
            process = subprocess.Popen(command, env=self.variables("control"), stdout=log, stderr=log)
        urls = [f"http://127.0.0.1:{each}" for each in (port, mlflow_port, reports_port)]
        self.served = Served(process, *urls)
        try:
            wait_for(
                lambda: process.poll() is not None or "Ctrl-C" in (self.folder / "up.log").read_text(), 120, "up to serve"
            )
            assert process.poll() is None, (self.folder / "up.log").read_text()
            yield self.served
        finally:
            end(process)
            for worker in self.workers.values():
                end(worker)

    def processor_seconds(self) -> dict[str, float]:
        """What the workers, and what serves, have used so far, with the processes that they started."""
        assert self.served is not None
        found = {name: _used(process.pid) for name, process in self.workers.items()}
        found["up"] = sum(_used(child.pid) for child in psutil.Process(self.served.process.pid).children(recursive=True))
        return found

    def launch(self, assets: tuple[str, ...] = ALL_ASSETS) -> list[str]:
        """Launch a backfill of all days of each chat; returns the ids."""
        assert self.served is not None
        return [self.served.backfill(slug, assets, self.partitions) for slug in self.slugs]

    def states(self, backfills: list[str]) -> dict[str, str]:
        """How the backfills are doing."""
        assert self.served is not None
        query = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id status } } } }"
        found = self.served.ask(query)["partitionBackfillsOrError"]["results"]
        states = {each["id"]: each["status"] for each in found}
        return {each: states[each] for each in backfills}

    def counts(self) -> dict[str, int]:
        """How many runs there are of each state."""
        assert self.served is not None
        counts: dict[str, int] = {}
        for run in self.served.runs():
            counts[run["status"]] = counts.get(run["status"], 0) + 1
        return counts


def _used(pid: int) -> float:
    """The seconds of processor time of a process, with those of its children, living and ended."""
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        ended = times.user + times.system + times.children_user + times.children_system
        return ended + sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
    except psutil.NoSuchProcess:
        return 0.0
