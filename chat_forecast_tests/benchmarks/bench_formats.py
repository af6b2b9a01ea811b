"""Exports of other programs: which of them are read rightly, and what is refused.

``python -m chat_forecast_tests.benchmarks.bench_formats FOLDER [--timezone ZONE]``: the folder holds exports of one chat,
and ``truth.csv`` with its messages of each local hour (``hour_local``, ``count``). For each file it prints how many messages
were read, how many of them in the right hour, whether another chat's file is refused after it, and whether it is named when
it is cut. A file in ``edge`` is shown with what is said of it.
"""

import argparse
import csv
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd

from chat_forecast.app.importing import import_files
from chat_forecast.app.reading_files import ImportOptions
from chat_forecast.errors import ChatForecastError
from chat_forecast.sources.exports.export_format import SeveralChatsError
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast_tests.sources import export_samples as samples

SUFFIXES = (".txt", ".json", ".jsonl", ".csv", ".zip")
CUT_AT = 0.6


def read_truth(folder: Path) -> dict[pd.Timestamp, int]:
    """The messages of each hour that has any."""
    with (folder / "truth.csv").open() as file:
        return {pd.Timestamp(row["hour_local"]): int(row["count"]) for row in csv.DictReader(file) if int(row["count"])}


def imported(path: Path, zone: str, root: Path, **options: object) -> Archive:
    """An archive of its own with the file in it; of several chats the largest."""
    archive = Archive(str(root), "chat")
    try:
        import_files(archive, [path], timezone=zone, pseudonyms=Pseudonyms(b"bench"), options=ImportOptions(**options))
    except SeveralChatsError as several:
        chosen = max(several.chats, key=lambda each: each.messages).id
        import_files(archive, [path], timezone=zone, pseudonyms=Pseudonyms(b"bench"), options=ImportOptions(chat_id=chosen))
    return archive


def refusal(path: Path, zone: str, root: Path) -> str | None:
    """Why a file may not join what is in the folder; None if it may."""
    try:
        imported(path, zone, root)
    except ChatForecastError as error:
        return str(error).partition(": ")[2].splitlines()[0]
    return None


def is_other_refused(path: Path, zone: str, root: Path, scratch: Path, days: list[pd.Timestamp]) -> bool:
    """Whether other people's chat, of any program and of the same days, is refused."""
    moved = dict(zip(sorted({each.at[:10] for each in samples.MESSAGES}), days, strict=False))
    others = [replace(each, at=f"{moved[each.at[:10]]:%Y-%m-%d}{each.at[10:]}") for each in samples.MESSAGES]
    written = [
        samples.write_text(scratch / "x [5].json", samples.as_json(samples.discord(others, channel="5"))),
        samples.write_text(scratch / "x.txt", samples.whatsapp("android-24h", others)),
        samples.write_zip(scratch / "slack.zip", samples.slack(others, channel="C77")),
        samples.write_zip(scratch / "signal.zip", {"signal-chats/other/data.json": samples.signal_export(others)}),
        samples.write_text(scratch / "sigtop.txt", samples.sigtop_text(others)),
        samples.write_text(scratch / "matrix.json", samples.as_json(samples.matrix(others))),
        samples.write_zip(scratch / "google.zip", samples.google(others)),
        samples.write_text(scratch / "tdl.json", samples.as_json(samples.tdl(others, chat_id=5))),
        samples.write_text(scratch / "scraper.json", samples.as_json(samples.scraper(others))),
        samples.write_zip(scratch / "html.zip", samples.html(others, offset="")),
    ]
    return path.exists() and all(refusal(other, zone, root) is not None for other in written)


def is_cut_named(path: Path, zone: str, scratch: Path) -> str:
    """Whether a file that ends in the middle is refused."""
    cut = scratch / f"cut{path.suffix}"
    content = path.read_bytes()
    cut.write_bytes(content[: int(CUT_AT * len(content))].rstrip())  # between two lines of a text no cut can be seen
    archive, options = Archive(str(scratch / "home"), "cut"), ImportOptions()
    try:
        notes = import_files(archive, [cut], timezone=zone, pseudonyms=Pseudonyms(b"bench"), options=options).notes
    except ChatForecastError:
        return "refused"
    return "noted" if notes else "NO"


def main() -> None:
    """Read the files of the folder, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--timezone", default="Europe/Moscow", help="the zone of truth.csv")
    arguments = parser.parse_args()
    truth, zone = read_truth(arguments.folder), arguments.timezone
    wanted = sum(truth.values())
    print(f"{'file':58} {'messages':>9} {'right hour':>11}  other chat refused  cut file named  ms")
    for path in sorted(arguments.folder.iterdir()):
        if path.suffix not in SUFFIXES or path.name.startswith("truth"):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            begun = time.process_time()
            try:
                archive = imported(path, zone, Path(scratch) / "home")
            except ChatForecastError as error:
                print(f"{path.name[:58]:58} refused: {str(error).partition(': ')[2]}")
                continue
            took = 1000 * (time.process_time() - begun)
            hours = archive.read().messages["sent_at"].dt.tz_convert(zone).dt.floor("h").value_counts().to_dict()
            right = sum(min(hours.get(hour, 0), count) for hour, count in truth.items())
            days = sorted({hour.normalize() for hour in truth})
            refused = "yes" if is_other_refused(path, zone, Path(scratch) / "home", Path(scratch), days) else "NO"
            cut = is_cut_named(path, zone, Path(scratch))
            found = sum(hours.values())
            print(f"{path.name[:58]:58} {found:5}/{wanted} {right:8}/{wanted}  {refused:18}  {cut:14}  {took:.0f}")
    for path in sorted((arguments.folder / "edge").glob("*")):
        with tempfile.TemporaryDirectory() as scratch:
            said = refusal(path, zone, Path(scratch))
            read = len(Archive(scratch, "chat").read().messages)
            print(f"edge/{path.name:53} {f'refused: {said}' if said else f'{read} messages'}")


if __name__ == "__main__":
    main()
