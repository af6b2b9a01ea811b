"""A copy that is killed between files and the runs that name them: the files are gone once MLflow is used again."""

import json
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from chat_forecast.tracking import artifact_journal
from chat_forecast.tracking.artifact_journal import journal_path, record_artifacts, remove_unwritten_artifacts
from chat_forecast.tracking.catch_up import CaughtUp, catch_up
from chat_forecast.tracking.client import Tracking
from chat_forecast_tests import forked
from chat_forecast_tests.tracking.stored import FIRST, make_chat, make_storage, store_scored_day

DAYS = [FIRST.plus(number) for number in range(1, 4)]
COPY = """
import os, signal, sqlite3, sys
from pathlib import Path
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.tracking import artifact_journal, client, new_runs, score_runs
from chat_forecast.tracking.catch_up import catch_up
from chat_forecast_tests.tracking.stored import make_chat
step, slug, root, locks, uri, artifacts = sys.argv[1:]
def killed(kind, name, *, of="", number=1, is_after=False):
    calls, call = [], getattr(kind, name)
    def counted(*args, **kwargs):
        if of and args[0].name != of:
            return call(*args, **kwargs)
        calls.append(name)
        if len(calls) == number and not is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        made = call(*args, **kwargs)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return made
    setattr(kind, name, counted)
steps = {
    "before the journal": lambda: killed(new_runs.RunWriter, "begin"),
    "after the journal": lambda: killed(new_runs.RunWriter, "begin", is_after=True),
    "among the files": lambda: killed(new_runs.RunWriter, "put_files", number=2, is_after=True),
    "before the runs": lambda: killed(new_runs.RunWriter, "write"),
    "after the runs": lambda: killed(new_runs.RunWriter, "write", is_after=True),
    "before the journal goes": lambda: killed(artifact_journal.Path, "unlink", of="mlflow.db.begun"),
    "after the journal is gone": lambda: killed(artifact_journal.Path, "unlink", of="mlflow.db.begun", is_after=True),
}
steps[step]()
chat = make_chat(slug)
storage = ChatStorage(root, chat.slug, chat.timezone, Locks(Path(locks)))
catch_up(client.Tracking(uri, artifacts), chat, storage, seconds=120)
"""
LEFT = {
    "before the journal": (0, False),
    "after the journal": (0, True),
    "among the files": (2, True),
    "before the runs": (3, True),
    "after the runs": (0, True),
    "before the journal goes": (0, True),
    "after the journal is gone": (0, False),
}
"""Step of the copy after which it is killed -> folders that no run names then, and whether the journal is there."""


@pytest.fixture
def home(tmp_path, with_mlflow):
    """A chat with scored days of which MLflow has none."""
    chat = make_chat("book-club")
    storage = make_storage(tmp_path, chat)
    for number, day in enumerate(DAYS):
        store_scored_day(storage, day, messages=number)
    folder = with_mlflow(tmp_path / "home") / "mlflow"
    return chat, storage, Tracking(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))


def artifacts_of(tracking) -> Path:
    return tracking.file.parent / "artifacts"


def unnamed(tracking):
    """The folders among the artifacts that no run names."""
    with closing(sqlite3.connect(tracking.file)) as connection:
        runs = {Path(uri).parent.name for (uri,) in connection.execute("SELECT artifact_uri FROM runs")}
    return sorted(path.name for path in artifacts_of(tracking).glob("*/*") if path.is_dir() and path.name not in runs)


def expect_files_of_all_days(tracking):
    """Each day has one run, and the files that it names."""
    with closing(sqlite3.connect(tracking.file)) as connection:
        query = """SELECT r.run_uuid, t.value FROM runs r JOIN tags t ON r.run_uuid = t.run_uuid
            WHERE t.key = 'mlflow.loggedArtifacts' AND r.name LIKE 'score %'"""
        named = {run: [each["path"] for each in json.loads(files)] for run, files in connection.execute(query)}
    assert len(named) == len(DAYS)
    for run, files in named.items():
        assert files == ["hours.json"]
        assert json.loads((artifacts_of(tracking) / "book-club" / run / "artifacts" / "hours.json").read_text())["data"]


