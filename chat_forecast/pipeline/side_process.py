"""Processes beside that of a run, which compute what the run will store next, and copy what it has stored.

Belongs here: handing the days of a long range to other processes, and taking the results back in order.
Does not belong here: what is computed, which is a plain function of plain values.

Python uses one processor at a time in one process, and training a year of days takes minutes. Meanwhile the run's own
process stores what is done, and tells Dagster of it.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext, ForkServerContext
from typing import TypeVar, TypeVarTuple

from chat_forecast.domain.local_day import LocalDay

Given = TypeVarTuple("Given")
Task = TypeVar("Task")
Made = TypeVar("Made")

DEAF = "chat_forecast.pipeline.deaf_imports"
PRELOADED = "chat_forecast.pipeline.warm_imports"
PRELOADED_FOR_DAYS = "chat_forecast.pipeline.day_imports"
"""What is enough where nothing is trained: the processes are there sooner."""
ENOUGH = 10
"""For fewer results it does not pay to start a process, which takes as long as a few trainings."""
AHEAD = 8
"""How many results are computed before the first of them is taken; that many inputs are held in memory."""
ENOUGH_DAYS = 100
"""From so many days on, days that need no training are made in other processes too; a hundred take about ten seconds."""
DAYS_AT_ONCE = 30
"""So many days another process makes at once: what they look back on is read once for all of them."""
BLOCKS_AHEAD = 3
"""How many such blocks are made before the first of them is taken."""
ENOUGH_FOR_TWO = 60
"""From so many results on, two processes compute them: the run's own is idle for most of that time."""
NO_PROCESS = (EOFError, ImportError, NotImplementedError, OSError, RuntimeError)
"""Raised where no process can be had: the system lets none begin, or has no writable ``/dev/shm``; or where one was lost."""

_is_used = (os.cpu_count() or 1) > 1
_is_kept = False
_kept: "Beside | None" = None
"""The processes of the run under way, while they are kept for it."""


def use_none() -> None:
    """Compute everything in the run's own process: where runs of other chats keep the other processors busy."""
    global _is_used
    _is_used = False


class Beside:
    """A ``number`` of other processes; without any, what is asked of them is done here, at once."""

    def __init__(self, number: int, context: BaseContext | None = None) -> None:
        self.number = number
        self._pool: ProcessPoolExecutor | None = None
        self._greeting: threading.Thread | None = None
        if number:
            with suppress(*NO_PROCESS):
                self._pool = ProcessPoolExecutor(number, context or _fork_server(PRELOADED), _end_with_parent)

    @property
    def is_whole(self) -> bool:
        """Whether all of them could be started, and none was lost."""
        return self._pool is not None

    @property
    def is_up(self) -> bool:
        """Whether the first of them has begun, or none ever will; whoever asks for one waits while they import."""
        if self._greeting is None:
            self._greeting = threading.Thread(target=self._greet)
            self._greeting.start()
        return not self._greeting.is_alive()

    def _greet(self) -> None:
        """Wait until one of them has answered, or is lost, or the run ends before."""
        with suppress(CancelledError, RuntimeError):
            if (greeting := self.begin(os.getpid)) is not None:
                greeting.result()

    def end(self) -> None:
        """End the processes; what they have not begun is left undone."""
        if (pool := self._pool) is not None:
            pool.shutdown(cancel_futures=True)

    def ahead(
        self, make: Callable[[*Given], Made], inputs: Iterable[tuple[*Given]], most: int = AHEAD
    ) -> Iterator[tuple[tuple[*Given], Made]]:
        """Give each input, a tuple of arguments, with what ``make`` makes of them, in order; ``most`` are computed ahead.

        ``make`` and its arguments are pickled; what it raises is raised where its result is taken.
        """
        waiting: deque[tuple[tuple[*Given], Future[Made] | None]] = deque()
        for given in inputs:
            waiting.append((given, self.begin(make, *given)))
            if len(waiting) > (most if self._pool else 0):
                first, made = waiting.popleft()
                yield first, taken(made, make, *first)
        while waiting:
            first, made = waiting.popleft()
            yield first, taken(made, make, *first)

    def days(
        self,
        make: Callable[[Task, Sequence[LocalDay]], Iterable[Made]],
        task: Task,
        days: Sequence[LocalDay],
        at_once: int = DAYS_AT_ONCE,
    ) -> Iterator[Made]:
        """Give what ``make`` makes of each of some days, in order; in other processes, of so many days ``at_once``.

        Until these are up, the days are made here. Where it fails there, the day that fails is made here, so its error is
        raised after the days before it. ``make`` and what it is given are pickled, as is what it makes.
        """
        if self._pool is None or len(days) < ENOUGH_DAYS:
            yield from make(task, days)
            return
        blocks = deque(days[begin : begin + at_once] for begin in range(0, len(days), at_once))
        while blocks and not self.is_up:
            yield from make(task, blocks.popleft())
        given = ((make, task, block) for block in blocks)
        for (_, _, block), made in self.ahead(_made_until_failure, given, BLOCKS_AHEAD):
            yield from made
            if len(made) < len(block):
                yield from make(task, block[len(made) :])

    def begin(self, make: Callable[[*Given], Made], *given: *Given) -> Future[Made] | None:
        """Begin something in another process; None where there is none, or none any more."""
        pool = self._pool  # who greets them may find out meanwhile that there are none
        try:
            return pool.submit(make, *given) if pool else None
        except NO_PROCESS:
            self._pool = None
            return None


