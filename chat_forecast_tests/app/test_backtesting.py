"""The processes of a backtest end with it, however it ends."""

import signal
import subprocess
import sys

import psutil
import pytest

BACKTEST = """
import signal, time
import numpy as np, pandas as pd
from chat_forecast.app import backtesting
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.backtest import Settings

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # else it heeds no more signals than whoever tests it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    last = LocalDay.parse("2026-03-01", "UTC")
    days = list(last.plus(-30).until(last))
    hours = pd.DatetimeIndex([hour for day in days for hour in day.hours])
    series = pd.DataFrame({"hour": hours, "messages": pd.array(np.arange(len(hours)) % 24, dtype="Int64")})
    for _ in backtesting._forecasts(series, days[-4:], Settings(), 2):
        print("one", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize(
    "end",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.sweep),
        pytest.param(signal.SIGINT, marks=pytest.mark.sweep),
    ],
)
def test_a_backtest_that_is_ended_leaves_no_process_behind(end):
    parent = subprocess.Popen([sys.executable, "-c", BACKTEST], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert parent.stdout.readline() == "one\n"
    others = psutil.Process(parent.pid).children(recursive=True)
    assert others
    parent.send_signal(end)
    parent.wait(timeout=30)
    parent.stdout.close()
    _, left = psutil.wait_procs(others, timeout=20)
    assert left == []
