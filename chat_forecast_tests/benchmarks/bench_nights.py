"""One night of many chats inside ``up``, beside the command ``run`` for one of them.

``python -m chat_forecast_tests.benchmarks.bench_nights [CHATS]``: by default 20 simulated chats of one time zone, each with
70 days of history and a model. ``up`` is started when their last night is missing, and catches it up.
"""

import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat_forecast.pipeline.runs import CATCH_UP, KIND_TAG
from chat_forecast_tests.benchmarks.processes import measure, measure_command
from chat_forecast_tests.served import served, wait_for

DAYS = 70
MOST_SECONDS = 3600
CHAT = """
[chats.chat-{number}]
source = "simulated"
timezone = "UTC"
first_day = {first}
"""
HISTORY = """
from chat_forecast.app.runs import opened
from chat_forecast.cli.base import Workplace
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import HISTORY_ASSETS, RETRAINING_ASSETS
place = Workplace()
chat = place.chats[0]
last = place.yesterday(chat).plus(-1)
with opened(place.home, place.chats) as runner:
    runner.materialise(chat, HISTORY_ASSETS, LocalDay(chat.first_day, chat.timezone), last)
    runner.materialise(chat, RETRAINING_ASSETS, last, last)
"""


def main(chats: int = 20) -> None:
    """Make a home, measure the command on its first chat, and the night of all others in ``up``."""
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        first = today - timedelta(days=DAYS)
        (home / "chats.toml").write_text("".join(CHAT.format(number=number, first=first) for number in range(chats + 1)))
        measure(home, "-c", HISTORY)
        for number in range(1, chats + 1):
            shutil.copytree(home / "chat-0", home / f"chat-{number}")
        print(f"run, a chat: {measure_command(home, 'run', 'chat-0')}")
        print(f"run, again: {measure_command(home, 'run', 'chat-0')}")
        forecast = f"next_day_forecast/{today - timedelta(days=1)}.parquet"

        def done() -> bool:
            return all((home / f"chat-{number}" / forecast).exists() for number in range(1, chats + 1))

        begun = time.monotonic()
        with served(home) as system:
            print(f"up, until it answers: {time.monotonic() - begun:.1f} s")
            begun = time.monotonic()
            wait_for(done, MOST_SECONDS, "all nights")
            took = time.monotonic() - begun
            print(f"{chats} chats, one night each: {took:.0f} s, {took / chats:.2f} s a chat, from the start of up")
            runs = system.times(tags=[{"key": KIND_TAG, "value": CATCH_UP}])
            print(f"a run, from its start to its end: median {statistics.median(runs):.2f} s, longest {max(runs):.2f} s")


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
