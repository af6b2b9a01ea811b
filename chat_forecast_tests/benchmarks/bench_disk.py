"""What nights leave on the disk, what pruning leaves of that, and whether it is the same for the hundredth night.

``python -m chat_forecast_tests.benchmarks.bench_disk [NIGHTS …]``: nights of one simulated chat (30, 60 and 120 if not
given) after 60 days that were read at once, each a run as the schedule asks for it, with a training where the sensor would
ask for one. After each number of nights all of them are pruned. ``year`` is the home of a chat a year old: the newest nights
as they are, the others pruned.
"""

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from chat_forecast.app.pruning import find_prunable, prune
from chat_forecast.app.runs import Runner, opened
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.windows import TRACES_DAYS
from chat_forecast.pipeline.runs import HISTORY_ASSETS, RETRAINING_ASSETS
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, apply_environment

DAYS_BEFORE = 60
FIRST_DAY = date(2025, 1, 1)
PLACES = ("dagster", "mlflow", "bench")
DAYS_OF_A_YEAR = 365
LOGS = ("-wal", "-shm")
"""What SQLite writes again and again while a file is open, and removes with its last connection."""


def main(*numbers: int) -> None:
    """Do the nights, and print what each left on average."""
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
            empty, last, done, trained = sizes(home), sizes(home), 0, 0
            for nights in numbers or (30, 60, 120):
                trained += sum(runner.run_day(chat, begin.plus(night + 1)) is not None for night in range(done, nights))
                new = grown(last, sizes(home), nights - done)
                show(f"the last {nights - done} nights", new)
                prune_all(home, runner)
                last, done = sizes(home), nights
                left = grown(empty, last, nights)
                show(f"{nights} nights and {trained} trainings, pruned", left)
                year = sum(empty.values()) + year_of(sum(left.values()), sum(new.values()))
                print(f"    year: {year / 1e6:.1f} MB", flush=True)


def prune_all(home: Home, runner: Runner) -> None:
    """Prune as in a year, when all that is there is old."""
    prune(home, runner.resources.tracking, find_prunable(home, runner, datetime.now(UTC) + timedelta(days=365)))


def grown(before: dict[str, int], after: dict[str, int], nights: int) -> dict[str, float]:
    """Bytes a night by which each place grew."""
    return {place: (after[place] - before[place]) / nights for place in PLACES}


def year_of(old: float, young: float) -> float:
    """Bytes that the nights of a year add, from those of a night that is pruned and of one that is not yet."""
    return old * (DAYS_OF_A_YEAR - DAYS_BEFORE - TRACES_DAYS) + young * TRACES_DAYS


def show(name: str, a_night: dict[str, float]) -> None:
    """Print kilobytes a night."""
    parts = ", ".join(f"{place} {size / 1e3:.1f}" for place, size in a_night.items())
    print(f"{name}: {sum(a_night.values()) / 1e3:.1f} KB a night ({parts})", flush=True)


def sizes(home: Home) -> dict[str, int]:
    """Bytes below each place."""
    return {place: sum(map(size_of, Path(home.root, place).rglob("*"))) for place in PLACES}


def size_of(path: Path) -> int:
    """Bytes of a file; none of a folder."""
    return path.stat().st_size if path.is_file() and not path.name.endswith(LOGS) else 0


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
