"""How a person may name a chat of Telegram: a username, a link, an id or a title.

Belongs here: reading what was typed. Does not belong here: finding the chat (:mod:`.peers`).
"""

import re
from dataclasses import dataclass
from typing import Literal

from chat_forecast.sources.telegram.faults import TelegramError

FIRST_CHANNEL = 10**12
"""Telegram's libraries write the channel 123 as -1000000000123."""
NameKind = Literal["username", "invite", "id", "title"]


@dataclass(frozen=True)
class Name:
    """How a person named a chat."""

    kind: NameKind
    text: str


_LINK = re.compile(r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(.*)", re.IGNORECASE)
_SCHEME = re.compile(r"tg:(?://)?(resolve\?domain|join\?invite)=([\w-]+)", re.IGNORECASE)
USERNAME = re.compile(r"[A-Za-z]\w{3,31}", re.ASCII)
_INVITE = re.compile(r"[\w-]{10,}", re.ASCII)


def parse_name(text: str) -> Name:
    """Read a username, a link, an id or a title.

    >>> [parse_name(text).text for text in ("https://t.me/+AbCdEfGhIjKl", "t.me/c/1234567890/5", "t.me/s/name/9")]
    ['AbCdEfGhIjKl', '-1001234567890', 'name']

    Raises:
        TelegramError: it is a phone number, or a link that leads to no chat.
    """
    found = text.strip()
    if scheme := _SCHEME.fullmatch(found.partition("&")[0]):
        return Name("invite" if "join" in scheme[1].lower() else "username", scheme[2])
    if link := _LINK.fullmatch(found):
        return _parse_path(text, link[1])
    if re.fullmatch(r"-?\d+", found):
        return Name("id", found)
    if re.fullmatch(r"\+[\d ()-]{6,}", found):
        raise TelegramError(f"{text!r} is a phone number: expected a group or a channel")
    if found.startswith("+") and _INVITE.fullmatch(found[1:]):
        return Name("invite", found[1:])
    if found.startswith("@"):
        return Name("username", found[1:])
    return Name("title", found)


def _parse_path(text: str, path: str) -> Name:
    """Read what stands after ``t.me/``."""
    parts = [part for part in path.partition("?")[0].partition("#")[0].split("/") if part]
    match parts:
        case ["c", number, *_] if number.isdecimal():
            return Name("id", str(-FIRST_CHANNEL - int(number)))
        case ["joinchat", invite, *_] if _INVITE.fullmatch(invite):
            return Name("invite", invite)
        case [invite, *_] if invite.startswith("+") and _INVITE.fullmatch(invite[1:]):
            return Name("invite", invite[1:])
        case ["s", name, *_] if USERNAME.fullmatch(name):
            return Name("username", name)
        case [name, *_] if USERNAME.fullmatch(name):
            return Name("username", name)
    raise TelegramError(f"{text!r} leads to no chat: expected t.me/name, t.me/+invite or t.me/c/1234567890/1")
