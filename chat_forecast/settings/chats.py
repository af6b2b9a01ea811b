"""``chats.toml``: which chats there are, and the settings of each.

Belongs here: what may stand in the file, finding every mistake in it, and adding to it.
Does not belong here: where the file lies (:mod:`chat_forecast.settings.paths`), or acting on the settings.
"""

import json
import os
import re
import tomllib
import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import available_timezones

import tomlkit
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from chat_forecast.errors import ChatForecastError

SourceName = Literal["simulated", "export", "telegram"]

Alert = Literal["unread", "failed", "retrained", "unusual", "skill"]
"""``unread``: hours of the day could not be read; ``failed``: a run failed after its retries; ``retrained``: the model was
trained anew; ``unusual``: several hours outside the 98 % band, or one far above it; ``skill``: gone for a week."""

SLUG_PATTERN = re.compile(r"[a-z][a-z0-9_-]{0,39}")
RESERVED_SLUGS = frozenset({"dagster", "locks", "logs", "mlflow", "reports"})
"""Folders beside the chats' own under the root."""
EARLIEST_DAY = date(1980, 1, 1)
"""Older than any network with chats worth forecasting: an earlier first day is a slip of the pen."""
DEMO_DAYS = 120
LATE_AFTER = timedelta(hours=6)
"""After its midnight a day is late: the nightly run takes minutes, and may have to wait for Telegram, or be tried again."""
LANGUAGES_FOLDER = Path(__file__).parents[1] / "presentation" / "reports" / "texts"
"""A file for each language in which reports can be written."""
ONE_DAY = timedelta(days=1)

_CHATS = "chats"
_NOTIFY = "notify"
_EXPECTED = "Input should be "  # pydantic's own messages begin so; the part after it is what was expected


class ConfigError(ChatForecastError):
    """``chats.toml`` cannot be used; the message has one line a mistake: file, chat, field, found, expected."""


class _Settings(BaseModel):
    """Frozen, without unknown keys, and without silent conversions such as a text to a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Training(_Settings):
    """``[chats.<slug>.training]``: what a model is trained on."""

    days: int = Field(
        default=180,
        ge=14,
        le=3650,
        description="How many of the last days a model is trained on, 14 to 3650. Default 180: more were not better on "
        "real chats, and fewer see too few weekends.",
    )
    holidays: str | None = Field(
        default=None,
        description="The country whose public holidays the chat keeps, as two letters such as RU (ISO 3166). They are used "
        "where past ones show that they help. Default None.",
    )

    @field_validator("holidays")
    @classmethod
    def _is_a_country(cls, country: str | None) -> str | None:
        if country is not None and country not in _countries():
            raise PydanticCustomError("country", "a country's two letters such as RU, in capitals")
        return country


class Check(_Settings):
    """``[chats.<slug>.check]``: when a forecast was not good enough, so that the model is trained anew."""

    rule: Literal["relative", "smape"] = Field(
        default="relative",
        description="`relative`: train anew when the RMSE of the last days is above that of the mean of the same hours "
        "over 28 days, or when the model is old. `smape`: when a day's sMAPE is above a threshold. Default relative.",
    )
    window_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="Over how many of the last scored days `relative` compares, 1 to 90. Default 7: each weekday once.",
    )
    max_model_age_days: int = Field(
        default=14,
        ge=1,
        le=365,
        description="After how many days `relative` has a model trained anew in any case, 1 to 365. Default 14.",
    )
    smape_threshold: float = Field(
        default=0.9,
        gt=0,
        le=2,
        allow_inf_nan=False,
        description="The highest sMAPE (0 to 2) of a day that passes the rule `smape`. Default 0.9: over real chats a "
        "good forecast has 0.74 in the mean and the same hour of the week before 0.93; 0.05 cannot be met by any.",
    )

    @field_validator("smape_threshold")
    @classmethod
    def _belongs_to_smape(cls, threshold: float, info: ValidationInfo) -> float:
        if info.data.get("rule") == "relative":
            raise PydanticCustomError("misplaced", 'it left out: only rule = "smape" uses it')
        return threshold


class Simulation(_Settings):
    """``[chats.<slug>.simulation]``: only for ``source = "simulated"``."""

    seed: int = Field(
        default=7,
        ge=0,
        le=2**32 - 1,
        description="Which of the possible simulated chats it is, 0 to 4294967295: the same seed and day, the same "
        "messages. Default 7.",
    )


class Notify(_Settings):
    """``[notify]``: what people are told. Where it is told stands in the environment alone, since it is a secret."""

    url_variable: str = Field(
        default="CHAT_FORECAST_NOTIFY_URL",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="The name of the environment variable that holds the Apprise URLs, separated by spaces; without it "
        "nobody is told anything. Default CHAT_FORECAST_NOTIFY_URL.",
    )
    digest: bool = Field(default=True, description="Whether each night's forecast is told, with its picture. Default true.")
    alerts: list[Alert] = Field(
        default=list(get_args(Alert)),
        description="What else is told: `unread` (hours of the day could not be read), `failed` (a run failed after its "
        "retries), `retrained` (the model was trained anew), `unusual` (hours outside the 98 % band), `skill` (gone for a "
        "week). Default all.",
    )


SECTIONS: dict[str, type[BaseModel]] = {"training": Training, "check": Check, "simulation": Simulation}
"""The optional tables below a chat's own."""


