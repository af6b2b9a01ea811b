"""What is imported is declared in pyproject.toml, and what is declared is used."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from chat_forecast.presentation.reports.requirements import PACKAGES as REPORT_PACKAGES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
installed = cache(packages_distributions)  # looks at every installed file: once, and not while tests are only found
OURS = {"chat_forecast", "chat_forecast_tests"}
NOT_IMPORTED = {
    "chat-forecast": "the project itself, with one of its extras",
    "tzdata": "zoneinfo's time zones, where the system has none",
    "cryptg": "Telethon encrypts with it",
    "mypy": "a command",
    "pandas-stubs": "mypy reads it",
    "pre-commit": "a command",
    "pytest-cov": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "a command",
}
"""What is declared without being imported -> why."""


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", name)[0]).lower()


def declared(*extras: str) -> set[str]:
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    return {normalised(requirement) for requirements in lists for requirement in requirements}


@cache
def imported(package: str) -> dict[str, str]:
    """The top-level modules that a package imports from elsewhere, each with a file that does."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            for name in (name.partition(".")[0] for name in names):
                if name not in sys.stdlib_module_names and name not in OURS:
                    found[name] = path.relative_to(ROOT).as_posix()
    return found


def distributions(module: str) -> set[str]:
    return {normalised(name) for name in installed().get(module, [module])}


@pytest.mark.parametrize(
    ("package", "extras"),
    [("chat_forecast", ("report", "distributed")), ("chat_forecast_tests", ("dev", "report", "distributed"))],
)
def test_what_is_imported_is_declared(package, extras):
    known = declared(*extras)
    undeclared = {module: path for module, path in imported(package).items() if not distributions(module) & known}
    assert not undeclared


@pytest.mark.parametrize(
    ("packages", "extra"),
    [(("chat_forecast",), None), (("chat_forecast",), "report"), (("chat_forecast",), "distributed"), (sorted(OURS), "dev")],
)
def test_what_is_declared_is_used(packages, extra):
    used = {name for package in packages for module in imported(package) for name in distributions(module)}
    wanted = declared(extra) - declared() if extra else declared()
    assert not wanted - used - set(NOT_IMPORTED)


def test_only_what_makes_reports_imports_the_packages_of_their_extra():
    assert {normalised(package) for package in REPORT_PACKAGES.values()} == declared("report") - declared()
    pattern = re.compile(rf"^\s*(?:from|import) (?:{'|'.join(REPORT_PACKAGES)})\b", re.MULTILINE)
    makers = ("presentation/reports/", "presentation/phrases/catalogue.py", "presentation/vega_bundle.py")
    for path in sorted((ROOT / "chat_forecast").rglob("*.py")):
        name = path.relative_to(ROOT / "chat_forecast").as_posix()
        assert name.startswith(makers) or not pattern.search(path.read_text(encoding="utf-8")), name


def test_what_needs_no_import_is_not_imported():
    assert not set(NOT_IMPORTED) & {name for module in imported("chat_forecast") for name in distributions(module)}


def test_every_declared_version_has_a_lower_bound_that_is_installed():
    for text in [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["report"],
        *PROJECT["optional-dependencies"]["distributed"],
        *PROJECT["optional-dependencies"]["dev"],
    ]:
        requirement = Requirement(text)
        if normalised(requirement.name) in NOT_IMPORTED and requirement.extras:
            continue  # the project itself
        assert ">=" in str(requirement.specifier), text
        assert requirement.specifier.contains(version(requirement.name), prereleases=True), text
