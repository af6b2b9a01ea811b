"""Processes beside that of a run, which compute what the run will store next, and copy what it has stored.

Belongs here: handing the days of a long range to other processes, and taking the results back in order.
Does not belong here: what is computed, which is a plain function of plain values.

Python uses one processor at a time in one process, and training a year of days takes minutes. Meanwhile the run's own
process stores what is done, and tells Dagster of it.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import TypeVar, TypeVarTuple

Given = TypeVarTuple("Given")
Made = TypeVar("Made")

PRELOADED = "chat_forecast.pipeline.warm_imports"
ENOUGH = 10
"""For fewer results it does not pay to start a process, which takes as long as a few trainings."""
AHEAD = 8
"""How many results are computed before the first of them is taken; that many inputs are held in memory."""
ENOUGH_FOR_TWO = 60
"""From so many results on, two processes compute them: the run's own is idle for most of that time."""

_is_used = (os.cpu_count() or 1) > 1


def use_none() -> None:
    """Compute everything in the run's own process: where runs of other chats keep the other processors busy."""
    global _is_used
    _is_used = False


class Beside:
    """The other processes; without any, what is asked of them is done here, at once."""

    def __init__(self, pool: ProcessPoolExecutor | None) -> None:
        self._pool = pool

    def ahead(self, make: Callable[[*Given], Made], inputs: Iterable[tuple[*Given]]) -> Iterator[tuple[tuple[*Given], Made]]:
        """Give each input, a tuple of arguments, with what ``make`` makes of them, in order; some are computed ahead.

        ``make`` and its arguments are pickled; what it raises is raised where its result is taken.
        """
        waiting: deque[tuple[tuple[*Given], Future[Made] | None]] = deque()
        for given in inputs:
            waiting.append((given, self.begin(make, *given)))
            if len(waiting) > (AHEAD if self._pool else 0):
                yield _with_result(make, *waiting.popleft())
        while waiting:
            yield _with_result(make, *waiting.popleft())

    def begin(self, make: Callable[[*Given], Made], *given: *Given) -> Future[Made] | None:
        """Begin something in another process; None where there is none, or none any more."""
        try:
            return self._pool.submit(make, *given) if self._pool else None
        except BrokenExecutor:
            return None


NONE_BESIDE = Beside(None)


@contextmanager
def processes_beside(results: int) -> Iterator[Beside]:
    """Have other processes for the block, if it wants so many results that it pays.

    They end with the block, and if this process dies, whatever it dies of.
    """
    if results < ENOUGH or not _is_used:
        yield NONE_BESIDE
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])  # imported once, in memory that they share
    number = 2 if results >= ENOUGH_FOR_TWO else 1
    pool = ProcessPoolExecutor(number, mp_context=context, initializer=_end_with_parent)
    try:
        yield Beside(pool)
    finally:
        pool.shutdown(cancel_futures=True)


def taken(made: Future[Made] | None, make: Callable[[*Given], Made], *given: *Given) -> Made:
    """A result; computed here where no other process could be started, or it was killed for its memory."""
    try:
        return make(*given) if made is None else made.result()
    except BrokenExecutor:
        return make(*given)


def _with_result(
    make: Callable[[*Given], Made], given: tuple[*Given], made: Future[Made] | None
) -> tuple[tuple[*Given], Made]:
    return given, taken(made, make, *given)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone; an interrupt in the terminal is for that one to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
