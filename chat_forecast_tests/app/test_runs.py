"""What a command says of a run that failed."""

import errno
import os
from datetime import UTC, date, datetime

import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from chat_forecast.app.runs import RunFailed, _with_advice, opened
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.run_states import read_run_states
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast_tests.at_home import NO_MLFLOW

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


@pytest.mark.parametrize(("error", "is_news"), [(DagsterExecutionInterruptedError, False), (ValueError, True)])
def test_a_run_that_a_person_ended_is_no_news_and_any_other_failure_is(tmp_path, error, is_news):
    def end(*_args):
        raise error("ended")

    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": NO_MLFLOW})
    home.prepare()
    apply_environment(home)
    chat, day = Chat(slug="demo", source="simulated", timezone="UTC", first_day=date(2026, 3, 1)), date(2026, 3, 1)
    with opened(home, [chat], end) as runner:
        with pytest.raises(RunFailed, match=None if is_news else "^interrupted; what was done stays"):
            runner.backfill(chat, LocalDay(day, "UTC"), LocalDay(day, "UTC"))
        failed = read_run_states(runner.instance, [chat], datetime.now(UTC))["demo"].failed
    assert bool(failed) == is_news
