"""Running commands for the benchmarks, and measuring what they took."""

import ctypes
import math
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KILOBYTES_OF_A_MEGABYTE = 1000
PR_SET_CHILD_SUBREAPER = 36
"""Linux gives a process its children's orphans: what a command started and left behind is waited for, and counted."""
OWN_PLACES = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE")


@dataclass(frozen=True)
class Took:
    """What a command took with all processes that it started: wall time, processor time, and the peak of the largest one."""

    wall: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s wall, {self.cpu:.2f} s processor, peak {self.megabytes:.0f} MB"


Watch = Callable[[int], object]
"""Called once with the id of the process that was started, in a thread of its own."""


def measure(home: Path, *arguments: str, codes: Collection[int] = (0,), watch: Watch | None = None) -> Took:
    """Run Python with these arguments on a home, and see that it ends with one of the exit codes."""
    environment = {name: value for name, value in os.environ.items() if name not in OWN_PLACES}
    environment["CHAT_FORECAST_HOME"] = str(home)
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL)
    watcher = threading.Thread(target=watch or _do_nothing, args=(process.pid,))
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    usages = [usage, *_of_orphans()]
    assert process.returncode in codes, f"{arguments} ended with {process.returncode}"
    peak = max(each.ru_maxrss for each in usages)
    return Took(wall, sum(each.ru_utime + each.ru_stime for each in usages), peak / KILOBYTES_OF_A_MEGABYTE)


def _do_nothing(_process: int) -> None:
    pass


def _of_orphans() -> Iterator[resource.struct_rusage]:
    """What the processes took that a command left behind; they are waited for."""
    with suppress(ChildProcessError):
        while True:
            yield os.wait4(-1, 0)[2]


def measure_command(home: Path, *arguments: str, codes: Collection[int] = (0,), watch: Watch | None = None) -> Took:
    """Run ``chat-forecast`` with these arguments on a home."""
    return measure(home, "-m", "chat_forecast.cli", *arguments, codes=codes, watch=watch)


class PeakAtFile:
    """The peak of a process at the moment at which it stores a file anew in a folder; it is a :data:`Watch`."""

    LOOK_SECONDS = 0.002

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = self._newest()
        self.seconds, self.megabytes = math.nan, math.nan

    def __call__(self, process: int) -> None:
        begun = time.perf_counter()
        with suppress(OSError, StopIteration):  # it ended, and stored none
            while self._newest() == self._before:
                _peak_of(process)
                time.sleep(self.LOOK_SECONDS)
            self.seconds, self.megabytes = time.perf_counter() - begun, _peak_of(process)

    def _newest(self) -> int:
        return max((path.stat().st_mtime_ns for path in self._folder.glob("*.parquet")), default=0)


def _peak_of(process: int) -> float:
    """The most that a process has held so far; raises ``StopIteration`` when it is over."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return kilobytes / KILOBYTES_OF_A_MEGABYTE
