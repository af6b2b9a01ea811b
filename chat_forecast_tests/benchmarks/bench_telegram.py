"""Messages per second through the real client over a loopback, with and without ``cryptg``, and the memory of a long read.

``python -m chat_forecast_tests.benchmarks.bench_telegram [--messages N]``: a chat of N messages (200,000 by default) over 40
days is read as a backfill reads it, in a process of its own, so that the peak memory is its own. The server runs in another
one. Without ``cryptg`` Telethon decrypts with the system's OpenSSL where it finds it, else in Python; for comparing them a
tenth is read. The texts are short and alike and travel compressed: real ones leave more to decrypt. Waits that Telegram
would ask for are not in it: over the real network about 33 messages a second are let through.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DAYS = 40
FIRST = "2026-01-01"
MESSAGES = 200_000


def read(home: Path, days: int) -> None:
    """Read so many days and print what it took, as JSON."""
    from chat_forecast.domain.local_day import LocalDay
    from chat_forecast.sources.telegram.connection import Limits
    from chat_forecast.sources.telegram.source import TelegramSource
    from chat_forecast.storage.archive import Archive

    first = LocalDay.parse(FIRST, "UTC")
    source = TelegramSource("chat", home, Archive(str(home), "chat"), limits=Limits(page_seconds=0))
    before = _peak_megabytes()
    begun = time.perf_counter()
    found = sum(len(batch.messages) for batch in source.read_days(list(first.until(first.plus(days - 1)))))
    seconds = time.perf_counter() - begun
    print(json.dumps({"messages": found, "seconds": seconds, "before": before, "peak": _peak_megabytes()}))


WITHOUT = {
    "cryptg": "",
    "OpenSSL": "sys.modules['cryptg'] = None; ",
    "Python": "sys.modules['cryptg'] = None; import ctypes.util; ctypes.util.find_library = lambda name: None; ",
}
"""What decrypts -> what hides the others that Telethon would choose before it."""


def measure(home: Path, days: int, cipher: str) -> None:
    """Read in a process of its own, with one of the three that can decrypt."""
    code = (
        f"import sys; {WITHOUT[cipher]}from pathlib import Path; "
        f"from chat_forecast_tests.benchmarks.bench_telegram import read; read(Path({str(home)!r}), {days})"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    figures = json.loads(ended.stdout.splitlines()[-1])
    print(
        f"{cipher}: {figures['messages']} messages in {figures['seconds']:.1f} s, "
        f"{figures['messages'] / figures['seconds']:.0f} a second; peak {figures['peak']:.0f} MB, of which "
        f"{figures['before']:.0f} MB before reading"
    )


def main() -> None:
    """Take the arguments, serve, and measure."""
    from chat_forecast.domain.local_day import LocalDay
    from chat_forecast.sources.telegram.peers import Peer, Peers
    from chat_forecast.sources.telegram.session import store_session
    from chat_forecast_tests.loopback import LoopbackChat, LoopbackTelegram

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=MESSAGES, help="how many messages the chat has")
    count = parser.parse_args().messages
    begin = LocalDay.parse(FIRST, "UTC").start.timestamp()
    chat = LoopbackChat(5)
    chat.add(int(begin + DAYS * 86400 * number / count) for number in range(-1, count))
    os.environ |= {"TELEGRAM_API_ID": "1", "TELEGRAM_API_HASH": "0" * 32}
    with tempfile.TemporaryDirectory() as folder, LoopbackTelegram() as server:
        home = Path(folder)
        server.world.chats.append(chat)
        store_session(home, server.session())
        Peers(home).put("chat", Peer("channel", 5, 77))
        measure(home, DAYS, "cryptg")
        for cipher in WITHOUT:
            measure(home, DAYS // 10, cipher)


def _peak_megabytes() -> float:
    # Not getrusage: over a fork and an exec it keeps the memory of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


if __name__ == "__main__":
    main()
