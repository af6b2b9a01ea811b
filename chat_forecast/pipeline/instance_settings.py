"""The settings and the files of a home's Dagster instance, without importing Dagster.

Belongs here: what has to be there before Dagster opens the instance, what a user's own settings lack, and what is lost where
a new file takes the place of a damaged one.
Does not belong here: opening the instance (:mod:`.instance`), how its SQLite files are used (:mod:`.instance_files`), or
where its folder lies (:mod:`chat_forecast.settings.paths`).
"""

import hashlib
import re
from pathlib import Path

from chat_forecast.settings.paths import Home, HomeError
from chat_forecast.whole_files import replace_file

SETTINGS = Path(__file__).with_name("dagster.yaml")
"""What a new instance starts with."""
INDEX = "index"
"""The name of the file, beside those of the runs, that holds what is known of assets across runs."""
LOST = {
    "history/runs.db": "without the earlier runs, and without backfills that are under way, which are to be asked for again",
    "history/runs/index.db": "without what Dagster's pages show of earlier days until a backfill makes these again",
    "schedules/schedules.db": "without the earlier ticks, and every schedule and sensor is on again",
}
"""The SQLite files of the instance, and what a new one of each is without."""
EARLIER = frozenset(
    {
        "d1cb996fa2598f7c51720c05669b95f2ef128a5f8ff7eb36de6c88a53ae7f118",
        "fe37a02ac1361e67102e6f1fd18e03e8013ee09bb781823725af2bc3c144bc51",
        "394a26078ec1ab7574bf52a3c2550c0e09940d3364b71092396f9c9e0aa7fa04",
        "9a0785c7ab35abd02be3df5bca8317259f76cbb35d24d413cb24f7c59e66bd03",
        "47e6378caedfe32339d08192ca2c366ac3176acc89561b27654d9eaac58bf21a",
    }
)
"""Digests (SHA-256) of what earlier versions wrote: such settings are nobody's own, and follow the version."""
PART = re.compile(r"(?:^#.*\n)*^(\w+):.*\n(?:^ .*\n)*", re.MULTILINE)
"""A setting at the top of the file with the lines below it, and the comment above."""


def prepare_instance(home: Home) -> None:
    """Make a home's folders and Dagster's settings; settings that a user changed stay as they are.

    Raises:
        HomeError: a folder cannot be made or written to, or the settings are no YAML.
    """
    home.prepare()
    settings = settings_of(home)
    if not settings.exists() or (settings.is_file() and hashlib.sha256(settings.read_bytes()).hexdigest() in EARLIER):
        replace_file(settings, SETTINGS.read_bytes())
    _names(settings)


def lacking_settings(home: Home) -> str | None:
    """What a user's own settings of Dagster lack of those that this version writes, with the lines; None if nothing.

    Settings that are there with other values are the user's own.

    Raises:
        HomeError: the settings are no YAML.
    """
    settings = settings_of(home)
    if not settings.exists():
        return None
    found = _names(settings)
    lacking = {part[1]: part[0].strip("\n") for part in PART.finditer(SETTINGS.read_text("utf-8")) if part[1] not in found}
    if not lacking:
        return None
    lines = "\n".join(lacking.values())
    return (
        f"{settings} is your own and stays as it is, but lacks what this version relies on: {', '.join(lacking)}. "
        f"Add these lines, and start chat-forecast up again:\n{lines}"
    )


def settings_of(home: Home) -> Path:
    """Where the settings of the instance lie."""
    return home.dagster_home / "dagster.yaml"


def _names(settings: Path) -> frozenset[str]:
    """The names of the settings in a file."""
    import yaml  # type: ignore[import-untyped]  # PyYAML has no annotations

    if settings.is_dir():
        raise HomeError(f"{settings} is a folder, where a file should be. Move it away, and a new one is written.")
    try:
        found = yaml.safe_load(settings.read_text("utf-8")) or {}
        if not isinstance(found, dict):
            raise TypeError(f"found {type(found).__name__}, expected settings by name")
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        raise HomeError(
            f"{settings} cannot be read: {' '.join(str(error).split())}. Mend it, or move it away, and a new one is written."
        ) from error
    return frozenset(found)
