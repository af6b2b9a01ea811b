"""Reading the files of an import: one chat a file, or the two halves of one.

Belongs here: pseudonyms instead of senders, times that cannot be right, and files that hold only a part.
Does not belong here: file formats (:mod:`chat_forecast.sources.exports`), and joining the archive (:mod:`.importing`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import code_type, codes_of, looked_up, with_column
from chat_forecast.domain.chunked_tables import drop_rows, positions_where
from chat_forecast.domain.external_sort import sort_large_by_id
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.topics import GENERAL, NOBODY_KNOWS, counts_of_topics, topics_of_replies
from chat_forecast.sources.exports.base import FileChat, Progress, RefusedFileError, Tally, join_batches
from chat_forecast.sources.exports.calendar_limits import shown_time
from chat_forecast.sources.exports.detect import read_file
from chat_forecast.sources.exports.partial_exports import why_partial
from chat_forecast.sources.exports.telegram_entries import storable
from chat_forecast.sources.pseudonyms import Pseudonyms

EARLIEST = pd.Timestamp("1990-01-01", tz="UTC")
"""Older than any chat that there is: an earlier time is a fault of the file."""
HIGHEST_SHARE_IMPOSSIBLE = 0.01
"""A file with more messages of impossible times than that, rounded up, is refused: its times are read wrongly."""
FEWEST_FOR_A_SHARE = 20
"""In a file of fewer messages, no time may be impossible."""
SHOWN_TIMES = 3
SHOWN_TOPICS = 12


@dataclass(frozen=True)
class ImportOptions:
    """What a person says about the files of one import."""

    file_timezone: str | None = None
    """The zone of times that do not tell theirs; the chat's by default."""
    chat_id: int | str | None = None
    """Which chat to take from an export of several: its id or its title."""
    date_order: str | None = None
    """How dates are written that could be read in several ways: ``dmy``, ``mdy`` or ``ymd``."""
    is_partial_accepted: bool = False
    """Whether a file that holds only a part of its chat is taken."""
    is_same_chat: bool = False
    """Whether a file of another chat id holds the same chat."""
    is_silence_trusted: bool = False
    """Whether silences across which ids jump were really silent."""
    missing: ReadIntervals = field(default_factory=ReadIntervals)
    """Where messages are missing, whatever the files show."""
    is_forum: bool = False
    """Whether the chat has topics, also where a file does not show it."""


@dataclass(frozen=True)
class Reading:
    """One chat of one file, as read: ids as written, senders as pseudonyms."""

    path: Path
    found: FileChat
    messages: pd.DataFrame
    is_partial: bool = False
    """Whether it must hold only a part of the chat, and is taken all the same."""


def read_chats(
    path: Path,
    timezone: str | None,
    options: ImportOptions,
    pseudonyms: Pseudonyms,
    now: datetime | None,
    tally: Tally,
    progress: Progress,
    together: Sequence[Path] = (),
) -> list[Reading]:
    """The chat of a file, perhaps in two halves, as far as it has messages; ``together`` are all files of the import."""
    readings = []
    zone = options.file_timezone or timezone
    read = partial(read_file, chat_id=options.chat_id, date_order=options.date_order, together=together)
    try:
        for found in read(path, timezone=zone, tally=tally, progress=progress):
            taken = _with_topics(found, _with_pseudonyms(found, pseudonyms), is_forum=options.is_forum)
            if not taken.empty:
                messages = _ordered(found, _without_impossible_times(path, taken, now, tally))
                tally.notes += _about_topics(messages)
                rest = replace(found, batches=(), replies=None)  # what was made of them is enough to hold in memory
                readings.append(Reading(path, _with_title_key(rest, pseudonyms), messages))
    except OSError as error:
        raise RefusedFileError(path, f"it cannot be read: {error.strerror or error}.") from error
    if not readings:
        raise RefusedFileError(
            path, "it holds no message with a date: only service entries, or nothing. Is it the right chat?"
        )
    return [_accepted(reading, pseudonyms, options) for reading in readings]


