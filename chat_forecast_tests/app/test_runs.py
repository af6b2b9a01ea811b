"""What a command says of a run that failed."""

import errno
import os

import pytest

from chat_forecast.app.runs import _with_advice

PROCESSES, FILES, DISK = "limit of processes and threads", "limit of open files", "that the disk is there"


def error(number):
    """What Python says of an error of the system."""
    return str(OSError(number, os.strerror(number)))


@pytest.mark.parametrize(
    ("name", "words", "advice"),
    [
        ("RuntimeError", "can't start new thread", PROCESSES),
        ("BlockingIOError", error(errno.EAGAIN), PROCESSES),
        ("OSError", error(errno.EMFILE), FILES),
        ("OSError", error(errno.ENOSPC), DISK),
        ("OperationalError", "(sqlite3.OperationalError) disk I/O error\n(Background on this error at: …)", DISK),
    ],
)
def test_what_the_machine_lacks_is_said_with_what_to_do(name, words, advice):
    said = _with_advice(name, words)
    assert advice in said
    assert said.endswith("then do the same again.")
    assert "\n" not in said


def test_what_else_a_step_raises_is_said_as_it_is():
    assert _with_advice("NotStored", "two\nlines") == "two\nlines"
