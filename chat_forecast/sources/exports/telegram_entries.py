"""The entries of one chat in an export of Telegram Desktop: messages, service entries, and what is unknown.

Belongs here: taking entries as they come, and turning them into batches.
Does not belong here: finding the chats in a file (:mod:`.telegram_desktop`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pandas as pd

from chat_forecast.domain.deduplication import LOWEST_REAL_ID
from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.domain.topics import ELSEWHERE, HIGHEST_ID, NO_REPLY
from chat_forecast.sources.exports.base import BATCH_ROWS, BatchBuilder, Replies, Tally, make_batch, whole_numbers
from chat_forecast.sources.exports.calendar_limits import within_calendar
from chat_forecast.sources.exports.local_clock import LocalClock
from chat_forecast.sources.exports.unix_time import from_unix, whole_units

_LOCAL_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_SHOWN = 3
MEMBERS = ("id", "type", "date", "date_unixtime", "from_id", "action", "title", "reply_to_message_id", "reply_to_peer_id")
"""What is looked at of an entry."""
_MIGRATIONS = ("migrate_to_supergroup", "migrate_from_group")
_OF_FORUMS = ("topic_created", "topic_edit")
"""What only a forum has, as service entries."""


def storable(text: str) -> str:
    """The text without halves of signs, which bytes that are no UTF-8 and wrong escapes leave in it."""
    return text.encode("utf-8", "replace").decode()


class NoMessageError(ValueError):
    """An entry is not what Telegram Desktop writes; the message says what was found."""


class ZoneNeededError(ValueError):
    """An export of before 2022 needs the zone of its local times."""


@dataclass
class _Columns:
    """Parts of messages as found. Kept as lists of plain values, since rows would be work for the garbage collector."""

    ids: list[Any] = field(default_factory=list)
    unixtimes: list[Any] = field(default_factory=list)
    dates: list[Any] = field(default_factory=list)
    senders: list[Any] = field(default_factory=list)
    replies: list[Any] = field(default_factory=list)

    def add_other(self, entry: dict[str, Any]) -> None:
        """Take an entry that is no message."""
        self.ids.append(entry.get("id"))
        self.unixtimes.append(entry.get("date_unixtime"))
        self.dates.append(entry.get("date"))


@dataclass
class Entries:
    """What was read of one chat."""

    timezone: str | None
    """Of local times; without it an export that needs it is refused."""
    chat: HeldChat = field(default_factory=HeldChat)
    messages: int = 0
    """Those with a date, without service entries, whether kept or not."""
    tally: Tally = field(default_factory=Tally)
    kept: BatchBuilder = field(default_factory=BatchBuilder)
    is_forum: bool = False
    replies: Replies = field(default_factory=Replies)
    """What each kept message replies to."""
    _others: list[pd.DataFrame] = field(default_factory=list)

    @property
    def others(self) -> pd.DataFrame:
        """``message_id`` (``Int64``) and ``sent_at`` (UTC, NaT where unknown) of the entries that are no messages."""
        return pd.concat(self._others, ignore_index=True) if self._others else _others(_Columns(), None)

    def take(self, entries: Iterable[Any], *, is_wanted: bool) -> None:
        """Take the entries in the file's order; messages are kept if ``is_wanted``.

        Raises:
            NoMessageError: one is no entry of Telegram Desktop.
            ZoneNeededError: times are local, and no zone was given.
        """
        tally, found, others, first = self.tally, _Columns(), _Columns(), None
        clock = LocalClock(self.timezone, tally) if self.timezone else None
        for entry in entries:
            kind = entry.get("type") if isinstance(entry, dict) else None
            if kind == "message":
                if entry.get("date") is None and entry.get("date_unixtime") is None:
                    tally.unsupported += 1
                    others = self._with_other(others, entry)
                    continue
                self.messages += 1
                first = first or entry
                if is_wanted:  # not a call each: there are millions
                    found.ids.append(entry.get("id"))
                    found.unixtimes.append(entry.get("date_unixtime"))
                    found.dates.append(entry.get("date"))
                    found.senders.append(entry.get("from_id"))
                    found.replies.append(entry.get("reply_to_message_id"))
                    if "reply_to_peer_id" in entry:
                        found.replies[-1] = ELSEWHERE
                    if len(found.ids) == BATCH_ROWS:
                        self._keep(found, clock)
                        found = _Columns()
            elif kind == "service":
                tally.service += 1
                if entry.get("action") in _MIGRATIONS:
                    self._migrated(entry)
                self.is_forum |= entry.get("action") in _OF_FORUMS
                others = self._with_other(others, entry)
            elif isinstance(kind, str):
                tally.unsupported += 1
                others = self._with_other(others, entry)
            else:
                raise NoMessageError('found "messages" whose entries have no type')
        if found.ids:
            self._keep(found, clock)
        self._pack(others)
        if first is not None and isinstance(first.get("id"), int):
            self.chat = replace(self.chat, first_id=first["id"], first_message=self._sent_at(first))

    def _keep(self, found: _Columns, clock: LocalClock | None) -> None:
        self.kept.add(_batch(found, clock, self.tally))
        self.replies.add([NO_REPLY if each is None else _reply(each) for each in found.replies])

    def _with_other(self, others: _Columns, entry: dict[str, Any]) -> _Columns:
        """Take an entry that is no message; many of them are packed."""
        others.add_other(entry)
        if len(others.ids) < BATCH_ROWS:
            return others
        self._pack(others)
        return _Columns()

    def _pack(self, others: _Columns) -> None:
        found = _others(others, self.timezone) if others.ids else None
        if found is not None:
            self._others.append(found[found["message_id"].notna()])  # without an id it shows nothing

    def _sent_at(self, entry: dict[str, Any]) -> datetime | None:
        one = _Columns()
        one.add_other(entry)
        at = _others(one, self.timezone)["sent_at"].iloc[0]
        return None if pd.isna(at) else at.to_pydatetime()

    def _migrated(self, entry: dict[str, Any]) -> None:
        """Remember when the group became a supergroup, or the supergroup was made of a group."""
        when = self._sent_at(entry)
        if entry["action"] == "migrate_to_supergroup":
            self.chat = replace(self.chat, became_supergroup=when)
        else:
            title = entry.get("title")
            titled = storable(title) if isinstance(title, str) else None
            self.chat = replace(self.chat, was_group=when, was_group_titled=titled)


def _batch(found: _Columns, clock: LocalClock | None, tally: Tally) -> pd.DataFrame:
    try:
        numbers, unixtimes = whole_numbers(found.ids), _unixtimes(found.unixtimes)
    except ValueError:
        raise NoMessageError("found a message whose id or date_unixtime is no whole number, or too great") from None
    sent_at = from_unix(unixtimes)
    if not {str, int, type(None)}.issuperset(map(type, found.senders)):
        raise NoMessageError("found a message whose from_id is neither a text nor a number")
    if numbers.lt(LOWEST_REAL_ID).any():
        raise NoMessageError("found a message whose id is too low for one of Telegram's")
    if sent_at.isna().any():
        dates, is_local = pd.Series(found.dates, dtype=object), unixtimes.isna()
        if is_local.any():
            sent_at[is_local] = _from_clock(dates[is_local], clock)
        tally.impossible_shown += [str(each)[:19] for each in dates[sent_at.isna()].head(_SHOWN)]
    return make_batch(numbers, pd.DatetimeIndex(sent_at), found.senders)


def _reply(found: Any) -> int:  # noqa: ANN401 - any JSON
    """The id that is replied to, of the chat's own; what is odd in it leaves the topic unknown."""
    return found if type(found) is int and 0 < found < HIGHEST_ID else ELSEWHERE


