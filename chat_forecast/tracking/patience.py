"""How long MLflow is waited for in all, whatever it does: refuse, fail, or send a byte now and then.

Belongs here: the time that is left, and giving up when there is none.
Does not belong here: what is done in that time, and the waiting between tries of one request (MLflow's own).
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

Result = TypeVar("Result")


class PatienceSpent(Exception):
    """There is no time left."""


class Patience:
    """The seconds that may still be waited; what MLflow has taken earns some more."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._is_spent = False

    @property
    def left(self) -> float:
        """Seconds, 0 when there are none."""
        return 0.0 if self._is_spent else max(0.0, self._end - self._clock())

    def extend(self, seconds: float) -> None:
        """Give some seconds more."""
        self._end += seconds

    def end(self) -> None:
        """Let no more be waited."""
        self._is_spent = True

    def check(self) -> None:
        """Go on only while there is time.

        Raises:
            PatienceSpent: there is none.
        """
        if not self.left:
            raise PatienceSpent


def within(patience: Patience, act: Callable[[], Result]) -> Result:
    """Do something that may never end; its result and its errors are passed on.

    It is done in a thread of its own, since nothing else ends the reading of an answer that comes byte by byte. What is
    given up goes on until it next checks the patience.

    Raises:
        PatienceSpent: it took longer.
    """
    outcome: Future[Result] = Future()

    def work() -> None:
        try:
            outcome.set_result(act())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, name="mlflow", daemon=True).start()
    try:
        while patience.left and not outcome.done():
            wait([outcome], timeout=patience.left)
        if outcome.done():
            return outcome.result()
        raise PatienceSpent
    finally:
        patience.end()
