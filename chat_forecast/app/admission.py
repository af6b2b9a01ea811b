"""Which files may join a chat's archive, and as what their ids count.

Belongs here: recognising another chat's file, and ids that number other messages than the archive's.
Does not belong here: reading files, and storing what they hold.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chat_forecast.domain.id_spaces import (
    HeldChat,
    are_halves,
    have_one_id,
    ids_of_another_space,
    without_account_ids,
    without_repeated_ids,
)
from chat_forecast.sources.exports.base import RefusedFileError

SAME_INSTANT = pd.Timedelta(seconds=1)
HIGHEST_SHARE_OF_OTHERS = 0.05
"""Of the ids that a file shares with the archive, at most that share may have another time."""
QUARTER = pd.Timedelta(minutes=15)
"""Offsets between time zones are multiples of it."""
LONGEST_CLOCK_CHANGE = pd.Timedelta(hours=2)


def expect_same_chat(path: Path, chat: HeldChat, known: Sequence[HeldChat], slug: str, *, is_same: bool) -> None:
    """See that a file holds the chat that an archive holds; ``is_same``: somebody says so.

    Raises:
        RefusedFileError: it is another chat.
    """
    if is_same or chat.chat_id is None or not known:
        return
    if any(have_one_id(chat, each) or are_halves(chat, each) for each in known):
        return
    held = " and ".join(dict.fromkeys(str(each) for each in known))
    raise RefusedFileError(
        path,
        f"it holds the chat {chat}, but {slug} is the chat {held}. Import it under another name: chat-forecast import NAME "
        "FILE. If it is the same chat under a new id: --same-chat.",
    )


def settle_ids(messages: pd.DataFrame, chat: HeldChat, *, has_own_ids: bool) -> pd.DataFrame:
    """The messages of a file with ids that mean the same in every file of the archive; NA where there is none.

    ``has_own_ids``: the chat is the one whose ids the archive keeps.
    """
    settled = without_repeated_ids(without_account_ids(messages, chat))
    if has_own_ids or chat.chat_id is None:
        return settled
    return settled.assign(message_id=ids_of_another_space(settled["message_id"], chat.chat_id))


def expect_same_messages(
    path: Path, messages: pd.DataFrame, archived: Sequence[pd.DataFrame], *, is_same_chat: bool
) -> pd.DataFrame:
    """See that ids name the same messages in a file as in the archive; ``is_same_chat``: somebody says that it is one chat.

    Where they do not, and it is the same chat all the same, the messages are returned without ids.

    Raises:
        RefusedFileError: they name other messages.
    """
    ids = messages["message_id"]
    before = pd.concat([each[["message_id", "sent_at"]] for each in archived])
    known = before.drop_duplicates("message_id").set_index("message_id")["sent_at"]
    shared = messages[ids.isin(known.index)]
    if shared.empty:
        return messages
    apart = shared["sent_at"] - known.loc[shared["message_id"].astype("int64")].array
    others = apart[apart.abs() > SAME_INSTANT]
    if len(others) <= HIGHEST_SHARE_OF_OTHERS * len(shared):
        return messages
    if is_same_chat:
        return messages.assign(message_id=pd.Series(pd.NA, index=messages.index, dtype="Int64"))
    usual = others.median()
    is_offset = usual % QUARTER == pd.Timedelta(0) and (others - usual).abs().max() <= LONGEST_CLOCK_CHANGE
    if is_offset and len(others) == len(shared):
        hours = abs(usual) / pd.Timedelta(hours=1)
        raise RefusedFileError(
            path,
            f"its times are {hours:g} h {'later' if usual > pd.Timedelta(0) else 'earlier'} than those of the same messages "
            "imported before: its clock times are of another zone. Say which: --file-timezone ZONE. If the earlier import "
            "was wrong, take it out: chat-forecast imports CHAT --remove NUMBER.",
        )
    raise RefusedFileError(
        path,
        f"{len(others)} of the {len(shared)} message ids that it shares with the archive have other times: they number "
        "other messages. If it is another chat, import it under another name; if it is the same one, and ids started over: "
        "--same-chat.",
    )
