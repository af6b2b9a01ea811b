"""The Dagster instance of a home: its folder and its settings.

Belongs here: what has to be there before Dagster opens the instance.
Does not belong here: how its SQLite files are used (:mod:`.instance_files`), or where its folder lies
(:mod:`chat_forecast.settings.paths`).
"""

import hashlib
from pathlib import Path

from chat_forecast.settings.paths import Home
from chat_forecast.whole_files import replace_file

SETTINGS = Path(__file__).with_name("dagster.yaml")
"""What a new instance starts with."""
EARLIER = frozenset({"d1cb996fa2598f7c51720c05669b95f2ef128a5f8ff7eb36de6c88a53ae7f118"})
"""Digests (SHA-256) of what earlier versions wrote: such settings are nobody's own, and follow the version."""


def prepare_instance(home: Home) -> None:
    """Make a home's folders and Dagster's settings; settings that a user changed stay as they are.

    Raises:
        HomeError: a folder cannot be made or written to.
    """
    home.prepare()
    settings = home.dagster_home / "dagster.yaml"
    if not settings.exists() or hashlib.sha256(settings.read_bytes()).hexdigest() in EARLIER:
        replace_file(settings, SETTINGS.read_bytes())
