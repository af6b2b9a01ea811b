"""What an archive holds in memory: its messages, which imports brought each, and the ledger.

Belongs here: adding imports, taking one out, and what is known then.
Does not belong here: the file (:mod:`.archive`).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, reduce

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Places, in_few_bytes, looked_up
from chat_forecast.domain.chunked_union import can_union_in_chunks, union_in_chunks
from chat_forecast.domain.deduplication import merge_batches, trace
from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.domain.messages import MessageBatch, empty_messages
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.topics import with_best_topics, with_known_ends
from chat_forecast.domain.unread_silences import known_intervals
from chat_forecast.large_columns import by_parts, in_parts
from chat_forecast.storage.archive_ledger import ImportRecord, Ledger
from chat_forecast.storage.replacing import Holding, held, is_inside

Sets = Places
"""For each message the place of its set in :attr:`~.archive_ledger.Ledger.sets`, in as few bytes as it takes."""


@dataclass(frozen=True)
class NewImport:
    """One chat of one file, to be added."""

    batch: MessageBatch
    """Its messages, each with an id, and what its file spans."""
    unread: ReadIntervals = field(default_factory=ReadIntervals)
    """Silences that were not read."""
    chat: HeldChat = field(default_factory=HeldChat)
    file: str | None = None
    holding: Holding = field(default_factory=Holding)
    """What it covers, if it stands instead of older ones."""
    whole: str | None = None
    """Its fingerprint, where it was cut."""

    def within(self, held: ReadIntervals) -> "NewImport":
        """The same import, as far as it holds something."""
        messages = self.batch.messages
        inside = messages[is_inside(messages["sent_at"], held)].reset_index(drop=True)
        batch = MessageBatch(inside, self.batch.read_intervals.within(held))
        return replace(self, batch=batch, holding=replace(self.holding, holds=held), whole=self.fingerprint)

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same messages of the same chat."""
        if self.whole is not None:
            return self.whole
        digest, messages = hashlib.blake2b(f"{self.chat.chat_id}".encode(), digest_size=16), self.batch.messages
        ids, instants = messages["message_id"].to_numpy(dtype="int64"), pd.DatetimeIndex(messages["sent_at"]).asi8
        for column in (ids, instants):
            for rows in in_parts(len(column)):
                digest.update(np.ascontiguousarray(column[rows]).data)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ArchiveContents:
    """The messages of an archive, the set of imports of each, and the ledger."""

    messages: pd.DataFrame = field(default_factory=empty_messages)
    sets: Sets = field(default_factory=lambda: np.zeros(0, dtype="int8"))
    ledger: Ledger = field(default_factory=Ledger)

    @property
    def read_intervals(self) -> ReadIntervals:
        """What the imports read together."""
        return known_intervals(
            ((record.spans, record.unread) for record in self.ledger.imports),
            self.messages["sent_at"],
            trusted=self.ledger.trusted,
            missing=self.ledger.missing,
        )

    @property
    def batch(self) -> MessageBatch:
        """The messages and what is known."""
        return MessageBatch(self.messages, self.read_intervals)

    def with_imports(self, imports: Sequence[NewImport], at: datetime | None) -> "ArchiveContents":
        """Add imports; a file whose messages were imported before under its name adds nothing."""
        fresh = {(each.fingerprint, each.file): each for each in imports}
        known = [(record.fingerprint or "", record.file) for record in self.ledger.imports]
        again = [fresh.pop(key) for key in known if key in fresh]
        left, added = self._with_topics_of(again)._beside(list(fresh.values()))
        if not added:
            return left
        filled = [table for table in (left.messages, *(each.batch.messages for each in added)) if len(table)]
        if len(filled) > 1 and can_union_in_chunks(*filled):
            return reduce(lambda contents, each: contents._united_with(each, at), added, left)
        merged = merge_batches([MessageBatch(left.messages), *(each.batch for each in added)]).messages
        contents = ArchiveContents(merged, *left._carried_to(merged))
        for each in added:
            contents = contents._with_record(each, at)
        return contents

    def _with_topics_of(self, again: Sequence[NewImport]) -> "ArchiveContents":
        """The same messages with the topics that files know which were imported before topics were kept."""
        tables = [each.batch.messages for each in again if "topic_id" in each.batch.messages.columns]
        if not tables:
            return self
        messages = with_known_ends(with_best_topics(self.messages, pd.concat([*tables, self.messages])))
        return self if messages.equals(self.messages) else replace(self, messages=messages)

    def _beside(self, added: list[NewImport]) -> tuple["ArchiveContents", list[NewImport]]:
        """The contents and those of some new imports that hold something, each with only what it holds."""
        records = [each for each in self.ledger.imports if not each.holding.covers.is_empty]
        replacing = [each for each in added if not each.holding.covers.is_empty]
        if not replacing:
            return self, added
        shares = held([*(each.holding for each in records), *(each.holding for each in replacing)])
        contents = self
        for record, share in zip(records, shares, strict=False):
            if share != record.holding.holds:
                contents = contents._with_less(record, share)
        cut = [each.within(share) for each, share in zip(replacing, shares[len(records) :], strict=True)]
        joined = [each for each in added if each.holding.covers.is_empty]
        return contents, [*joined, *(each for each in cut if len(each.batch.messages))]

    def _with_less(self, record: ImportRecord, share: ReadIntervals) -> "ArchiveContents":
        """The contents when an import holds less than before: others stand instead of it."""
        is_lost = ~is_inside(self.messages["sent_at"], share).to_numpy()
        sets, places = list(self.ledger.sets), in_few_bytes(self.sets, 2 * len(self.ledger.sets))
        for place in np.sort(pd.unique(places[is_lost])):
            sets.append(sets[place] - {record.number})
            places[is_lost & (self.sets == place)] = len(sets) - 1
        is_left = np.array([bool(numbers) for numbers in sets], dtype=bool)[places]
        compact, kept = _compact(sets, places[is_left])
        count = sum(int((kept == place).sum()) for place, numbers in enumerate(compact) if record.number in numbers)
        holding = replace(record.holding, holds=share)
        changed = replace(record, spans=record.spans.within(share), messages=count, holding=holding)
        imports = tuple(changed if each.number == record.number else each for each in self.ledger.imports)
        messages = self.messages[is_left].reset_index(drop=True)
        return ArchiveContents(messages, kept, replace(self.ledger, imports=imports, sets=compact))

    def without_import(self, number: int) -> "ArchiveContents":
        """Take an import out, with the messages that it alone brought."""
        left = [numbers - {number} for numbers in self.ledger.sets]
        is_left = np.array([bool(numbers) for numbers in left], dtype=bool)[self.sets]
        sets, places = _compact(left, self.sets[is_left])
        records = tuple(_importable_again(record) for record in self.ledger.imports if record.number != number)
        messages = self.messages[is_left].reset_index(drop=True)
        return ArchiveContents(messages, places, replace(self.ledger, imports=records, sets=sets))

    def only_of(self, number: int) -> pd.DataFrame:
        """The messages that one import alone brought."""
        is_alone = np.array([numbers == {number} for numbers in self.ledger.sets], dtype=bool)
        return self.messages[is_alone[self.sets]] if len(self.messages) else self.messages

    def with_ledger(self, change: Callable[[Ledger], Ledger]) -> "ArchiveContents":
        """The same messages under a changed ledger."""
        return replace(self, ledger=change(self.ledger))

    def _united_with(self, added: NewImport, at: datetime | None) -> "ArchiveContents":
        """The contents with an import, where a table of all would be too much for memory."""
        sets, number, places = (*self.ledger.sets, frozenset[int]()), self.ledger.next_number, self.sets
        marks = by_parts(len(places), "int64", lambda rows: 2 * places[rows].astype("int64"))
        messages, marks = union_in_chunks(self.messages, added.batch.messages, marks, 2 * len(sets) - 1)
        counts = np.sum([np.bincount(marks[rows], minlength=2 * len(sets)) for rows in in_parts(len(marks))], axis=0)
        compact, of_messages = _compact([each for numbers in sets for each in (numbers, numbers | {number})], marks)
        contents = ArchiveContents(messages, of_messages, self.ledger)
        return contents._recorded(added, at, of_messages, compact, int(counts[1::2].sum()), int(counts[-1]))

    def _carried_to(self, merged: pd.DataFrame) -> tuple[Sets, Ledger]:
        """The sets of the messages after a merge; those that are new have the empty set."""
        sets = (*self.ledger.sets, frozenset[int]())
        if not len(self.messages):
            last = in_few_bytes(np.array([len(sets) - 1]), len(sets))
            return np.broadcast_to(last[0], len(merged)), replace(self.ledger, sets=sets)
        rows, places = trace(self.messages, merged), in_few_bytes(self.sets, len(sets))
        return np.where(rows >= 0, places[rows], places.dtype.type(len(sets) - 1)), replace(self.ledger, sets=sets)

    def _with_record(self, added: NewImport, at: datetime | None) -> "ArchiveContents":
        number, sets = self.ledger.next_number, list(self.ledger.sets)
        if self._is_first(added):
            one = np.zeros(1, dtype="int8")
            count = len(self.messages)
            return self._recorded(added, at, np.broadcast_to(one[0], count), (frozenset({number}),), count, count)
        places = in_few_bytes(self.sets, 2 * len(sets))
        is_all = len(added.batch.messages) == len(self.messages)
        has = np.ones(len(places), dtype=bool) if is_all else trace(added.batch.messages, self.messages) >= 0
        of_import = places if is_all else places[has]
        new = sum(int(np.count_nonzero(of_import == place)) for place, numbers in enumerate(sets) if not numbers)
        for place in np.sort(pd.unique(of_import)):
            sets.append(sets[place] | {number})
            places[has & (self.sets == place)] = len(sets) - 1
        compact, places = _compact(sets, places)
        return self._recorded(added, at, places, compact, int(has.sum()), new)

    def _is_first(self, added: NewImport) -> bool:
        """Whether the whole archive is just a new import, as it often is: no message has a place of its own then."""
        is_one_set = self.sets.strides == (0,) and len(self.sets) > 0 and not self.ledger.sets[self.sets[0]]
        return is_one_set and len(added.batch.messages) == len(self.messages)

    def _recorded(
        self, added: NewImport, at: datetime | None, places: Sets, sets: Sequence[frozenset[int]], messages: int, new: int
    ) -> "ArchiveContents":
        """The same messages with a record of an import, which has so many of them, and brought so many new ones."""
        number = self.ledger.next_number
        record = ImportRecord(
            number=number,
            spans=added.batch.read_intervals,
            messages=messages,
            new=new,
            imported_at=at,
            file=added.file,
            chat=added.chat.without_names,
            unread=added.unread,
            fingerprint=added.fingerprint,
            holding=added.holding,
        )
        ledger = replace(self.ledger, imports=(*self.ledger.imports, record), sets=tuple(sets), next_number=number + 1)
        return ArchiveContents(self.messages, places, ledger)


def _importable_again(record: ImportRecord) -> ImportRecord:
    """A record of an import of which another one held a part: its file is no repetition, if that one is out."""
    return record if record.holding.holds == record.holding.covers else replace(record, fingerprint=None)


def _compact(sets: Sequence[frozenset[int]], places: Sets) -> tuple[tuple[frozenset[int], ...], Sets]:
    """Each used set once, in an order of its own."""
    seen = {place for rows in in_parts(len(places)) for place in pd.unique(places[rows]).tolist()}
    used = sorted({sets[place] for place in seen}, key=sorted)
    position = {numbers: place for place, numbers in enumerate(used)}
    mapping = in_few_bytes(np.array([position.get(numbers, -1) for numbers in sets], dtype="int64"), len(used))
    return tuple(used), looked_up(mapping, places)
