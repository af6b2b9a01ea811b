"""Which chat of Telegram a slug means.

Belongs here: the file of resolved chats, and looking a chat up.
Does not belong here: how a person may name one (:mod:`.chat_names`), and the chats' settings (``chats.toml``), which hold
nothing of an account.

A chat is kept with its id and *access hash*: with both it can be read without being looked up again, which Telegram allows
only rarely. The hash is the account's own: another account's login has to resolve the chat itself.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.plain_text import one_line
from chat_forecast.sources.telegram.chat_names import FIRST_CHANNEL, USERNAME, Name, parse_name
from chat_forecast.sources.telegram.connection import Connection
from chat_forecast.sources.telegram.credentials import write_secret
from chat_forecast.sources.telegram.faults import ChatUnreadable, TelegramError

if TYPE_CHECKING:
    from telethon import TelegramClient

PEERS_FILE = "telegram-peers.json"

Kind = Literal["channel", "group"]


@dataclass(frozen=True)
class Peer:
    """A chat as Telegram knows it."""

    kind: Kind
    """``channel``: a supergroup or a channel; ``group``: a basic group, which may become a supergroup one day."""
    id: int
    access_hash: int = 0
    before: int | None = None
    """The basic group that the supergroup once was: its older messages hang there."""

    @property
    def marked_id(self) -> int:
        """The id as Telegram's libraries and bots write it."""
        return -FIRST_CHANNEL - self.id if self.kind == "channel" else -self.id


def held_chats(peer: Peer) -> list[HeldChat]:
    """A chat of Telegram as exports name it; with the group that it once was."""
    before = [] if peer.before is None else [HeldChat(peer.before, kind="private_group")]
    return [HeldChat(peer.id, kind="private_supergroup" if peer.kind == "channel" else "private_group"), *before]


@dataclass(frozen=True)
class ListedChat:
    """A chat of the account, as it is listed."""

    peer: Peer
    title: str
    username: str | None
    members: int | None
    last_message: datetime | None


def message_link(peer: Peer, message_id: int) -> str | None:
    """The address of a message for those who are in the chat; None where it has none, as in a basic group.

    >>> message_link(Peer("channel", 1234567890), 42)
    'https://t.me/c/1234567890/42'
    """
    return f"https://t.me/c/{peer.id}/{message_id}" if peer.kind == "channel" and message_id > 0 else None


