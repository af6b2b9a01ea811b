"""What nights leave on the disk, and what pruning leaves of that.

``python -m chat_forecast_tests.benchmarks.bench_disk [NIGHTS]``: nights of one simulated chat (60 if not given), each a run
as the schedule asks for it, with a training where the sensor would ask for one. All are old enough for pruning at the end.
"""

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from chat_forecast.app.pruning import find_prunable, prune
from chat_forecast.app.runs import Runner, opened
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import HISTORY_ASSETS, RETRAINING_ASSETS
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, apply_environment

DAYS_BEFORE = 60
FIRST_DAY = date(2025, 1, 1)
PLACES = ("dagster", "mlflow", "bench")
NIGHTS_OF_A_YEAR = 365


def main(nights: int = 60) -> None:
    """Do the nights, and print what each left in the mean."""
    chat = Chat(slug="bench", source="simulated", timezone="UTC", first_day=FIRST_DAY)
    first = LocalDay(FIRST_DAY, chat.timezone)
    with tempfile.TemporaryDirectory() as folder:
        home = Home.from_environment({"CHAT_FORECAST_HOME": folder})
        apply_environment(home)
        with opened(home, [chat]) as runner:
            begin = first.plus(DAYS_BEFORE)
            runner.materialise(chat, HISTORY_ASSETS, first, begin.plus(-1))
            runner.materialise(chat, RETRAINING_ASSETS, begin.plus(-1), begin.plus(-1))
            runner.run_day(chat, begin)
            prune_all(home, runner)
            before = sizes(home)
            trained = sum(runner.run_day(chat, begin.plus(night)) is not None for night in range(1, nights + 1))
            show(f"{nights} nights, {trained} trainings", before, sizes(home), nights)
            prune_all(home, runner)
            show("after pruning all of them", before, sizes(home), nights)


def prune_all(home: Home, runner: Runner) -> None:
    """Prune as in a year, when all that is there is old."""
    prune(home, find_prunable(home, runner.instance, datetime.now(UTC) + timedelta(days=365)))


def show(name: str, before: dict[str, float], after: dict[str, float], nights: int) -> None:
    """Print kilobytes a night, and megabytes a year."""
    grown = {place: (after[place] - before[place]) / nights for place in PLACES}
    total = sum(grown.values())
    parts = ", ".join(f"{place} {size / 1e3:.1f}" for place, size in grown.items())
    print(f"{name}: {total / 1e3:.1f} KB a night ({parts}), {total * NIGHTS_OF_A_YEAR / 1e6:.1f} MB a year")


def sizes(home: Home) -> dict[str, float]:
    """Bytes below each place; a log of SQLite's that is written again and again counts as what it is then."""
    return {
        place: sum(file.stat().st_size for file in Path(home.root, place).rglob("*") if file.is_file()) for place in PLACES
    }


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
