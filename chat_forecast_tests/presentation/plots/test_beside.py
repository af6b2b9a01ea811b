"""What another process draws is what this one would have drawn."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation import plots
from chat_forecast.presentation.drawing import beside
from chat_forecast.presentation.programs import run_program
from chat_forecast_tests.factories import make_forecast, make_series

DAY = LocalDay.parse("2026-05-12", "Europe/Berlin")
AUTUMN = LocalDay.parse("2025-10-26", "Europe/Berlin")


def draw(day, *, is_beside):
    actuals = make_series(day, 1, lambda hour: None if hour.hour < 2 else 5000 if hour.hour == 3 else hour.hour)
    skills = pd.Series([np.nan, -3.0, 0.2], index=[day.plus(number).date for number in (-2, -1, 0)])
    return plots.draw_score(make_forecast(day), actuals, skills, "a title – ü", "words", beside=is_beside)


@pytest.fixture
def started(monkeypatch):
    """The programs that are run, in a process that has no matplotlib as it seems."""
    log = []

    def noted(module, given):
        done = run_program(module, given)
        log.append((module, done.returncode, done.stdout))
        return done

    monkeypatch.delitem(sys.modules, "matplotlib.figure", raising=False)
    monkeypatch.setattr(beside, "run_program", noted)
    return log


@pytest.mark.parametrize("day", [DAY, AUTUMN], ids=lambda day: day.key)
def test_a_score_is_drawn_alike_by_a_process_beside(started, day):
    drawn = draw(day, is_beside=True)
    assert started == [("chat_forecast.presentation.drawing", 0, drawn)]
    assert draw(day, is_beside=False) == drawn


def test_who_has_the_libraries_draws_itself(started):
    import matplotlib.figure  # noqa: F401 - imported to be there

    draw(DAY, is_beside=True)
    assert started == []


def test_what_cannot_be_drawn_beside_is_drawn_here(started, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert draw(DAY, is_beside=True) == draw(DAY, is_beside=False)
    assert [code for _, code, _ in started] == [1]


def test_the_process_beside_holds_no_tables():
    program = "import sys, chat_forecast.presentation.drawing.day; print('pandas' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"


def test_a_program_imports_nothing_from_the_folder_that_one_is_in(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('a file of somebody else')")
    monkeypatch.chdir(tmp_path)
    done = run_program("json.tool", b"[1]")
    assert (done.returncode, done.stdout.split()) == (0, [b"[", b"1", b"]"])
