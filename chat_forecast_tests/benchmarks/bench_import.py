"""Time and memory of importing a Telegram Desktop export, and of reading its days back.

``python -m chat_forecast_tests.benchmarks.bench_import [EXPORT | --messages N]``: without an export, one of N messages
(1,000,000 by default, about 420 MB) is written first, in the shape in which Telegram Desktop writes them. The import
runs in a process of its own, so that the peak memory is its own.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

WORDS = [
    "lorem",
    "ipsum",
    "dolor",
    "sit",
    "amet",
    "consectetur",
    "adipiscing",
    "elit",
    "sed",
    "do",
    "eiusmod",
    "tempor",
]
MEAN_SECONDS_BETWEEN = 110
MEGABYTE = 1e6


def write_export(path: Path, messages: int) -> None:
    """Write an export of one chat: indented, with text entities, and a service entry that is years older."""
    import numpy as np  # here, so that the process that imports loads only what it needs
    import pandas as pd

    rng = np.random.default_rng(0)
    seconds = 1_262_304_000 + rng.exponential(MEAN_SECONDS_BETWEEN, messages).cumsum().astype(int)
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n "name": "A chat",\n "type": "public_supergroup",\n "id": 1234567890,\n "messages": [\n')
        file.write(json.dumps({"id": 1, "type": "service", "date": "2001-01-01T00:00:00", "date_unixtime": "978307200"}))
        for start in range(0, messages, 10_000):
            part = seconds[start : start + 10_000]
            dates = pd.to_datetime(part, unit="s").strftime("%Y-%m-%dT%H:%M:%S")
            senders = rng.geometric(0.02, len(part))
            lengths = rng.integers(1, 31, len(part))
            for place, (second, day, sender, length) in enumerate(zip(part, dates, senders, lengths, strict=True)):
                text = " ".join(rng.choice(WORDS, length))
                entry = {
                    "id": start + place + 2,
                    "type": "message",
                    "date": day,
                    "date_unixtime": str(second),
                    "from": f"Member {sender}",
                    "from_id": f"user{sender}",
                    "text": text,
                    "text_entities": [{"type": "plain", "text": text}],
                }
                file.write(",\n" + json.dumps(entry, indent=1))
        file.write("\n ]\n}\n")


def measure(path: Path, root: str) -> None:
    """Import the file and read all its days; print what each took."""
    begun = time.perf_counter()
    from chat_forecast.app.importing import import_files
    from chat_forecast.sources.imported import ExportSource
    from chat_forecast.sources.pseudonyms import Pseudonyms
    from chat_forecast.storage.archive import Archive

    print(f"modules: {time.perf_counter() - begun:.2f} s, {_peak_megabytes():.0f} MB")

    archive = Archive(root, "chat")
    begun, used = time.perf_counter(), time.process_time()
    report = import_files(archive, [path], timezone="Europe/Amsterdam", pseudonyms=Pseudonyms.load(Path(root)))
    seconds, cpu, size = time.perf_counter() - begun, time.process_time() - used, path.stat().st_size / MEGABYTE
    stored = Path(archive.url).stat().st_size / MEGABYTE
    print(
        f"import: {report.new} messages, {size:.0f} MB in {seconds:.2f} s wall, {cpu:.2f} s processor, "
        f"peak {_peak_megabytes():.0f} MB, archive {stored:.1f} MB"
    )

    days = list(report.partly_covered[0][0].until(report.partly_covered[-1][1]))
    begun = time.perf_counter()
    found = sum(len(batch.messages) for batch in ExportSource(archive).read_days(days))
    print(f"read_days: {found} messages of {len(days)} days in {time.perf_counter() - begun:.2f} s")
    begun = time.perf_counter()
    list(ExportSource(archive).read_days(days[-1:]))
    print(f"read_days of the last day alone: {time.perf_counter() - begun:.3f} s")


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Take the arguments, make the export if there is none, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path, nargs="?", help="a Telegram Desktop export to import")
    parser.add_argument("--messages", type=int, default=1_000_000, help="how many messages to write without one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.export or Path(folder) / "result.json"
        if not arguments.export:
            writer = multiprocessing.get_context("spawn").Process(target=write_export, args=(path, arguments.messages))
            writer.start()
            writer.join()
        reader = multiprocessing.get_context("spawn").Process(target=measure, args=(path, folder))
        reader.start()
        reader.join()


if __name__ == "__main__":
    main()
