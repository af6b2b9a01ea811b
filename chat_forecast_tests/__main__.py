"""``python -m chat_forecast_tests``: everything that must hold before a commit, and what CI runs."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "tests": ["pytest", "--numprocesses=2", "--dist=loadgroup", "--durations=10"],
}


def main() -> int:
    """Run every step, even after one failed; the exit code is 0 if all passed."""
    failed = []
    for name, command in STEPS.items():
        begun = time.monotonic()
        print(f"== {name}: {' '.join(command)}", flush=True)
        if subprocess.run([sys.executable, "-m", *command, *(sys.argv[1:] if name == "tests" else [])], cwd=ROOT).returncode:
            failed.append(name)
        print(f"== {name}: {time.monotonic() - begun:.0f} s", flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "lint, format, types and tests: all passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
