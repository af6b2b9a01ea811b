"""``python -m chat_forecast_tests kills [--times N] [--seed N] [--only STAGE]``: commands are killed, and done again.

Each command of a chat's life is prepared once: the home that it finds is kept, and so is what an undisturbed one leaves.
Then it is killed, one to three times on end in a copy of that home, each time at another moment of the time that it takes
(SIGKILL, one time in six SIGHUP; with everything that it started), and let to its end once more. What is stored then must
be what the undisturbed command leaves: partitions byte for byte, the archive with its ledger, what Dagster and MLflow know,
no run under way, no model twice, the files of each of MLflow's runs and none that no run names, nothing left over.

The time is that of the processor, so that no moment moves when the machine does something else meanwhile. Every second
moment lies between the latest one before the first write and the earliest one after the last, as far as they are known. Most
processes are forked from one that has imported the libraries, so that kills strike work.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast_tests.kills.processes import do, kill, kill_fresh
from chat_forecast_tests.kills.stages import LIFE, Stage, write_exports
from chat_forecast_tests.kills.stored import found_in

FRESH_EVERY, HANG_UP_EVERY = 12, 6
KILLS_A_TIME = (1, 3)
"""A command is killed so often before it is let to its end."""


@dataclass
class Prepared:
    """A command with the home it finds, what it leaves there, and how its kills went."""

    stage: Stage
    before: Path
    expected: dict[str, object]
    seconds: float
    """Processor seconds of the undisturbed command."""
    early: float = 0.0
    """The latest moment known at which nothing was written yet, as a part of the time."""
    late: float = 1.0
    """The earliest moment known at which all was written."""
    landed: Counter[str] = field(default_factory=Counter)
    differed: Counter[str] = field(default_factory=Counter)


def prepare(folder: Path) -> list[Prepared]:
    """Do every command once, undisturbed, keeping the home before each."""
    home, prepared = folder / "home", []
    home.mkdir()
    Pseudonyms.load(home)  # the same key in every life, for the same pseudonyms
    for number, stage in enumerate(LIFE):
        before = folder / f"before-{number}"
        shutil.copytree(home, before)
        code, said, seconds = do(stage, folder, folder / "log")
        assert code == 0, (stage.name, said)
        print(f"{stage.name}: {seconds:.1f} s of a processor", flush=True)
        prepared.append(Prepared(stage, before, found_in(home), seconds))
    return prepared


def restore(folder: Path, before: Path) -> None:
    """Put a home as it was in the place where its files say that it is."""
    shutil.rmtree(folder / "home")
    shutil.copytree(before, folder / "home")


def differences(expected: dict[str, object], found: dict[str, object]) -> list[str]:
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def written(home: Path) -> dict[str, tuple[int, int]]:
    """The state of each file of a home, by which it is seen whether anything was written."""
    files = [path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path.relative_to(home).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def strike(each: Prepared, folder: Path, chance: random.Random, number: int) -> list[str]:
    """Kill a command some times, then do it to its end; gives what differs then from the undisturbed result."""
    home, log, wrong, history = folder / "home", folder / "log", [], []
    restore(folder, each.before)
    untouched = written(home)
    for attempt in range(chance.randint(*KILLS_A_TIME)):
        how = signal.SIGHUP if chance.randrange(HANG_UP_EVERY) == 0 else signal.SIGKILL
        moment = chance.uniform(each.early, each.late) if chance.randrange(2) else chance.uniform(0, 1)
        is_fresh = chance.randrange(FRESH_EVERY) == 0 and not each.stage.later
        was_alive = (kill_fresh if is_fresh else kill)(each.stage, folder, log, moment * each.seconds, how)
        if how is signal.SIGHUP and "Traceback" in log.read_text():
            wrong.append("a traceback of the killed one")
        left = differences(each.expected, found_in(home))
        where = "before" if written(home) == untouched else "inside" if left else "after"
        each.landed[where if was_alive else "ended"] += 1
        if attempt == 0 and was_alive and not is_fresh:
            each.early = max(each.early, moment) if where == "before" else each.early
            each.late = min(each.late, moment) if where == "after" else each.late
        history.append(f"{how.name} at {moment:.2f}, {where if was_alive else 'ended'}: {left}")
    code, said, _ = do(each.stage, folder, log)
    if code and not (each.stage.refusal and each.stage.refusal in said):
        wrong.append(f"exit code {code}: {' '.join(said.split())[-300:]}")
    if "Traceback" in said:
        wrong.append("a traceback")
    wrong += differences(each.expected, found_in(home))
    if wrong:
        kept = folder.parent / f"{folder.name}-{number}"
        shutil.copytree(home, kept)
        print(f"{number}: {each.stage.name}: {wrong}; home kept in {kept}; {history}", flush=True)
    return wrong


def print_table(prepared: list[Prepared]) -> None:
    print(f"{'command':14}{'kills':>6}{'before':>8}{'inside':>8}{'after':>8}{'ended':>8}  the writes; then differed")
    for each in prepared:
        kills = sum(each.landed.values()) - each.landed["ended"]
        places = "".join(f"{each.landed[name]:8}" for name in ("before", "inside", "after", "ended"))
        differed = ", ".join(f"{name} ×{times}" for name, times in each.differed.items()) or "nothing"
        print(f"{each.stage.name:14}{kills:6}{places}  {differed}", flush=True)


def main(arguments: list[str]) -> int:
    """Strike each command in turn until so many kills are done; the exit code is 0 if nothing differed."""
    parser = argparse.ArgumentParser(prog="python -m chat_forecast_tests kills")
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=[stage.name for stage in LIFE])
    asked = parser.parse_args(arguments)
    chance, begun = random.Random(asked.seed), time.monotonic()  # noqa: S311 - no secret
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="chat-forecast-kills-") as name:
        folder = Path(name)
        write_exports(folder)
        prepared = prepare(folder)
        chosen = [each for each in prepared if not asked.only or each.stage.name in asked.only]
        turns = [each for each in chosen for _ in range(each.stage.share)]
        for number in range(1, 100 * asked.times):
            each = turns[number % len(turns)]
            each.differed.update(strike(each, folder, chance, number))
            kills = sum(sum(each.landed.values()) - each.landed["ended"] for each in chosen)
            if number % (2 * len(turns)) == 0 or kills >= asked.times:
                print(f"{kills} kills, {time.monotonic() - begun:.0f} s", flush=True)
                print_table(chosen)
            if kills >= asked.times:
                break
    return int(any(each.differed for each in chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
