"""Running commands for the benchmarks, and measuring what they took."""

import os
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

KILOBYTES_OF_A_MEGABYTE = 1000
OWN_PLACES = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE")


@dataclass(frozen=True)
class Took:
    """What a process took: wall time, processor time, and the peak of its memory."""

    wall: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s wall, {self.cpu:.2f} s processor, peak {self.megabytes:.0f} MB"


def measure(home: Path, *arguments: str, codes: Collection[int] = (0,)) -> Took:
    """Run Python with these arguments on a home, and see that it ends with one of the exit codes."""
    environment = {name: value for name, value in os.environ.items() if name not in OWN_PLACES}
    environment["CHAT_FORECAST_HOME"] = str(home)
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in codes, f"{arguments} ended with {process.returncode}"
    return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KILOBYTES_OF_A_MEGABYTE)


def measure_command(home: Path, *arguments: str, codes: Collection[int] = (0,)) -> Took:
    """Run ``chat-forecast`` with these arguments on a home."""
    return measure(home, "-m", "chat_forecast.cli", *arguments, codes=codes)
