"""Worker processes of a run: they compute what the run will store next, and copy what it has stored.

Belongs here: starting workers, handing them the days of a long range, and taking the results back in order.
Does not belong here: what is computed, which is a plain function of plain values.

Python uses one processor at a time in one process, and training a year of days takes minutes. So workers compute ahead,
while the run's own process stores the results and reports them to Dagster.

The results never depend on the workers: without any, or once one is lost, the run's own process computes what is left.
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

PRELOADED_FIRST = "chat_forecast.pipeline.preload_signals"
PRELOADED = "chat_forecast.pipeline.preload_run"
PRELOADED_FOR_DAYS = "chat_forecast.pipeline.preload_days"
"""Enough where nothing is trained: the workers are ready sooner."""
LEAST_RESULTS, LEAST_FOR_TWO = 10, 60
"""From this many results on there is a worker, which takes as long to start as a few trainings; from this many on, two."""
LEAST_DAYS = 100
"""From this many days on, workers make days that need no training too; a hundred of them take about ten seconds."""
RESULTS_AHEAD = 8
"""How many results are computed before the first is taken, which is how many inputs are held in memory."""
BLOCK_DAYS, BLOCKS_AHEAD = 30, 3
"""How many days a worker makes at once, reading only once what all of them look back on; and how many such blocks ahead."""
NO_WORKER = (EOFError, ImportError, NotImplementedError, OSError, RuntimeError)
"""Raised where no process can be started, as without a writable ``/dev/shm``, or where one was lost."""

_is_allowed = (os.cpu_count() or 1) > 1
_is_reused = False
_idle: "WorkerPool | None" = None
"""While workers are reused: those that the next block of the run takes over."""


def forbid_workers() -> None:
    """Compute everything in the run's own process, where runs of other chats keep the other processors busy."""
    global _is_allowed
    _is_allowed = False


class WorkerPool:
    """Some worker processes; without any, what they are asked for is computed here, when its result is taken."""

    def __init__(self, number: int, context: BaseContext | None = None) -> None:
        self.number = number
        self._pool: ProcessPoolExecutor | None = None
        self._first_answer: threading.Thread | None = None
        if number:
            with suppress(*NO_WORKER):
                self._pool = ProcessPoolExecutor(number, context or _fork_server(PRELOADED), _end_with_parent)

    @property
    def is_alive(self) -> bool:
        """Whether the workers could be started, and none was lost."""
        return self._pool is not None

    @property
    def is_ready(self) -> bool:
        """Whether a worker has finished its imports, or none ever will; the first call starts to wait for that."""
        if self._first_answer is None:
            self._first_answer = threading.Thread(target=self._await_first_answer)
            self._first_answer.start()
        return not self._first_answer.is_alive()

    def _await_first_answer(self) -> None:
        """Wait until a worker has answered, or is lost, or the run ends before that."""
        with suppress(CancelledError, RuntimeError):
            if (answer := self.submit(os.getpid)) is not None:
                answer.result()

    def shut_down(self) -> None:
        """End the workers; what they have not begun is left undone."""
        if (pool := self._pool) is not None:
            pool.shutdown(cancel_futures=True)

    def submit(self, make: Callable[[*Given], Made], *given: *Given) -> Future[Made] | None:
        """Have a worker compute something; None if there is none, or none any more (see :func:`result_of`)."""
        pool = self._pool  # the thread that awaits the first answer may set it to None meanwhile
        try:
            return pool.submit(make, *given) if pool else None
        except NO_WORKER:
            self._pool = None
            return None

    def map_ahead(
        self, make: Callable[[*Given], Made], inputs: Iterable[tuple[*Given]], ahead: int = RESULTS_AHEAD
    ) -> Iterator[tuple[tuple[*Given], Made]]:
        """Yield each input, a tuple of arguments, with its result, in order; up to ``ahead`` are computed in advance.

        ``make`` and its arguments are pickled. What it raises is raised when its result is taken.
        """
        waiting: deque[tuple[tuple[*Given], Future[Made] | None]] = deque()
        for given in inputs:
            waiting.append((given, self.submit(make, *given)))
            if len(waiting) > (ahead if self._pool else 0):
                first, made = waiting.popleft()
                yield first, result_of(made, make, *first)
        while waiting:
            first, made = waiting.popleft()
            yield first, result_of(made, make, *first)

    def make_days(
        self,
        make: Callable[[Task, Sequence[LocalDay]], Iterable[Made]],
        task: Task,
        days: Sequence[LocalDay],
        block: int = BLOCK_DAYS,
    ) -> Iterator[Made]:
        """Yield what ``make`` makes of each day, in order. Of :data:`LEAST_DAYS` or more, workers make a ``block`` at once.

        Until the first worker is ready, the days are made here. A day that fails in a worker is made here again, so that its
        error is raised after the days before it were yielded. ``make``, ``task`` and the results are pickled.
        """
        if self._pool is None or len(days) < LEAST_DAYS:
            yield from make(task, days)
            return
        blocks = deque(days[begin : begin + block] for begin in range(0, len(days), block))
        while blocks and not self.is_ready:
            yield from make(task, blocks.popleft())
        given = ((make, task, each) for each in blocks)
        for (_, _, asked), made in self.map_ahead(_made_until_failure, given, BLOCKS_AHEAD):
            yield from made
            if len(made) < len(asked):
                yield from make(task, asked[len(made) :])


