"""A deadline for all work with MLflow together, even if a server answers one byte at a time.

Belongs here: the time that is left, and giving up when there is none.
Does not belong here: the work itself, and the retries of a single request (MLflow's own).
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

Result = TypeVar("Result")


class DeadlineExceeded(Exception):
    """The deadline has passed."""


class Deadline:
    """An instant by which work has to be done; progress may extend it."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._is_spent = False

    @property
    def left(self) -> float:
        """The seconds left; 0 once the deadline has passed."""
        return 0.0 if self._is_spent else max(0.0, self._end - self._clock())

    def extend(self, seconds: float) -> None:
        """Move the deadline by some seconds."""
        self._end += seconds

    def expire(self) -> None:
        """Let the deadline pass now; it cannot be extended any more."""
        self._is_spent = True

    def check(self) -> None:
        """Raise if the deadline has passed.

        Raises:
            DeadlineExceeded: it has.
        """
        if not self.left:
            raise DeadlineExceeded


def run_within(deadline: Deadline, act: Callable[[], Result]) -> Result:
    """Run ``act``, which may never return, in a daemon thread; its result and its exceptions are passed on.

    Only a thread can be given up while it reads an answer that comes byte by byte. After that it goes on until it next calls
    :meth:`Deadline.check`.

    Raises:
        DeadlineExceeded: ``act`` took longer.
    """
    outcome: Future[Result] = Future()

    def work() -> None:
        try:
            outcome.set_result(act())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, name="mlflow", daemon=True).start()
    try:
        while deadline.left and not outcome.done():
            wait([outcome], timeout=deadline.left)
        if outcome.done():
            return outcome.result()
        raise DeadlineExceeded
    finally:
        deadline.expire()
