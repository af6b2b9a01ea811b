"""What a home holds of a chat, without what differs from one life to the next: times, and the ids that were drawn."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

from chat_forecast.storage.archive import Archive
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.tracking.artifact_journal import journal_path

TIMED = "comparison"
"""The column of a trained model that names the time that something took."""
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
RUN = re.compile(r"[0-9a-f]{32}")
OWN_TAGS = ("chat_forecast.kind", "chat_forecast.day", "chat_forecast.trained_through", "chat_forecast.digest")


def found_in(home: Path, chat: str = "club") -> dict[str, object]:
    """Everything that must be the same however often a command was killed and done again."""
    found = dict(_files(home, chat))
    found["archive"] = _archive(home, chat)
    found.update(_dagster(home / "dagster" / "history"))
    found.update(_mlflow(home / "mlflow" / "mlflow.db"))
    found.update(_artifacts(home / "mlflow", chat))
    return found


def _files(home: Path, chat: str) -> Iterator[tuple[str, object]]:
    for path in sorted((home / chat).rglob("*")):
        name = re.sub(r"retired-UTC-[\d-]+", "retired", path.relative_to(home).as_posix())
        if path.parent.name == "trained_model" and path.suffix == ".parquet":
            yield name, pq.read_table(path).drop_columns(TIMED).to_pylist()
        elif re.fullmatch(r"\d{4}-\d\d-\d\d\.parquet", path.name):
            yield name, path.read_bytes()
        elif path.is_file() and not path.name.endswith(".days.parquet"):  # those are there once a page was made
            yield name, "there"
    settings = home / "chats.toml"
    yield "chats.toml", settings.read_text() if settings.exists() else None
    yield "left over", sorted(path.name for path in home.rglob(".*.part"))


def _archive(home: Path, chat: str) -> object:
    try:
        contents = Archive(str(home), chat).contents()
    except StoredFileError as error:
        return str(error)
    imports = [re.sub(r"imported_at=[^)]*\)", "", repr(each)) for each in contents.ledger.imports]
    return contents.messages.to_csv(), contents.read_intervals.to_json(), [_without_times(each) for each in imports]


def _without_times(text: str) -> str:
    return re.sub(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+\S*|datetime\.datetime\([^)]*\)", "a time", text)


def _dagster(history: Path) -> Iterator[tuple[str, object]]:
    statuses = [status for (status,) in _rows(history / "runs.db", "SELECT status FROM runs")]
    yield "runs under way", [status for status in statuses if status not in ENDED]
    index = history / "runs" / "index.db"
    # A model that was stored, and not reported, is not trained again: Dagster's view lacks it, and nothing looks there.
    made = """SELECT DISTINCT asset_key, partition FROM event_logs
        WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND asset_key NOT LIKE '%trained_model%'"""
    yield "partitions in Dagster", sorted(_rows(index, made), key=str)
    yield "claimed slots", _rows(index, "SELECT run_id FROM concurrency_slots WHERE run_id IS NOT NULL")


def _mlflow(database: Path) -> Iterator[tuple[str, object]]:
    tags = ", ".join(f"max(CASE WHEN t.key = '{tag}' THEN t.value END)" for tag in OWN_TAGS)
    runs = f"""SELECT {tags}, r.status FROM runs r JOIN tags t ON r.run_uuid = t.run_uuid
        WHERE r.lifecycle_stage = 'active' GROUP BY r.run_uuid"""  # noqa: S608 - names of this module
    yield "MLflow's runs", sorted(_rows(database, runs), key=str)
    versions = f"SELECT {tags} FROM model_version_tags t GROUP BY t.name, t.version"  # noqa: S608 - the same
    yield "versions of the model", sorted(_rows(database, versions), key=str)
    champion = """SELECT t.value FROM registered_model_aliases a JOIN model_version_tags t ON a.version = t.version
        WHERE t.key = 'chat_forecast.digest'"""
    yield "champion", _rows(database, champion)
    yield "logged models", _rows(database, "SELECT count(*) FROM logged_models WHERE lifecycle_stage = 'active'")


def _artifacts(folder: Path, chat: str) -> Iterator[tuple[str, object]]:
    """The files of MLflow's runs, and the folders beside them that no run names."""
    tags = ", ".join(f"max(CASE WHEN t.key = '{tag}' THEN t.value END)" for tag in OWN_TAGS)
    query = f"SELECT r.run_uuid, {tags} FROM runs r JOIN tags t ON r.run_uuid = t.run_uuid GROUP BY r.run_uuid"  # noqa: S608 - the same
    runs = {str(run): identity for run, *identity in _rows(folder / "mlflow.db", query)}
    kept = [path for path in (folder / "artifacts" / chat).glob("*") if RUN.fullmatch(path.name)]
    yield "folders that no run names", [path.name for path in kept if path.name not in runs]
    files = [(*runs[path.name], file.name) for path in kept if path.name in runs for file in path.glob("artifacts/*")]
    yield "files of MLflow's runs", sorted(files, key=str)
    yield "journal of artifacts", journal_path(folder / "mlflow.db").exists()


def _rows(database: Path, query: str) -> list[tuple[object, ...]]:
    if not database.exists() or not database.stat().st_size:
        return []
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
