"""Exports of other programs are named, with what to do, and nothing that somebody wrote is repeated."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from chat_forecast.sources.exports.base import RefusedFileError, Tally
from chat_forecast.sources.exports.detect import read_file, resolve

WRITTEN = "meet me at the old mill"
WHATSAPP = {
    "android": "13/11/2026, 09:0{n} - Ann: {text}",
    "android, 12 hours": "11/13/26, 9:0{n}\u202fAM - Ann: {text}",
    "ios": "\u200e[11/13/26, 9:0{n}:01\u202fAM] Ann: {text}",
    "german": "13.11.26, 09:0{n} - Ann: {text}",
    "spanish": "13/11/26, 9:0{n} a.\u00a0m. - Ann: {text}",
    "iso": "2026-11-13, 9:0{n} a.m. - Ann: {text}",
    "russian, with a byte order mark": "\ufeff13.11.2026, 09:0{n} - Анна: {text}",
}
DISCORD = {"guild": {"id": "1", "name": "x"}, "channel": {"id": "2"}, "dateRange": {}, "messages": [{"content": WRITTEN}]}
MATRIX = {
    "room_name": "x",
    "room_creator": "y",
    "messages": [{"room_id": "z", "event_id": "e", "content": {"body": WRITTEN}}],
}
GOOGLE = {"messages": [{"creator": {"email": "a"}, "created_date": "Sunday", "text": WRITTEN}]}
SLACK = [{"type": "message", "ts": "1700000000.000100", "text": WRITTEN}]
TELETHON = {"_": "Message", "id": 5, "peer_id": {"_": "PeerChannel"}, "message": WRITTEN}
SCRAPER = {
    "id": 1,
    "message_id": 5,
    "date": "x",
    "sender_id": 1,
    "first_name": WRITTEN,
    "message": WRITTEN,
    "media_type": None,
}


def tdl(**more):
    return {"id": 1900000001, "messages": [{"id": 5, "type": "message", "file": "", "text": WRITTEN, **more}]}


FILES = {
    **{f"whatsapp-{name}.txt": ("WhatsApp", "\n".join(line.format(n=n, text=WRITTEN) for n in range(6)))
       for name, line in WHATSAPP.items()},
    "discord.json": ("Discord", json.dumps(DISCORD)),
    "discord-indented.json": ("Discord", json.dumps(DISCORD, indent=1)),
    "discord.csv": ("Discord", f'AuthorID,Author,Date,Content,Attachments,Reactions\n"1","a","x","{WRITTEN}","",""\n'),
    "2026-11-01.json": ("Slack", json.dumps(SLACK)),
    "main.jsonl": ("Signal", json.dumps({"version": "1", "backupTimeMs": "5"}) + "\n" + json.dumps({"text": WRITTEN})),
    "data.json": ("Signal", json.dumps({"date": "x", "sender": "Me", "body": WRITTEN, "quote": ""}) + "\n") ,
    "sigtop.txt": ("Signal", f"Conversation: x\n\nFrom: y\nType: incoming\n\n{WRITTEN}\n"),
    "chat.md": ("Signal", f"[2026-11-01 09:00:00] Me: {WRITTEN}\n[2026-11-01 09:01:00] Ann: {WRITTEN}\n"),
    "matrix.json": ("Matrix", json.dumps(MATRIX, indent=2)),
    "messages.json": ("Google Chat", json.dumps(GOOGLE)),
    "tdl.json": ("tdl.*Machine-readable JSON", json.dumps(tdl(date=1700000000))),
    "tdl-media.json": ("tdl", json.dumps(tdl())),
    "telethon.jsonl": ("Telethon", json.dumps(TELETHON)),
    "telethon.json": ("Telethon", json.dumps([TELETHON])),
    "scraper.json": ("telegram-scraper", json.dumps([SCRAPER], indent=1)),
    "scraper.csv": ("telegram-scraper", ",".join(SCRAPER) + f"\n1,5,x,1,{WRITTEN},{WRITTEN},\n"),
    "messages.html": (
        "HTML export of Telegram Desktop.*Machine-readable JSON",
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
    "WhatsApp": {"_chat.txt": FILES["whatsapp-ios.txt"][1], "00000012-PHOTO.jpg": "x"},
    "WhatsApp ": {"WhatsApp Chat with x.txt": FILES["whatsapp-android.txt"][1]},
    "Slack": {"channels.json": "[]", "users.json": "[]", "general/2026-11-01.json": json.dumps(SLACK)},
    "Signal": {"signal-export/main.jsonl": "{}", "signal-export/metadata.json": "{}"},
    "Signal ": {"signal-chats/x/data.json": "{}", "signal-chats/x/chat.md": "x"},
    "Google Chat": {"Takeout/Google Chat/Groups/Space x/messages.json": json.dumps(GOOGLE)},
    "HTML export of Telegram Desktop": {"ChatExport/messages.html": "x", "ChatExport/messages2.html": "y"},
    "an export of Telegram Desktop. Unpack it, and import the result.json": {"ChatExport/result.json": "{}"},
    "Matrix": {"export.json": json.dumps(MATRIX)},
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
        (["channels.json", "users.json"], "Slack"),
        (["main.jsonl"], "Signal"),
        (["_chat.txt"], "WhatsApp"),
        (["photo.jpg"], r"a folder without a result.json"),
    ],
)
def test_a_folder_is_named_by_what_is_in_it(tmp_path, names, words):
    for name in names:
        (tmp_path / name).touch()
    assert words in refusal(tmp_path)


FORMATS = Path(__file__).parents[3] / "../shared/data/formats"


@pytest.mark.skipif(not FORMATS.is_dir(), reason="needs the files of other programs in ../shared/data/formats")
@pytest.mark.parametrize(
    "path",
    sorted(each for each in FORMATS.rglob("*") if each.suffix in (".txt", ".json", ".zip")),
    ids=lambda path: path.name,
)
def test_every_sample_of_another_program_is_named(path):
    said = refusal(path)
    assert "This program does not read it" in said or "HTML export of Telegram Desktop" in said
    assert "note" not in said.removeprefix("notes")
