"""The rooms of the package: who may import whom, where Dagster and the clock may be, and how long a piece of code may be.

An exception stands here with its reason, and is refused as soon as it is none any more.
"""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "chat_forecast"
BASE = {"errors", "large_columns", "masking", "plain_text", "whole_files"}
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


DAGSTER_ROOMS = {"pipeline", "definitions", "app"}
PRIVATE_DAGSTER = "pipeline/compat.py"
PRIVATE_METHODS = ("pipeline/daemon_work.py", "pipeline/event_batches.py", "pipeline/repository.py")
"""Where private methods and attributes of Dagster's objects are used."""
DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
CLOCK_ROOMS = {"definitions", "app", "cli"}
CLOCK_EXCEPTIONS = {
    "pipeline/catch_up.py": "a tick is about the moment of the tick",
    "pipeline/heartbeat.py": "a tick is about the moment of the tick",
    "pipeline/report_sensor.py": "a tick is about the moment of the tick",
    "pipeline/notify_sensor.py": "a tick is about the moment of the tick",
    "pipeline/today_sensor.py": "a tick is about the moment of the tick",
    "sources/telegram/connection.py": "says until when Telegram asks to wait",
    "sources/telegram/faults.py": "says until when Telegram asks to wait",
    "sources/telegram/session.py": "notes since when the session is in use",
    "storage/file_fingerprints.py": "tells whether a folder's time can still stand for a change that comes",
}
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "Timestamp": {"now", "utcnow", "today"},
    "time": {"time", "time_ns", "localtime", "gmtime"},
}
"""Name before the dot -> what reads the wall clock behind it."""
LINES_OF_A_MODULE, LINES_OF_A_FUNCTION = 250, 50
LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


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


def users_of_dagster(*, private: bool) -> set[str]:
    """The modules that import Dagster, or what Dagster keeps to itself."""
    pattern = re.compile(r"dagster\w*\.(\w+\.)*_[a-z]" if private else r"dagster\b")
    return {name_of(path) for path in modules() if any(pattern.match(name) for name in imports(path))}


def test_dagster_is_imported_in_its_rooms_alone():
    assert {room(PACKAGE / name) for name in users_of_dagster(private=False)} <= DAGSTER_ROOMS


def test_what_dagster_keeps_to_itself_is_imported_by_one_module():
    assert users_of_dagster(private=True) == {PRIVATE_DAGSTER}


def private_attributes(path: Path) -> set[str]:
    """The names with one leading underscore that a module looks up on something else than its own ``self`` or ``cls``."""
    own = {node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, DEFINED)}
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr) and node.attr not in own
        if getattr(node.value, "id", None) not in {"self", "cls", "os"}
    }


def test_private_methods_of_dagster_are_used_by_few_modules():
    rooms = [path for path in modules() if room(path) in DAGSTER_ROOMS and name_of(path) not in PRIVATE_METHODS]
    assert {name_of(path): private_attributes(path) for path in rooms if private_attributes(path)} == {}
    assert all(private_attributes(PACKAGE / name) for name in PRIVATE_METHODS)


REFERENCE = re.compile(r":(mod|func|class|data|meth|attr|exc):`~?(\.*)([\w.]+)`")


def named_in(path: Path) -> set[str]:
    """Every name that a module defines, assigns or imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, DEFINED):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).rpartition(".")[2])
    return found


def test_what_docstrings_refer_to_is_there():
    names = {name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in modules()}
    known = {part for name in names for part in name.split(".")}.union(*map(named_in, names.values()))
    lost = []
    for module, path in names.items():
        for role, dots, target in REFERENCE.findall(path.read_text(encoding="utf-8")):
            parents = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
            package = parents[: len(parents) + 1 - len(dots)] if dots else []
            full = ".".join([*package, target.removeprefix("chat_forecast.")])
            if full not in names if role == "mod" else not known.issuperset(full.split(".")):
                lost.append(f"{name_of(path)}: {dots}{target}")
    assert lost == []


def reads_clock(path: Path) -> bool:
    """Whether a module reads the wall clock, or hands on a function that does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", None)
            if node.attr in CLOCKS.get(owner, ()):
                return True
    return False


def test_the_clock_is_read_at_the_edges_alone():
    inside = {name_of(path) for path in modules() if room(path) not in CLOCK_ROOMS and reads_clock(path)}
    assert inside == set(CLOCK_EXCEPTIONS)


def test_a_module_holds_one_idea_and_a_function_fits_a_screen():
    long_modules, long_functions = set(), set()
    for path in modules():
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > LINES_OF_A_MODULE:
            long_modules.add(name_of(path))
        for node in ast.walk(ast.parse(text)):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and node.end_lineno - node.lineno >= LINES_OF_A_FUNCTION:
                long_functions.add(f"{name_of(path)}: {node.name}")
    assert long_modules == set(LONG_MODULES)
    assert long_functions == set(LONG_FUNCTIONS)


def test_a_verdict_is_made_with_its_score_and_again_only_on_request():
    module = "chat_forecast.domain.retraining_rule"
    judges = {f"{module}.evaluate_rule", f"{module}.judge_after"}
    assert {name_of(path) for path in modules() if judges & set(imports(path))} == {
        "app/rescoring.py",
        "forecasting/score_record.py",
    }


def test_stores_are_put_together_in_one_place():
    stores = {"Storages", "Sources", "Tracking", "Reports", "Notifier"}
    made = {
        (name_of(path), node.func.id)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in stores
    }
    assert made == {("pipeline/resources.py", store) for store in stores}
