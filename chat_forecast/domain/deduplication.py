"""What makes a message the same message in two files, with ids and without.

Belongs here: made ids, and the union of readings in which some messages have made ids.
Does not belong here: reading files, or storing the result.

A line without an id is known by its *place*: the second in which it was sent, its sender, and its running number among
the lines of the file that are equal in both. So two equal lines are two messages, and overlapping files give each
message once. A message that has a real id in any file takes its place among the equal ones first: the line without an
id in the same place is that message.

A made id is a hash of the place, in ``[-2**63, -2**62)``: far below every real one (the ids of messages
older than a group's migration are negative, too, but above ``-2**53``).
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import is_among, is_rising
from chat_forecast.domain.chunked_tables import concat_chunks
from chat_forecast.domain.external_sort import are_large, sort_large_by_id, sort_numbers
from chat_forecast.domain.messages import (
    MIGRATED_SHIFT,
    MessageBatch,
    empty_messages,
    message_dtypes,
    order_messages,
    with_plain_senders,
)
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.topics import with_best_topics, with_known_ends
from chat_forecast.large_columns import in_parts

LOWEST_REAL_ID = -(2**53)
_MADE_IDS = 2**62
_PLACE = ["second", "sender"]


def identify(messages: pd.DataFrame) -> pd.DataFrame:
    """Messages of one file with ids for all: ``message_id`` may be NA (``Int64``); one row an id in the result.

    ``sender`` holds pseudonyms. The result is ordered and typed as :data:`~chat_forecast.domain.messages.MESSAGE_DTYPES`;
    senders stay a categorical where all have ids, each its own.
    """
    messages = sort_large_by_id(messages)
    if is_rising(messages["message_id"]):
        return order_messages(messages)
    messages = with_plain_senders(messages)
    has_id = messages["message_id"].notna().to_numpy()
    real = _unique(messages[has_id])
    if has_id.all():
        return order_messages(real)
    made = messages[~has_id].sort_values("sent_at", kind="stable")
    return _joined(real, _numbered(made, real))


def merge_batches(batches: Iterable[MessageBatch]) -> MessageBatch:
    """Merge readings: every message once, and the union of what they read; the order of the readings does not matter.

    If readings give different times or senders for an id, a known sender wins over an unknown one, then the earlier time.
    """
    parts = list(batches)
    tables = [part.messages for part in parts if len(part.messages)]
    coverage = ReadIntervals.joined(part.read_intervals for part in parts)
    if len(tables) <= 1:  # each part is one row an id, and in order
        return MessageBatch(tables[0] if tables else empty_messages(), coverage)
    tables = [with_plain_senders(table) for table in tables]
    split = [(table[~made], table[made]) for table in tables for made in [is_made(table["message_id"])]]
    real = _unique(_without_old_ids(pd.concat([with_id for with_id, _ in split], ignore_index=True)))
    numbered = [_numbered(without, with_id) for with_id, without in split if len(without)]
    if not numbered:
        return MessageBatch(with_known_ends(order_messages(real)), coverage)
    return MessageBatch(with_known_ends(_joined(real, pd.concat(numbered, ignore_index=True))), coverage)


def only_in(messages: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """The ids and times of the messages whose ids are not among those of ``others``."""
    messages = messages[["message_id", "sent_at"]]
    if others.empty or messages.empty:
        return messages
    if are_large(messages, others):
        known = sort_numbers(others["message_id"].to_numpy())
        parts = (messages.iloc[rows] for rows in in_parts(len(messages)))
        return concat_chunks(messages, (part[~is_among(part["message_id"].to_numpy(), known)] for part in parts))
    return messages[~messages["message_id"].isin(others["message_id"])]


def trace(part: pd.DataFrame, whole: pd.DataFrame) -> npt.NDArray[np.int64]:
    """The row in ``part`` of each message of ``whole``, into which ``part`` was merged; -1 for one that is not in it.

    A message whose id was replaced in the merge, because another part knows its real one, is found by its place.
    """
    found: npt.NDArray[np.int64] = pd.Index(part["message_id"]).get_indexer(pd.Index(whole["message_id"])).astype("int64")
    is_lost = np.ones(len(part), dtype=bool)
    is_lost[found[found >= 0]] = False
    if not is_lost.any():
        return found
    lost, free = _in_places(part[is_lost], np.flatnonzero(is_lost)), _in_places(whole[found < 0], np.flatnonzero(found < 0))
    matched = free.merge(lost, on=[*_PLACE, "number"], suffixes=("_whole", "_part"))
    found[matched["row_whole"].to_numpy()] = matched["row_part"].to_numpy()
    return found


def _in_places(messages: pd.DataFrame, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Where each message stands among those of its place, and its row."""
    messages = with_plain_senders(messages)
    placed = pd.DataFrame({"second": messages["sent_at"].dt.floor("s"), "sender": messages["sender"], "row": rows})
    placed["sender"] = placed["sender"].fillna("")
    return placed.assign(number=placed.groupby(_PLACE).cumcount())


