"""The values that some settings may take, where a model cannot list them: names of chats, zones, countries, languages.

Belongs here: what exists, and guessing which of it was meant.
Does not belong here: saying that a value is wrong (:mod:`.mistakes`).
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import available_timezones

LANGUAGES_FOLDER = Path(__file__).parents[1] / "presentation" / "phrases"
"""A file of phrases for each language in which reports can be written."""


SLUG_PATTERN = re.compile(r"[a-z][a-z0-9_-]{0,39}")
OWN_NAMES = frozenset({"dagster", "index", "locks", "logs", "mlflow", "plots", "reports"})
"""Folders under the root beside those of the chats, and pages beside their reports."""
ASSET_NAMES = frozenset({
    "raw_messages", "merged_history", "hourly_series", "trained_model", "next_day_forecast", "daily_score", "archive",
})  # fmt: skip
"""Folders of a chat: in a path or an asset's key nobody could tell a chat of that name from one."""
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))})
"""Names that stand for devices on Windows, in every folder: a home with such a folder cannot be moved there."""
RESERVED_SLUGS = {
    **dict.fromkeys(OWN_NAMES, "this one is the program's own"),
    **dict.fromkeys(ASSET_NAMES, "this one is a part of every chat"),
    **dict.fromkeys(DEVICES, "this one is a device on Windows"),
}
"""Slug that cannot be used -> why."""


@cache
def known_timezones() -> frozenset[str]:
    """The IANA time zones that are places."""
    # Neither of these is one: "localtime" differs by machine, "Factory" stands for "not set".
    return frozenset(available_timezones() - {"localtime", "Factory"})


@cache
def known_countries() -> frozenset[str]:
    """The countries whose public holidays are known, as two letters (ISO 3166)."""
    from holidays import list_supported_countries  # not imported until a chat needs it

    return frozenset(list_supported_countries())


def known_languages() -> list[str]:
    """The languages in which reports can be written, as two-letter codes."""
    return sorted(path.stem for path in LANGUAGES_FOLDER.glob("*.toml"))


def is_same_timezone(name: str, other: str) -> bool:
    """Whether two names are one zone: one is an alias of the other, or both are of a third.

    >>> is_same_timezone("Europe/Kiev", "Europe/Kyiv"), is_same_timezone("Europe/Kyiv", "Europe/Berlin")
    (True, False)
    """
    aliases = _timezone_aliases()
    return aliases.get(name, name) == aliases.get(other, other)


@cache
def _timezone_aliases() -> dict[str, str]:
    """Alias -> the zone it stands for, as the time zone database says in its source."""
    source = files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="utf-8")
    links = (line.split() for line in source.splitlines() if line.startswith("L "))
    return {alias: zone for _, zone, alias in links}


def nearest_slug(name: str) -> str | None:
    """The slug that a name can be made into; None if there is none.

    >>> nearest_slug("My Chat!")
    'my-chat'
    """
    slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:40]
    return slug if SLUG_PATTERN.fullmatch(slug) and slug not in RESERVED_SLUGS else None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if one is near enough.

    >>> nearest("timezon", ["source", "timezone"])
    'timezone'
    """
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.7)), None)


def did_you_mean(name: str | None) -> str:
    """A guess as the end of a sentence; nothing if there is none.

    >>> did_you_mean("timezone")
    '; did you mean timezone?'
    """
    return f"; did you mean {name}?" if name else ""


def to_date(value: object) -> date | None:
    """Take a TOML date, or a text ``YYYY-MM-DD``."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None
