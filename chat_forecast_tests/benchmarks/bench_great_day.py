"""One day with very many messages, read from a loopback Telegram that asks to wait again and again.

``python -m chat_forecast_tests.benchmarks.bench_great_day [MESSAGES …]``: days of 30,000, 100,000 and 300,000 messages by
default. After every 250 requests Telegram asks to wait for ten minutes, which ends the read; the next one goes on where it
was. Printed are the reads it took, the requests beside the fewest possible, the time without any waiting, the memory, and
whether the day that comes out is exact. Over the real network about 33 messages a second are let through.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

DAY, ZONE = "2026-03-10", "UTC"
REQUESTS_BETWEEN_WAITS = 250
MESSAGES = (30_000, 100_000, 300_000)


def measure(count: int) -> None:
    """Read a day of that many messages as the pipeline does, again and again until it is complete."""
    from chat_forecast.domain.deduplication import merge_batches
    from chat_forecast.domain.local_day import LocalDay
    from chat_forecast.domain.messages import MessageBatch
    from chat_forecast.domain.read_intervals import ReadIntervals
    from chat_forecast.sources.base import SourceAsksToWait
    from chat_forecast.sources.telegram.connection import Limits
    from chat_forecast.sources.telegram.peers import Peer, Peers
    from chat_forecast.sources.telegram.session import store_session
    from chat_forecast.sources.telegram.source import TelegramSource
    from chat_forecast.storage.archive import Archive
    from chat_forecast_tests.loopback import LoopbackChat, LoopbackTelegram, flood

    day = LocalDay.parse(DAY, ZONE)
    chat = LoopbackChat(5)
    chat.add(int(day.start.timestamp() + 86_400 * number / count) for number in range(count))
    fewest = -(-count // 100) + -(-count // 1000)
    os.environ |= {"TELEGRAM_API_ID": "1", "TELEGRAM_API_HASH": "0" * 32}
    stored = {day: MessageBatch()}

    def keep(_day: LocalDay, piece: MessageBatch) -> None:
        stored[day] = merge_batches([stored[day], piece])
        assert not stored[day].read_intervals.covers(day.start, day.end), "a day read in part is stored as covered"

    with tempfile.TemporaryDirectory() as folder, LoopbackTelegram() as server:
        home = Path(folder)
        server.world.chats.append(chat)
        store_session(home, server.session())
        Peers(home).put("chat", Peer("channel", 5, 77))
        for number in range(1, fewest // REQUESTS_BETWEEN_WAITS + 1):
            server.plan("GetHistoryRequest", flood(600), at=number * REQUESTS_BETWEEN_WAITS)
        limits, reads, batch, before = Limits(page_seconds=0), 0, None, _peak_megabytes()
        begun = time.perf_counter()
        while batch is None:
            reads += 1
            source = TelegramSource("chat", home, Archive(folder, "chat"), stored.__getitem__, limits=limits, keep=keep)
            with suppress(SourceAsksToWait):
                (batch,) = source.read_days([day])
        seconds = time.perf_counter() - begun
        is_exact = batch.messages["message_id"].tolist() == chat.ids
        is_whole = batch.read_intervals == ReadIntervals.of((day.start, day.end))
    print(
        f"{count} messages: {reads} reads, {server.asked['GetHistoryRequest']} requests ({fewest} at best), {seconds:.1f} "
        f"s, peak {_peak_megabytes():.0f} MB (with the server; {before:.0f} MB before); exact: {is_exact and is_whole}"
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
