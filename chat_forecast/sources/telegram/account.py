"""Logging in and out, the account's chats, and what is to be known of one that is added.

Belongs here: the steps of each, from synchronous code.
Does not belong here: asking a person and printing (:mod:`chat_forecast.cli.telegram`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chat_forecast.sources.telegram.connection import Connection, Limits, connected
from chat_forecast.sources.telegram.credentials import Credentials
from chat_forecast.sources.telegram.faults import LOG_IN, SessionLost, TelegramError
from chat_forecast.sources.telegram.history import parts_of
from chat_forecast.sources.telegram.peers import ListedChat, find_chat, list_chats
from chat_forecast.sources.telegram.session import load_session, remove_session

if TYPE_CHECKING:
    from telethon import TelegramClient

ATTEMPTS = 3
LOGIN_SECONDS = 1800
"""A person looks for the code meanwhile."""
SAMPLE_PAGES = 5
_NOT_THE_CODE = {"PhoneCodeInvalidError", "PhoneCodeEmptyError"}


class Talk(Protocol):
    """The person who logs in."""

    def phone(self) -> str:
        """Ask for the phone number."""

    def code(self) -> str:
        """Ask for the code that Telegram sent."""

    def password(self) -> str:
        """Ask for the two-step password, without showing it."""

    def say(self, words: str) -> object:
        """Tell something."""


@dataclass(frozen=True)
class Login:
    """A login that was made."""

    who: str
    session: str = field(repr=False)


@dataclass(frozen=True)
class FoundChat:
    """A chat that is to be added, and a sample of its history."""

    chat: ListedChat
    oldest: datetime | None
    recent: list[datetime]
    """When its newest messages were sent."""


def log_in(home: Path, credentials: Credentials, talk: Talk, limits: Limits | None = None) -> Login:
    """Log in with a phone number, a code, and the two-step password if there is one.

    Raises:
        TelegramError: Telegram does not let one in; nothing was kept.
    """
    with connected(
        home, credentials, None, what="login", say=talk.say, limits=limits or Limits(), seconds=LOGIN_SECONDS
    ) as (runner, connection):
        phone = talk.phone().strip()
        if ":" in phone:
            raise TelegramError("that is a bot's token, and bots cannot read a chat's history. Give a phone number.")
        sent = runner.run(_step(connection, lambda client: client.send_code_request(phone)))
        talk.say("Telegram sends a code: to your other devices as a message from Telegram, or as an SMS.")
        try:
            _attempt(
                lambda code: runner.run(_sign_in(connection, phone, code, sent.phone_code_hash)),
                talk.code,
                _NOT_THE_CODE,
                talk,
            )
        except TelegramError as error:
            if error.name != "SessionPasswordNeededError":
                raise
            _attempt(
                lambda password: runner.run(_step(connection, lambda client: client.sign_in(password=password))),
                talk.password,
                {"PasswordHashInvalidError"},
                talk,
            )
        me = runner.run(connection.run(lambda client: client.get_me()))
        if connection.session is None:
            raise TelegramError("login: Telegram gave no session. Try again.")
        return Login(_named(me), connection.session)


def who_is_logged_in(
    home: Path, credentials: Credentials, say: Callable[[str], object], limits: Limits | None = None
) -> str:
    """As whom the session is logged in.

    Raises:
        SessionLost: there is no session, or it is no login any more.
        TelegramError: Telegram cannot be asked.
    """
    session = load_session(home, credentials)
    with connected(home, credentials, session, what="login", say=say, limits=limits or Limits()) as (runner, connection):
        me = runner.run(connection.run(lambda client: client.get_me()))
        if me is None:
            raise SessionLost(f"the session was logged out, here or on another device. {LOG_IN}.")
        return _named(me)


def log_out(home: Path, credentials: Credentials, say: Callable[[str], object], limits: Limits | None = None) -> None:
    """End the session at Telegram and forget it here; one that had ended already is forgotten too.

    Raises:
        SessionLost: there is none.
        TelegramError: Telegram cannot be asked, and the session may still be one: nothing was removed.
    """
    session = load_session(home, credentials)
    with connected(home, credentials, session, what="logout", say=say, limits=limits or Limits()) as (runner, connection):
        if not runner.run(connection.run(lambda client: client.log_out())):
            say("Telegram had ended the session already.")
    if credentials.session is None:
        remove_session(home)


def listed_chats(
    home: Path, credentials: Credentials, say: Callable[[str], object], limits: Limits | None = None
) -> list[ListedChat]:
    """The account's groups and channels, the one with the newest message first; raises as :meth:`Connection.ask`."""
    session = load_session(home, credentials)
    with connected(home, credentials, session, what="chats", say=say, limits=limits or Limits()) as (runner, connection):
        return runner.run(list_chats(connection))


