"""Print what a backfill leaves in Dagster's event log: its size, its largest events, and how long each asset took.

Run it with ``python -m chat_forecast_tests.benchmarks.bench_event_log [DAYS]`` (365 days of a simulated chat if not given).
"""

import os
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import date

from chat_forecast.app.runs import opened
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, apply_environment

FIRST_DAY = date(2025, 1, 1)


def main(days: int) -> None:
    """Backfill so many days of a simulated chat and print what they left."""
    chat = Chat(slug="bench", source="simulated", timezone="Europe/Berlin", first_day=FIRST_DAY)
    first = LocalDay(FIRST_DAY, chat.timezone)
    took: Counter[str] = Counter()
    last = [time.process_time()]

    def note(asset: str, _done: int, _total: int) -> None:
        now = time.process_time()
        took[asset] += now - last[0]
        last[0] = now

    with tempfile.TemporaryDirectory() as folder:
        home = Home.from_environment({"CHAT_FORECAST_HOME": folder})
        apply_environment(home)
        begun = time.process_time()
        with opened(home, [chat], note) as runner:
            last[0] = time.process_time()
            runner.backfill(chat, first, first.plus(days - 1))
        print(f"backfill of {days} days: {time.process_time() - begun:.1f} s of CPU time")
        for asset, seconds in took.items():
            print(f"  {asset}: {seconds:.1f} s, {seconds / days * 1000:.1f} ms a day")
        print_sizes(home)


def print_sizes(home: Home) -> None:
    """Print the size of what Dagster, MLflow and the storage keep, and the largest events of each asset."""
    places = {
        "Dagster (DAGSTER_HOME)": home.dagster_home,
        "MLflow": home.root / "mlflow",
        "stored partitions": home.root / "bench",
    }
    for name, place in places.items():
        sizes = [path.stat().st_size for path in place.rglob("*") if path.is_file()]
        print(f"{name}: {sum(sizes) / 1e6:.1f} MB in {len(sizes)} files")
    for database in sorted(home.dagster_home.rglob("*.db"), key=lambda path: -path.stat().st_size)[:3]:
        print(f"  {database.relative_to(home.dagster_home)}: {database.stat().st_size / 1e6:.1f} MB")
        with closing(sqlite3.connect(database)) as connection:
            tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            if "event_logs" in tables:
                print_events(connection)


def print_events(connection: sqlite3.Connection) -> None:
    """Print the number, the mean and the greatest size of each asset's materialisation events."""
    query = """select asset_key, count(*), avg(length(event)), max(length(event)) from event_logs
        where dagster_event_type = 'ASSET_MATERIALIZATION' group by asset_key order by max(length(event)) desc"""
    for asset, count, mean, most in connection.execute(query):
        print(f"    {asset}: {count} events, {mean / 1000:.1f} kB each, the largest {most / 1000:.1f} kB")


if __name__ == "__main__":
    os.environ.pop("DAGSTER_HOME", None)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 365)