@pytest.mark.parametrize("step", LEFT)
def test_a_copy_killed_at_any_step_leaves_no_files_that_no_run_names(home, step):
    chat, storage, tracking = home
    arguments = [step, chat.slug, storage.root, str(storage.locks.folder), tracking.tracking_uri, tracking.artifact_root]
    ended = forked.run(COPY, *arguments)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert (len(unnamed(tracking)), journal_path(tracking.file).exists()) == LEFT[step]
    catch_up(tracking, chat, storage)
    assert not unnamed(tracking)
    assert not journal_path(tracking.file).exists()
    expect_files_of_all_days(tracking)
    assert catch_up(tracking, chat, storage) == CaughtUp(0, 0)


def test_a_copy_that_fails_takes_its_files_away_itself(home, monkeypatch):
    from chat_forecast.tracking import new_runs
    from chat_forecast.tracking.client import TrackingUnavailable

    def fail(*_args):
        raise OSError(28, "No space left on device")

    chat, storage, tracking = home
    with monkeypatch.context() as patched:
        patched.setattr(new_runs.RunWriter, "write", fail)
        with pytest.raises(TrackingUnavailable, match="No space left"):
            catch_up(tracking, chat, storage)
    assert not unnamed(tracking)
    assert not journal_path(tracking.file).exists()
    catch_up(tracking, chat, storage)
    expect_files_of_all_days(tracking)


def make_files(tracking, run) -> Path:
    folder = artifacts_of(tracking) / "book-club" / run / "artifacts"
    folder.mkdir(parents=True)
    (folder / "hours.json").write_text("{}")
    return folder


@pytest.mark.parametrize("uses", ["open", "remove_unwritten_artifacts"])
def test_whoever_uses_the_store_next_takes_away_what_is_noted_and_nothing_else(home, uses):
    _, _, tracking = home
    mine, others = "a" * 32, "b" * 32
    noted, foreign = make_files(tracking, mine), make_files(tracking, others)
    record_artifacts(tracking.file, {mine: noted.as_uri()})
    if uses == "open":
        with tracking.open("look"):
            pass
    else:
        tracking.remove_unwritten_artifacts()
    assert not noted.parent.exists()
    assert foreign.exists()
    assert not journal_path(tracking.file).exists()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[1]",
        '{"STORE": "/tmp/aaaa/artifacts"}',
        '{"store": "STORE"}',
        '{"store": "STORE", "runs": {"aaaa": "/tmp/aaaa/artifacts"}}',
        '{"store": "STORE", "runs": {"RUN": "/home"}}',
        '{"store": "STORE", "runs": {"RUN": 3}}',
        '{"store": "/another/mlflow.db", "runs": {"RUN": "FOLDER"}}',
    ],
)
def test_a_note_that_is_none_of_ours_deletes_nothing(home, note):
    _, _, tracking = home
    folder = make_files(tracking, "a" * 32)
    for name, text in {"STORE": str(tracking.file), "RUN": "a" * 32, "FOLDER": folder.as_uri()}.items():
        note = note.replace(name, text)
    journal_path(tracking.file).write_text(note)
    remove_unwritten_artifacts(tracking.file)
    assert folder.exists()
    assert not journal_path(tracking.file).exists()


def test_a_home_that_was_copied_while_runs_were_written_leaves_the_first_one_its_files(home, tmp_path):
    _, _, tracking = home
    folder = make_files(tracking, "a" * 32)
    record_artifacts(tracking.file, {"a" * 32: folder.as_uri()})
    shutil.copytree(tracking.file.parent, tmp_path / "copied")
    remove_unwritten_artifacts(tmp_path / "copied" / tracking.file.name)
    assert folder.exists()
    remove_unwritten_artifacts(tracking.file)
    assert not folder.exists()


def test_what_cannot_be_taken_away_stays_noted_beside_what_is_begun_next(home, monkeypatch):
    chat, storage, tracking = home
    run = "a" * 32
    folder = make_files(tracking, run)
    record_artifacts(tracking.file, {run: folder.as_uri()})

    def refuse(_folder):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(artifact_journal, "shutil", SimpleNamespace(rmtree=refuse))
        assert catch_up(tracking, chat, storage).scores == len(DAYS)
        assert json.loads(journal_path(tracking.file).read_text())["runs"] == {run: folder.as_uri()}
    tracking.remove_unwritten_artifacts()
    assert not unnamed(tracking)
    expect_files_of_all_days(tracking)
