import threading
import time

import pytest

from chat_forecast.tracking.patience import Patience, PatienceSpent, within


def test_what_is_done_in_time_gives_its_result():
    assert within(Patience(60), lambda: 7) == 7


def test_an_error_is_passed_on_even_one_about_time():
    with pytest.raises(TimeoutError, match="of its own"):
        within(Patience(60), lambda: (_ for _ in ()).throw(TimeoutError("of its own")))


def test_what_never_ends_is_given_up_and_ends_when_it_next_checks():
    patience, is_waited_for, ended = Patience(0.1), threading.Event(), threading.Event()

    def act():
        is_waited_for.wait()
        try:
            patience.check()
        finally:
            ended.set()

    start = time.monotonic()
    with pytest.raises(PatienceSpent):
        within(patience, act)
    assert time.monotonic() - start < 10
    is_waited_for.set()
    assert ended.wait(10)


def test_what_is_taken_earns_more_time():
    now = [100.0]
    patience = Patience(30, clock=lambda: now[0])
    now[0] += 29
    patience.extend(0.5)
    assert patience.left == 1.5
    now[0] += 1.4
    patience.check()
    now[0] += 0.2
    with pytest.raises(PatienceSpent):
        patience.check()


def test_there_is_no_time_left_after_the_end():
    patience = Patience(60)
    patience.check()
    patience.end()
    patience.extend(60)
    with pytest.raises(PatienceSpent):
        patience.check()
