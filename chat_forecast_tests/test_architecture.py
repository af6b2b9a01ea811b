"""Who may import whom: nobody imports to the right of itself."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "chat_forecast"
BASE = {"errors"}
LAYERS = [
    {"core"},
    {"links"},
    {"config", "files", "home", "instance_files", "partitions"},
    {"sources", "resources", "docs"},
    {"assets", "checks", "reports"},
    {"jobs"},
    {"notify"},
    {"schedules", "sensors", "publishing"},
    {"definitions"},
    {"runs", "terminal", "backtesting", "health"},
    {"serving"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
IMPURE = {
    "dagster",
    "mlflow",
    "telethon",
    "os",
    "pathlib",
    "fsspec",
    "filelock",
    "click",
    "rich",
    "time",
    "tempfile",
    "socket",
}


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imports(path: Path) -> set[str]:
    """The full names of what a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides what is imported"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_every_module_has_its_place_in_the_order_of_layers():
    assert {part(path) for path in modules()} == set(LEVEL) | BASE


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nobody_imports_to_the_right_of_itself(path):
    mine = LEVEL.get(part(path), -1)
    own = {name.split(".")[1] for name in imports(path) if name.startswith("chat_forecast.")}
    assert not {name for name in own if LEVEL.get(name, -1) > mine}


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").rglob("*.py")), ids=lambda path: path.name)
def test_core_touches_no_files_no_clock_and_no_framework(path):
    assert not {name.split(".")[0] for name in imports(path)} & IMPURE
