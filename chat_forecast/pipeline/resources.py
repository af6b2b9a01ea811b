"""The resources of assets, sensors and commands, put together for one home.

Belongs here: the only place where storage, sources, MLflow, reports and notifications are made from a home's addresses.
Does not belong here: any of them, or Dagster: commands such as `show` use this too, and start without it.
"""

from dataclasses import dataclass

from chat_forecast.presentation.notifications import Notifier
from chat_forecast.presentation.reports import Reports
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_notify
from chat_forecast.sources import Sources
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast.tracking.client import Tracking


@dataclass(frozen=True)
class Resources:
    """One of each; making them opens nothing. The names are those of Dagster's resources."""

    storages: Storages
    sources: Sources
    tracking: Tracking
    reports: Reports
    notifier: Notifier
    reports_url: str
    """Where the chats' reports and plots are served."""


def resources_of(home: Home) -> Resources:
    """The resources over what is stored under a home.

    Raises:
        ConfigError: ``chats.toml`` cannot be used.
    """
    storages = Storages(home.storage_url, Locks(home.locks, home.database))
    return Resources(
        storages=storages,
        sources=Sources(home.storage_url, home.root),
        tracking=tracking_of(home),
        reports=Reports(home.reports, storages),
        notifier=Notifier(load_notify(home.chats_file), home.root, home.dagster_url),
        reports_url=home.reports_url,
    )


def tracking_of(home: Home) -> Tracking:
    """MLflow alone, for who needs no settings of chats."""
    return Tracking(home.mlflow_uri, _artifacts(home), home.mlflow_url, home.dagster_url)


def _artifacts(home: Home) -> str | None:
    """Where experiments keep their artifacts: below the home, unless a server keeps them."""
    return None if home.mlflow_uri.startswith(("http://", "https://")) else str(home.mlflow_artifacts)
