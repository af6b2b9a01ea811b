"""The Dagster instance of a home: its folder and its settings.

Belongs here: what has to be there before Dagster opens the instance.
Does not belong here: how its SQLite files are used (:mod:`.instance_files`), or where its folder lies
(:mod:`chat_forecast.settings.paths`).
"""

from pathlib import Path

from chat_forecast.settings.paths import Home
from chat_forecast.whole_files import replace_file

SETTINGS = Path(__file__).with_name("dagster.yaml")
"""What a new instance starts with."""


def prepare_instance(home: Home) -> None:
    """Make a home's folders, and Dagster's settings if there are none; what a user changed in them stays.

    Raises:
        HomeError: a folder cannot be made or written to.
    """
    home.prepare()
    settings = home.dagster_home / "dagster.yaml"
    if not settings.exists():
        replace_file(settings, SETTINGS.read_bytes())
