import threading
import time

import pytest

from chat_forecast.tracking.deadline import Deadline, DeadlineExceeded, run_within


def test_what_is_done_in_time_gives_its_result():
    assert run_within(Deadline(60), lambda: 7) == 7


def test_an_error_is_passed_on_even_one_about_time():
    with pytest.raises(TimeoutError, match="of its own"):
        run_within(Deadline(60), lambda: (_ for _ in ()).throw(TimeoutError("of its own")))


def test_what_never_ends_is_given_up_and_ends_when_it_next_checks():
    deadline, is_waited_for, ended = Deadline(0.1), threading.Event(), threading.Event()

    def act():
        is_waited_for.wait()
        try:
            deadline.check()
        finally:
            ended.set()

    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        run_within(deadline, act)
    assert time.monotonic() - start < 10
    is_waited_for.set()
    assert ended.wait(10)


def test_what_is_taken_earns_more_time():
    now = [100.0]
    deadline = Deadline(30, clock=lambda: now[0])
    now[0] += 29
    deadline.extend(0.5)
    assert deadline.left == 1.5
    now[0] += 1.4
    deadline.check()
    now[0] += 0.2
    with pytest.raises(DeadlineExceeded):
        deadline.check()


def test_there_is_no_time_left_after_the_end():
    deadline = Deadline(60)
    deadline.check()
    deadline.expire()
    deadline.extend(60)
    with pytest.raises(DeadlineExceeded):
        deadline.check()
