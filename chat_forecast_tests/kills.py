"""``python -m chat_forecast_tests kills [--times N] [--seed N]``: commands are killed at random moments, and done again.

Each command of a chat's life (imports, a backfill with trainings, taking an import out, another time zone, pruning) is
started as a process of its own, killed (SIGKILL) after a random part of the time that it takes, and done again. At the end
of a life the stored days and the archive must equal those of a life that nobody disturbed, byte for byte.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.storage.archive import Archive

CLI = [sys.executable, "-m", "chat_forecast.cli"]
BACKFILL = ["backfill", "club", "--from", "2026-05-25", "--to", "2026-05-26"]
LIFE = [
    ["import", "club", "first.csv", "--timezone", "UTC"],
    BACKFILL,
    ["import", "club", "second.csv"],
    ["imports", "club", "--remove", "2"],
    ["import", "club", "second.csv"],
    ["timezone", "club", "Europe/Moscow"],
    BACKFILL,
    ["prune"],
]
ALREADY = "--remove"
"""A command that is refused when it was done the first time."""
LEFT_OUT = ("trained_model",)
"""Assets whose files name the time that they took."""


def exports(folder: Path) -> None:
    """Two overlapping exports, made of the same messages each time."""
    rng = np.random.default_rng(1)
    minutes = np.sort(rng.integers(0, 31 * 1440, 4000))
    times = pd.Timestamp("2026-05-01", tz="UTC") + pd.to_timedelta(minutes, unit="min")
    table = pd.DataFrame(
        {"sent_at": times, "message_id": range(1, 4001), "sender": [f"u{number % 9}" for number in range(4000)]}
    )
    table.iloc[:3500].to_csv(folder / "first.csv", index=False)
    table.iloc[3000:].to_csv(folder / "second.csv", index=False)


def stored(home: Path) -> dict[str, object]:
    """What is stored of the chat: each day's file, and the archive."""
    found: dict[str, object] = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in sorted((home / "club").glob("*/????-??-??.parquet"))
        if path.parent.name not in LEFT_OUT
    }
    contents = Archive(str(home), "club").contents()
    found["messages"] = contents.messages.to_csv()
    found["read"] = contents.read_intervals.to_json()
    return found


def live(
    folder: Path, key: Path | None, chance: random.Random | None, durations: list[float]
) -> tuple[dict[str, object], int]:
    """Do every command in a new home, killed and done again if there is a ``chance``; gives what is stored, and kills."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    if key is not None:
        shutil.copy(key, home / key.name)
    environment = {name: text for name, text in os.environ.items() if name not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")}
    environment |= {"CHAT_FORECAST_HOME": str(home)}
    kills = 0
    for number, command in enumerate(LIFE):
        if chance is not None:
            process = subprocess.Popen([*CLI, *command], cwd=folder, env=environment, stdout=-3, stderr=-3)
            try:
                process.wait(timeout=chance.uniform(0.02, 1) * durations[number])
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        begun = time.monotonic()
        done = subprocess.run([*CLI, *command], cwd=folder, env=environment, capture_output=True, text=True)
        durations.append(time.monotonic() - begun)
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert done.returncode == 0 or (chance is not None and ALREADY in command), (command, said)
    return stored(home), kills


def main(arguments: list[str]) -> int:
    """Live undisturbed once, then until so many kills are done; the exit code is 0 if all lives are equal."""
    parser = argparse.ArgumentParser(prog="python -m chat_forecast_tests kills")
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    chance, kills, lives = random.Random(asked.seed), 0, 0  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory(prefix="chat-forecast-kills-") as name:
        folder = Path(name)
        exports(folder)
        durations: list[float] = []
        expected, _ = live(folder, None, None, durations)
        key = folder / "pseudonym.key"
        shutil.copy(folder / "home" / key.name, key)
        print(f"undisturbed: {len(expected)} files, {sum(durations):.0f} s", flush=True)
        while kills < asked.times:
            found, more = live(folder, key, chance, [*durations])
            kills, lives = kills + more, lives + 1
            wrong = sorted(place for place in expected.keys() | found.keys() if expected.get(place) != found.get(place))
            print(f"{kills} kills in {lives} lives: {'equal' if not wrong else f'differ: {wrong}'}", flush=True)
            if wrong:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
