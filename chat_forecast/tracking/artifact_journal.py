"""A journal of artifacts that are written before their runs, so that a killed process leaves no artifacts without a run.

Belongs here: the journal, a file beside MLflow's SQLite file, and removing the artifacts of runs that were never written.
Does not belong here: writing the artifacts and the runs (:mod:`.new_runs`).

Whoever writes or processes the journal holds the lock of the SQLite file. Only what the journal names is removed, so that
what other programs keep among the artifacts is never touched. The journal says to which SQLite file it belongs: if a home is
copied while runs are being written, the artifacts named are those of the first home, which has written the runs by now.
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


def journal_path(store: Path) -> Path:
    """The path of the journal of an SQLite file."""
    return store.with_name(f"{store.name}.begun")


def record_artifacts(store: Path, artifacts: Mapping[str, str]) -> None:
    """Add new runs to the journal, each with the URI of its artifacts, before any artifact is written.

    Raises:
        OSError: the journal could not be written; no artifact may be written then.
    """
    _write(store, {**_noted(store), **artifacts})


def remove_unwritten_artifacts(store: Path) -> None:
    """Remove the artifacts of runs in the journal that the SQLite file lacks; those that cannot be removed stay in it.

    Raises:
        OSError: the journal could not be changed.
        sqlite3.Error: the SQLite file cannot be read.
    """
    if not journal_path(store).exists():
        return
    if noted := _noted(store):
        written = _written(store, list(noted))
        left = {run: artifacts for run, artifacts in noted.items() if run not in written and not _remove(artifacts)}
        if left:
            if left != noted:
                _write(store, left)
            return
    journal_path(store).unlink(missing_ok=True)


def _write(store: Path, noted: Mapping[str, str]) -> None:
    replace_file(journal_path(store), json.dumps({"store": str(store.resolve()), "runs": noted}).encode())


def _noted(store: Path) -> dict[str, str]:
    """The runs in the journal; none if there is no journal, it is damaged, or it belongs to another home."""
    try:
        journal = json.loads(journal_path(store).read_bytes())
        runs = journal["runs"].items() if journal["store"] == str(store.resolve()) else ()
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
