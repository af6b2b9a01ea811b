"""Whether a file holds the same chat, with the same message ids, as the archive into which it is imported.

Belongs here: refusing the file of another chat, and ids that name other messages than in the archive.
Does not belong here: reading files, and storing what they hold.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chat_forecast.domain.arrays import is_among, places_among
from chat_forecast.domain.deduplication import is_made
from chat_forecast.domain.external_sort import are_large, sort_rows_unless_sorted
from chat_forecast.domain.id_spaces import (
    HeldChat,
    are_halves,
    have_one_id,
    ids_of_another_space,
    without_account_ids,
    without_repeated_ids,
)
from chat_forecast.domain.messages import with_plain_senders
from chat_forecast.large_columns import in_parts
from chat_forecast.sources.exports.base import RefusedFileError

_OTHER_NAME = (
    "Import it under another name: chat-forecast import NAME FILE. If it is the same chat all the same: --same-chat."
)
LEAST_SHARE_OF_PEOPLE = 0.5
"""Of the senders of two files without ids, at least that share of the fewer ones is in both, if they are of one chat."""
FEWEST_IN_COMMON = 3
"""Fewer messages in the time that both files cover prove nothing."""
SAME_INSTANT = pd.Timedelta(seconds=1)
MICROSECOND = pd.Timedelta(microseconds=1)
HIGHEST_SHARE_OF_OTHERS = 0.05
"""Of the ids that a file shares with the archive, at most that share may have another time."""
QUARTER = pd.Timedelta(minutes=15)
"""Offsets between time zones are multiples of it."""
LONGEST_CLOCK_CHANGE = pd.Timedelta(hours=2)


def expect_same_chat(path: Path, chat: HeldChat, known: Sequence[HeldChat], slug: str, *, is_same: bool) -> None:
    """Check that a file holds the same chat as an archive; ``is_same``: the user says so.

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


def expect_known_chat(
    path: Path,
    chat: HeldChat,
    messages: pd.DataFrame,
    known: Sequence[HeldChat],
    archived: Sequence[pd.DataFrame],
    slug: str,
    *,
    is_same: bool,
) -> None:
    """Check that a file of another program holds the same chat as an archive, by its program, its title and its senders.

    Raises:
        RefusedFileError: it is another chat.
    """
    families = {each.family for each in known} - {None}
    if is_same or not known:
        return
    if chat.family is not None and families and chat.family not in families:
        others = " and ".join(sorted(map(str, families)))
        raise RefusedFileError(path, f"it holds a chat of {chat.family}, but {slug} is one of {others}. {_OTHER_NAME}")
    if chat.program is None or (chat.chat_id is not None and any(each.chat_id is not None for each in known)):
        return
    titles = {each.title_key for each in known if each.title_key is not None}
    if chat.title_key is not None and titles and chat.title_key not in titles:
        raise RefusedFileError(path, f"its chat has another title than that of the files in {slug}. {_OTHER_NAME}")
    before = pd.concat([with_plain_senders(each[["message_id", "sent_at", "sender"]]) for each in archived])
    real = before[~is_made(before["message_id"])]
    has_ids = messages["message_id"].notna().any() and len(real) > 0
    why = why_other_ids(messages, real) if has_ids else why_other_people(messages, before)  # ids prove more
    if why is not None:
        raise RefusedFileError(path, f"{why}: it seems to be another chat than {slug}. {_OTHER_NAME}")


def why_other_ids(messages: pd.DataFrame, before: pd.DataFrame) -> str | None:
    """Say why ``messages`` must be of another chat than those ``before``, by their ids; None if nothing shows it."""
    known = messages[messages["message_id"].notna()]
    if known["message_id"].isin(before["message_id"]).any():
        return None  # whether they are the same messages is asked afterwards
    if min(map(len, _where_both(known, before))) >= FEWEST_IN_COMMON:
        return "where it overlaps with the files imported before, no message has the id of one of theirs"
    earlier, later = sorted((known, before), key=lambda each: each["sent_at"].min())
    if earlier["sent_at"].max() < later["sent_at"].min() and earlier["message_id"].max() > later["message_id"].min() > 0:
        return "its ids do not go on from those of the files imported before"
    return None


