"""Addresses of pages in the user interfaces, so that each leads to the others and messages lead to all.

Belongs here: where the UIs are served by default, and the addresses of their pages.
Does not belong here: serving them (:mod:`chat_forecast.app.serving`).
"""

from urllib.parse import quote

LOOPBACK = "127.0.0.1"
DAGSTER_URL = f"http://{LOOPBACK}:3000"
MLFLOW_URL = f"http://{LOOPBACK}:5000"
REPORTS_URL = f"http://{LOOPBACK}:3001"
"""Where ``chat-forecast up`` serves the UIs by default, for this machine only."""
NEWEST = "newest"
"""In the address of a plot: the newest day that is stored, whichever it is then."""


def partition_url(dagster_url: str, chat: str, asset: str, day: str) -> str:
    """The page of one day of an asset.

    >>> partition_url("http://127.0.0.1:3000/", "my-chat", "daily_score", "2026-05-12")
    'http://127.0.0.1:3000/assets/my-chat/daily_score?view=partitions&partition=2026-05-12'
    """
    return f"{dagster_url.rstrip('/')}/assets/{quote(chat)}/{quote(asset)}?view=partitions&partition={quote(day)}"


def run_url(dagster_url: str, run_id: str) -> str:
    """The page of one run in Dagster."""
    return f"{dagster_url.rstrip('/')}/runs/{quote(run_id)}"


def plot_url(reports_url: str, chat: str, asset: str, day: str) -> str:
    """The plot of one day of an asset, drawn when it is asked for.

    >>> plot_url("http://127.0.0.1:3001", "my-chat", "daily_score", "2026-05-12")
    'http://127.0.0.1:3001/pictures/my-chat/daily_score/2026-05-12.png'
    """
    return f"{reports_url.rstrip('/')}/pictures/{quote(chat)}/{quote(asset)}/{quote(day)}.png"