NONE_BESIDE = Beside(0)


@contextmanager
def processes_beside(results: int, enough: int = ENOUGH) -> Iterator[Beside]:
    """Have other processes for the block, if it wants ``enough`` results for that to pay.

    They end with the block, unless they are kept (:func:`kept_processes`) and nothing went wrong; and if this process dies,
    whatever it dies of.
    """
    global _kept
    if results < enough or not _is_used:
        yield NONE_BESIDE
        return
    number = 2 if results >= ENOUGH_FOR_TWO else 1
    beside, _kept = _kept or Beside(number), None
    if beside.number != number:
        beside.end()
        beside = Beside(number)
    try:
        yield beside
    except BaseException:
        beside.end()
        raise
    if _is_kept and beside.is_whole and _kept is None:
        _kept = beside
    else:
        beside.end()


@contextmanager
def forked_beside(results: int) -> Iterator[Beside]:
    """Have two other processes for the block, if it wants enough results for that to pay; they know all that this one knows.

    That begins in a moment, and is for a process that has nothing else under way: no other thread of Python's.
    """
    is_alone = sys.platform == "linux" and threading.active_count() == 1
    if results < ENOUGH or not _is_used or not is_alone:
        yield NONE_BESIDE
        return
    beside = Beside(2, multiprocessing.get_context("fork"))
    try:
        yield beside
    finally:
        beside.end()


@contextmanager
def kept_processes() -> Iterator[None]:
    """Keep other processes from one asset of a run to the next, for the block: to begin them takes a quarter of a second."""
    global _is_kept, _kept
    _is_kept = True
    try:
        yield
    finally:
        beside, _kept, _is_kept = _kept, None, False
        if beside is not None:
            beside.end()


def expect_processes(days: int, *, is_trained: bool) -> None:
    """Begin to prepare what a range of days will want other processes for: their imports take seconds."""
    if days >= ENOUGH_DAYS and _is_used:
        with suppress(*NO_PROCESS):
            _fork_server(PRELOADED if is_trained else PRELOADED_FOR_DAYS)
            forkserver.ensure_running()


def _fork_server(preloaded: str) -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([DEAF, preloaded])  # imported when it starts, in memory that they share
    return context


def taken(made: Future[Made] | None, make: Callable[[*Given], Made], *given: *Given) -> Made:
    """A result; computed here where no other process could be started, or it was killed for its memory."""
    try:
        return make(*given) if made is None else made.result()
    except BrokenExecutor:
        return make(*given)


def _made_until_failure(
    make: Callable[[Task, Sequence[LocalDay]], Iterable[Made]], task: Task, days: Sequence[LocalDay]
) -> list[Made]:
    """What is made of some days, up to the first that fails."""
    made: list[Made] = []
    with suppress(Exception):  # it is raised again by the process that asks
        for each in make(task, days):
            made.append(each)  # noqa: PERF402 - what was made before a failure is kept
    return made


def _end_with_parent() -> None:
    """End this process when the one that started it is gone; an interrupt in the terminal is for that one to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
