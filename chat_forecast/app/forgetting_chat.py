"""Removing a chat: its settings, messages, figures, runs, models, pages and notices, so that no byte of them is left.

Belongs here: what is to be removed, in which order, and finishing what was interrupted.
Does not belong here: forgetting a single member (:mod:`.forgetting`), how one store is cleared
(:mod:`chat_forecast.pipeline.forgotten_chat`, :mod:`chat_forecast.pipeline.forgotten_rows`,
:mod:`chat_forecast.tracking.forgotten_chat`).

A mark is made first and removed last: killed at any moment in between, the same command finds the mark and finishes. The
chat's settings go next, so that nobody begins anything new for it.
"""

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from chat_forecast.app.runs import command_lock
from chat_forecast.app.serving.stale_servers import expect_not_serving
from chat_forecast.pipeline.forgotten_chat import forget_in_dagster, runs_of, scrubbed
from chat_forecast.pipeline.forgotten_rows import expect_no_daemon, forget_rows, runs_in
from chat_forecast.pipeline.resources import Resources
from chat_forecast.plain_text import counted
from chat_forecast.presentation.notifications.ledger import FILE as NOTICES
from chat_forecast.presentation.notifications.ledger import Ledger
from chat_forecast.presentation.reports.requirements import ReportUnavailable
from chat_forecast.settings.editing import remove_chat
from chat_forecast.settings.known_values import SLUG_PATTERN
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats
from chat_forecast.sources.telegram.peers import Peers
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.atomic_files import join_url, list_names, remove_folder
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError
from chat_forecast.storage.today_files import FOLDER as TODAY
from chat_forecast.tracking.forgotten_chat import forget_at_server, forget_in_file
from chat_forecast.whole_files import replace_file


@dataclass(frozen=True)
class Removal:
    """What is stored of a chat, and will not be any more."""

    slug: str
    days: dict[str, int]
    """Asset -> its stored days."""
    imports: int
    runs: int
    pages: tuple[Path, ...]

    @property
    def lines(self) -> list[str]:
        """What it is, for people."""
        days = ", ".join(f"{count} of {asset}" for asset, count in self.days.items() if count)
        return [
            f"stored days: {days or 'none'}",
            f"archive: {counted(self.imports, 'imports')}"
            if self.imports
            else "archive: nothing was imported, or it is damaged",
            f"runs in Dagster: {self.runs}, with their events, checks, ticks and logs",
            "MLflow: its experiment, runs and models, with their files",
            f"report pages: {len(self.pages)}; its notices; its day so far; its table in chats.toml",
        ]


def is_begun(home: Home, slug: str) -> bool:
    """Whether the removal of a chat was begun, and not finished."""
    return SLUG_PATTERN.fullmatch(slug) is not None and _mark(home, slug).exists()


def find_removal(home: Home, slug: str) -> Removal:
    """Look at what is stored of a chat; nothing is changed."""
    folder = join_url(home.storage_url, slug)
    imports = 0
    with suppress(StoredFileError):
        imports = len(Archive(home.storage_url, slug).ledger.imports)
    days = {asset: len(list_names(join_url(folder, asset))) for asset in PARTITION_SCHEMAS}
    runs = len(runs_of(home.dagster_home, slug))
    if home.database is not None:
        runs += runs_in(home.database, slug)
    return Removal(slug, days, imports, runs, tuple(_pages(home, slug)))


def remove(home: Home, resources: Resources, slug: str, today: date) -> None:
    """Remove a chat; interrupted at any moment, the same call finishes it.

    Raises:
        ServingError: ``up`` is running, which has files open that are cleared.
        ChatIsBusy: a command of the chat is running.
        NotForgotten: one of Dagster's or MLflow's files is damaged or in use, or Dagster's database cannot be cleared.
        TrackingUnavailable: the MLflow server could not be asked.
        StoredFileError: something could not be removed.
    """
    expect_not_serving(home.locks / "up.json")
    if home.database is not None:
        expect_no_daemon(home.database)
    locks = resources.storages.locks
    with command_lock(locks, slug):
        replace_file(_mark(home, slug), json.dumps({"chat": slug}).encode())
        remove_chat(home.chats_file, slug)
        with locks.hold(slug):
            remove_folder(join_url(home.storage_url, slug))
            remove_folder(join_url(home.storage_url, TODAY, slug))
        forget_in_dagster(home.dagster_home, slug)
        if home.database is not None:
            forget_rows(home.database, slug)
        _forget_in_mlflow(home, resources, slug)
        for page in [*_pages(home, slug), home.drawn_forecast(slug)]:
            page.unlink(missing_ok=True)
        _remake_index(home, resources, today)
        if (home.root / NOTICES).exists():
            with Ledger.lock(home.root):
                Ledger.load(home.root).forget(slug)
        Peers(home.root).remove(slug)
        _forget_in_logs(home.root / "logs", slug)
    for path in [*home.locks.glob(f"{slug}.*"), _mark(home, slug)]:
        path.unlink(missing_ok=True)


def _forget_in_mlflow(home: Home, resources: Resources, slug: str) -> None:
    tracking = resources.tracking
    if tracking.file is None:
        forget_at_server(tracking, slug)
    elif tracking.file.is_file():
        tracking.remove_unwritten_artifacts()
        with scrubbed(tracking.file) as connection:
            forget_in_file(connection, slug)
    shutil.rmtree(home.mlflow_artifacts / slug, ignore_errors=True)


def _remake_index(home: Home, resources: Resources, today: date) -> None:
    """The page that leads to every chat's."""
    index = home.reports / "index.html"
    if index.exists():
        index.unlink()
        with suppress(ReportUnavailable):
            resources.reports.make_index(load_chats(home.chats_file, today))


def _forget_in_logs(folder: Path, slug: str) -> None:
    """Take the lines that name a chat out of the servers' logs."""
    named = re.compile(rb"(?<![\w-])%b(?![\w-])" % re.escape(slug.encode()))
    for path in folder.glob("*.log*"):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not named.search(line)]
        if len(kept) < len(lines):
            replace_file(path, b"".join(kept), mode=path.stat().st_mode)


def _pages(home: Home, slug: str) -> list[Path]:
    return sorted(home.reports.glob(f"{slug}.*.html"))


def _mark(home: Home, slug: str) -> Path:
    return home.locks / f"forgetting-{slug}.json"
