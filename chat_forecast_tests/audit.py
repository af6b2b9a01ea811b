"""``python -m chat_forecast_tests audit``: are there known holes in what is installed, and secrets in what is committed?

Needs the network and ``pip install -c constraints.txt -e '.[audit]'``, so that it is no step of the usual ones. Each look is
tried on something planted first: one that finds nothing there says nothing of the rest, and counts as a failure. So does a
package of which nobody knows anything.

A finding that is no secret gets into ``.github/secrets.baseline``, by its hash alone:
``detect-secrets scan --baseline .github/secrets.baseline``, and a look at the difference.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
BASELINE = ".github/secrets.baseline"
CONSTRAINTS = ROOT / "constraints.txt"
FULL_OF_HOLES = "jinja2==2.11.2\n"
"""A version of which several holes are known."""


def main() -> int:
    """Look for both, also after one was found; the exit code is 0 if there are none."""
    missing = [name for name in ("pip_audit", "detect_secrets") if find_spec(name) is None]
    if missing:
        print(f"{' and '.join(missing)}: not installed, expected from: pip install -c constraints.txt -e '.[audit]'")
        return 1
    return int(have_holes() | have_secrets())


def have_holes() -> bool:
    """Whether there are known holes in the pinned packages, or nobody can be asked; what was found is printed."""
    with TemporaryDirectory() as folder:
        planted = Path(folder) / "planted.txt"
        planted.write_text(FULL_OF_HOLES)
        tried = look_for_holes(planted)
    if tried.returncode == 0 or not any(kind in tried.stdout for kind in ("PYSEC-", "CVE-", "GHSA-")):
        said = tried.stderr.strip().rpartition("\n")[2]
        print(f"Nobody knows the holes of {FULL_OF_HOLES.strip()}, so no advisories can be read here: {said}")
        return True
    found = look_for_holes(CONSTRAINTS)
    print(found.stdout + found.stderr)
    return bool(found.returncode)


def have_secrets() -> bool:
    """Whether something committed looks like a secret, or a planted one is not found; what was found is printed."""
    with TemporaryDirectory() as folder:
        plant_a_secret(Path(folder))
        is_able = bool(unknown_secrets(Path(folder)))
    if not is_able:
        print("A planted secret was not found.")
    found = unknown_secrets(ROOT)
    for place in found:
        print(f"{place}: looks like a secret")
    return bool(found) or not is_able


def look_for_holes(requirements: Path) -> subprocess.CompletedProcess[str]:
    """What pip-audit says of pinned packages."""
    options = ["--no-deps", "--disable-pip", "--strict", "--progress-spinner", "off"]
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def plant_a_secret(folder: Path) -> None:
    """Make a repository with a key in it, put together here so that nobody finds it in this file."""
    (folder / "settings.py").write_text(f'key_id = "{"AKIA" + "Z7Q2M4X9K1T8R5W3"}"\n')
    (folder / BASELINE).parent.mkdir()
    (folder / BASELINE).write_text('{"results": {}}')
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def unknown_secrets(root: Path) -> list[str]:
    """Where in what is committed something looks like a secret that is not in the baseline: ``file:line: kind``."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    files = [name for name in listed.stdout.split("\0") if name and name != BASELINE and (root / name).exists()]
    scan = [sys.executable, "-m", "detect_secrets", "scan", *files]
    scanned = json.loads(subprocess.run(scan, cwd=root, capture_output=True, text=True, check=True).stdout)
    baseline = json.loads((root / BASELINE).read_text(encoding="utf-8"))["results"]
    known = {each["hashed_secret"] for findings in baseline.values() for each in findings}
    return [
        f"{name}:{each['line_number']}: {each['type']}"
        for name, findings in scanned["results"].items()
        for each in findings
        if each["hashed_secret"] not in known
    ]


if __name__ == "__main__":
    sys.exit(main())
