"""An archive in memory: its messages, which imports brought each, and the ledger of imports.

Belongs here: adding imports, taking one out, and what is known after that.
Does not belong here: the file (:mod:`.archive`), or how import sets are kept (:mod:`.import_sets`).

Adding imports goes as follows (:meth:`ArchiveContents.with_imports`):

1. What was imported before under the same name adds nothing, but for topics that were not kept then.
2. A newer export without ids stands instead of older ones, which then hold less (:mod:`.replacing`).
3. The messages of all are merged, each once. Millions are merged in parts, so that no table of all is in memory.
4. Each import gets a record in the ledger, and its number goes into the import sets of its messages.

A message stays as long as its import set is not empty.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, reduce

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import in_few_bytes
from chat_forecast.domain.chunked_union import can_union_in_chunks, union_in_chunks
from chat_forecast.domain.deduplication import merge_batches, trace
from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.domain.messages import MessageBatch, empty_messages
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.topics import with_best_topics, with_known_ends
from chat_forecast.domain.unread_silences import known_intervals
from chat_forecast.large_columns import by_parts, in_parts
from chat_forecast.storage.archive_ledger import ImportRecord, Ledger
from chat_forecast.storage.import_sets import Codes, ImportSet, changed, compacted, mask_where
from chat_forecast.storage.replacing import Holding, held, is_inside


@dataclass(frozen=True)
class NewImport:
    """One chat of one file, to be added."""

    batch: MessageBatch
    """The messages, each with an id, and the interval that the file spans."""
    unread: ReadIntervals = field(default_factory=ReadIntervals)
    """Silences that count as not read."""
    chat: HeldChat = field(default_factory=HeldChat)
    file: str | None = None
    holding: Holding = field(default_factory=Holding)
    """What it covers, if it stands instead of older ones."""
    whole: str | None = None
    """The fingerprint of the whole import, if this is a part of it."""

    def within(self, held: ReadIntervals) -> "NewImport":
        """The part of the import in the intervals that it holds."""
        messages = self.batch.messages
        inside = messages[is_inside(messages["sent_at"], held)].reset_index(drop=True)
        batch = MessageBatch(inside, self.batch.read_intervals.within(held))
        return replace(self, batch=batch, holding=replace(self.holding, holds=held), whole=self.fingerprint)

    @cached_property
    def fingerprint(self) -> str:
        """A hash that is equal for the same messages of the same chat."""
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
    """The messages of an archive, the import set of each, and the ledger."""

    messages: pd.DataFrame = field(default_factory=empty_messages)
    set_codes: Codes = field(default_factory=lambda: np.zeros(0, dtype="int8"))
    """For each message, the position of its import set in :attr:`.Ledger.sets`."""
    ledger: Ledger = field(default_factory=Ledger)

    @property
    def read_intervals(self) -> ReadIntervals:
        """What the imports have read, all together."""
        return known_intervals(
            ((record.spans, record.unread) for record in self.ledger.imports),
            self.messages["sent_at"],
            trusted=self.ledger.trusted,
            missing=self.ledger.missing,
        )

    @property
    def batch(self) -> MessageBatch:
        """The messages, and what was read."""
        return MessageBatch(self.messages, self.read_intervals)

    def with_imports(self, imports: Sequence[NewImport], at: datetime | None) -> "ArchiveContents":
        """Add imports, made ``at`` an instant; a file whose messages were imported before under its name adds nothing."""
        fresh = {(each.fingerprint, each.file): each for each in imports}
        known = [(record.fingerprint or "", record.file) for record in self.ledger.imports]
        again = [fresh.pop(key) for key in known if key in fresh]
        left, added = self._with_topics_of(again)._with_shares(list(fresh.values()))
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

    def without_import(self, number: int) -> "ArchiveContents":
        """Take an import out, with the messages that it alone brought."""
        left = [each - {number} for each in self.ledger.sets]
        is_left = mask_where(left, self.set_codes, bool)
        sets, codes = compacted(left, self.set_codes[is_left])
        records = tuple(_importable_again(record) for record in self.ledger.imports if record.number != number)
        messages = self.messages[is_left].reset_index(drop=True)
        return ArchiveContents(messages, codes, replace(self.ledger, imports=records, sets=sets))

    def only_of(self, number: int) -> pd.DataFrame:
        """The messages that one import alone brought."""
        if not len(self.messages):
            return self.messages
        return self.messages[mask_where(self.ledger.sets, self.set_codes, lambda each: each == {number})]

    def with_ledger(self, change: Callable[[Ledger], Ledger]) -> "ArchiveContents":
        """The same messages under a changed ledger."""
        return replace(self, ledger=change(self.ledger))

    def _with_topics_of(self, again: Sequence[NewImport]) -> "ArchiveContents":
        """Add the topics that repeated imports know, for messages that were imported before topics were kept."""
        tables = [each.batch.messages for each in again if "topic_id" in each.batch.messages.columns]
        if not tables:
            return self
        messages = with_known_ends(with_best_topics(self.messages, pd.concat([*tables, self.messages])))
        return self if messages.equals(self.messages) else replace(self, messages=messages)

    def _with_shares(self, added: list[NewImport]) -> tuple["ArchiveContents", list[NewImport]]:
        """Divide the time among the exports that stand instead of one another: each keeps what it holds (:func:`.held`).

        Returns the contents with what the old ones still hold, and the new imports that hold something, cut to it.
        """
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
        """Reduce an import to the share of time that it still holds, with the messages that no import has any more."""
        number = record.number
        is_lost = ~is_inside(self.messages["sent_at"], share).to_numpy()
        sets, codes = changed(self.ledger.sets, self.set_codes, is_lost, lambda each: each - {number})
        is_left = mask_where(sets, codes, bool)
        compact, kept = compacted(sets, codes[is_left])
        count = sum(int((kept == code).sum()) for code, each in enumerate(compact) if number in each)
        holding = replace(record.holding, holds=share)
        reduced = replace(record, spans=record.spans.within(share), messages=count, holding=holding)
        imports = tuple(reduced if each.number == number else each for each in self.ledger.imports)
        messages = self.messages[is_left].reset_index(drop=True)
        return ArchiveContents(messages, kept, replace(self.ledger, imports=imports, sets=compact))

    def _united_with(self, added: NewImport, at: datetime | None) -> "ArchiveContents":
        """Merge in an import in parts, and record it: for archives of which a table of all is too much for memory.

        While they are merged, a message's mark is twice its code, plus 1 if the import has it too; what the import alone has
        is marked as of an empty set at the end.
        """
        sets, number, codes = (*self.ledger.sets, frozenset[int]()), self.ledger.next_number, self.set_codes
        marks = by_parts(len(codes), "int64", lambda rows: 2 * codes[rows].astype("int64"))
        messages, marks = union_in_chunks(self.messages, added.batch.messages, marks, 2 * len(sets) - 1)
        counts = np.sum([np.bincount(marks[rows], minlength=2 * len(sets)) for rows in in_parts(len(marks))], axis=0)
        compact, of_messages = compacted([each for before in sets for each in (before, before | {number})], marks)
        contents = ArchiveContents(messages, of_messages, self.ledger)
        return contents._recorded(added, at, of_messages, compact, int(counts[1::2].sum()), int(counts[-1]))

    def _carried_to(self, merged: pd.DataFrame) -> tuple[Codes, Ledger]:
        """The import sets of messages after a merge; those that are new have the empty set, until they are recorded."""
        sets = (*self.ledger.sets, frozenset[int]())
        ledger = replace(self.ledger, sets=sets)
        if not len(self.messages):
            return _repeated(len(sets) - 1, len(merged), highest=len(sets)), ledger
        rows, codes = trace(self.messages, merged), in_few_bytes(self.set_codes, len(sets))
        return np.where(rows >= 0, codes[rows], codes.dtype.type(len(sets) - 1)), ledger

    def _with_record(self, added: NewImport, at: datetime | None) -> "ArchiveContents":
        """Record an import whose messages have been merged in."""
        number, sets, codes = self.ledger.next_number, self.ledger.sets, self.set_codes
        if self._is_first(added):
            count = len(self.messages)
            return self._recorded(added, at, _repeated(0, count, highest=0), (frozenset({number}),), count, count)
        is_all = len(added.batch.messages) == len(self.messages)
        has = np.ones(len(codes), dtype=bool) if is_all else trace(added.batch.messages, self.messages) >= 0
        of_import = codes if is_all else codes[has]
        new = sum(int(np.count_nonzero(of_import == code)) for code, each in enumerate(sets) if not each)
        compact, codes = compacted(*changed(sets, codes, has, lambda each: each | {number}))
        return self._recorded(added, at, codes, compact, int(has.sum()), new)

    def _is_first(self, added: NewImport) -> bool:
        """Whether the archive is nothing but a new import: the most frequent case, in which all messages share one code."""
        is_one_set = self.set_codes.strides == (0,) and len(self.set_codes) > 0 and not self.ledger.sets[self.set_codes[0]]
        return is_one_set and len(added.batch.messages) == len(self.messages)

    def _recorded(
        self, added: NewImport, at: datetime | None, codes: Codes, sets: Sequence[ImportSet], messages: int, new: int
    ) -> "ArchiveContents":
        """The same messages with a record of an import, which has ``messages`` of them, ``new`` ones among these."""
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
        return ArchiveContents(self.messages, codes, ledger)


def _importable_again(record: ImportRecord) -> ImportRecord:
    """A record without its fingerprint, if other imports held a part: once one of those is out, its file may be imported."""
    return record if record.holding.holds == record.holding.covers else replace(record, fingerprint=None)


def _repeated(code: int, count: int, *, highest: int) -> Codes:
    """The same code for ``count`` messages, of which only one is in memory."""
    return np.broadcast_to(in_few_bytes(np.array([code]), highest)[0], count)
