"""Each kind of stored file, damaged in each way: every command over it ends in a sentence, and other chats go on."""

import random
import shutil
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from chat_forecast.app.importing import import_files
from chat_forecast.cli import main
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.paths import Home
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.day_cache import cached_frames
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast_tests.damage import cut_in_half, empty, give_foreign_columns, make_a_folder, make_newer
from chat_forecast_tests.factories import make_message_batch
from chat_forecast_tests.presentation.reports.stored import FIRST, ZONE, store_whole_chat

pytestmark = pytest.mark.sweep

DAYS = 45
LAST = FIRST.plus(DAYS - 1)
CHATS_TOML = "\n".join(
    f'[chats.{slug}]\nsource = "export"\ntimezone = "{ZONE}"\nfirst_day = 2026-03-01\n' for slug in ("my-chat", "other")
)


def flip_bits(path):
    content, chance = bytearray(path.read_bytes()), random.Random(1)  # noqa: S311 - no secret
    for _ in range(8):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def write_noise(path):
    path.write_bytes(b"\0\xff\xfe{[noise" * 50)


def rewritten(path, change):
    table = pq.read_table(path)
    pq.write_table(change(table), path)


def break_pandas_metadata(path):
    """What pandas wrote of itself names columns that are not there."""
    rewritten(path, lambda table: table.replace_schema_metadata({**(table.schema.metadata or {}), b"pandas": b"{}"}))


def break_own_metadata(path):
    def broken(table):
        found = table.schema.metadata or {}
        return table.replace_schema_metadata({key: text if key == b"schema" else b"{" for key, text in found.items()})

    rewritten(path, broken)


def lose_values(path):
    rewritten(path, lambda table: pa.table([pa.nulls(len(table), field.type) for field in table.schema], table.schema))


def garble_texts(path):
    def garbled(table):
        return [
            pa.array(["{oops"] * len(table)) if field.type == pa.string() else table.column(field.name)
            for field in table.schema
        ]

    rewritten(path, lambda table: pa.table(garbled(table), table.schema))


def nest_deeply(path):
    path.write_text("[" * 100_000)


def hold_something_else(path):
    path.write_text('{"versions": 5, "a": {"b": null}}')


TABLES = [
    cut_in_half, empty, make_a_folder, write_noise, flip_bits, give_foreign_columns, make_newer, break_pandas_metadata,
    break_own_metadata, lose_values, garble_texts,
]  # fmt: skip
TEXTS = [cut_in_half, empty, make_a_folder, write_noise, nest_deeply, hold_something_else]
MESSAGES = [["status"], ["forget", "my-chat", "--sender", "nobody"], ["show", "my-chat"]]
FIGURES = [["status", "--json"], ["show", "my-chat"]]
PAGES = [["report", "my-chat"]]
IMPORTS = [["status"], ["imports", "my-chat"], ["gaps", "my-chat"], ["forget", "my-chat", "--sender", "nobody"]]
READERS = {
    **{f"my-chat/{asset}/{LAST.key}.parquet": (TABLES, MESSAGES) for asset in ("raw_messages", "merged_history")},
    **{
        f"my-chat/{asset}/{LAST.key}.parquet": (TABLES, FIGURES)
        for asset in ("hourly_series", "next_day_forecast", "daily_score")
    },
    f"my-chat/trained_model/{FIRST.plus(DAYS - 12).key}.parquet": (TABLES, PAGES),
    "my-chat/.hourly_series.days.parquet": (TABLES, [["show", "my-chat"]]),
    "my-chat/archive/messages.parquet": (TABLES, IMPORTS),
    "my-chat/inspected.json": (TEXTS, [["status"], ["show", "my-chat"]]),
    "my-chat/health.json": (TEXTS, [["status"], ["show", "my-chat"]]),
    "my-chat/mlflow_ledger.json": (TEXTS, [["status"], ["show", "my-chat"]]),
    "forgotten.json": (TEXTS, [["status"], ["forget", "my-chat", "--sender", "nobody"]]),
    "chats.toml": (TEXTS, [["status"], ["show", "my-chat"], ["rescore", "my-chat"]]),
    "pseudonym.key": (TEXTS, [["forget", "my-chat", "--sender", "nobody"]]),
    "telegram-peers.json": (TEXTS, [["status"], ["logout"]]),
    "telegram.session": (TEXTS, [["logout"], ["chats"]]),
}
"""A stored file -> the ways in which it is damaged, and commands that read it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with two chats that have everything, stored in a moment."""
    root = tmp_path_factory.mktemp("home")
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(root)})
    (root / "chats.toml").write_text(CHATS_TOML)
    table = root.parent / "messages.csv"
    hours = pd.date_range("2026-03-01 08:00", periods=300, freq="h", tz="UTC")
    pd.DataFrame({"sent_at": hours, "sender": ["Ann", "Ben"] * 150}).to_csv(table, index=False)
    for slug in ("my-chat", "other"):
        storage = ChatStorage(home.storage_url, slug, ZONE, Locks(home.locks))
        store_whole_chat(storage, DAYS)
        cached_frames(storage, "hourly_series", FIRST, LAST)
        for asset in ("raw_messages", "merged_history"):
            storage.write(asset, LAST, make_message_batch(LocalDay(date(2026, 4, 14), ZONE), [1, 2, 3]))
        import_files(Archive(home.storage_url, slug), [table], timezone=ZONE, pseudonyms=Pseudonyms.load(root))
    for name in ("my-chat/inspected.json", "my-chat/health.json", "my-chat/mlflow_ledger.json", "forgotten.json"):
        (root / name).write_text("[]" if name == "forgotten.json" else "{}")
    (root / "telegram-peers.json").write_text("{}")
    (root / "telegram.session").write_text("1BVtsOK")
    return root


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_named_and_other_chats_go_on(made, monkeypatch, name):
    for secret in ("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_SESSION", "CHAT_FORECAST_STORAGE"):
        monkeypatch.delenv(secret, raising=False)
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(made))
    monkeypatch.setenv("COLUMNS", "500")
    path = made / name
    whole = path.read_bytes()
    ways, commands = READERS[name]
    for damage in ways:
        damage(path)
        is_enough = damage is not ways[0] or name == "chats.toml"
        for command in [*commands, *([] if is_enough else [["show", "other"]])]:
            done = CliRunner().invoke(main, command)
            what = (damage.__name__, command, done.output, done.exception)
            assert done.exit_code in (0, 1), what
            assert done.exception is None or isinstance(done.exception, SystemExit), what
            assert "Traceback" not in done.output, what
            if command == ["show", "other"]:
                assert done.exit_code == 0, what
            elif done.exit_code and "is damaged" in done.output:
                assert path.name in done.output.replace("\n", ""), what
        if path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(whole)


@pytest.mark.parametrize("damage", [cut_in_half, flip_bits, lose_values, garble_texts], ids=lambda way: way.__name__)
def test_status_or_the_next_reader_names_the_damaged_day(made, monkeypatch, damage):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(made))
    monkeypatch.setenv("COLUMNS", "500")
    path = made / f"my-chat/next_day_forecast/{LAST.key}.parquet"
    whole = path.read_bytes()
    damage(path)
    done = CliRunner().invoke(main, ["report", "my-chat"])
    path.write_bytes(whole)
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert f"{path} is damaged" in said
    assert "chat-forecast backfill my-chat" in said
