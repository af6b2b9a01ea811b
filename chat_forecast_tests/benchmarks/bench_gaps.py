"""Which unread stretches of real chats the ids show: found, missed, and found where nothing is known to be missing.

``python -m chat_forecast_tests.benchmarks.bench_gaps FOLDER [--hide N]``: FOLDER holds real chats (:mod:`.chats`). A stretch
of ``gaps.csv`` is found if a silence taken as not read holds it, but for an hour at its ends. Only chats whose ids count one
by one can show anything; of the others every stretch is missed.

Then N stretches (40 by default) of 6 to 72 hours with at least 20 messages are taken out of each chat whose ids count one by
one, and it is printed how many of them are found.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain.unread_silences import find_unread_silences

AN_HOUR = pd.Timedelta("1h")
HIDDEN_HOURS = (6, 12, 24, 72)
FEWEST_HIDDEN = 20


def compare(folder: Path, chat: str, gaps: pd.DataFrame) -> tuple[int, int, list[str]]:
    """How many stretches of a chat were found and missed, and what else was found."""
    entries = pd.read_parquet(folder / f"{chat}.parquet")
    begin, end = entries["sent_at"].min(), entries["sent_at"].max()
    inside = [(a, b) for a, b in zip(gaps["from_utc"], gaps["to_utc"], strict=True) if b > begin and a < end]
    silences = find_unread_silences(entries).intervals
    found = sum(any(start - AN_HOUR <= a and stop + AN_HOUR >= b for start, stop in silences) for a, b in inside)
    others = [(start, stop) for start, stop in silences if not any(start < b and stop > a for a, b in inside)]
    shown = [f"{start:%Y-%m-%d %H:%M}, {(stop - start) / AN_HOUR:.0f} h" for start, stop in others]
    return found, len(inside) - found, shown


def hide(entries: pd.DataFrame, hours: int, times: int) -> tuple[int, int]:
    """Of stretches of so many hours taken out of a chat one at a time, how many were found, and how many there were."""
    rng = np.random.default_rng(hours)
    span = (entries["sent_at"].max() - entries["sent_at"].min()) / AN_HOUR - hours
    found = tried = 0
    for _ in range(times):
        start = entries["sent_at"].min() + rng.uniform(0, span) * AN_HOUR
        stop = start + hours * AN_HOUR
        is_hidden = entries["sent_at"].between(start, stop, inclusive="left")
        if is_hidden.sum() >= FEWEST_HIDDEN:
            tried += 1
            silences = find_unread_silences(entries[~is_hidden]).intervals
            found += any(a <= start and b >= stop for a, b in silences)
    return found, tried


def main() -> None:
    """Take the arguments and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the real chats lie")
    parser.add_argument("--hide", type=int, default=40, help="how many stretches of each length are hidden")
    arguments = parser.parse_args()
    gaps = pd.read_csv(arguments.folder / "gaps.csv", parse_dates=["from_utc", "to_utc"])
    chats = sorted(path.stem for path in arguments.folder.glob("*.parquet"))
    print(f"{'chat':<24} found missed other")
    for chat in chats:
        found, missed, others = compare(arguments.folder, chat, gaps[gaps["chat"] == chat])
        print(f"{chat:<24} {found:5d} {missed:6d} {len(others):5d}  {'; '.join(others)}")
    print(f"\n{'hidden stretches found':<24} " + " ".join(f"{hours:>6} h" for hours in HIDDEN_HOURS))
    for chat in chats:
        entries = pd.read_parquet(arguments.folder / f"{chat}.parquet").dropna(subset="message_id")
        if len(entries) and entries.sort_values("message_id")["message_id"].diff().median() == 1:
            figures = (hide(entries, hours, arguments.hide) for hours in HIDDEN_HOURS)
            print(f"{chat:<24} " + " ".join(f"{f'{found}/{tried}':>8}" for found, tried in figures))


if __name__ == "__main__":
    main()
