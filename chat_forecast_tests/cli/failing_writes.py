"""Commands of which a write fails: ``python -m chat_forecast_tests.cli.failing_writes TEMPLATE FAULTS WORDS…``.

For each number n a command is run on a copy of a home, in a process forked from one that has imported the libraries, in
which the n-th write below the home fails, and if the fault lasts every later one. Then the same is done again without a
fault. Prints a JSON list: of each n what failed, how the command ended, what it said, how the second one ended, and the
digest of each partition, archive and setting afterwards.

What counts as a write is what Python itself knows of (:func:`sys.addaudithook`): opening a file for writing, making,
renaming, linking and removing files and folders, opening a database.
"""

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pyarrow.parquet as pq

from chat_forecast.cli import main

IMPORTED_ONCE = (
    "babel.dates",
    "chat_forecast.app.importing",
    "chat_forecast.app.pruning",
    "chat_forecast.pipeline.preload_run",
    "jinja2",
    "matplotlib.pyplot",
)
"""By this process, for all that are forked from it."""
CHANGES = {"os.mkdir", "os.rename", "os.link", "os.remove", "sqlite3.connect"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FAULTS = (errno.ENOSPC, errno.EROFS, errno.ENOTCONN)
"""A full disk, one that may only be read, a mount that has vanished."""
STORED = ("*.toml", "*.key", "*/archive/*.parquet", "*/[a-z]*_*/*.parquet")


def fail_from(home: Path, first: int, report: int, *, lasts: bool) -> None:
    """Let the first write after ``first - 1`` others fail, and later ones if the fault lasts."""
    count = 0
    fault = FAULTS[first % len(FAULTS)]

    def hook(event, arguments):
        nonlocal count
        is_write = event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING)
        if not is_write or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        path = os.fsdecode(arguments[0])
        if path.startswith(str(home)):
            count += 1
            if count == first:
                os.write(report, f"{event} {path[len(str(home)) :]}".encode())
            if count == first or (lasts and count > first):
                raise OSError(fault, os.strerror(fault), path)

    sys.addaudithook(hook)


def ended(home: Path, words: list[str], first: int = 0, *, lasts: bool = False) -> tuple[int, str, str]:
    """Run a command in a forked process; returns its exit code, what it said and which write failed."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as report:
        pid = os.fork()
        if not pid:
            for stream in (1, 2):
                os.dup2(said.fileno(), stream)
            os.environ["CHAT_FORECAST_HOME"] = str(home)
            if first:
                fail_from(home, first, report.fileno(), lasts=lasts)
            run_and_exit(words)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said.seek(0)
        report.seek(0)
        return code, said.read().decode(), report.read().decode()


def run_and_exit(words: list[str]) -> NoReturn:
    """End this process with the exit code of a command, or with a traceback and code 2."""
    code: object = 0
    try:
        main(words)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 2
    sys.stdout.flush()
    os._exit(code if isinstance(code, int) else 1)


def stored(home: Path) -> dict[str, str]:
    """The digests of what must be as it was."""
    files = sorted({path for pattern in STORED for path in home.glob(pattern)})
    return {str(path.relative_to(home)): hashlib.sha256(content_of(path)).hexdigest() for path in files}


def content_of(path: Path) -> bytes:
    """What a file holds; of an archive the messages, since its ledger says when they were imported."""
    return repr(pq.read_table(path).to_pylist()).encode() if path.parent.name == "archive" else path.read_bytes()


def tried(template: Path, words: list[str], first: int, *, lasts: bool) -> dict[str, object]:
    """What one fault led to."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "home"
        shutil.copytree(template, home)
        before = stored(home)
        code, said, failed = ended(home, words, first, lasts=lasts)
        between = stored(home)
        again, said_again, _ = ended(home, words)
        return {
            "n": first,
            "failed": failed,
            "code": code,
            "said": said,
            "lost": sorted(name for name in before if name not in between),
            "again": again,
            "said again": said_again if again else "",
            "stored": stored(home),
            "leftovers": sorted(str(path.relative_to(home)) for path in home.rglob(".*.part")),
        }


if __name__ == "__main__":
    for module in IMPORTED_ONCE:
        import_module(module)
    numbers = json.loads(sys.argv[2])
    template, words = Path(sys.argv[1]), sys.argv[3:]
    print(json.dumps([tried(template, words, abs(number), lasts=number > 0) for number in numbers]))
