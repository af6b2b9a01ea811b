"""``python -m chat_forecast_tests [STEP ...] [PYTEST'S ARGUMENTS]``: what must hold before a commit, and what CI runs.

The steps are ``lint``, ``format``, ``types`` and ``tests``; all of them if none is named. What follows goes to pytest:
``python -m chat_forecast_tests tests -k telegram``. Others are done if they are named:

- ``sweeps``: tests that try everything in turn, so that each write fails, each stored file is damaged, each command is
  searched for secrets, and each page is asked for through a proxy; or two of everything at once;
- ``distributed``: a backfill on many machines, with PostgreSQL and Redis (:mod:`.distributed`);
- ``odd-files``: reads files that nobody would write, the same 5,600 each time;
- ``fuzz``: looks for new ones for a minute (:mod:`.fuzz`);
- ``kills``: kills commands at random moments (:mod:`.kills`);
- ``audit``: for the network (:mod:`.audit`).

CI does the first three of these too.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import FrameType

from chat_forecast_tests.scratch import scratch

ROOT = Path(__file__).parents[1]
# A module stays in one process, which shares its fixtures; the order is that of conftest.py.
# Two processes more than processors: the longest tests wait most of the time. A fifth gains nothing.
PYTEST = ["pytest", "--numprocesses=4", "--dist=loadfile", "--no-loadscope-reorder", "--durations=10"]
TESTS = ROOT / "chat_forecast_tests"
# The modules that have one: each process would import all the others only to leave them out.
SWEEPS = sorted(str(path.relative_to(ROOT)) for path in TESTS.rglob("test_*.py") if "pytest.mark.sweep" in path.read_text())
STEPS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "tests": [*PYTEST, "-m", "not sweep"],
}
ON_REQUEST = {
    "sweeps": [*PYTEST, "-m", "sweep", *SWEEPS],
    **{name: [f"chat_forecast_tests.{name}"] for name in ("audit", "distributed", "fuzz", "kills")},
    "odd-files": ["chat_forecast_tests.fuzz", "--seconds", "1800", "--rounds", "20", "--seed", "20261128"],
}
BESIDE = ("types", "odd-files", "distributed")
"""What is done beside the other steps, and told when it has ended: these wait now and then, as the many machines do."""
ON_DISK = ("distributed",)
"""What does not use memory for its files: its servers wait for no disk."""
WITH_ARGUMENTS = ("tests", "sweeps", "distributed", "fuzz", "kills")


@dataclass
class Step:
    """A step that runs."""

    name: str
    process: subprocess.Popen[str]
    begun: float

    @classmethod
    def begin(cls, name: str, arguments: list[str], environment: Mapping[str, str], *, is_beside: bool = False) -> "Step":
        """Start a step; what one beside others says is kept until it has ended."""
        command = [*(STEPS | ON_REQUEST)[name], *(arguments if name in WITH_ARGUMENTS else [])]
        print(f"== {name}: {' '.join(command)}", flush=True)
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if is_beside else {}
        variables = os.environ if name in ON_DISK else os.environ | environment
        process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=variables, text=True, **output)
        return cls(name, process, time.monotonic())

    def end(self) -> bool:
        """Wait for it, and tell; whether it passed."""
        said, _ = self.process.communicate()
        took = f"{time.monotonic() - self.begun:.0f} s" if said is None else "beside the others"
        print(f"{said or ''}== {self.name}: {took}", flush=True)
        return not self.process.returncode


def main(arguments: list[str]) -> int:
    """Run the steps that are asked for, every one even after one failed; the exit code is 0 if all passed."""
    asked = list(takewhile((STEPS | ON_REQUEST).__contains__, arguments))
    names, given = asked or list(STEPS), arguments[len(asked) :]
    front = [name for name in names if name not in BESIDE] or names[:1]
    failed: list[str] = []
    with scratch() as environment:
        beside = [Step.begin(name, given, environment, is_beside=True) for name in names if name not in front]
        with _passing_on_signals(steps := [*beside]) as stopped:
            for name in front:
                if not stopped:
                    steps.append(Step.begin(name, given, environment))
                    failed += [] if steps[-1].end() else [name]
            failed += [step.name for step in beside if not step.end()]
    if stopped:
        return 128 + stopped[0]
    print(f"failed: {', '.join(failed)}" if failed else f"{', '.join(names)}: passed")
    return bool(failed)


@contextmanager
def _passing_on_signals(steps: list[Step]) -> Iterator[list[int]]:
    """Pass the signals that are to end steps on to those that there are by then; yields them. Ctrl-C reaches them by itself.

    They are waited for: they have servers to end.
    """
    stopped: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)
        if number != signal.SIGINT or not sys.stdin.isatty():
            for step in steps:
                step.process.send_signal(number)

    before = {each: signal.signal(each, pass_on) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
