"""In which space a message id is unique, and which exported chats are one chat.

Belongs here: ids that count for a chat, for an account, or for another chat; the two halves of a group that became a
supergroup.
Does not belong here: what makes two messages the same (:mod:`.deduplication`), or reading files.

A supergroup or a channel numbers its messages itself, one by one. In a basic group and a private chat the account does: two
members' exports number the same messages differently, so there an id says nothing about a message.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import holds_any, is_rising
from chat_forecast.domain.messages import MIGRATED_SHIFT

ACCOUNT_KINDS = frozenset({"private_group", "personal_chat", "bot_chat", "saved_messages", "replies"})
"""Chats, as Telegram Desktop names them, whose messages each account numbers on its own."""
COUNTING_KINDS = frozenset({"private_supergroup", "public_supergroup", "private_channel", "public_channel"})
"""Chats that number their messages themselves, one by one."""
SUPERGROUP_KINDS = frozenset({"private_supergroup", "public_supergroup"})
NAMED_KINDS = frozenset({"channel", "space", "group"})
"""Chats of other programs whose titles are no person's name."""
TELEGRAM = "Telegram"
GROUP_KINDS = SUPERGROUP_KINDS | {"private_group"}
MIGRATION_SECONDS = 60
"""Within that time of each other, a group says what it became and the supergroup what it was."""

HIGHEST_FIRST_ID, LONGEST_BEGINNING = 10, timedelta(days=7)
"""A supergroup's export begins with the supergroup itself if its first message has an id up to the first; that is just after
a group became one if it was sent within the second."""

_OLD_ID_SHIFTS = (2**32, 2**33)
"""Before mid-2021 Telegram Desktop added the first to the ids of basic groups, and the second to those of channels."""
_FOREIGN_IDS, _FOREIGN_BITS = -(2**62), 61
_FIRST_MARKED_CHANNEL = 10**12
"""Telegram's libraries and bots write the channel 123 as -1000000000123."""


@dataclass(frozen=True)
class HeldChat:
    """The chat that a file or an archive holds, as far as it says so."""

    chat_id: int | None = None
    title: str | None = None
    kind: str | None = None
    """As Telegram Desktop names it, such as ``private_supergroup``."""
    became_supergroup: datetime | None = None
    """When the group became a supergroup, by its service entry."""
    was_group: datetime | None = None
    """When the supergroup was made of a group, by its service entry."""
    was_group_titled: str | None = None
    first_id: int | None = None
    """Of the first message, as written."""
    first_message: datetime | None = None
    last_message: datetime | None = None
    program: str | None = None
    """Whose chat it is, such as ``WhatsApp``; None for files that do not say so: tables, and exports of Telegram Desktop."""
    written_id: str | None = None
    """Its id as the program writes it, where that is no number: ``chat_id`` is made of it."""
    title_key: str | None = None
    """A keyed hash of its title: the title of a private chat is a person's name."""

    @property
    def shown_id(self) -> str | None:
        """Its id as people can see it in the program; None where ``chat_id`` is made of a secret."""
        if self.written_id is not None or self.chat_id is None:
            return self.written_id
        return str(self.chat_id) if self.program in (None, TELEGRAM) else None

    @property
    def family(self) -> str | None:
        """The program in which the chat is; only Telegram's chats have an id and say no more."""
        return self.program or (TELEGRAM if self.chat_id is not None else None)

    @property
    def has_counting_ids(self) -> bool:
        """Whether ids may go on one by one, so that those missing show what is missing."""
        return self.family in (None, TELEGRAM) and not self.has_account_ids

    @property
    def has_account_ids(self) -> bool:
        """Whether all its ids belong to the account that exported it."""
        return self.kind in ACCOUNT_KINDS and self.was_group is None

    @property
    def without_names(self) -> "HeldChat":
        """What may be stored: the title of a private chat is a person's name."""
        return (
            self
            if self.kind in COUNTING_KINDS | GROUP_KINDS | NAMED_KINDS
            else replace(self, title=None, was_group_titled=None)
        )

    def __str__(self) -> str:
        title = f'"{self.title}"' if self.title else ""
        if self.shown_id is not None:
            return f"{self.shown_id} {title}".rstrip()
        return title if title and self.chat_id is not None else f"a chat without an id {title}".rstrip()


