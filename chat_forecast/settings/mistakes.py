"""What is wrong with ``chats.toml``, in words: the chat, the key, what was found and what was expected.

Belongs here: wording one mistake as one line, without the file's name.
Does not belong here: finding the mistakes (:mod:`.models`, :mod:`.reading`).

A value in ``[notify]`` may be a secret that stands in the wrong place: its wording never repeats one.
"""

import json
import re
from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.known_values import did_you_mean, nearest
from chat_forecast.settings.models import SECTIONS, Chat
from chat_forecast.settings.shared_tables import SHARED_TABLES

CHATS = "chats"
LONGEST_VALUE = 60
"""Characters of a value that are repeated."""

_EXPECTED = "Input should be "  # pydantic's own messages begin so; the rest is what was expected


class ConfigError(ChatForecastError):
    """``chats.toml`` cannot be used; the message has one line a mistake: file, chat, key, found, expected."""


def invalid_setting(slug: str, error: ErrorDetails) -> str:
    """A mistake that pydantic found in a chat's table."""
    return f"chat {shown_name(slug)}: {_invalid_setting(error)}"


def _invalid_setting(error: ErrorDetails) -> str:
    *tables, name = (str(part) for part in error["loc"])
    model = SECTIONS[tables[0]] if tables and tables[0] in SECTIONS else Chat
    key = ".".join(shown_name(part) for part in [*tables, name])
    match error["type"]:
        case "missing":
            return f"{key}: missing, expected: {model.model_fields[name].description}"
        case "extra_forbidden":
            return f"{key}: unknown key, {_where_it_belongs(name, model)}"
        case "model_type":
            return f"{key}: found {shown(error['input'])}, expected a table"
        case _:
            return f"{key}: found {shown(error['input'])}, expected {error['msg'].removeprefix(_EXPECTED)}"


def invalid_shared_setting(table: str, error: ErrorDetails) -> str:
    """A mistake that pydantic found in a table beside the chats."""
    key = shown_name(str(error["loc"][0]))
    if key == "url_variable":
        return (
            f"{table}: url_variable: expected the name of an environment variable such as CHAT_FORECAST_NOTIFY_URL. The "
            "URL itself is a secret: it stands in that variable, never in this file."
        )
    if error["type"] == "extra_forbidden":
        return f"{table}: {key}: unknown key, expected one of: {', '.join(SHARED_TABLES[table].model_fields)}"
    return f"{table}: {key}: found {shown(error['input'])}, expected {error['msg'].removeprefix(_EXPECTED)}"


def slug_key(slug: str) -> str:
    """A key ``slug`` in a chat's table."""
    return f"chat {shown_name(slug)}: slug: unknown key, expected it left out: the table's name is the slug"


def topics_of_no_forum(slug: str) -> str:
    """Topics of a chat that cannot have any."""
    return f"chat {shown_name(slug)}: topics: found topics of a simulated chat, expected them of a forum of Telegram only"


def topic_slug(forum: str, slug: str, why: str) -> str:
    """The name of a topic that no chat can have."""
    return f"chat {shown_name(forum)}: topics.{shown_name(slug)}: {why}"


def beside_the_chats(name: str, value: object) -> str:
    """A key of a chat that stands one level too high."""
    return f"{CHATS}.{shown_name(name)}: found {shown(value)} beside the chats, expected it in [{CHATS}.my-chat]"


def not_a_table(name: str, value: object) -> str:
    """A value where a table belongs."""
    example = f"tables such as [{CHATS}.my-chat]" if name == CHATS else "a table"
    return f"{name}: found {shown(value)}, expected {example}"


def no_chat() -> str:
    """A file without any chat."""
    return (
        f"{CHATS}: found no chat, expected a table such as [{CHATS}.my-chat]. Without the file there is only the simulated "
        "chat."
    )


def unknown_at_top_level(name: str) -> str:
    """A key or table that does not belong to the file."""
    hint = did_you_mean(f"[{CHATS}.…]") if nearest(name, [CHATS]) else ""
    return f"{shown_name(name)}: unknown, expected only tables such as [{CHATS}.my-chat] in the file{hint}"


def ambiguous_slugs(slugs: Iterable[str]) -> dict[str, list[str]]:
    """Slugs that are the same name to Dagster as an earlier one, as no group's name has a hyphen -> the mistake."""
    by_group: dict[str, str] = {}
    mistakes = {}
    for slug in slugs:
        first = by_group.setdefault(slug.replace("-", "_"), slug)
        if first != slug:
            mistakes[slug] = [
                f"chat {shown_name(slug)}: found the chat {shown_name(first)} too, expected names that differ in more than "
                "- and _"
            ]
    return mistakes


def not_toml(text: str, error: str) -> str:
    """Where a text is not TOML: line, chat and key as far as they can be made out, but never a value."""
    twice = re.match(r"Cannot declare \('chats', '([^']+)'(.*)\) twice \(at (line \d+)", error)
    if twice:
        names = [twice[1], *re.findall(r"'([^']+)'", twice[2])]
        table = ".".join([CHATS, *map(shown_name, names)])
        return f"chat {shown_name(names[0])}: found the table [{table}] again at {twice[3]}, expected it once"
    at_line = re.search(r"at line (\d+)", error)
    lines = text.splitlines()[: int(at_line[1]) if at_line else None]
    header = next((line.strip() for line in reversed(lines) if line.lstrip().startswith("[")), "")
    key, is_setting, _ = lines[-1].partition("=") if lines else ("", "", "")
    place = f"{header[:LONGEST_VALUE]}: {key.strip()[:LONGEST_VALUE]}: " if header and is_setting else ""
    if error.startswith("Cannot overwrite a value"):
        error = error.replace("Cannot overwrite a value", "found the key again, expected it once")
    return f"{place}not TOML: {error}"


def no_place(slug: str, timezone: str, meant: str) -> str:
    """A zone of a new chat that has no summer time, though those who write it nearly always live with one."""
    expected = f"expected a place{did_you_mean(meant)}"
    return f"chat {shown_name(slug)}: timezone: found {shown(timezone)}, whose clocks never change, {expected}"


def too_much() -> str:
    """A text in which no chats can be looked for."""
    return "not TOML that describes chats: found something very long or nested very deeply, expected a short table for each"


def _where_it_belongs(key: str, model: type[BaseModel]) -> str:
    """What to write instead of an unknown key."""
    models: dict[str, type[BaseModel]] = {f"{CHATS}.<slug>": Chat}
    models |= {f"{CHATS}.<slug>.{section}": each for section, each in SECTIONS.items()}
    for table, other in models.items():
        if other is not model and key in other.model_fields and key != "slug":
            return f"expected it in [{table}]"
    known = [name for name in model.model_fields if name != "slug"]
    return f"expected one of: {', '.join(known)}{did_you_mean(nearest(key, known))}"


def shown_name(name: str) -> str:
    """A name from the file, on one line whatever is in it and cut like a value."""
    return _cut(name if re.fullmatch(r"[\w-]+", name) else json.dumps(name, ensure_ascii=False))


def shown(value: object) -> str:
    """A value as the file has it, on one line and cut after :data:`LONGEST_VALUE` characters."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return _cut(str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}…"
