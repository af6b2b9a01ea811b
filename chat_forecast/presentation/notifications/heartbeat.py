"""Heartbeats: an address is called after each night, so that somebody else notices when no call comes any more.

Belongs here: which address is called for what, and calling it.
Does not belong here: when (:mod:`chat_forecast.pipeline.heartbeat`), and notices to people (:mod:`.notifier`).

A machine that is off sends no notice. A service such as healthchecks.io waits for a call a day and raises the alarm itself.
The convention is theirs: the address alone means success, ``/start`` and ``/fail`` below it what they say. An address is a
secret: whoever knows it can keep the alarm silent. It is never logged, stored or shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from chat_forecast.errors import ChatForecastError

VARIABLE = "CHAT_FORECAST_HEARTBEAT_URL"
"""The environment variable with the address for all chats; with a chat's name behind it, that for the chat."""
SECONDS = 10.0
"""How long an address may take to answer."""


class HeartbeatError(ChatForecastError):
    """An address cannot be used; the message names its variable, never the address."""


class Beat(StrEnum):
    """What a call says."""

    START = "start"
    SUCCESS = "success"
    FAIL = "fail"


@dataclass(frozen=True)
class Heartbeat:
    """One address to be called."""

    variable: str
    url: str = field(repr=False)

    def send(self, beat: Beat, words: str = "") -> bool:
        """Call the address, with words for people; whether it took the call."""
        import requests

        parts = urlsplit(self.url)
        below = "" if beat is Beat.SUCCESS else f"/{beat.value}"
        address = urlunsplit(parts._replace(path=parts.path.rstrip("/") + below))
        try:
            return requests.post(address, data=words.encode(), timeout=SECONDS).ok
        except requests.RequestException:  # its text has the address in it
            return False


def variable_of(slug: str) -> str:
    """The environment variable with a chat's own address.

    >>> variable_of("my-chat")
    'CHAT_FORECAST_HEARTBEAT_URL_MY_CHAT'
    """
    return f"{VARIABLE}_{slug.upper().replace('-', '_')}"


def heartbeats_of(environ: Mapping[str, str], slugs: Iterable[str]) -> tuple[Heartbeat | None, dict[str, Heartbeat]]:
    """The address for all chats, and those of single ones, by the environment.

    Raises:
        HeartbeatError: one is no address of a web page.
    """
    return _from(environ, VARIABLE), {slug: own for slug in slugs if (own := _from(environ, variable_of(slug)))}


def _from(environ: Mapping[str, str], variable: str) -> Heartbeat | None:
    url = environ.get(variable, "").strip()
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HeartbeatError(
            f"{variable}: expected an address that begins with https://, such as a healthcheck's, found something else. "
            "It is a secret and not shown."
        )
    return Heartbeat(variable, url)
