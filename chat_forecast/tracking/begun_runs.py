"""A note of begun runs, beside MLflow's SQLite file: by it the artifacts of runs that were never written are removed.

Belongs here: writing the note before artifacts are put, and removing the artifacts that it names and no run does.
Does not belong here: putting the artifacts and writing the runs (:mod:`.new_runs`).

Whoever writes the note, or acts on it, holds the lock of the SQLite file. Only what the note names is removed, so that what
other programs keep among the artifacts is never touched. The note says to which SQLite file it belongs: if a home is copied
while runs are being written, the artifacts named are those of the first home, which has written the runs by now.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from chat_forecast.whole_files import replace_file

RUN = re.compile(r"[0-9a-f]{32}")


def note_of(store: Path) -> Path:
    """Where the note of an SQLite file is."""
    return store.with_name(f"{store.name}.begun")


def note_begun(store: Path, artifacts: Mapping[str, str]) -> None:
    """Add new runs to the note, each with the URI of its artifacts, before any artifact is put.

    Raises:
        OSError: the note could not be written; no artifact may be put.
    """
    _write(store, {**_noted(store), **artifacts})


def clear_begun(store: Path) -> None:
    """Remove the artifacts of noted runs that the SQLite file lacks; those that cannot be removed stay noted.

    Raises:
        OSError: the note could not be changed.
        sqlite3.Error: the SQLite file cannot be read.
    """
    if not note_of(store).exists():
        return
    if noted := _noted(store):
        written = _written(store, list(noted))
        left = {run: artifacts for run, artifacts in noted.items() if run not in written and not _remove(artifacts)}
        if left:
            if left != noted:
                _write(store, left)
            return
    note_of(store).unlink(missing_ok=True)


def _write(store: Path, noted: Mapping[str, str]) -> None:
    replace_file(note_of(store), json.dumps({"store": str(store.resolve()), "runs": noted}).encode())


def _noted(store: Path) -> dict[str, str]:
    """The runs in the note; none if there is no note, it is damaged, or it belongs to another home."""
    try:
        note = json.loads(note_of(store).read_bytes())
        runs = note["runs"].items() if note["store"] == str(store.resolve()) else ()
        return {run: artifacts for run, artifacts in runs if RUN.fullmatch(run) and _is_of(run, artifacts)}
    except (FileNotFoundError, ValueError, AttributeError, LookupError, TypeError):
        return {}


def _is_of(run: str, artifacts: str) -> bool:
    return artifacts.endswith(f"/{run}/artifacts")


def _written(store: Path, runs: list[str]) -> set[str]:
    """Those of some runs that the SQLite file has, including deleted ones."""
    with closing(sqlite3.connect(store)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            return set()
        found = (connection.execute("SELECT run_uuid FROM runs WHERE run_uuid = ?", (run,)).fetchone() for run in runs)
        return {row[0] for row in found if row is not None}


def _remove(artifacts: str) -> bool:
    """Remove the artifacts of a run; whether none are left."""
    url = urlsplit(artifacts)
    try:
        if url.scheme in ("", "file"):
            folder = Path(url2pathname(url.path)).parent
            if folder.exists():
                shutil.rmtree(folder)
        else:
            _remove_from_store(artifacts)
    except Exception:  # whatever an artifact store raises: it is tried again when MLflow is next used
        return False
    return True


def _remove_from_store(artifacts: str) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    get_artifact_repository(artifacts).delete_artifacts()  # type: ignore[no-untyped-call]  # MLflow's