def plain_chat_id(chat_id: int) -> int:
    """The id that exports use, of one that may be written as Telegram's libraries and bots do.

    >>> [plain_chat_id(each) for each in (1234567890, -1001234567890, -777)]
    [1234567890, 1234567890, 777]
    """
    return chat_id if chat_id >= 0 else -chat_id - _FIRST_MARKED_CHANNEL * (chat_id < -_FIRST_MARKED_CHANNEL)


def have_one_id(first: HeldChat, second: HeldChat) -> bool:
    """Whether two exports say that they hold the same chat."""
    if first.chat_id is None or second.chat_id is None or first.family != second.family:
        return False
    return abs(first.chat_id - second.chat_id) in (0, *_OLD_ID_SHIFTS)


def are_halves(first: HeldChat, second: HeldChat) -> bool:
    """Whether one of two is the group that the other was before it became a supergroup, by their service entries.

    Both say so at the same time; or the supergroup names a group of that title, whose export was made before; or only the
    group says so, and the supergroup has its title and its first messages, which were sent just after.
    """
    return any(_became(group, supergroup) for group, supergroup in ((first, second), (second, first)))


def _became(group: HeldChat, supergroup: HeldChat) -> bool:
    if group.kind not in (None, "private_group"):
        return False
    if supergroup.was_group is None:
        return _begins_where_it_ends(group, supergroup)
    if group.became_supergroup is not None:
        return abs((supergroup.was_group - group.became_supergroup).total_seconds()) <= MIGRATION_SECONDS
    is_before = group.last_message is None or group.last_message <= supergroup.was_group
    return is_before and group.title is not None and group.title == supergroup.was_group_titled


def _begins_where_it_ends(group: HeldChat, supergroup: HeldChat) -> bool:
    """Whether a supergroup that does not tell what it was begins where a group says that it became one, under its title."""
    if supergroup.kind not in SUPERGROUP_KINDS or group.title is None or group.title != supergroup.title:
        return False
    became, begun, first_id = group.became_supergroup, supergroup.first_message, supergroup.first_id
    if became is None or begun is None or first_id is None:
        return False
    after = begun - became
    return (
        0 < first_id <= HIGHEST_FIRST_ID and -MIGRATION_SECONDS <= after.total_seconds() <= LONGEST_BEGINNING.total_seconds()
    )


def without_account_ids(messages: pd.DataFrame, chat: HeldChat) -> pd.DataFrame:
    """The messages of a file, with ids (``message_id``, ``Int64``) only where the chat itself numbered them."""
    if chat.has_account_ids:
        return messages.assign(message_id=pd.Series(pd.NA, index=messages.index, dtype="Int64"))
    ids = messages["message_id"]
    if chat.was_group is None and not holds_any(ids, lambda some: some < 0):
        return messages
    is_account = ids.between(MIGRATED_SHIFT, -1)
    if chat.was_group is not None:
        is_account |= messages["sent_at"] < pd.Timestamp(chat.was_group) - pd.Timedelta(seconds=MIGRATION_SECONDS)
    if not is_account.any():
        return messages
    return messages.assign(message_id=ids.mask(is_account.fillna(value=False)))


def without_repeated_ids(messages: pd.DataFrame) -> pd.DataFrame:
    """The messages of a file, in which the first one of an id keeps it: another one with it, of another time, has none."""
    ids = messages["message_id"]
    if is_rising(ids):
        return messages
    is_repeated = ids.notna() & ids.duplicated()
    if not is_repeated.any():
        return messages
    first = messages.loc[ids.notna() & ~is_repeated].set_index("message_id")["sent_at"]
    of_first = messages.loc[is_repeated, "message_id"].map(first)
    is_other = of_first.ne(messages.loc[is_repeated, "sent_at"])
    return messages.assign(message_id=ids.mask(is_other.reindex(messages.index, fill_value=False)))


def ids_of_another_space(ids: pd.Series, chat_id: int) -> pd.Series:
    """Ids of another chat, as numbers in ``[-2**62, -2**61)``, where they meet neither real ids nor made ones."""
    space = _mixed(np.array([chat_id], dtype="int64").view("uint64"))
    mixed = _mixed(ids.fillna(0).to_numpy(dtype="int64").view("uint64") ^ space) >> np.uint64(64 - _FOREIGN_BITS)
    return pd.Series(mixed.astype("int64") + _FOREIGN_IDS, index=ids.index, dtype="Int64").mask(ids.isna())


def _mixed(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser: numbers that look random, the same ones for the same input."""
    with np.errstate(over="ignore"):
        value = value + np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)))
