"""``python -m chat_forecast_tests audit``: are there known holes in what is installed, and secrets in what is committed?

Needs the network and ``pip install -c constraints.txt -e '.[audit]'``, so that it is no step of the usual ones. A package of
which nobody knows anything counts as a failure: it may as well be that nothing could be asked.

A finding that is no secret gets into ``.github/secrets.baseline``, by its hash alone:
``detect-secrets scan --baseline .github/secrets.baseline``, and a look at the difference.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
BASELINE = ".github/secrets.baseline"
HOLES = [
    "pip_audit",
    "--requirement",
    "constraints.txt",
    "--no-deps",
    "--disable-pip",
    "--strict",
    "--progress-spinner",
    "off",
]


def main() -> int:
    """Look for both, also after one was found; the exit code is 0 if there are none."""
    missing = [name for name in ("pip_audit", "detect_secrets") if find_spec(name) is None]
    if missing:
        print(f"{' and '.join(missing)}: not installed, expected from: pip install -c constraints.txt -e '.[audit]'")
        return 1
    has_holes = bool(subprocess.run([sys.executable, "-m", *HOLES], cwd=ROOT).returncode)
    found = unknown_secrets()
    for place in found:
        print(f"{place}: looks like a secret")
    return int(has_holes or bool(found))


def unknown_secrets() -> list[str]:
    """Where in what is committed something looks like a secret that is not in the baseline: ``file:line: kind``."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [name for name in listed.stdout.split("\0") if name and name != BASELINE]
    scan = [sys.executable, "-m", "detect_secrets", "scan", *files]
    scanned = json.loads(subprocess.run(scan, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    baseline = json.loads((ROOT / BASELINE).read_text(encoding="utf-8"))["results"]
    known = {each["hashed_secret"] for findings in baseline.values() for each in findings}
    return [
        f"{name}:{each['line_number']}: {each['type']}"
        for name, findings in scanned["results"].items()
        for each in findings
        if each["hashed_secret"] not in known
    ]


if __name__ == "__main__":
    sys.exit(main())
