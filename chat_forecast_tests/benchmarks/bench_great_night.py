"""The night of a chat whose newest day has very many messages: from the start of the process to the stored forecast.

``python -m chat_forecast_tests.benchmarks.bench_great_night [MESSAGES …]``: newest days of 300 and 100,000 messages by
default, after a month of 300 a day, all of them imported. The night trains nothing; what it takes with 300 messages is
imports and what every night does. Reading such a day from Telegram is measured by ``bench_great_day``.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast_tests.benchmarks.processes import Took, measure, measure_command

FIRST, NEWEST = pd.Timestamp("2026-02-10", tz="UTC"), pd.Timestamp("2026-03-10", tz="UTC")
USUAL = 300
MESSAGES = (USUAL, 100_000)
NIGHT = """
import sys
from chat_forecast.app.runs import opened
from chat_forecast.cli.base import Workplace
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import DAY_ASSETS
place = Workplace()
chat = place.chats[0]
first, last = (LocalDay.parse(day, chat.timezone) for day in sys.argv[1:])
with opened(place.home, place.chats) as runner:
    runner.materialise(chat, DAY_ASSETS, first, last)
"""


def write_messages(path: Path, newest: int) -> None:
    """Write a month of messages, of which the last day has so many."""
    rng = np.random.default_rng(0)
    days = pd.date_range(FIRST, NEWEST)
    seconds = np.concatenate(
        [int(day.timestamp()) + np.sort(rng.integers(0, 86_400, newest if day == NEWEST else USUAL)) for day in days]
    )
    sent_at = pd.to_datetime(seconds, unit="s", utc=True).as_unit("us")
    senders = [f"user{number}" for number in rng.geometric(0.02, len(seconds))]
    table = pd.DataFrame({"message_id": np.arange(1, len(seconds) + 1), "sent_at": sent_at, "sender": senders})
    table.to_parquet(path)


def night(newest: int) -> Took:
    """Import the messages, do the days before the newest one, and then that one in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home, file = Path(folder), Path(folder, "messages.parquet")
        write_messages(file, newest)
        measure_command(home, "import", "chat", str(file), "--timezone", "UTC")
        days = [str(day.date()) for day in (FIRST, NEWEST - pd.Timedelta(days=1), NEWEST)]
        measure(home, "-c", NIGHT, days[0], days[1])
        took = measure(home, "-c", NIGHT, days[2], days[2])
        assert (home / "chat/next_day_forecast" / f"{days[2]}.parquet").exists()
    return took


if __name__ == "__main__":
    for messages in [int(number) for number in sys.argv[1:]] or MESSAGES:
        print(f"a night after a day of {messages} messages: {night(messages)}", flush=True)
