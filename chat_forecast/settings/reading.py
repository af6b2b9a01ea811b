"""Reading ``chats.toml``, with every mistake in it at once.

Belongs here: from the file's text to its models. A mistake in a chat's table puts that chat aside and no other; one that is
no chat's concerns the file.
Does not belong here: what a key may hold (:mod:`.models`), how a mistake is worded (:mod:`.mistakes`), where the file lies
(:mod:`.paths`).
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chat_forecast.settings import mistakes
from chat_forecast.settings.mistakes import CHATS, ConfigError
from chat_forecast.settings.models import SECTIONS, Chat, Notify, SourceName
from chat_forecast.settings.shared_tables import SHARED_TABLES, Serve
from chat_forecast.settings.topics import Topic, topic_of
from chat_forecast.settings.zone_guess import WITHOUT_SUMMER

DEMO_DAYS = 120
_LONGEST_FILE = 1 << 22
_MOST_MISTAKES = 20
_DEEP_KEY = re.compile(r"""(?:(?<![\w"'-])(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){20}""")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ChatsFile:
    """The chats of the file, in its order."""

    chats: tuple[Chat, ...]
    """Those that can be used."""
    put_aside: Mapping[str, str] = field(default_factory=dict)
    """The slugs of the others -> their mistakes, a line each, which name the file."""

    def find(self, slug: str) -> Chat | None:
        """The chat of this name; None if there is none.

        Raises:
            ConfigError: it is put aside.
        """
        if slug in self.put_aside:
            raise ConfigError(self.put_aside[slug])
        return next((chat for chat in self.chats if chat.slug == slug), None)


def load_chats(path: Path, today: date) -> tuple[Chat, ...]:
    """The chats that can be used of :func:`load_chats_file`."""
    return load_chats_file(path, today).chats


def load_chats_file(path: Path, today: date) -> ChatsFile:
    """Read every chat of the file; where there is no file, only the simulated chat ``demo``.

    ``today`` (in UTC) decides which first days lie in the future; the demo begins :data:`DEMO_DAYS` before it.

    Raises:
        ConfigError: the file cannot be read or holds mistakes that are no chat's; the message has a line for each.
    """
    if not path.exists():
        first_day = today - timedelta(days=DEMO_DAYS)
        return ChatsFile((Chat(slug="demo", source="simulated", timezone="Europe/Moscow", first_day=first_day),))
    # `today` is UTC's: in zones east of it the local day may be one ahead.
    return parse_chats(path, read_text(path), latest=today + ONE_DAY)


def load_notify(path: Path) -> Notify:
    """Read which notifications are sent; the defaults where the file, or its table ``[notify]``, is absent.

    Raises:
        ConfigError: the file cannot be read or holds mistakes that are no chat's.
    """
    return Notify.model_validate(_shared_table(path, "notify"))


def load_serve(path: Path) -> Serve:
    """Read under which names others reach the servers; the defaults where the file, or its table ``[serve]``, is absent.

    Raises:
        ConfigError: the file cannot be read or holds mistakes that are no chat's.
    """
    return Serve.model_validate(_shared_table(path, "serve"))


def _shared_table(path: Path, name: str) -> object:
    """A table beside the chats; empty where there is none."""
    if not path.exists():
        return {}
    text = read_text(path)
    parse_chats(path, text)  # a mistake anywhere else in the file is named too
    return tomllib.loads(text).get(name, {})


def check_chat(slug: str, *, source: SourceName, timezone: str, first_day: date) -> Chat:
    """Make the chat that these settings describe.

    Raises:
        ConfigError: one of them cannot be used.
    """
    expect_place(slug, timezone)
    found = _to_chat(slug, {"source": source, "timezone": timezone, "first_day": first_day}, date.max)
    if isinstance(found, Chat):
        return found
    raise ConfigError("\n".join(found))


def expect_place(slug: str, timezone: object) -> None:
    """Check that a new chat's zone is none whose clocks never change by mistake; in a file that is there it may stand.

    Raises:
        ConfigError: it is.
    """
    if timezone in WITHOUT_SUMMER:
        raise ConfigError(mistakes.no_place(slug, str(timezone), WITHOUT_SUMMER[str(timezone)]))


def read_text(path: Path) -> str:
    """The file's text, its line ends as they are.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    try:
        # Not read_text(), which changes line ends. Some editors begin a file with a signature.
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: found bytes that are not UTF-8 at {error.start}, expected a UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}), expected a text file") from error


@lru_cache(maxsize=2)
def parse_chats(path: Path, text: str, latest: date = date.max) -> ChatsFile:
    """The chats of a file's text, none of which may begin after ``latest``; ``path`` is named in mistakes.

    What was found is kept: a command asks for the same chats several times, of which there may be hundreds.

    Raises:
        ConfigError: there are mistakes that are no chat's. Those of chats are in the message too.
    """
    content = _parse(path, text)
    tables = content.pop(CHATS, {})
    shared = content.get("retention")
    found = [mistake for name in SHARED_TABLES for mistake in _mistakes_in(name, content.pop(name, {}))]
    found += [mistakes.unknown_at_top_level(name) for name in content]
    if not isinstance(tables, dict):
        found.append(mistakes.not_a_table(CHATS, tables))
        tables = {}
    elif not tables and not found:
        found.append(mistakes.no_chat())
    chats, put_aside = list[Chat](), dict[str, list[str]]()
    ambiguous = mistakes.ambiguous_slugs(tables)
    taken = {slug.replace("-", "_") for slug in tables}
    for slug, table in tables.items():
        chat = _to_chat(slug, table, latest)
        if isinstance(chat, Chat) and chat.retention_days is None and isinstance(shared, dict) and not found:
            chat = chat.model_copy(update={"retention_days": shared.get("days")})
        wrong = [*ambiguous.get(slug, []), *(chat if isinstance(chat, list) else [])]
        topics = [] if isinstance(chat, list) else _topics(chat, table, latest, taken, wrong)
        if wrong or isinstance(chat, list):
            put_aside[slug] = wrong
        else:
            chats += [chat, *topics]
    if found:
        raise ConfigError(_lines(path, [*found, *(mistake for wrong in put_aside.values() for mistake in wrong)]))
    return ChatsFile(tuple(chats), {slug: _lines(path, wrong) for slug, wrong in put_aside.items()})


def _parse(path: Path, text: str) -> dict[str, Any]:
    """The tables of a text; of one that would only keep the parser busy, nothing is parsed."""
    if len(text) > _LONGEST_FILE or _DEEP_KEY.search(text):
        raise ConfigError(f"{path}: {mistakes.too_much()}")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {mistakes.not_toml(text, str(error))}") from error
    except (RecursionError, ValueError) as error:  # thousands of brackets; a number of thousands of digits
        raise ConfigError(f"{path}: {mistakes.too_much()}") from error


def _lines(path: Path, found: list[str]) -> str:
    said = [f"{path}: {mistake}" for mistake in found[:_MOST_MISTAKES]]
    more = len(found) - len(said)
    return "\n".join([*said, f"{path}: … and {more} more like these"] if more else said)


def _to_chat(slug: str, table: object, latest: date) -> Chat | list[str]:
    """The chat of a table, or every mistake in it."""
    if not isinstance(table, dict) or slug in SECTIONS:
        return [mistakes.beside_the_chats(slug, table)]
    found = [mistakes.slug_key(slug)] if "slug" in table else []
    try:
        chat = Chat.model_validate({**table, "slug": slug}, context={"latest": latest})
    except ValidationError as error:
        return found + [mistakes.invalid_setting(slug, details) for details in error.errors(include_url=False)]
    return found or chat


def _topics(forum: Chat, table: dict[str, Any], latest: date, taken: set[str], wrong: list[str]) -> list[Topic]:
    """The chats that a forum makes of its topics; their names are taken then, and what is wrong stands in ``wrong``."""
    topics = list[Topic]()
    if forum.topics and forum.is_simulated:
        wrong.append(mistakes.topics_of_no_forum(forum.slug))
    for slug, topic_id in forum.topics.items():
        found = _to_chat(slug, {name: value for name, value in table.items() if name != "topics"}, latest)
        if isinstance(found, list):
            wrong += [mistakes.topic_slug(forum.slug, slug, "found " + each.rpartition(": found ")[2]) for each in found]
        elif found.group in taken:
            why = "found a chat of that name too, expected names that differ in more than - and _"
            wrong.append(mistakes.topic_slug(forum.slug, slug, why))
        else:
            named = found.model_copy(update={"retention_days": forum.retention_days})
            topics.append(topic_of(forum, named, topic_id))
            taken.add(named.group)
    return topics


def _mistakes_in(name: str, table: object) -> list[str]:
    """Every mistake in a table beside the chats."""
    if not isinstance(table, dict):
        return [mistakes.not_a_table(name, table)]
    try:
        SHARED_TABLES[name].model_validate(table)
    except ValidationError as error:
        return [mistakes.invalid_shared_setting(name, details) for details in error.errors(include_url=False)]
    return []