class Chat(_Settings):
    """``[chats.<slug>]``: one chat to forecast."""

    slug: str = Field(
        description="The chat's name: the table's own name. Lowercase letters, digits, - and _, at most 40 of them, "
        "the first one a letter."
    )
    source: SourceName = Field(
        description="Where its messages come from: `simulated` (made up, to try things out), `export` (files taken "
        "in with `chat-forecast import`) or `telegram` (live, added with `chat-forecast add`). No default."
    )
    timezone: str = Field(
        description="The IANA time zone in whose days the chat is counted, such as Europe/Moscow. No default."
    )
    first_day: date = Field(
        description="The first day with messages, a date such as 2023-01-31 in that time zone. No default; an import "
        "that reaches further back lowers it."
    )
    language: str = Field(
        default="en",
        description="The language of its report, as its two-letter code: `en` (English) or `ru` (Russian). Default en.",
    )
    training: Training = Field(default=Training(), description="What a model is trained on.")
    check: Check = Field(default=Check(), description="When a forecast was not good enough.")
    simulation: Simulation = Field(default=Simulation(), description="Settings of a simulated chat.")

    @property
    def group(self) -> str:
        """The slug as a name that Dagster allows for groups and jobs."""
        return self.slug.replace("-", "_")

    @field_validator("slug")
    @classmethod
    def _is_usable(cls, slug: str) -> str:
        if slug in RESERVED_SLUGS:
            raise PydanticCustomError("slug", "another name: this one is a folder of the program's own")
        if not SLUG_PATTERN.fullmatch(slug):
            raise PydanticCustomError(
                "slug",
                "1 to 40 lowercase letters, digits, - and _, the first one a letter{hint}",
                {"hint": _did_you_mean(_as_slug(slug))},
            )
        return slug

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str) -> str:
        if timezone not in _timezones():
            raise PydanticCustomError(
                "timezone",
                "an IANA time zone such as Europe/Moscow{hint}",
                {"hint": _did_you_mean(_nearest_timezone(timezone))},
            )
        return timezone

    @field_validator("first_day", mode="before")
    @classmethod
    def _is_a_day(cls, value: object, info: ValidationInfo) -> date:
        day = _to_date(value)
        if day is None:
            raise PydanticCustomError("day", "a date such as 2023-01-31")
        latest = (info.context or {}).get("latest", date.max)
        if not EARLIEST_DAY <= day <= latest:
            raise PydanticCustomError("day", f"a day from {EARLIEST_DAY} to today, not in the future")
        return day

    @field_validator("language")
    @classmethod
    def _is_spoken(cls, language: str) -> str:
        if language not in known_languages():
            raise PydanticCustomError("language", "one of: {known}", {"known": ", ".join(known_languages())})
        return language

    @field_validator("simulation")
    @classmethod
    def _belongs_to_simulated(cls, simulation: Simulation, info: ValidationInfo) -> Simulation:
        if info.data.get("source", "simulated") != "simulated":
            raise PydanticCustomError("misplaced", 'it left out: only source = "simulated" uses it')
        return simulation


