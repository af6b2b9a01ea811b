"""Message files for tests, in the shapes that programs write."""

import json

import pandas as pd

START = pd.Timestamp("2023-05-01T09:17:00Z")


def instant(minutes):
    """So many minutes after the first of May 2023, 09:17 UTC."""
    return START + pd.Timedelta(minutes=minutes)


def entry(number, minutes, sender="user1", *, timezone="UTC", has_unixtime=True, **more):
    """A message as Telegram Desktop writes it; without ``date_unixtime`` as it did before 2022."""
    sent_at = instant(minutes)
    times = {"date": sent_at.tz_convert(timezone).strftime("%Y-%m-%dT%H:%M:%S")}
    if has_unixtime:
        times["date_unixtime"] = str(int(sent_at.timestamp()))
    text = ["so ", {"type": "bold", "text": '}] "quoted" \\ {['}, ""]
    return {"id": number, "type": "message", **times, "from": "Somebody", "from_id": sender, "text": text, **more}


def service(number, minutes):
    return {**entry(number, minutes), "type": "service", "action": "join_group_by_link"}


def chat(*entries, chat_id=77, **more):
    return {"name": "A chat", "type": "private_supergroup", "id": chat_id, "messages": list(entries), **more}


def account(chats=(), left_chats=()):
    """An export of a whole account."""
    return {
        "about": "Here is the data you requested.",
        "contacts": {"about": "", "list": [{"user_id": 1, "first_name": "Somebody"}]},
        "chats": {"about": "", "list": list(chats)},
        "left_chats": {"about": "", "list": list(left_chats)},
    }


def write_json(path, content):
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return path
