"""The one root under which everything is kept: the chats' configuration, their files, Dagster's and MLflow's stores.

Belongs here: where things lie, making those folders, and the environment by which Dagster and MLflow find them.
Does not belong here: what is in the files.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.links import DAGSTER_URL, MLFLOW_URL, REPORTS_URL

HOME_VARIABLE = "CHAT_FORECAST_HOME"
STORAGE_VARIABLE = "CHAT_FORECAST_STORAGE"
DAGSTER_URL_VARIABLE = "CHAT_FORECAST_DAGSTER_URL"
MLFLOW_URL_VARIABLE = "CHAT_FORECAST_MLFLOW_URL"
REPORTS_URL_VARIABLE = "CHAT_FORECAST_REPORTS_URL"
DATABASE_VARIABLE = "CHAT_FORECAST_DATABASE"
BROKER_VARIABLE = "CHAT_FORECAST_BROKER"


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
    reports_url: str = REPORTS_URL
    """Where people open the chats' reports."""
    database: str | None = field(default=None, repr=False)
    """The PostgreSQL database by which many machines keep out of each other's way; a secret. None on a single machine."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Home":
        """Find the home that the environment names; an empty variable counts as unset.

        ``CHAT_FORECAST_HOME`` is the root: by default the checkout's ``data`` folder, or ``./data`` where the package
        does not run from a checkout. ``DAGSTER_HOME``, ``MLFLOW_TRACKING_URI`` and ``CHAT_FORECAST_STORAGE`` move a
        part of it elsewhere; ``CHAT_FORECAST_DAGSTER_URL``, ``CHAT_FORECAST_MLFLOW_URL`` and ``CHAT_FORECAST_REPORTS_URL``
        say where links to the UIs lead, if people open them at other addresses than those of this machine.
        ``CHAT_FORECAST_DATABASE`` is set where the work is done by many machines.

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
            reports_url=environ.get(REPORTS_URL_VARIABLE) or REPORTS_URL,
            database=environ.get(DATABASE_VARIABLE) or None,
        )

    @property
    def chats_file(self) -> Path:
        """The chats' configuration."""
        return self.root / "chats.toml"

    @property
    def mlflow_artifacts(self) -> Path:
        """Where models, tables and plots go that are logged to the database beside it."""
        return self.root / "mlflow" / "artifacts"

    @property
    def mlflow_file(self) -> Path:
        """The database beside it, if no other place was set for it."""
        return self.root / "mlflow" / "mlflow.db"

    @property
    def reports(self) -> Path:
        """The pages about the chats."""
        return self.root / "reports"

    def drawn_forecast(self, slug: str) -> Path:
        """The picture of a chat's newest forecast, which the demo draws."""
        return self.root / f"{slug}-forecast.png"

    @property
    def locks(self) -> Path:
        """Files that processes of this machine lock; never on remote storage."""
        return self.root / "locks"

    def prepare(self) -> None:
        """Make the folders; doing it again changes nothing.

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