def _without_old_ids(real: pd.DataFrame) -> pd.DataFrame:
    """Drop messages under the ids they had before their group became a supergroup, where those of after are there too.

    They are known by their time: the supergroup's own message with that id is a later one.
    """
    older = real[real["message_id"].between(MIGRATED_SHIFT, -1)]
    if older.empty:
        return real
    before = pd.MultiIndex.from_arrays([older["message_id"] - MIGRATED_SHIFT, older["sent_at"]])
    return real[~pd.MultiIndex.from_frame(real[["message_id", "sent_at"]]).isin(before)]


def is_made(ids: pd.Series) -> np.ndarray:
    """Which ids are made ones."""
    return (ids < -_MADE_IDS).to_numpy()


def _unique(real: pd.DataFrame) -> pd.DataFrame:
    """One row an id, the same whatever the rows' order."""
    if real["message_id"].is_unique:
        return real
    ordered = real.sort_values(["sender", "sent_at"], na_position="last", kind="stable")
    return with_best_topics(ordered.drop_duplicates("message_id", keep="first"), real)


def _numbered(made: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Add ``second`` and running ``number`` to lines without ids; it begins after the real ones of that place."""
    placed = made.assign(second=made["sent_at"].dt.floor("s"))
    taken = _taken(placed, real)
    return placed.assign(number=placed.groupby(_PLACE, dropna=False).cumcount().to_numpy() + taken)


def _taken(placed: pd.DataFrame, real: pd.DataFrame) -> np.ndarray:
    """Count for every line the messages with real ids in its place."""
    counts = real.assign(second=real["sent_at"].dt.floor("s")).groupby(_PLACE, dropna=False).size()
    if counts.empty:
        return np.zeros(len(placed), dtype="int64")
    counted = placed[_PLACE].merge(counts.rename("taken").reset_index(), on=_PLACE, how="left")
    return counted["taken"].fillna(0).astype("int64").to_numpy()


def _joined(real: pd.DataFrame, numbered: pd.DataFrame) -> pd.DataFrame:
    """Join the messages with real ids and those without whose place is not one of theirs; these get made ids."""
    free = numbered[numbered["number"] >= _taken(numbered, real)]
    free = free.sort_values("sent_at", kind="stable").drop_duplicates([*_PLACE, "number"], keep="first")
    seconds = free["second"].dt.as_unit("s").astype("int64")
    senders = free["sender"].astype(object).where(free["sender"].notna(), "")
    ids = [_made_id(second, sender, number) for second, sender, number in zip(seconds, senders, free["number"], strict=True)]
    made = free.assign(message_id=pd.Series(ids, index=free.index, dtype="int64"))
    dtypes = message_dtypes(real, made)
    return order_messages(pd.concat([table.reindex(columns=[*dtypes]).astype(dtypes) for table in (real, made)]))


def _made_id(second: int, sender: str, number: int) -> int:
    digest = hashlib.blake2b(f"{second} {sender} {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % _MADE_IDS - 2 * _MADE_IDS
