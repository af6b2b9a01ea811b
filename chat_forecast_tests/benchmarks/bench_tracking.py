"""Print what MLflow costs: time, bytes and calls for each logged score and training, on a new SQLite store.

Run it with ``python -m chat_forecast_tests.benchmarks.bench_tracking [DAYS]`` (389 if not given). A year is caught up as a
bulk, without plots and with a training each day; then come nights of one score, each with its plot.
"""

import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mlflow import MlflowClient

from chat_forecast.presentation.plots import draw_forecast
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.tracking.backlog import count_backlog
from chat_forecast.tracking.catch_up import catch_up
from chat_forecast.tracking.client import Tracking
from chat_forecast_tests.factories import make_forecast
from chat_forecast_tests.tracking.stored import FIRST, make_chat, make_storage, make_store, store_scored_day, store_training

NIGHTS = 10
CALLS: Counter[str] = Counter()


def main(days: int) -> None:
    """Store that many days, log them, and print what each step took."""
    count_calls()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracking = Tracking(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts")
        measure("make the store, imports included", 1, lambda: make_store(tracking))
        chat = make_chat("bench")
        storage = make_storage(folder, chat)
        size = stored_bytes(folder)
        for day in FIRST.until(FIRST.plus(days - 1)):
            store_training(storage, day)
        measure(f"{days} trainings as a bulk", days, lambda: catch_up(tracking, chat, storage, seconds=3600))
        size = report_size(folder, size, days)
        for day in FIRST.until(FIRST.plus(days - 1)):
            store_scored_day(storage, day.plus(1), messages=lambda hour: hour.hour, trained_through=day.key)
        measure(f"what is owed, of {days} days", 1, lambda: count_backlog(tracking, storage))
        measure(f"{days} scores as a bulk", days, lambda: catch_up(tracking, chat, storage, seconds=3600))
        size = report_size(folder, size, days)
        measure(f"nothing owed, of {days} days", 1, lambda: catch_up(tracking, chat, storage))
        newest = FIRST.plus(days)
        plot = draw_forecast(make_forecast(newest), None, "a day")
        for day in newest.plus(1).until(newest.plus(NIGHTS)):
            store_scored_day(storage, day, messages=lambda hour: hour.hour, trained_through=newest.plus(-1).key)
            night(tracking, chat, storage, plot, is_shown=day == newest.plus(NIGHTS))
        report_size(folder, size, NIGHTS)


def night(tracking: Tracking, chat: Chat, storage: ChatStorage, plot: bytes, *, is_shown: bool) -> None:
    """Log one score with its plot."""

    def log() -> object:
        return catch_up(tracking, chat, storage, draw_score=lambda _day: plot)

    measure("a night with its plot", 1, log) if is_shown else log()


def measure(name: str, days: int, act: Callable[[], object]) -> None:
    """Print the wall and the processor time for each of the days, and which calls of MLflow were made."""
    CALLS.clear()
    start, cpu = time.perf_counter(), time.process_time()
    act()
    wall, cpu = (time.perf_counter() - start) * 1000 / days, (time.process_time() - cpu) * 1000 / days
    calls = sum(CALLS.values()) / days
    print(f"{name}: {wall:.1f} ms each, {cpu:.1f} ms of a processor, {calls:.1f} calls of MLflow")


def count_calls() -> None:
    """Count the public calls of the MLflow client."""
    for name in [name for name in vars(MlflowClient) if not name.startswith("_")]:
        call = getattr(MlflowClient, name)
        if callable(call):
            setattr(MlflowClient, name, counted(name, call))


def counted(name: str, call: Callable[..., object]) -> Callable[..., object]:
    """The call, counted."""

    def count(*args: object, **kwargs: object) -> object:
        CALLS[name] += 1
        return call(*args, **kwargs)

    return count


def report_size(folder: Path, before: Counter[str], days: int) -> Counter[str]:
    """Print how much was added for each day to MLflow's database, to its artifacts and to the ledger."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    after = stored_bytes(folder)
    print("  " + ", ".join(f"{name} +{(after[name] - before[name]) / 1000 / days:.1f} kB each" for name in after))
    return after


def stored_bytes(folder: Path) -> Counter[str]:
    """The sizes of MLflow's database, its artifacts and the ledger."""
    parts = {"database": "mlflow.db", "artifacts": "artifacts/**/*", "ledger": "home/bench/mlflow_ledger.json"}
    files = {name: [path for path in folder.glob(pattern) if path.is_file()] for name, pattern in parts.items()}
    return Counter({name: sum(path.stat().st_size for path in paths) for name, paths in files.items()})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 389)