def known_languages() -> list[str]:
    """The languages in which reports can be written."""
    return sorted(path.stem for path in LANGUAGES_FOLDER.glob("*.toml"))


def load_chats(path: Path, today: date) -> tuple[Chat, ...]:
    """Read every chat of the file, in its order; where there is no file, the simulated chat ``demo`` alone.

    ``today`` (in UTC) decides which first days lie in the future, and begins the demo 120 days before it.

    Raises:
        ConfigError: the file cannot be read or holds mistakes; all of them are in the one message, a line each.
    """
    if not path.exists():
        first_day = today - timedelta(days=DEMO_DAYS)
        return (Chat(slug="demo", source="simulated", timezone="Europe/Moscow", first_day=first_day),)
    # `today` is UTC's: in zones east of it the local day may be one ahead.
    return _parse(path, _read(path), latest=today + ONE_DAY)


def check_chat(slug: str, *, source: SourceName, timezone: str, first_day: date) -> Chat:
    """See that a chat could be added with these settings, before anything is done for it.

    Raises:
        ConfigError: one of them cannot be used.
    """
    found = _chat(slug, {"source": source, "timezone": timezone, "first_day": first_day}, date.max)
    if isinstance(found, Chat):
        return found
    raise ConfigError("\n".join(found))


def load_notify(path: Path) -> Notify:
    """Read what people are to be told; the defaults where the file, or its table ``[notify]``, is not there.

    Raises:
        ConfigError: the table holds mistakes.
    """
    if not path.exists():
        return Notify()
    text = _read(path)
    _parse(path, text)
    found = _notify(tomllib.loads(text).get(_NOTIFY, {}))
    if not isinstance(found, Notify):
        raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in found))
    return found


def add_chat(path: Path, slug: str, *, source: SourceName, timezone: str, first_day: date) -> None:
    """Add a chat at the end of the file, which is made if there is none; what stands in it stays as it is.

    A chat that stands there already with just these settings is left alone.

    Raises:
        ConfigError: the file has mistakes or would have them with this chat, or the slug has other settings there.
    """
    with _locked(path):
        text = _with_chat(path, slug, {"source": source, "timezone": timezone, "first_day": first_day})
        if text is not None:
            _replace(path, text)


def expect_addable(path: Path, slug: str, *, source: SourceName, timezone: str, first_day: date) -> None:
    """Find out whether :func:`add_chat` could add a chat, without changing anything.

    Raises:
        ConfigError: it could not.
    """
    _with_chat(path, slug, {"source": source, "timezone": timezone, "first_day": first_day})


def update_first_day(path: Path, slug: str, first_day: date) -> bool:
    """Let a chat begin earlier, if ``first_day`` is earlier; returns whether the file was changed.

    Raises:
        ConfigError: the file has mistakes or does not have the chat.
    """
    with _locked(path):
        text = _read(path)
        chats = {chat.slug: chat for chat in _parse(path, text)}
        if slug not in chats:
            raise ConfigError(f"{path}: chat {slug}: missing, expected one of: {', '.join(chats)}")
        if first_day >= chats[slug].first_day:
            return False
        document = tomlkit.parse(text)
        document[_CHATS][slug]["first_day"] = first_day
        _replace(path, tomlkit.dumps(document))
        return True


