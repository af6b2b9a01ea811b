"""Time and memory of the commands that people wait for: ``--help``, ``show``, and ``run`` for one day.

``python -m chat_forecast_tests.benchmarks.bench_day``: on a simulated chat of 200 days, ``run`` without and with training:
in all, and until the forecast is stored (what follows is MLflow, notices and the report page). With a training, the forecast
is stored twice, and the first time counts. The first run of all puts together what every report of the home has in it.
"""

import tempfile
from datetime import date, timedelta
from pathlib import Path

from chat_forecast_tests.benchmarks.processes import PeakAtFile, measure, measure_command

DAYS = 200
IMPORTS = """
import chat_forecast.cli, chat_forecast.app.runs
import mlflow.store.db.utils, mlflow.store.tracking.sqlalchemy_store
"""
CHATS = """
[chats.calm]
source = "simulated"
timezone = "UTC"
first_day = {first}
[chats.calm.check]
rule = "smape"
smape_threshold = 2.0
[chats.strict]
source = "simulated"
timezone = "UTC"
first_day = {first}
[chats.strict.check]
rule = "smape"
smape_threshold = 0.0001
"""
HISTORY = """
import sys
from chat_forecast.cli.base import Workplace
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import HISTORY_ASSETS, RETRAINING_ASSETS
from chat_forecast.app.runs import opened
place = Workplace()
with opened(place.home, place.chats) as runner:
    for chat in place.chats:
        last = place.yesterday(chat)
        runner.materialise(chat, HISTORY_ASSETS, LocalDay(chat.first_day, chat.timezone), last.plus(-1))
        runner.materialise(chat, RETRAINING_ASSETS, last.plus(-1), last.plus(-1))
"""


def main() -> None:
    """Make a home with history and a model, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "chats.toml").write_text(CHATS.format(first=date.today() - timedelta(days=DAYS)))  # noqa: DTZ011 - here, now
        print(f"making {DAYS} days of history for two chats: {measure(home, '-c', HISTORY)}")
        print(f"--help: {measure_command(home, '--help')}")
        print(f"show: {measure_command(home, 'show', 'calm')}")
        imports = measure(home, "-c", IMPORTS)
        print(f"the imports of a run alone: {imports}")
        for chat, words in (("calm", "without training"), ("strict", "with training")):
            stored = PeakAtFile(home / chat / "next_day_forecast")
            first = measure_command(home, "run", chat, watch=stored)
            print(f"run, {words}: {first}; imports are {imports.cpu / first.cpu:.0%}")
            print(f"  from its start to the stored forecast: {stored.seconds:.2f} s wall, peak {stored.megabytes:.0f} MB")
            print(f"run of the same day again: {measure_command(home, 'run', chat)}")


if __name__ == "__main__":
    main()