class Peers:
    """``telegram-peers.json``: slug -> chat, readable by its owner alone."""

    def __init__(self, home: Path) -> None:
        self.path = home / PEERS_FILE

    def get(self, slug: str) -> Peer:
        """The chat of a slug.

        Raises:
            TelegramError: it was never resolved, or the file is damaged.
        """
        known = self._read()
        if slug not in known:
            raise TelegramError(
                f"{slug}: {self.path} does not tell which chat of Telegram this is. Say it: chat-forecast add {slug} PEER, "
                "with a name, a link or an id from chat-forecast chats"
            )
        return known[slug]

    def put(self, slug: str, peer: Peer) -> None:
        """Keep the chat of a slug."""
        from filelock import FileLock

        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
            known = self._read() | {slug: peer}
            write_secret(self.path, json.dumps({name: asdict(each) for name, each in known.items()}, indent=1) + "\n")

    def remove(self, slug: str) -> None:
        """Forget the chat of a slug."""
        known = self._read()
        if known.pop(slug, None) is not None:
            write_secret(self.path, json.dumps({name: asdict(each) for name, each in known.items()}, indent=1) + "\n")

    def _read(self) -> dict[str, Peer]:
        if not self.path.exists():
            return {}
        try:
            return {slug: Peer(**found) for slug, found in json.loads(self.path.read_text(encoding="utf-8")).items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise TelegramError(
                f"{self.path} is damaged ({type(error).__name__}). Delete it, and add the chats again: chat-forecast add"
            ) from error


async def list_chats(connection: Connection) -> list[ListedChat]:
    """The account's groups and channels, the one with the newest message first; raises as :meth:`Connection.ask`."""

    async def dialogs(client: "TelegramClient") -> list[Any]:
        return [each async for each in client.iter_dialogs(ignore_migrated=True)]

    listed = (_listed(each.entity, each.date) for each in await connection.run(dialogs))
    return [chat for chat in listed if chat is not None]


async def find_chat(connection: Connection, text: str) -> ListedChat:
    """Find the chat that a person named.

    Raises:
        TelegramError: there is none, several have the title, or it is no group and no channel.
    """
    name = parse_name(text)
    if name.kind == "invite":
        return await _behind_invite(connection, text, name.text)
    mine = await list_chats(connection)
    found = list(_named(mine, name))
    if len(found) > 1:
        listing = "\n".join(f"  {chat.peer.marked_id}  {one_line(chat.title)}" for chat in found)
        raise TelegramError(f"{text!r}: several chats are called so. Give the id of the one that is meant:\n{listing}")
    if found:
        return found[0]
    if name.kind == "username" or (name.kind == "title" and USERNAME.fullmatch(name.text)):
        return await _with_username(connection, name.text)
    raise TelegramError(
        f"{text!r}: the account has no such group or channel. See those it has: chat-forecast chats. One that it is not in "
        "can be read only if it is public, by its username."
    )


def _named(chats: Iterable[ListedChat], name: Name) -> Iterable[ListedChat]:
    wanted = name.text.casefold()
    for chat in chats:
        by_name = (chat.username or "").casefold() == wanted and name.kind in ("username", "title")
        by_title = chat.title.casefold() == wanted and name.kind == "title"
        by_id = name.kind == "id" and int(name.text) in (chat.peer.marked_id, chat.peer.id)
        if by_name or by_title or by_id:
            yield chat


async def _behind_invite(connection: Connection, text: str, invite: str) -> ListedChat:
    from telethon.tl import functions, types

    answer = await connection.ask(functions.messages.CheckChatInviteRequest(invite))
    # A ChatInvitePeek also has a chat, but it may be looked into for a short while only.
    if not isinstance(answer, types.ChatInviteAlready):
        raise ChatUnreadable(
            f"{text}: the account is not a member of {answer.title!r}. Join it in a Telegram app, with this link, and "
            "say this again."
        )
    return _expect_group(text, _listed(answer.chat, None))


async def _with_username(connection: Connection, username: str) -> ListedChat:
    from telethon.tl import functions

    answer = await connection.ask(functions.contacts.ResolveUsernameRequest(username))
    return _expect_group(f"@{username}", next((_listed(chat, None) for chat in answer.chats), None))


def _expect_group(text: str, chat: ListedChat | None) -> ListedChat:
    if chat is None:
        raise TelegramError(f"{text}: this is a person or a bot: expected a group or a channel")
    return chat


def _listed(entity: Any, last_message: datetime | None) -> ListedChat | None:  # noqa: ANN401 - any of Telethon's
    """A chat as it is listed; None for a person, and for what cannot be read."""
    from telethon.tl import types

    if isinstance(entity, types.Channel):
        peer = Peer("channel", entity.id, entity.access_hash or 0)
        username = entity.username or next((each.username for each in entity.usernames or () if each.active), None)
        return ListedChat(peer, entity.title, username, entity.participants_count, last_message)
    if isinstance(entity, types.Chat):
        peer = Peer("group", entity.id)
        if isinstance(entity.migrated_to, types.InputChannel):
            peer = Peer("channel", entity.migrated_to.channel_id, entity.migrated_to.access_hash, entity.id)
        return ListedChat(peer, entity.title, None, entity.participants_count, last_message)
    return None


async def follow_migration(connection: Connection, peer: Peer) -> Peer:
    """The chat as it is today: a basic group that became a supergroup, and the group that a supergroup once was.

    Raises:
        ChatUnreadable: the account was removed from it.
    """
    from telethon.tl import functions, types

    if peer.kind == "group":
        answer = await connection.ask(functions.messages.GetChatsRequest([peer.id]))
        chat = answer.chats[0]
        if isinstance(chat, types.ChatForbidden):
            raise ChatUnreadable(
                f"{connection.what}: the account was removed from the group. Join it again, or choose another account."
            )
        if not isinstance(getattr(chat, "migrated_to", None), types.InputChannel):
            return peer
        peer = Peer("channel", chat.migrated_to.channel_id, chat.migrated_to.access_hash, peer.id)
    full = await connection.ask(functions.channels.GetFullChannelRequest(types.InputChannel(peer.id, peer.access_hash)))
    return replace(peer, before=full.full_chat.migrated_from_chat_id or peer.before)
