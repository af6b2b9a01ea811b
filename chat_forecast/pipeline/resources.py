"""The resources of assets, sensors and commands, put together for one home.

Belongs here: the only place where storage, sources, MLflow, reports and notifications are made from a home's addresses.
Does not belong here: any of them, or Dagster: commands such as `show` use this too, and start without it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_forecast.presentation.reports import Reports
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_notify
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages

if TYPE_CHECKING:  # a command that needs the reports alone does not wait for them
    from chat_forecast.presentation.notifications import Notifier
    from chat_forecast.sources import Sources
    from chat_forecast.tracking.client import Tracking


@dataclass(frozen=True)
class Resources:
    """One of each; making them opens nothing. The names are those of Dagster's resources."""

    storages: Storages
    sources: "Sources"
    tracking: "Tracking"
    reports: Reports
    notifier: "Notifier"
    reports_url: str
    """Where the chats' reports and plots are served."""


def resources_of(home: Home) -> Resources:
    """The resources over what is stored under a home.

    Raises:
        ConfigError: ``chats.toml`` cannot be used.
    """
    from chat_forecast.presentation.notifications import Notifier
    from chat_forecast.sources import Sources

    reports = reports_of(home)
    return Resources(
        storages=reports.storages,
        sources=Sources(home.storage_url, home.root),
        tracking=tracking_of(home),
        reports=reports,
        notifier=Notifier(load_notify(home.chats_file), home.root, home.dagster_url),
        reports_url=home.reports_url,
    )


def reports_of(home: Home) -> Reports:
    """The chats' pages over what is stored, for who needs no more."""
    return Reports(home.reports, Storages(home.storage_url, Locks(home.locks, home.database)))


def tracking_of(home: Home) -> "Tracking":
    """MLflow alone, for who needs no settings of chats."""
    from chat_forecast.tracking.client import Tracking

    return Tracking(home.mlflow_uri, _artifacts(home), home.mlflow_url, home.dagster_url)


def _artifacts(home: Home) -> str | None:
    """Where experiments keep their artifacts: below the home, unless a server keeps them."""
    return None if home.mlflow_uri.startswith(("http://", "https://")) else str(home.mlflow_artifacts)