def _parse(path: Path, text: str, latest: date = date.max) -> tuple[Chat, ...]:
    """Read the chats of a file's text, none of which may begin after ``latest``."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {_syntax_mistake(text, str(error))}") from error
    tables = content.pop(_CHATS, {})
    settings = _notify(content.pop(_NOTIFY, {}))
    mistakes = [] if isinstance(settings, Notify) else settings
    mistakes += [_top_level_mistake(name) for name in content]
    if not isinstance(tables, dict):
        mistakes.append(f"{_CHATS}: found {_shown(tables)}, expected tables such as [{_CHATS}.my-chat]")
    elif not tables and not mistakes:
        mistakes.append(
            f"{_CHATS}: found no chat, expected a table such as [{_CHATS}.my-chat]. Without the file there is the "
            "simulated chat alone."
        )
    else:
        mistakes += _ambiguous_slugs(tables)
    chats = []
    for slug, table in tables.items() if isinstance(tables, dict) else ():
        found = _chat(slug, table, latest)
        if isinstance(found, Chat):
            chats.append(found)
        else:
            mistakes += found
    if mistakes:
        raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return tuple(chats)


def _chat(slug: str, table: object, latest: date) -> Chat | list[str]:
    """Make the chat of a table, or list every mistake in it."""
    if not isinstance(table, dict) or slug in SECTIONS:
        return [f"{_CHATS}.{slug}: found {_shown(table)} beside the chats, expected it in [{_CHATS}.my-chat]"]
    named = f"chat {_shown_slug(slug)}"
    mistakes = []
    if "slug" in table:
        mistakes.append(f"{named}: slug: unknown key, expected it left out: the table's name is the slug")
    try:
        chat = Chat.model_validate({**table, "slug": slug}, context={"latest": latest})
    except ValidationError as error:
        return mistakes + [f"{named}: {_words(details)}" for details in error.errors(include_url=False)]
    return mistakes or chat


def _notify(table: object) -> Notify | list[str]:
    """Make the settings of the table ``[notify]``, or list every mistake in it; a URL found there is not repeated."""
    if not isinstance(table, dict):
        return [f"{_NOTIFY}: found {_shown(table)}, expected a table"]
    try:
        return Notify.model_validate(table)
    except ValidationError as error:
        return [f"{_NOTIFY}: {_words_of_notify(details)}" for details in error.errors(include_url=False)]


def _words_of_notify(error: ErrorDetails) -> str:
    field = str(error["loc"][0])
    if field == "url_variable":
        return (
            "url_variable: expected the name of an environment variable such as CHAT_FORECAST_NOTIFY_URL. The URL itself is "
            "a secret: it stands in that variable, never in this file."
        )
    if error["type"] == "extra_forbidden":
        return f"{field}: unknown key, expected one of: {', '.join(Notify.model_fields)}"
    return f"{field}: found {_shown(error['input'])}, expected {error['msg'].removeprefix(_EXPECTED)}"


def _words(error: ErrorDetails) -> str:
    """One of pydantic's errors as: field, found, expected."""
    *tables, name = (str(part) for part in error["loc"])
    model = SECTIONS[tables[0]] if tables else Chat
    field = ".".join([*tables, name])
    match error["type"]:
        case "missing":
            return f"{field}: missing, expected: {model.model_fields[name].description}"
        case "extra_forbidden":
            return f"{field}: unknown key, {_where_it_belongs(name, model)}"
        case "model_type":
            return f"{field}: found {_shown(error['input'])}, expected a table"
        case _:
            return f"{field}: found {_shown(error['input'])}, expected {error['msg'].removeprefix(_EXPECTED)}"


def _where_it_belongs(key: str, model: type[BaseModel]) -> str:
    """Say what to write instead of an unknown key."""
    models: dict[str, type[BaseModel]] = {f"{_CHATS}.<slug>": Chat}
    models |= {f"{_CHATS}.<slug>.{section}": each for section, each in SECTIONS.items()}
    for table, other in models.items():
        if other is not model and key in other.model_fields and key != "slug":
            return f"expected it in [{table}]"
    known = [name for name in model.model_fields if name != "slug"]
    return f"expected one of: {', '.join(known)}{_did_you_mean(_nearest(key, known))}"


def _top_level_mistake(name: str) -> str:
    hint = _did_you_mean(f"[{_CHATS}.…]") if _nearest(name, [_CHATS]) else ""
    return f"{_shown_slug(name)}: unknown, expected only tables such as [{_CHATS}.my-chat] in the file{hint}"


def _ambiguous_slugs(slugs: Iterable[str]) -> list[str]:
    """Slugs that are the same name to Dagster, which allows no hyphen in a group's name."""
    by_group: dict[str, str] = {}
    mistakes = []
    for slug in slugs:
        first = by_group.setdefault(slug.replace("-", "_"), slug)
        if first != slug:
            mistakes.append(
                f"chat {_shown_slug(slug)}: found the chat {_shown_slug(first)} too, expected names that differ in "
                "more than - and _"
            )
    return mistakes


