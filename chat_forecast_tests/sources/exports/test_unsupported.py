"""Exports that no reader takes are named, with what to do, and nothing that somebody wrote is repeated."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from chat_forecast.sources.exports.base import RefusedFileError, Tally
from chat_forecast.sources.exports.detect import read_file, resolve

WRITTEN = "meet me at the old mill"
SLACK = [{"type": "message", "ts": "1700000000.000100", "text": WRITTEN}]
DISCORD = [{"id": "1", "timestamp": "2026-11-01T00:00:00+00:00", "author": {}, "channel_id": "2", "content": WRITTEN}]
SKYPE = {"userId": "x", "exportDate": "y", "conversations": [{"MessageList": [{"content": WRITTEN}]}]}
FILES = {
    "whatsapp.txt": ("WhatsApp.*English", "\n".join(f"13/11/2026, kn 09:0{n} - Ann: {WRITTEN}" for n in range(6))),
    "2026-11-01.json": ("Slack.*zip", json.dumps(SLACK)),
    "api.json": ("Discord.*DiscordChatExporter", json.dumps(DISCORD)),
    "skype.json": ("Skype.*CSV", json.dumps(SKYPE)),
    "chat.md": ("Signal.*data.json", f"[2026-11-01 09:00:00] Me: {WRITTEN}\n[2026-11-01 09:01:00] Ann: {WRITTEN}\n"),
    "messages.html": (
        "HTML export of Telegram Desktop.*folder",
        f"<!DOCTYPE html>\n<html><head><title>Exported Data</title></head><body>{WRITTEN}</body></html>",
    ),
    "other.html": ("HTML export", f"<html>{WRITTEN}</html>"),
    "notes.txt": ("its first line does not name the columns", f"{WRITTEN}\n{WRITTEN}, and bring it\n"),
    "list.csv": ("its first line does not name the columns", f"{WRITTEN}, please\n{WRITTEN}, please, now\n"),
    "odd.json": ("no Telegram Desktop export", json.dumps({"kind": WRITTEN, "entries": [WRITTEN]})),
}  # fmt: skip


def read(path: Path) -> None:
    for chat in read_file(resolve(path), timezone="UTC", chat_id=None, tally=Tally(), progress=lambda _done: None):
        list(chat.batches)


def refusal(path: Path) -> str:
    with pytest.raises(RefusedFileError) as caught:
        read(path)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_program_is_named_and_none_of_it_is_shown(tmp_path, name):
    words, content = FILES[name]
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    said = refusal(path)
    assert re.search(words, said), said
    assert not {word for word in ("mill", "meet", "Ann:") if word in said}


ZIPS = {
    "WhatsApp": {"_chat.txt": "x"},
    "Slack": {"2026-11-01.json": json.dumps(SLACK)},
    "Signal": {"signal-chats/x/data.json": "{}", "signal-chats/x/chat.md": "x"},
    "Google Chat": {"Takeout/Google Chat/Users/x/user_info.json": "{}"},
    "HTML export of Telegram Desktop": {"ChatExport/messages.html": "x", "ChatExport/messages2.html": "y"},
    "it is a zip archive": {"x/photo.jpg": WRITTEN},
}


@pytest.mark.parametrize("words", ZIPS)
def test_an_archive_is_named_by_what_is_in_it(tmp_path, words):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in ZIPS[words].items():
            archive.writestr(name, content)
    path = tmp_path / "export.zip"
    path.write_bytes(made.getvalue())
    assert words.strip() in refusal(path)
    path.write_bytes(made.getvalue()[:60])
    assert "it is a zip archive" in refusal(path)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["messages.html", "messages2.html"], "HTML export of Telegram Desktop"),
        (["main.jsonl"], "Signal"),
        (["_chat.txt"], "WhatsApp"),
        (["photo.jpg"], r"a folder without a result.json"),
    ],
)
def test_a_folder_is_named_by_what_is_in_it(tmp_path, names, words):
    for name in names:
        (tmp_path / name).touch()
    assert words in refusal(tmp_path)
