"""A home that this process uses for a while: a process of its own would import the libraries for five seconds first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from chat_forecast.cli import main
from chat_forecast.settings.paths import Home, apply_environment

NO_MLFLOW = "mysql+pymysql://nowhere/none"
"""A store of which no driver is installed: nothing is logged, which takes half the time and changes no partition."""
PLACES = ("CHAT_FORECAST_HOME", "CHAT_FORECAST_STORAGE", "DAGSTER_HOME", "MLFLOW_TRACKING_URI")


@contextmanager
def at_home(root: Path, **places: str) -> Iterator[Home]:
    """Let this process's environment name a home, and other places, while the block lasts."""
    before = dict(os.environ)
    for name in PLACES:
        os.environ.pop(name, None)
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(root), **places})
    apply_environment(home)
    try:
        yield home
    finally:
        os.environ.clear()
        os.environ.update(before)


def command(root: Path, *words: object) -> Result:
    """Run ``chat-forecast`` for a home; its exit code may be any."""
    with at_home(root):
        done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done
