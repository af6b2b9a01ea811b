"""The one root under which everything is kept: the chats' configuration, their files, Dagster's and MLflow's stores.

Belongs here: where things lie, making those folders, and telling Dagster and MLflow of them.
Does not belong here: what is in the files.
"""

import os
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.links import DAGSTER_URL, MLFLOW_URL

HOME_VARIABLE = "CHAT_FORECAST_HOME"
STORAGE_VARIABLE = "CHAT_FORECAST_STORAGE"
DAGSTER_URL_VARIABLE = "CHAT_FORECAST_DAGSTER_URL"
MLFLOW_URL_VARIABLE = "CHAT_FORECAST_MLFLOW_URL"

DAGSTER_YAML = """\
# Settings of this Dagster instance, written once by chat-forecast. Change what you like: it is never written over.

telemetry:
  enabled: false
nux:
  enabled: false  # no invitation to a newsletter

concurrency:
  runs:
    max_concurrent_runs: 2
    tag_concurrency_limits:
      # Runs of one chat never overlap.
      - key: chat_forecast/chat
        value:
          applyLimitPerUniqueValue: true
        limit: 1
  pools:
    # The same for runs that carry no tag: a chat's assets are one pool, held by a whole run. Telegram's session is one too.
    granularity: run
    default_limit: 1

run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  cancel_timeout_seconds: 180
  poll_interval_seconds: 30
  # A run whose process died is failed, and then retried as a new run, never resumed in the middle.
  max_resume_run_attempts: 0
  free_slots_after_run_end_seconds: 60

run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: true

schedules:
  use_threads: true
  num_workers: 4
sensors:
  use_threads: true
  num_workers: 2

# A sensor that ticks twice a minute leaves a million ticks a year.
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 2
      started: 7
      failure: 30
      success: 90
"""


class HomeError(ChatForecastError):
    """The root, or a folder below it, cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class Home:
    """Where everything lies; made by :meth:`from_environment`. Making one touches no file."""

    root: Path
    """Absolute."""
    dagster_home: Path
    """Dagster's own folder: its settings, runs and events. Absolute."""
    mlflow_uri: str
    """Where scores and models are logged: a database URL or a server's address."""
    storage_url: str
    """Below it lie the stored partitions and the imported archives: a local path or any fsspec URL."""
    dagster_url: str = DAGSTER_URL
    """Where people open the Dagster UI: what links lead to."""
    mlflow_url: str = MLFLOW_URL
    """Where people open the MLflow UI, when its store is not a server."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Home":
        """Find the home that the environment names; an empty variable counts as unset.

        ``CHAT_FORECAST_HOME`` is the root: by default the checkout's ``data`` folder, or ``./data`` where the package
        does not run from a checkout. ``DAGSTER_HOME``, ``MLFLOW_TRACKING_URI`` and ``CHAT_FORECAST_STORAGE`` move a
        part of it elsewhere; ``CHAT_FORECAST_DAGSTER_URL`` and ``CHAT_FORECAST_MLFLOW_URL`` say where links to the UIs
        lead, if people open them at other addresses than those of this machine.

        Raises:
            HomeError: ``DAGSTER_HOME`` is not an absolute path.
        """
        root = _absolute(environ.get(HOME_VARIABLE) or _default_root())
        dagster_home = Path(environ.get("DAGSTER_HOME") or root / "dagster")
        if not dagster_home.is_absolute():
            raise HomeError(f"DAGSTER_HOME: found {dagster_home}, expected an absolute path, or it unset for {root}/dagster")
        storage = environ.get(STORAGE_VARIABLE) or str(root)
        return cls(
            root=root,
            dagster_home=dagster_home,
            mlflow_uri=environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(root / 'mlflow' / 'mlflow.db').as_posix()}",
            storage_url=storage if "://" in storage else str(_absolute(storage)),
            dagster_url=environ.get(DAGSTER_URL_VARIABLE) or DAGSTER_URL,
            mlflow_url=environ.get(MLFLOW_URL_VARIABLE) or MLFLOW_URL,
        )

    @property
    def chats_file(self) -> Path:
        """The chats' configuration."""
        return self.root / "chats.toml"

    @property
    def mlflow_artifacts(self) -> Path:
        """Where models, tables and pictures go that are logged to the database beside it."""
        return self.root / "mlflow" / "artifacts"

    @property
    def reports(self) -> Path:
        """The pages about the chats."""
        return self.root / "reports"

    @property
    def locks(self) -> Path:
        """Files that processes of this machine lock; never on remote storage."""
        return self.root / "locks"

    def prepare(self) -> None:
        """Make the folders, and Dagster's settings if there are none; doing it again changes nothing.

        Raises:
            HomeError: a folder cannot be made or written to.
        """
        for folder in (self.root, self.dagster_home, self.mlflow_artifacts, self.locks):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise HomeError(
                    f"{folder}: expected a folder that can be written to, found: {error.strerror}. "
                    f"Put it right, or set {HOME_VARIABLE} to another folder."
                ) from error
        settings = self.dagster_home / "dagster.yaml"
        if not settings.exists():
            aside = settings.with_name(f".{settings.name}.{uuid.uuid4().hex}.part")
            aside.write_text(DAGSTER_YAML, encoding="utf-8")
            aside.replace(settings)


def apply_environment(home: Home) -> None:
    """Set this process's environment so that Dagster, MLflow and child processes use the home and send no telemetry.

    What the user set stays.
    """
    os.environ[HOME_VARIABLE] = str(home.root)
    os.environ["DAGSTER_HOME"] = str(home.dagster_home)
    os.environ["MLFLOW_TRACKING_URI"] = home.mlflow_uri
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    # The server's seven processes for judging language models would only cost memory.
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")


def _default_root() -> Path:
    checkout = Path(__file__).resolve().parents[2]
    return (checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()) / "data"


def _absolute(path: str | Path) -> Path:
    # Not resolve(): a link in the path stays in what is shown to the user.
    return Path(path).expanduser().absolute()