def _unixtimes(found: list[Any]) -> pd.Series:
    """Unix times (``Int64``), NA where an entry has none; other programs that write such a file give them a fraction."""
    try:
        return whole_numbers(found)
    except ValueError:
        if not {str, int, float, type(None)}.issuperset(map(type, found)):
            raise
    try:
        units = whole_units(pd.Series([None if each == "" else each for each in found], dtype=object))
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None
    if units.isna().sum() > sum(each in (None, "") for each in found):
        raise ValueError("expected numbers of 64 bits")
    return units


def _from_clock(dates: pd.Series, clock: LocalClock | None) -> pd.Series:
    """Local dates as instants; NaT for one that never was."""
    if clock is None:
        raise ZoneNeededError
    if not dates.map(lambda each: isinstance(each, str) and _LOCAL_DATE.fullmatch(each) is not None).all():
        raise NoMessageError("found a message whose date is not a time such as 2020-01-31T09:15:00")
    local = pd.to_datetime(dates, format="%Y-%m-%dT%H:%M:%S", errors="coerce").dropna()
    return pd.Series(clock.to_utc(pd.DatetimeIndex(local)), index=local.index).reindex(dates.index)


def _others(found: _Columns, timezone: str | None) -> pd.DataFrame:
    """Entries that are no messages. What is odd in them is left unknown: nothing of them is counted."""
    ids = pd.to_numeric(pd.Series(found.ids, dtype=object), errors="coerce").astype("Float64").astype("Int64")
    unixtimes = pd.to_numeric(pd.Series(found.unixtimes, dtype=object), errors="coerce").astype("Float64").astype("Int64")
    sent_at = from_unix(unixtimes)
    is_local = sent_at.isna() & pd.Series([isinstance(each, str) for each in found.dates], dtype=bool)
    if timezone and is_local.any():
        local = pd.to_datetime(pd.Series(found.dates, dtype=object)[is_local], format="%Y-%m-%dT%H:%M:%S", errors="coerce")
        wall = within_calendar(pd.DatetimeIndex(local))
        zoned = wall.tz_localize(timezone, ambiguous="NaT", nonexistent="shift_forward").tz_convert("UTC")
        sent_at[is_local] = pd.Series(zoned, index=local.index)
    return pd.DataFrame({"message_id": ids, "sent_at": sent_at})