def _with_title_key(found: FileChat, pseudonyms: Pseudonyms) -> FileChat:
    """A chat that is known again by its title, where it has no id, and the title is not kept."""
    chat = replace(found.chat, title=_storable(found.chat.title), written_id=_storable(found.chat.written_id))
    found = replace(found, chat=chat)
    title = "".join(each for each in (found.chat.title or "").casefold() if each.isalnum())
    if not title or found.chat.program is None:
        return found
    return replace(found, chat=replace(found.chat, title_key=pseudonyms.of(f"title {title}")))


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _accepted(reading: Reading, pseudonyms: Pseudonyms, options: ImportOptions) -> Reading:
    """A reading that holds its whole chat, or a part that a person accepts."""
    why = why_partial(reading.found, reading.messages, pseudonyms.of(reading.found.exporter))
    if why is not None and not options.is_partial_accepted:
        raise RefusedFileError(reading.path, why)
    return replace(reading, is_partial=why is not None)


def _with_pseudonyms(found: FileChat, pseudonyms: Pseudonyms) -> pd.DataFrame:
    """All messages of a chat, with pseudonyms, ``message_id`` still NA where the file has none."""
    messages = join_batches(found.batches)
    of_senders = [pseudonyms.of(sender) for sender in messages["sender"].cat.categories]
    names = pd.Index([name for name in dict.fromkeys(of_senders) if name is not None], dtype="str")
    places = np.append(names.get_indexer(pd.Index(of_senders, dtype="str")), -1).astype(code_type(len(names)))
    codes = looked_up(places, codes_of(messages["sender"]))
    return with_column(messages, "sender", pd.Categorical.from_codes(codes, names, validate=False))


def _with_topics(found: FileChat, messages: pd.DataFrame, *, is_forum: bool) -> pd.DataFrame:
    """The messages of a forum with their topics; those of any other chat as they are."""
    if found.replies is None or not (found.is_forum or is_forum):
        return messages
    ids = messages["message_id"].to_numpy(dtype="int64", na_value=0)
    return messages.assign(topic_id=topics_of_replies(ids, found.replies.to_numpy()))


def _about_topics(messages: pd.DataFrame) -> list[str]:
    """Which topics a file has, by their ids: titles are what somebody wrote."""
    counts = [(topic, count) for topic, count in counts_of_topics([messages]).items() if topic != NOBODY_KNOWS]
    if not counts:
        return []
    shown = ", ".join(f"{'1 (General)' if topic == GENERAL else topic}: {count:,}" for topic, count in counts[:SHOWN_TOPICS])
    more = ", …" if len(counts) > SHOWN_TOPICS else ""
    return [f"a forum; messages by the topic's id: {shown}{more}. A topic can be a chat of its own: [chats.<slug>.topics]"]


def _ordered(found: FileChat, messages: pd.DataFrame) -> pd.DataFrame:
    """Millions of messages in the order of the ids that their chat gave them; others in that of the file."""
    is_of_chat = not found.chat.has_account_ids and found.chat.was_group is None
    return sort_large_by_id(messages) if is_of_chat else messages


def _without_impossible_times(path: Path, messages: pd.DataFrame, now: datetime | None, tally: Tally) -> pd.DataFrame:
    """The messages whose times can be right; the tally counts the others.

    Raises:
        RefusedFileError: there are more than a few others.
    """
    sent_at = messages["sent_at"]
    end = pd.Timestamp(now).tz_convert("UTC").normalize() + pd.Timedelta(days=2) if now else None

    def are_impossible(some: pd.Series) -> pd.Series:
        return ~((some >= EARLIEST) & (some < end) if end is not None else some >= EARLIEST)

    places = positions_where(sent_at, are_impossible)
    if not len(places):
        return messages
    count, wrong = len(places), sent_at.iloc[places].dropna()
    tally.impossible += count
    tally.impossible_shown += [shown_time(instant) for instant in wrong.head(SHOWN_TIMES)]
    allowed = math.ceil(HIGHEST_SHARE_IMPOSSIBLE * len(messages)) if len(messages) >= FEWEST_FOR_A_SHARE else 0
    if count > allowed:
        what = "in the future" if len(wrong) and wrong.iloc[0] >= EARLIEST else "before any chat, or no time at all"
        example = f"{tally.impossible_shown[0]}: {what}" if tally.impossible_shown else what
        raise RefusedFileError(
            path,
            f"{count} of its {len(messages)} messages have a time that cannot be right ({example}). Correct the times, or "
            "this computer's clock.",
        )
    return drop_rows(messages, places)