def _syntax_mistake(text: str, error: str) -> str:
    """Tell where a text is not TOML: line, chat and field as far as they can be made out."""
    twice = re.match(r"Cannot declare \('chats', '([^']+)'(.*)\) twice \(at (line \d+)", error)
    if twice:
        table = ".".join([_CHATS, twice[1], *re.findall(r"'([^']+)'", twice[2])])
        return f"chat {twice[1]}: found the table [{table}] again at {twice[3]}, expected it once"
    at_line = re.search(r"at line (\d+)", error)
    lines = text.splitlines()[: int(at_line[1]) if at_line else None]
    header = next((line.strip() for line in reversed(lines) if line.lstrip().startswith("[")), "")
    key, is_setting, _ = lines[-1].partition("=") if lines else ("", "", "")
    # The key alone: what stands after it is the user's own.
    place = f"{header}: {key.strip()}: " if header and is_setting else ""
    if error.startswith("Cannot overwrite a value"):
        error = error.replace("Cannot overwrite a value", "found the key again, expected it once")
    return f"{place}not TOML: {error}"


def _read(path: Path) -> str:
    try:
        # Not read_text(): line ends stay as they are. Some editors begin a file with a signature.
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: found bytes that are not UTF-8 at {error.start}, expected a UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}), expected a text file") from error


def _with_chat(path: Path, slug: str, wanted: Mapping[str, object]) -> str | None:
    """The file's text with one more chat; None if the chat stands there already with just these settings."""
    text = _read(path) if path.exists() else ""
    chats = _parse(path, text) if path.exists() else ()
    present = next((chat for chat in chats if chat.slug == slug), None)
    if present is not None:
        _expect_same(path, present, wanted)
        return None
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    added = text + gap + tomlkit.dumps({_CHATS: {slug: wanted}})
    _expect_sound(path, added)
    return added


def _expect_sound(path: Path, text: str) -> None:
    """Refuse a text that the program made of the file and that would hold a mistake."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path}: cannot be added to by the program, expected each chat in a table [{_CHATS}.<slug>] of its own"
        ) from error
    _parse(path, text)


def _replace(path: Path, text: str) -> None:
    """Write the text aside and rename it, once it is known to hold no mistake."""
    _expect_sound(path, text)
    target = path.resolve()  # a link to the file stays a link
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with aside.open("xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            aside.chmod(target.stat().st_mode)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _locked(path: Path) -> FileLock:
    """Hold the file against another import that adds to it at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f".{path.name}.lock"))


def _expect_same(path: Path, present: Chat, wanted: Mapping[str, object]) -> None:
    differing = [
        f"{path}: chat {present.slug}: {name}: found {_shown(getattr(present, name))} in the file, expected "
        f"{_shown(value)}. Choose another name for the other chat, or change the file."
        for name, value in wanted.items()
        if getattr(present, name) != value
    ]
    if differing:
        raise ConfigError("\n".join(differing))


def _to_date(value: object) -> date | None:
    """Take a TOML date, or a text ``YYYY-MM-DD``."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None


@cache
def _countries() -> frozenset[str]:
    from holidays import list_supported_countries  # not imported before some chat wants it

    return frozenset(list_supported_countries())


@cache
def _timezones() -> frozenset[str]:
    # Both are no places: the one differs by machine, the other stands for "not set".
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _nearest_timezone(name: str) -> str | None:
    """Guess the zone that was meant: by its whole name, or by its city alone."""
    wanted = re.sub(r"\s+", "_", name.strip()).lower()
    zones = sorted(_timezones())
    for names in ({zone.lower(): zone for zone in zones}, {zone.lower().rpartition("/")[2]: zone for zone in zones}):
        if found := _nearest(wanted, names):
            return names[found]
    return None


def _nearest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.7)), None)


def _as_slug(name: str) -> str | None:
    slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:40]
    return slug if SLUG_PATTERN.fullmatch(slug) and slug not in RESERVED_SLUGS else None


def _did_you_mean(name: str | None) -> str:
    return f"; did you mean {name}?" if name else ""


def _shown_slug(slug: str) -> str:
    """Show a name from the file, on one line whatever is in it."""
    return slug if re.fullmatch(r"[\w-]+", slug) else json.dumps(slug, ensure_ascii=False)


def _shown(value: object) -> str:
    """Show a value as the file has it, on one line and not too long."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