def look_up(
    home: Path, credentials: Credentials, name: str, say: Callable[[str], object], limits: Limits | None = None
) -> FoundChat:
    """Find the chat that a person named, with a sample of its times; raises as :func:`~.peers.find_chat`."""
    session = load_session(home, credentials)
    with connected(home, credentials, session, what=name, say=say, limits=limits or Limits()) as (runner, connection):
        return runner.run(_look_up(connection, name))


async def _look_up(connection: Connection, name: str) -> FoundChat:
    from telethon.tl import functions

    chat = await find_chat(connection, name)
    if chat.peer.kind == "channel":
        full = await connection.ask(
            functions.channels.GetFullChannelRequest(_input_channel(chat.peer.id, chat.peer.access_hash))
        )
        chat = replace(
            chat,
            peer=replace(chat.peer, before=full.full_chat.migrated_from_chat_id),
            members=full.full_chat.participants_count or chat.members,
        )
    oldest: datetime | None = None
    recent: list[datetime] = []
    for part in parts_of(chat.peer):
        first = await _history(connection, part.peer, offset_id=1, add_offset=-1, limit=1)
        oldest = oldest or (first[0].date if first else None)
    newest_first: list[Any] = []
    for _ in range(SAMPLE_PAGES):
        page = await _history(connection, part.peer, offset_id=newest_first[-1].id if newest_first else 0, limit=100)
        newest_first += page
        if not page:
            break
    recent = [message.date.astimezone(UTC) for message in newest_first if message.date is not None]
    return FoundChat(chat, oldest, recent)


async def _history(
    connection: Connection,
    peer: Any,  # noqa: ANN401 - Telethon has no annotations
    *,
    offset_id: int,
    limit: int,
    add_offset: int = 0,
) -> list[Any]:
    from telethon.tl import functions

    answer = await connection.ask(
        functions.messages.GetHistoryRequest(peer, offset_id, None, add_offset, limit, max_id=0, min_id=0, hash=0)
    )
    return [message for message in answer.messages if getattr(message, "date", None)]


def _input_channel(channel_id: int, access_hash: int) -> Any:  # noqa: ANN401 - Telethon has no annotations
    from telethon.tl import types

    return types.InputChannel(channel_id, access_hash)


async def _sign_in(connection: Connection, phone: str, code: str, code_hash: str) -> Any:  # noqa: ANN401 - likewise
    return await _step(connection, lambda client: client.sign_in(phone, code.strip(), phone_code_hash=code_hash))


async def _step(connection: Connection, step: "Callable[[TelegramClient], Any]") -> Any:  # noqa: ANN401 - likewise
    """Do a step of the login, and keep the session that it belongs to, should the connection be lost."""

    async def kept(client: "TelegramClient") -> Any:  # noqa: ANN401 - likewise
        try:
            return await step(client)
        finally:
            connection.session = client.session.save() or connection.session

    return await connection.run(kept)


def _attempt(step: Callable[[str], Any], ask: Callable[[], str], wrong: set[str], talk: Talk) -> None:
    """Do a step with what a person says, again if it was wrong."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            step(ask())
            return
        except TelegramError as error:
            if error.name not in wrong or attempt == ATTEMPTS:
                raise
            talk.say(str(error).partition(": ")[2])


def _named(me: Any) -> str:  # noqa: ANN401 - Telethon's User
    name = " ".join(part for part in (me.first_name, me.last_name) if part) or "somebody without a name"
    return f"{name} (@{me.username})" if me.username else name
