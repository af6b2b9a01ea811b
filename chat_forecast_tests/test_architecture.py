"""The rooms of the package, and who may import whom: nobody imports to the right of itself."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "chat_forecast"
BASE = {"errors", "whole_files"}
ROOMS = [
    {"domain"},
    {"forecasting"},
    {"settings"},
    {"storage", "docs"},
    {"sources"},
    # resources: no room, but the path by which MLflow loads models of version 0.1.0; it only leads to tracking.
    {"tracking", "presentation", "resources"},
    {"pipeline"},
    {"definitions"},
    {"app"},
    {"cli"},
]
PLACE = {name: place for place, names in enumerate(ROOMS) for name in names}
PURE = ("domain", "forecasting")
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


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


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


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_every_module_is_in_a_room():
    assert {room(path) for path in modules()} == set(PLACE) | BASE


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nobody_imports_to_the_right_of_itself(path):
    mine = PLACE.get(room(path), -1)
    own = {name.split(".")[1] for name in imports(path) if name.startswith("chat_forecast.")}
    assert not {name for name in own if PLACE.get(name, -1) > mine}


@pytest.mark.parametrize("path", [path for path in modules() if room(path) in PURE], ids=name_of)
def test_pure_rooms_touch_no_files_no_clock_and_no_framework(path):
    assert not {name.split(".")[0] for name in imports(path)} & IMPURE
