"""``python -m chat_forecast_tests [STEP ...] [PYTEST'S ARGUMENTS]``: what must hold before a commit, and what CI runs.

The steps are ``lint``, ``format``, ``types`` and ``tests``; all of them if none is named. What follows goes to pytest:
``python -m chat_forecast_tests tests -k telegram``. Others are done if they are named:

- ``sweeps``: tests that try everything in turn, so that each write fails, each stored file is damaged, each command is
  searched for secrets, and each page is asked for through a proxy; or two of everything at once;
- ``fuzz``: reads odd files for a minute (:mod:`.fuzz`);
- ``distributed``: a backfill on many machines, with PostgreSQL and Redis (:mod:`.distributed`);
- ``kills``: kills commands at random moments (:mod:`.kills`);
- ``audit``: for the network (:mod:`.audit`).

CI does the first three of these too.
"""

import signal
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
# A module stays in one process, which shares its fixtures; the order is that of conftest.py.
# Two processes more than processors: the longest tests wait most of the time.
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
}
WITH_ARGUMENTS = ("tests", "sweeps", "distributed", "fuzz", "kills")


def main(arguments: list[str]) -> int:
    """Run the steps that are asked for, every one even after one failed; the exit code is 0 if all passed."""
    known = STEPS | ON_REQUEST
    asked = list(takewhile(known.__contains__, arguments))
    failed = []
    for name in asked or STEPS:
        command = [*known[name], *(arguments[len(asked) :] if name in WITH_ARGUMENTS else [])]
        begun = time.monotonic()
        print(f"== {name}: {' '.join(command)}", flush=True)
        code, stopped = _run([sys.executable, "-m", *command])
        if code:
            failed.append(name)
        print(f"== {name}: {time.monotonic() - begun:.0f} s", flush=True)
        if stopped:
            return 128 + stopped
    print(f"failed: {', '.join(failed)}" if failed else f"{', '.join(asked or STEPS)}: passed")
    return bool(failed)


def _run(command: list[str]) -> tuple[int, int]:
    """Run a step; gives its exit code, and the signal that was to end it, or 0.

    A step is passed the signal, and waited for: it has servers to end. Ctrl-C reaches it by itself.
    """
    stopped: list[int] = []
    process = subprocess.Popen(command, cwd=ROOT)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)
        if number != signal.SIGINT or not sys.stdin.isatty():
            process.send_signal(number)

    before = {each: signal.signal(each, pass_on) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        return process.wait(), stopped[0] if stopped else 0
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
