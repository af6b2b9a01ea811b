"""Making and storing the days of an asset, one after the other: written once, for all six.

Belongs here: the loop over the days of a run, progress, storing, attaching metadata.
Does not belong here: any one asset, or computing a day.

Days are streamed: each is made when its turn comes, so that a range of years needs the memory of a few days. In a long range
workers make days ahead (:mod:`chat_forecast.pipeline.worker_processes`); they read only what earlier assets have stored.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline import worker_processes
from chat_forecast.pipeline.assets.asset_task import AssetTask, MakeDays, Metadata, ReadyDay
from chat_forecast.pipeline.event_batches import describe_partitions
from chat_forecast.pipeline.partitions import days_of_run
from chat_forecast.pipeline.resources import Resources
from chat_forecast.settings.models import Chat
from chat_forecast.storage.locks import Held
from chat_forecast.storage.partitions import ChatStorage

Progress = Callable[[str, int, int], None]
"""Called with an asset's name, the days done and the days to do."""

DAYS_PER_COPY = 30
"""In a long range, this many days are stored between two calls of ``meanwhile`` (:meth:`AssetRun.store`)."""
WRITERS = 2
"""This many days are written at once: writing a file is ten times as much waiting for the disk as computing."""


def no_progress(_asset: str, _done: int, _total: int) -> None:
    """Show no progress."""


class AssetRun:
    """One asset in one run: its days, and where they are stored."""

    def __init__(self, context: dg.AssetExecutionContext, chat: Chat, stores: Resources, progress: Progress) -> None:
        self.context = context
        self.chat = chat
        self.stores = stores
        self.asset = context.asset_key.path[-1]
        self.days = days_of_run(context, chat)
        self._progress = progress
        self._done = 0

    @property
    def storage(self) -> ChatStorage:
        """The chat's stored partitions."""
        return self.stores.storages.of(self.chat)

    def say(self, phrase: str) -> None:
        """Tell people what takes long, in the run's log and beside its progress."""
        self.context.log.warning(phrase)
        self._progress(phrase, self._done, len(self.days))

    @property
    def task(self) -> AssetTask:
        """What this process or a worker needs to make the days."""
        return AssetTask(self.chat, self.storage, self.asset, self.days[-1], self.stores.reports_url)

    def make(self, make: MakeDays, block: int = worker_processes.BLOCK_DAYS) -> None:
        """Make each day and store it; in a long range, workers make a ``block`` of days at once. Raises as :meth:`store`."""
        with worker_processes.workers_for(len(self.days), worker_processes.LEAST_DAYS) as workers:
            self.store(workers.make_days(make, self.task, self.days, block))

    def store(self, made: Iterable[ReadyDay], meanwhile: Callable[[], object] | None = None, at_once: int = WRITERS) -> None:
        """Store each day and describe it to the UI, holding the chat's lock.

        ``made`` yields the days in order. ``at_once`` days are written at the same time: 1 where making a day takes minutes,
        so that each is stored before the next one is asked for. ``meanwhile`` is called whenever :data:`DAYS_PER_COPY` more
        days are stored and as many are left.

        Raises:
            StoredFileError: a day could not be stored; those before it are, and maybe the one after it.
            LockLost: the chat may be another process's by now; nothing more is stored.
        """
        total = len(self.days)
        with self.storage.lock() as held:
            self.storage.expect_zone()  # else days of two zones would lie side by side
            self._progress(self.asset, 0, total)
            described: dict[LocalDay, Metadata] = {}
            for day, said in self._written(held, made, at_once):
                described[day] = said
                self._done = len(described)
                if meanwhile is not None and self._done % DAYS_PER_COPY == 0 and total - self._done >= DAYS_PER_COPY:
                    meanwhile()
                self._progress(self.asset, self._done, total)
        self.describe(described)

    def _written(self, held: Held, made: Iterable[ReadyDay], at_once: int) -> Iterator[tuple[LocalDay, Metadata]]:
        """Write the days, and yield each with its metadata once it and those before it are written."""
        write = self.storage.write_content
        with ThreadPoolExecutor(at_once) as writers:
            waiting: deque[tuple[LocalDay, Metadata, Future[None]]] = deque()
            for day, ready in zip(self.days, made, strict=True):
                held.expect()
                begun = writers.submit(write, self.asset, day, ready.content)
                waiting.append((day, ready.metadata, begun))
                if len(waiting) == at_once:
                    yield _when_written(*waiting.popleft())
            while waiting:
                yield _when_written(*waiting.popleft())

    def describe(self, metadata: Mapping[LocalDay, Metadata]) -> None:
        """Add metadata to the materialisation events of days."""
        describe_partitions(self.context, {day.key: said for day, said in metadata.items()})


def _when_written(day: LocalDay, said: Metadata, begun: Future[None]) -> tuple[LocalDay, Metadata]:
    begun.result()
    return day, said