def _where_both(*parts: pd.DataFrame) -> list[pd.DataFrame]:
    """The messages of each part in the time that all parts cover."""
    start, end = max(each["sent_at"].min() for each in parts), min(each["sent_at"].max() for each in parts)
    return [each[each["sent_at"].between(start, end)] for each in parts]


def why_other_people(messages: pd.DataFrame, before: pd.DataFrame) -> str | None:
    """Say why ``messages`` must be of another chat than those imported ``before``, by senders; None if nothing shows it."""
    placed = [with_plain_senders(each[["sent_at", "sender"]]).dropna() for each in (messages, before)]
    if any(each.empty for each in placed):
        return None
    people = [set(each["sender"].unique()) for each in placed]
    common, fewest = len(people[0] & people[1]), min(map(len, people))
    if common < LEAST_SHARE_OF_PEOPLE * fewest:
        return f"only {common} of its {len(people[0])} senders are among those of the files imported before"
    both = _where_both(*placed)
    if min(map(len, both)) < FEWEST_IN_COMMON:
        return None
    minutes = [pd.MultiIndex.from_arrays([each["sent_at"].dt.floor("min"), each["sender"]]) for each in both]
    if minutes[0].isin(minutes[1]).any():
        return None
    return (
        "where it overlaps with the files imported before, no message of it was sent in the same minute by the same person"
    )


def normalise_ids(messages: pd.DataFrame, chat: HeldChat, *, has_own_ids: bool) -> pd.DataFrame:
    """Replace ids by ones that mean the same in every file of the archive; NA where there is none.

    ``has_own_ids``: the chat is the one whose ids the archive uses; those of any other chat are moved to another range.
    """
    settled = without_repeated_ids(without_account_ids(messages, chat))
    if has_own_ids or chat.chat_id is None:
        return settled
    moved = settled.assign(message_id=ids_of_another_space(settled["message_id"], chat.chat_id))
    return moved.drop(columns="topic_id", errors="ignore")  # these are ids of the other chat too


def expect_same_messages(
    path: Path, messages: pd.DataFrame, archived: Sequence[pd.DataFrame], *, is_same_chat: bool
) -> pd.DataFrame:
    """Check that ids name the same messages in a file as in the archive; return the file's messages.

    ``is_same_chat``: the user says that it is the same chat. If the ids then differ, the messages are returned without them.

    Raises:
        RefusedFileError: they name other messages.
    """
    ids, filled = messages["message_id"], [each for each in archived if len(each)]
    if not filled:
        return messages
    if are_large(messages, *filled) and _mostly_have_one_time(messages, filled):
        return messages
    before = pd.concat([each[["message_id", "sent_at"]] for each in filled])
    known = before.drop_duplicates("message_id").set_index("message_id")["sent_at"]
    shared = messages[ids.isin(known.index)]
    if shared.empty:
        return messages
    apart = shared["sent_at"] - known.loc[shared["message_id"].astype("int64")].array
    others = apart[apart.abs() > SAME_INSTANT]
    if len(others) <= HIGHEST_SHARE_OF_OTHERS * len(shared):
        return messages
    if is_same_chat:
        without = messages.assign(message_id=pd.Series(pd.NA, index=messages.index, dtype="Int64"))
        return without.drop(columns="topic_id", errors="ignore")
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


def _mostly_have_one_time(messages: pd.DataFrame, archived: Sequence[pd.DataFrame]) -> bool:
    """Whether few of the ids that messages share with the archive have another time there; computed in chunks."""
    shared = others = 0
    before = [sort_rows_unless_sorted(table[["message_id", "sent_at"]], ["message_id"]) for table in archived]
    for rows in in_parts(len(messages)):
        known = messages[["message_id", "sent_at"]].iloc[rows].dropna(subset=["message_id"])
        ids, at = known["message_id"].to_numpy("int64"), pd.DatetimeIndex(known["sent_at"]).asi8
        for table in before:
            held, instants = table["message_id"].to_numpy(), pd.DatetimeIndex(table["sent_at"]).asi8
            is_shared = is_among(ids, held)
            apart = at[is_shared] - instants[places_among(held, ids[is_shared])]
            shared += len(apart)
            others += int((abs(apart) > SAME_INSTANT // MICROSECOND).sum())
            ids, at = ids[~is_shared], at[~is_shared]
    return others <= HIGHEST_SHARE_OF_OTHERS * shared
