"""Installed sizes and import times, with and without the extra ``report``.

``python -m chat_forecast_tests.benchmarks.bench_dependencies``: sizes are those of the installed files of all packages that
``pyproject.toml`` leads to. Times are processor seconds of fresh processes, the lowest of five, beside those that cannot
import the packages which the extra alone brings.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from chat_forecast.presentation.reports.requirements import PACKAGES

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TRIES = 5
NAMED = ("apprise", "telethon", "matplotlib", "prophet", "mlflow", "dagster")
"""Direct dependencies whose own size is printed, without what they need."""
STEPS = {
    "chat-forecast --help": "from chat_forecast.cli import main; main(['--help'], standalone_mode=False)",
    "the code location": "import chat_forecast.definitions",
    "what makes a report": "import chat_forecast.presentation.reports.page",
}
HIDE = "import sys; sys.modules.update(dict.fromkeys({!r})); "
"""Python code after which these modules cannot be imported."""


def normalised(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(requirements: list[str]) -> set[str]:
    """The packages that are installed for some requirements."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        key = (normalised(wanted.name), frozenset(wanted.extras))
        if key in found or key[0] == "chat-forecast":
            continue
        try:
            needs = distribution(wanted.name).requires or []
        except PackageNotFoundError:
            continue  # for another system
        found.add(key)
        for need in map(Requirement, needs):
            extras = wanted.extras or {""}
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(need)
    return {name for name, _ in found}


def megabytes(packages: set[str]) -> float:
    """The size of some packages' installed files."""
    files = (file for name in packages for file in distribution(name).files or ())
    paths = (Path(str(file.locate())) for file in files)
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def seconds(code: str) -> float | None:
    """The processor time of a fresh process that runs some code; None if it fails."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"CHAT_FORECAST_HOME": home}
        times = []
        for _ in range(TRIES):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if ended.returncode:
                return None
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def main() -> None:
    """Print the sizes, then the times."""
    without = closure(PROJECT["dependencies"])
    report = closure([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["report"]])
    print(f"without the extra: {len(without)} packages, {megabytes(without):.0f} MB")
    print(f"with it:           {len(report)} packages, {megabytes(report):.0f} MB")
    for name in sorted(report - without, key=lambda name: -megabytes({name})):
        print(f"    {name} {megabytes({name}):.1f} MB")
    print("of the others, by themselves:", ", ".join(f"{name} {megabytes({name}):.1f} MB" for name in NAMED))
    only_report = [module for module, package in PACKAGES.items() if normalised(package) in report - without]
    print(f"\n{'':>22}{'with':>10}{'without ' + ', '.join(only_report):>36}")
    for name, code in STEPS.items():
        both = seconds(code), seconds(HIDE.format(only_report) + code)
        print(f"{name:>22}{both[0] or 0:>8.2f} s" + (f"{both[1]:>34.2f} s" if both[1] else f"{'cannot':>36}"))


if __name__ == "__main__":
    main()
