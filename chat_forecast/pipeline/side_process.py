"""A process beside that of a run, which computes what the run will store next.

Belongs here: handing the days of a long range to another process, and taking the results back in order.
Does not belong here: what is computed, which is a plain function of plain values.

Python uses one processor at a time in one process, and training a year of days takes minutes. Meanwhile the run's own
process stores what is done, tells Dagster of it, and copies it to MLflow.
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

ENOUGH = 10
"""For fewer results it does not pay to start a process, which takes as long as a few trainings."""
AHEAD = 8
"""How many results are computed before the first of them is taken; that many inputs are held in memory."""

_is_used = (os.cpu_count() or 1) > 1


def use_none() -> None:
    """Compute everything in the run's own process: where runs of other chats keep the other processors busy."""
    global _is_used
    _is_used = False


@contextmanager
def computed_ahead(
    make: Callable[[*Given], Made], inputs: Iterable[tuple[*Given]], total: int
) -> Iterator[Iterator[tuple[tuple[*Given], Made]]]:
    """Give each input, a tuple of arguments, with what ``make`` makes of them; many are computed in another process.

    They come in order. ``make`` and its arguments are pickled; what it raises is raised where its result is taken. The
    process ends with the block, and if this one dies, whatever it dies of.
    """
    if total < ENOUGH or not _is_used:
        yield ((given, make(*given)) for given in inputs)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=_end_with_parent)
    try:
        yield _in_order(pool, make, inputs)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, make: Callable[[*Given], Made], inputs: Iterable[tuple[*Given]]
) -> Iterator[tuple[tuple[*Given], Made]]:
    waiting: deque[tuple[tuple[*Given], Future[Made] | None]] = deque()
    for given in inputs:
        waiting.append((given, _submitted(pool, make, given)))
        if len(waiting) > AHEAD:
            yield _taken(make, *waiting.popleft())
    while waiting:
        yield _taken(make, *waiting.popleft())


def _submitted(pool: ProcessPoolExecutor, make: Callable[[*Given], Made], given: tuple[*Given]) -> Future[Made] | None:
    try:
        return pool.submit(make, *given)
    except BrokenExecutor:
        return None


def _taken(make: Callable[[*Given], Made], given: tuple[*Given], made: Future[Made] | None) -> tuple[tuple[*Given], Made]:
    """A result; computed here where the other process could not be started, or was killed for its memory."""
    try:
        return given, make(*given) if made is None else made.result()
    except BrokenExecutor:
        return given, make(*given)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone; an interrupt in the terminal is for that one to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
