"""One day with very many messages, read from a loopback Telegram that asks to wait again and again.

``python -m chat_forecast_tests.benchmarks.bench_great_day [MESSAGES …]``: days of 30,000, 100,000 and 300,000 messages by
default. After every 250 requests Telegram asks to wait for ten minutes, which ends the read; the next one goes on where it
was. Printed are the reads it took, the requests beside the fewest possible, the time without any waiting and the processor
time and memory of the reader, beside the processor time of the server in another process, and whether the day that comes out
is exact. Over the real network about 33 messages a second are let through.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

DAY, ZONE = "2026-03-10", "UTC"
REQUESTS_BETWEEN_WAITS = 250
MESSAGES = (30_000, 100_000, 300_000)


def read(home: Path) -> None:
    """Read the day as the pipeline does, again and again until it is complete; print what it took, as JSON."""
    from chat_forecast.domain.deduplication import merge_batches
    from chat_forecast.domain.local_day import LocalDay
    from chat_forecast.domain.messages import MessageBatch
    from chat_forecast.domain.read_intervals import ReadIntervals
    from chat_forecast.sources.base import SourceAsksToWait
    from chat_forecast.sources.telegram.connection import Limits
    from chat_forecast.sources.telegram.source import TelegramSource
    from chat_forecast.storage.archive import Archive

    day = LocalDay.parse(DAY, ZONE)
    stored = {day: MessageBatch()}

    def keep(_day: LocalDay, piece: MessageBatch) -> None:
        stored[day] = merge_batches([stored[day], piece])
        assert not stored[day].read_intervals.covers(day.start, day.end), "a day read in part is stored as covered"

    limits, reads, batch, before = Limits(page_seconds=0), 0, None, _peak_megabytes()
    begun, used = time.perf_counter(), time.process_time()
    while batch is None:
        reads += 1
        archive = Archive(str(home), "chat")
        source = TelegramSource("chat", home, archive, stored.__getitem__, limits=limits, keep=keep)
        with suppress(SourceAsksToWait):
            (batch,) = source.read_days([day])
    figures = {
        "reads": reads,
        "wall": time.perf_counter() - begun,
        "cpu": time.process_time() - used,
        "before": before,
        "peak": _peak_megabytes(),
        "is_whole": batch.read_intervals == ReadIntervals.of((day.start, day.end)),
        "ids": hashlib.sha256(batch.messages["message_id"].to_numpy().tobytes()).hexdigest(),
    }
    print(json.dumps(figures))


def measure(count: int) -> None:
    """Serve a day of that many messages, and have it read in another process."""
    from chat_forecast.domain.local_day import LocalDay
    from chat_forecast.sources.telegram.peers import Peer, Peers
    from chat_forecast.sources.telegram.session import store_session
    from chat_forecast_tests.loopback import LoopbackChat, LoopbackTelegram, flood

    chat = LoopbackChat(5)
    start = LocalDay.parse(DAY, ZONE).start.timestamp()
    chat.add(int(start + 86_400 * number / count) for number in range(count))
    fewest = -(-count // 100) + -(-count // 1000)
    os.environ |= {"TELEGRAM_API_ID": "1", "TELEGRAM_API_HASH": "0" * 32}
    with tempfile.TemporaryDirectory() as folder, LoopbackTelegram() as server:
        home = Path(folder)
        server.world.chats.append(chat)
        store_session(home, server.session())
        Peers(home).put("chat", Peer("channel", 5, 77))
        for number in range(1, fewest // REQUESTS_BETWEEN_WAITS + 1):
            server.plan("GetHistoryRequest", flood(600), at=number * REQUESTS_BETWEEN_WAITS)
        used = time.process_time()
        code = f"from chat_forecast_tests.benchmarks.bench_great_day import *; read(Path({folder!r}))"
        ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        served = time.process_time() - used
        requests = server.asked["GetHistoryRequest"]
    took = json.loads(ended.stdout.splitlines()[-1])
    is_exact = took["ids"] == hashlib.sha256(np.array(chat.ids, dtype="int64").tobytes()).hexdigest()
    print(
        f"{count} messages: {took['reads']} reads, {requests} requests ({fewest} at best), {took['wall']:.1f} s wall, "
        f"{took['cpu']:.1f} s processor (the server beside it {served:.1f}), peak {took['peak']:.0f} MB "
        f"({took['before']:.0f} before); exact: {is_exact and took['is_whole']}"
    )


def _peak_megabytes() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def main() -> None:
    """Measure each in a process of its own, so that the peak memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("messages", type=int, nargs="*", default=MESSAGES, help="how many messages the day has")
    for count in parser.parse_args().messages:
        code = f"from chat_forecast_tests.benchmarks.bench_great_day import measure; measure({count})"
        subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    main()