NO_WORKERS = WorkerPool(0)


@contextmanager
def workers_for(results: int, at_least: int = LEAST_RESULTS) -> Iterator[WorkerPool]:
    """Have workers for the block, if it takes at least so many results that workers pay.

    They end with the block, unless they are reused (:func:`reused_workers`) and nothing went wrong; and they end if this
    process dies, whatever it dies of.
    """
    global _idle
    if results < at_least or not _is_allowed:
        yield NO_WORKERS
        return
    number = 2 if results >= LEAST_FOR_TWO else 1
    workers, _idle = _idle or WorkerPool(number), None
    if workers.number != number:
        workers.shut_down()
        workers = WorkerPool(number)
    try:
        yield workers
    except BaseException:
        workers.shut_down()
        raise
    if _is_reused and workers.is_alive and _idle is None:
        _idle = workers
    else:
        workers.shut_down()


@contextmanager
def forked_workers(results: int) -> Iterator[WorkerPool]:
    """Have two forks of this process as workers for the block, if it takes enough results for them to pay.

    They start in a moment and have everything imported. Only for a process without other threads, which a fork would lack.
    """
    is_alone = sys.platform == "linux" and threading.active_count() == 1
    if results < LEAST_RESULTS or not _is_allowed or not is_alone:
        yield NO_WORKERS
        return
    workers = WorkerPool(2, multiprocessing.get_context("fork"))
    try:
        yield workers
    finally:
        workers.shut_down()


@contextmanager
def reused_workers() -> Iterator[None]:
    """For the block, hand the workers of one asset of a run on to the next: starting them takes a quarter of a second."""
    global _is_reused, _idle
    _is_reused = True
    try:
        yield
    finally:
        workers, _idle, _is_reused = _idle, None, False
        if workers is not None:
            workers.shut_down()


def prepare_workers(days: int, *, is_trained: bool) -> None:
    """Start the fork server that a range of days will want, since its imports take seconds."""
    if days >= LEAST_DAYS and _is_allowed:
        with suppress(*NO_WORKER):
            _fork_server(PRELOADED if is_trained else PRELOADED_FOR_DAYS)
            forkserver.ensure_running()


def _fork_server(preloaded: str) -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED_FIRST, preloaded])  # imported once, in memory that the workers share
    return context


def result_of(made: Future[Made] | None, make: Callable[[*Given], Made], *given: *Given) -> Made:
    """The result of :meth:`WorkerPool.submit`; computed here if there was no worker, or it was killed for its memory."""
    try:
        return make(*given) if made is None else made.result()
    except BrokenExecutor:
        return make(*given)


def _made_until_failure(
    make: Callable[[Task, Sequence[LocalDay]], Iterable[Made]], task: Task, days: Sequence[LocalDay]
) -> list[Made]:
    """What is made of some days, up to the first one that fails."""
    made: list[Made] = []
    with suppress(Exception):  # raised again by the process that asked
        for each in make(task, days):
            made.append(each)  # noqa: PERF402 - what was made before a failure is kept
    return made


def _end_with_parent() -> None:
    """End this worker when the process that started it is gone; Ctrl-C in the terminal is for that one to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
