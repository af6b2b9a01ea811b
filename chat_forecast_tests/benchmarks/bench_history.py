"""Years of a chat without a training: reading, counting, forecasting and scoring every day in one run.

``python -m chat_forecast_tests.benchmarks.bench_history [DAYS …]``: what ``chat-forecast
backfill --no-training`` does before it prints anything, of a simulated chat that began so many days ago (389,
1000, 2000 and 3650 by default), with no model, so that every forecast is that of the same hour of 28 days. Each is a process
of its own, which begins with its imports and ends when the last day is stored. What grows faster than the days shows in the
last column.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat_forecast_tests.benchmarks.processes import Took, measure

DAYS = (389, 1000, 2000, 3650)
CHAT = """
[chats.chat]
source = "simulated"
timezone = "Europe/Moscow"
first_day = {first}
"""
RUN = """
from chat_forecast.cli.base import Workplace
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.worker_processes import prepare_workers
place = Workplace()
chat = place.chats[0]
first, last = LocalDay(chat.first_day, chat.timezone), place.yesterday(chat)
prepare_workers((last.date - first.date).days + 1, is_trained=False)
from chat_forecast.app.runs import opened
with opened(place.home, place.chats) as runner:
    runner.backfill(chat, first, last, is_trained=False)
"""


def history(days: int) -> Took:
    """Make all days of a chat that began so many days ago."""
    first = datetime.now(UTC).date() - timedelta(days=days)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "chats.toml").write_text(CHAT.format(first=first))
        return measure(Path(folder), "-c", RUN)


def main(numbers: list[int]) -> None:
    """Print a row a number of days."""
    for days in numbers:
        took = history(days)
        print(f"{days} days: {took}; of 1000 days {1000 * took.cpu / days:.1f} s processor", flush=True)


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or list(DAYS))
