"""Chats and senders of Telegram, as its libraries write them.

Belongs here: what kind of chat a peer is, and how a sender is spelled. Does not belong here: any format.
"""

from typing import Any

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.message_collector import whole

PROGRAM = "Telegram"
_KINDS = {"channel": "private_supergroup", "chat": "private_group", "user": "personal_chat"}
"""As Telegram Desktop names them. A channel numbers its messages itself, in the other two the account does."""


def peer_of(found: Any, names: dict[str, str]) -> tuple[str, int] | None:  # noqa: ANN401 - any JSON
    """The kind (``channel``, ``chat``, ``user``) and the id of a peer; ``names`` gives the key of each kind's id."""
    if not isinstance(found, dict):
        return None
    ids = ((kind, whole(found.get(key))) for kind, key in names.items())
    return next(((kind, number) for kind, number in ids if number is not None), None)


def spelled(peer: tuple[str, int] | None) -> str | None:
    """A peer as the sender that Telegram Desktop would write."""
    return None if peer is None else f"{peer[0]}{peer[1]}"


def chat_of(peer: tuple[str, int] | None, chat_id: int | None = None) -> HeldChat:
    """The chat that a peer is; where nothing says what it is, one of that id."""
    if peer is None:
        return HeldChat(chat_id, program=PROGRAM)
    return HeldChat(peer[1], kind=_KINDS[peer[0]], program=PROGRAM)
