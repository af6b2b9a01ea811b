"""One small chat in the formats of all programs that are read, as they write it.

Belongs here: writing files. Does not belong here: what is expected of them beside :data:`MESSAGES`.

The chat is made up. It has what readers get wrong: equal messages in one second, lines of a message that look like the
beginning of the next one, noon and midnight by a clock of twelve hours, notices that look like messages, and their words in
texts.
"""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = "Europe/Athens"
PEOPLE = ("Ann Lee", "Bob", "Zoë")
TITLE = "Kite club"
CHAT_ID = 1_900_000_001


@dataclass(frozen=True)
class Sent:
    """A message: its local time, who sent it, and what."""

    at: str
    who: int
    text: str = "so be it"
    has_media: bool = False

    @property
    def local(self) -> datetime:
        return datetime.fromisoformat(self.at).replace(tzinfo=ZoneInfo(ZONE))

    @property
    def utc(self) -> datetime:
        return self.local.astimezone(UTC)

    @property
    def name(self) -> str:
        return PEOPLE[self.who]


MESSAGES = (
    Sent("2026-07-03 00:00:05", 0),
    Sent("2026-07-03 00:31:44", 1, "Bob: I said so"),
    Sent("2026-07-03 12:07:31", 2, "first\n12:30 - tea\n[x] done: yes\n3/7 - next: blue"),
    Sent("2026-07-03 23:59:58", 0, "ok"),
    Sent("2026-07-03 23:59:58", 0, "ok"),
    Sent("2026-07-04 09:05:10", 1, "", has_media=True),
    Sent("2026-07-04 09:05:50", 1, "he added the lamp and removed the map, then left the group photo"),
    Sent("2026-07-05 11:59:00", 2, "Ann Lee was here"),
    Sent("2026-07-05 13:00:00", 2, 'a "quoted" word: and «one» more'),
    Sent("2026-07-06 18:45:12", 0),
)
BEFORE, BETWEEN = Sent("2026-07-02 23:58:01", 0), Sent("2026-07-04 08:00:00", 1)
"""When notices stand in the files."""
Writer = Callable[[Path], Path]


@dataclass(frozen=True)
class WhatsApp:
    """How a phone writes a chat."""

    beginning: str
    """With ``{date}``, in the format of :meth:`strftime`."""
    notices: tuple[str, str, str]
    """Encryption, the group's beginning, and a new name."""
    media: str
    is_ios: bool = False
    mark: str = ""
    """Before the beginning of entries that the phone wrote itself."""
    end: str = "\n"
    half: tuple[str, str] = ("AM", "PM")

    def entry(self, sent: Sent, rest: str) -> str:
        local = sent.local
        hour, half = local.hour % 12 or 12, self.half[local.hour >= 12]
        begun = local.strftime(self.beginning).replace("{h}", str(hour)).replace("{half}", half)
        begun = begun.replace("{d}", str(local.day)).replace("{m}", str(local.month))
        return f"{begun}{rest}{self.end}"

    def lines(self, messages: Sequence[Sent]) -> list[str]:
        first, second, renamed = self.notices
        said = [self.entry(BEFORE, first), self.entry(BEFORE, second)]
        for sent in messages:
            if sent.at > BETWEEN.at and len(said) and renamed:
                said.append(self.entry(BETWEEN, renamed))
                renamed = ""
            text = self.media if sent.has_media else sent.text
            line = self.entry(sent, f"{sent.name}: {text}")
            said.append(f"{self.mark if sent.has_media else ''}{line}")
        return said


ENGLISH = (
    "Messages and calls are end-to-end encrypted.",
    f'Ann Lee created group "{TITLE}"',
    'Ann Lee changed the group name from "Old: plan" to "Kite club"',
)
MARK = "\u200e"
WHATSAPP = {
    "android-24h": WhatsApp("%d/%m/%Y, %H:%M - ", ENGLISH, "<Media omitted>"),
    "android-12h-us": WhatsApp("{m}/{d}/%y, {h}:%M\u202f{half} - ", ENGLISH, "<Media omitted>"),
    "android-german": WhatsApp(
        "%d.%m.%y, %H:%M - ",
        (
            "Nachrichten sind Ende-zu-Ende-verschlüsselt.",
            "Ann Lee hat die Gruppe erstellt.",
            "Bob hat den Namen von „Old: plan“ zu „x“ geändert.",
        ),
        "<Medien ausgeschlossen>",
    ),
    "android-spanish": WhatsApp(
        "{d}/{m}/%y, {h}:%M {half} - ",
        (
            "Los mensajes están cifrados de extremo a extremo.",
            "Ann Lee creó el grupo",
            "Bob cambió el nombre de «Old: plan» a «x».",
        ),
        "<Multimedia omitido>",
        half=("a.\u00a0m.", "p.\u00a0m."),
    ),
    "android-canadian": WhatsApp("%Y-%m-%d, {h}:%M {half} - ", ENGLISH, "<Media omitted>", half=("a.m.", "p.m.")),
    "android-russian": WhatsApp(
        "%d.%m.%Y, %H:%M - ",
        (
            "Сообщения защищены сквозным шифрованием.",
            "Ann Lee создал(-а) группу «Kite»",
            "Bob изменил(-а) название с «Old: plan» на «x»",
        ),
        "<Без медиафайлов>",
    ),
    "android-korean": WhatsApp("%Y. {m}. {d}. {half} {h}:%M - ", ENGLISH, "<미디어 파일 제외됨>", half=("오전", "오후")),
    "android-chinese": WhatsApp("%Y/{m}/{d} {half}{h}:%M - ", ENGLISH, "<省略媒体文件>", half=("上午", "下午")),
    "android-arabic": WhatsApp("{d}\u200f/{m}\u200f/%Y، {h}:%M {half} - ", ENGLISH, "<تم حذف الوسائط>", half=("ص", "م")),
    "android-finnish": WhatsApp("{d}.{m}.%Y klo %H.%M - ", ENGLISH, "<Media jätettiin pois>"),
    "android-bulgarian": WhatsApp("{d}.%m.%y г., %H:%M ч. - ", ENGLISH, "<Без мултимедия>"),
    "android-vietnamese": WhatsApp("%H:%M, %d/%m/%Y - ", ENGLISH, "<Media omitted>"),
    "android-brazilian": WhatsApp("%d/%m/%Y %H:%M - ", ENGLISH, "<Mídia oculta>"),
    "ios-12h-us": WhatsApp(
        "[{m}/{d}/%y, {h}:%M:%S\u202f{half}] ",
        (
            f"{TITLE}: {MARK}Messages and calls are end-to-end encrypted.",
            f"Ann Lee: {MARK}Ann Lee created this group",
            f"{TITLE}: {MARK}Bob added you",
        ),
        f"{MARK}image omitted",
        is_ios=True,
        mark=MARK,
        end="\r\n",
    ),
    "ios-german": WhatsApp(
        "[%d.%m.%y, %H:%M:%S] ",
        (
            f"{TITLE}: {MARK}Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.",
            f"Ann Lee: {MARK}Ann Lee hat die Gruppe erstellt.",
            f"Zoë: {MARK}Du hast Bob hinzugefügt.",
        ),
        f"{MARK}<Anhang: 00000012-PHOTO-2026-07-04-09-05-10.jpg>",
        is_ios=True,
        mark=MARK,
        end="\r\n",
    ),
    "ios-french": WhatsApp(
        "[%d/%m/%Y, %H:%M:%S] ",
        (
            f"{TITLE}: {MARK}Les messages sont chiffrés de bout en bout.",
            f"{TITLE}: {MARK}Ann Lee a créé ce groupe",
            f"Zoë: {MARK}Vous avez ajouté Bob",
        ),
        f"{MARK}image absente",
        is_ios=True,
        mark=MARK,
        end="\r\n",
    ),
}


def whatsapp(style: str, messages: Sequence[Sent] = MESSAGES) -> str:
    """The text of a chat as a phone of that style exports it."""
    return "".join(WHATSAPP[style].lines(messages))


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def write_zip(path: Path, parts: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    path.write_bytes(made.getvalue())
    return path


def discord_id(at: datetime, number: int = 0) -> str:
    return str((int(at.timestamp() * 1000) - 1_420_070_400_000 << 22) + number)


def discord_message(sent: Sent, kind: str, number: int, text: str | None = None) -> dict[str, object]:
    return {
        "id": discord_id(sent.utc, number),
        "type": kind,
        "timestamp": sent.local.isoformat(),
        "timestampEdited": None,
        "content": sent.text if text is None else text,
        "author": {"id": str(30 + sent.who), "name": sent.name, "isBot": False},
        "attachments": [{"url": "x"}] if sent.has_media else [],
    }


def discord(messages: Sequence[Sent] = MESSAGES, channel: str = "200000000000000001", **more: object) -> dict[str, object]:
    """A channel as DiscordChatExporter writes it, with notices: joined, an unknown kind, a thread's beginning."""
    entries = [discord_message(BEFORE, "GuildMemberJoin", 0, "Joined the server."), discord_message(BETWEEN, "8", 0, "")]
    entries += [discord_message(BETWEEN, "21", 1), discord_message(BETWEEN, "ThreadCreated", 2)]
    entries += [discord_message(each, "Reply" if place == 3 else "Default", place) for place, each in enumerate(messages)]
    return {
        "guild": {"id": "1", "name": "x"},
        "channel": {"id": channel, "type": "GuildTextChat", "name": TITLE},
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2026-07-07T10:00:00.1234567+03:00",
        "messages": sorted(entries, key=lambda each: str(each["timestamp"])),
        "messageCount": len(entries),
        **more,
    }


def discord_csv(date: str, messages: Sequence[Sent] = MESSAGES) -> str:
    lines = ["AuthorID,Author,Date,Content,Attachments,Reactions"]
    rows = [
        (BEFORE, "Joined the server.", ""),
        (BETWEEN, "", ""),
        *((each, each.text, "x" * each.has_media) for each in messages),
    ]
    for sent, text, media in rows:
        local = sent.local
        written = local.isoformat(timespec="microseconds").replace("+", "0+") if date == "iso" else local.strftime(date)
        quoted = text.replace('"', '""')
        lines.append(f'"{30 + sent.who}","{sent.name}","{written}","{quoted}","{media}",""')
    return "\n".join(lines) + "\n"


def slack_message(sent: Sent, number: int, **more: object) -> dict[str, object]:
    return {
        "type": "message",
        "user": f"U{sent.who}",
        "text": sent.text,
        "ts": f"{sent.utc.timestamp():.0f}.{number:06}",
        **more,
    }


def slack(messages: Sequence[Sent] = MESSAGES, channel: str = "C1") -> dict[str, str]:
    """A workspace: one channel with messages, one without, one reply that stands there twice, and notices."""
    days: dict[str, list[dict[str, object]]] = {}
    for place, sent in enumerate(messages):
        days.setdefault(sent.at[:10], []).append(slack_message(sent, place))
    days[messages[5].at[:10]].append(slack_message(messages[5], 5, subtype="thread_broadcast"))
    days[messages[0].at[:10]].append(slack_message(BETWEEN, 99, subtype="channel_join"))
    days[messages[0].at[:10]].append(slack_message(BETWEEN, 98, subtype="huddle_thread"))
    lists = [{"id": channel, "name": "kites"}, {"id": "C2", "name": "empty"}]
    return {
        "channels.json": json.dumps(lists),
        "users.json": json.dumps([{"id": "U0"}]),
        "dms.json": "[]",
        **{f"kites/{day}.json": json.dumps(entries) for day, entries in days.items()},
    }


SECRETS = ("s3cretProfile", "s3cretMaster", "s3cretMedia", "s3cretPin")


def signal_backup(messages: Sequence[Sent] = MESSAGES) -> str:
    """An account as Signal exports it: the chat, one other, a notice, an edited message, and secrets."""

    def item(sent: Sent, **more: object) -> dict[str, object]:
        text = {"text": {"body": sent.text}}
        milliseconds = str(int(sent.utc.timestamp() * 1000))
        return {
            "chatItem": {"chatId": "9", "authorId": str(sent.who), "dateSent": milliseconds, "standardMessage": text, **more}
        }

    lines: list[dict[str, object]] = [
        {"version": "1", "backupTimeMs": "1783404000000", "mediaRootBackupKey": SECRETS[2]},
        {"account": {"profileKey": SECRETS[0], "svrPin": SECRETS[3], "givenName": "Ann"}},
        {"recipient": {"id": "0", "self": {}}},
        *(
            {"recipient": {"id": str(each), "contact": {"aci": f"aci-{each}", "profileGivenName": PEOPLE[each]}}}
            for each in (1, 2)
        ),
        {"recipient": {"id": "4", "group": {"masterKey": SECRETS[1], "snapshot": {"title": {"title": TITLE}}}}},
        {"chat": {"id": "8", "recipientId": "1"}},
        {"chat": {"id": "9", "recipientId": "4"}},
        {"chatItem": {"chatId": "8", "authorId": "1", "dateSent": "1783000000000", "standardMessage": {}}},
    ]
    lines += [item(each) for each in messages[:-1]]
    lines.append(item(messages[-1], revisions=[item(messages[-1])["chatItem"]]))
    notice = item(BETWEEN, updateMessage={"groupChange": {}})
    del notice["chatItem"]["standardMessage"]  # type: ignore[attr-defined]  # a dictionary in one of any values
    return "".join(f"{json.dumps(line)}\n" for line in [*lines, notice])


def signal_export(messages: Sequence[Sent] = MESSAGES) -> str:
    def line(sent: Sent, **more: object) -> str:
        at = sent.local.replace(tzinfo=None).isoformat()
        return json.dumps({"date": at, "sender": sent.name, "body": f"{sent.text}  ", "quote": "", "call": False, **more})

    notices = [line(BEFORE, sender="No-Sender", body="  "), line(BETWEEN, call=True, body="Outgoing voice call")]
    return "".join(f"{each}\n" for each in [notices[0], *(line(each) for each in messages), notices[1]])


def sigtop_text(messages: Sequence[Sent] = MESSAGES) -> str:
    parts = [f"Conversation: {TITLE} (group)\n\n"]
    for kind, sent in [("keychange", BEFORE), *(("outgoing" if each.who == 0 else "incoming", each) for each in messages)]:
        name = "You" if sent.who == 0 else f"{sent.name} (+7000{sent.who})"
        sent_at = sent.local.strftime("%a, %d %b %Y %H:%M:%S %z")
        head = f"From: {name}\n" if kind != "keychange" else ""
        received = f"Received: {sent_at}\n" if kind != "outgoing" else ""
        body = f"\n{sent.text}\n" if sent.text and kind != "keychange" else ""
        parts.append(f"{head}Type: {kind}\nSent: {sent_at}\n{received}{body}\n")
    return "".join(parts)


def sigtop_json(messages: Sequence[Sent] = MESSAGES, **more: object) -> str:
    def entry(kind: str, sent: Sent) -> dict[str, object]:
        at = int(sent.utc.timestamp() * 1000)
        found = {
            "conversationId": "c-1",
            "type": kind,
            "sent_at": at,
            "sourceServiceId": f"aci-{sent.who}",
            "body": sent.text,
        }
        return {**found, **more}

    entries = [
        entry("group-v2-change", BEFORE),
        *(entry("outgoing" if each.who == 0 else "incoming", each) for each in messages),
    ]
    return "[\n" + ",\n".join(json.dumps(each) for each in entries) + "\n]\n"


def matrix(messages: Sequence[Sent] = MESSAGES, room: str = "!kites:example.org") -> dict[str, object]:
    """A room: messages, one that nobody could decrypt, a sticker; and a member, an edit, a reaction, which are none."""

    def event(sent: Sent, number: int, kind: str = "m.room.message", **more: object) -> dict[str, object]:
        at = int(sent.utc.timestamp() * 1000)
        found = {"type": kind, "room_id": room, "sender": f"@{sent.who}:example.org", "content": {"body": sent.text}}
        return {**found, "origin_server_ts": at, "event_id": f"$ev{number}", **more}

    kinds = {3: "m.room.encrypted", 6: "m.sticker"}
    edit = {"body": "* x", "m.relates_to": {"rel_type": "m.replace", "event_id": "$ev1"}}
    events = [
        event(BEFORE, 90, "m.room.member", state_key="@1"),
        event(BETWEEN, 91, content=edit),
        event(BETWEEN, 92, "m.reaction"),
    ]
    events += [event(each, place, kinds.get(place, "m.room.message")) for place, each in enumerate(messages)]
    return {"room_name": TITLE, "room_creator": "x", "topic": "", "export_date": "x", "exported_by": "x", "messages": events}


def google(messages: Sequence[Sent] = MESSAGES, space: str = "Space AAA") -> dict[str, str]:
    def entry(sent: Sent, number: int) -> dict[str, object]:
        at = sent.utc
        written = (
            at.strftime("%A, %B {d}, %Y at {h}:%M:%S\u202f%p UTC")
            .replace("{d}", str(at.day))
            .replace("{h}", str(at.hour % 12 or 12))
        )
        person = {"name": sent.name, "email": f"{sent.who}@example.org"}
        return {
            "creator": person,
            "created_date": written,
            "text": sent.text,
            "topic_id": "t",
            "message_id": f"a/t/{number}",
        }

    entries = [entry(each, place) for place, each in enumerate(messages)]
    return {
        f"Takeout/Google Chat/Groups/{space}/messages.json": json.dumps({"messages": entries}),
        f"Takeout/Google Chat/Groups/{space}/group_info.json": json.dumps({"name": TITLE}),
        "Takeout/Google Chat/Users/User 1/user_info.json": "{}",
    }


def tdl(messages: Sequence[Sent] = MESSAGES, chat_id: int = CHAT_ID, *, has_raw: bool = True) -> dict[str, object]:
    def entry(sent: Sent, number: int) -> dict[str, object]:
        at = int(sent.utc.timestamp())
        raw = {"ID": number, "FromID": {"UserID": 70 + sent.who}, "PeerID": {"ChannelID": chat_id}, "Date": at}
        found: dict[str, object] = {"id": number, "type": "message", "file": "a.png" if sent.has_media else "", "date": at}
        return {**found, "text": sent.text, **({"raw": raw} if has_raw else {})}

    return {"id": chat_id, "messages": [entry(each, 100 + place) for place, each in reversed(list(enumerate(messages)))]}


def telethon(messages: Sequence[Sent] = MESSAGES, chat_id: int = CHAT_ID) -> list[dict[str, object]]:
    """Messages, a notice, and one that names nobody: it is the channel's own."""

    def entry(sent: Sent, number: int, kind: str = "Message") -> dict[str, object]:
        sender = {"_": "PeerUser", "user_id": 70 + sent.who}
        peer = {"_": "PeerChannel", "channel_id": chat_id}
        return {"_": kind, "id": number, "peer_id": peer, "date": sent.utc.isoformat(), "from_id": sender,
                "message": sent.text, "fwd_from": {"date": "2001-01-01T00:00:00+00:00"}}  # fmt: skip

    entries = [entry(BEFORE, 99, "MessageService"), *(entry(each, 100 + place) for place, each in enumerate(messages))]
    return [*entries, entry(BETWEEN, 98, "MessageService")]


def scraper(messages: Sequence[Sent] = MESSAGES) -> list[dict[str, object]]:
    def row(sent: Sent, number: int, text: str) -> dict[str, object]:
        media = "MessageMediaPhoto" if sent.has_media else None
        return {"id": number, "message_id": number, "date": sent.utc.strftime("%Y-%m-%d %H:%M:%S"),
                "sender_id": 70 + sent.who, "first_name": sent.name, "last_name": "", "username": None, "message": text,
                "media_type": media}  # fmt: skip

    return [row(BEFORE, 99, ""), *(row(each, 100 + place, each.text) for place, each in enumerate(messages))]


def scraper_csv(messages: Sequence[Sent] = MESSAGES) -> str:
    def cell(value: object) -> str:
        return '"' + ("" if value is None else str(value)).replace('"', '""') + '"'

    rows = scraper(messages)
    return "\n".join([",".join(rows[0]), *(",".join(cell(value) for value in row.values()) for row in rows)]) + "\n"


def html_message(sent: Sent, number: int, offset: str, *, has_name: bool, more: str = "") -> str:
    name = f'<div class="from_name">\n{escape(sent.name)} \n       </div>\n' if has_name else ""
    return f"""
     <div class="message default clearfix{"" if has_name else " joined"}" id="message{number}">

      <div class="body">

       <div class="pull_right date details" title="{sent.local:%d.%m.%Y %H:%M:%S}{offset}">
{sent.local:%H:%M}
       </div>

       {name}
{more}
       <div class="text">
{escape(sent.text)}
       </div>

      </div>

     </div>
"""


def html_notice(number: int, text: str) -> str:
    return f"""
     <div class="message service" id="message{number}">

      <div class="body details">
{text}
      </div>

     </div>
"""


FORWARDED = """
       <div class="forwarded body">

        <div class="from_name">
Somebody  <span class="date details" title="01.01.2001 00:00:00 UTC+02:00"> 01.01.2001 00:00:00</span>
        </div>

       </div>
"""
CALL = """
       <div class="media_wrap clearfix">

        <div class="media clearfix pull_left media_call">

        </div>

       </div>
"""


def html_page(title: str, entries: str, next_page: int | None) -> str:
    link = (
        f'<a class="pagination block_link" href="messages{next_page}.html">\nNext messages\n     </a>' if next_page else ""
    )
    return f"""<!DOCTYPE html>
<html>

 <head>

  <meta charset="utf-8"/>
<title>Exported Data</title>

 </head>

 <body onload="CheckLocation();">

   <div class="page_header">

    <div class="content">

     <div class="text bold">
{escape(title)}{" "}
     </div>

    </div>

   </div>

   <div class="page_body chat_page">
{entries}
     {link}
   </div>

 </body>

</html>
"""


def html(
    messages: Sequence[Sent] = MESSAGES, offset: str = " UTC+02:00", title: str = TITLE, a_page: int = 6
) -> dict[str, str]:
    """Pages of a chat: dividers, a notice, a forwarded message, a call, and messages sent at once after another one."""
    pages: list[str] = []
    last: Sent | None = None
    for place, sent in enumerate(messages):
        if place % a_page == 0:
            pages.append(html_notice(-1, "3 July"))
            last = None
        at_once = last is not None and last.who == sent.who and sent.local - last.local < timedelta(seconds=900)
        pages[-1] += html_message(sent, 100 + place, offset, has_name=not at_once, more=FORWARDED if place == 2 else "")
        last = sent
    pages[-1] += html_notice(98, "Ann joined") + html_message(messages[-1], 120, offset, has_name=False, more=CALL)
    return {
        f"ChatExport_2026-07-07/messages{number if number > 1 else ''}.html": html_page(
            title, page, number + 1 if number < len(pages) else None
        )
        for number, page in enumerate(pages, start=1)
    }


def as_json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)


FILES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    **{
        f"whatsapp-{style}": (
            "minute" if "%S" not in WHATSAPP[style].beginning else "second",
            lambda folder, style=style: write_text(folder / f"WhatsApp Chat with {TITLE}.txt", whatsapp(style)),
        )
        for style in WHATSAPP
    },
    "whatsapp-ios-zip": (
        "second",
        lambda folder: write_zip(
            folder / f"WhatsApp Chat - {TITLE}.zip",
            {"_chat.txt": whatsapp("ios-german"), "00000012-PHOTO-2026-07-04-09-05-10.jpg": "x"},
        ),
    ),
    "whatsapp-android-zip": (
        "minute",
        lambda folder: write_zip(
            folder / f"WhatsApp Chat with {TITLE}.zip",
            {f"WhatsApp Chat with {TITLE}.txt": "\ufeff" + whatsapp("android-24h")},
        ),
    ),
    "discord-json": ("second", lambda folder: write_text(folder / "x [200000000000000001].json", as_json(discord()))),
    "discord-csv-iso": ("second", lambda folder: write_text(folder / "x [200000000000000001].csv", discord_csv("iso"))),
    "discord-csv-us": ("minute", lambda folder: write_text(folder / "x.csv", discord_csv("%m/%d/%Y %I:%M %p"))),
    "discord-csv-named": ("minute", lambda folder: write_text(folder / "x.csv", discord_csv("%d-%b-%y %I:%M %p"))),
    "slack": ("second", lambda folder: write_zip(folder / "slack.zip", slack())),
    "signal-backup": (
        "second",
        lambda folder: write_zip(
            folder / "signal-export-2026.zip",
            {"signal-export-2026/main.jsonl": signal_backup(), "signal-export-2026/metadata.json": "{}"},
        ),
    ),
    "signal-export": (
        "second",
        lambda folder: write_zip(
            folder / "x.zip",
            {
                f"signal-chats/{TITLE}/data.json": signal_export(),
                "signal-chats/style.css": "x",
                f"signal-chats/{TITLE}/chat.md": "x",
            },
        ),
    ),
    "sigtop-text": ("second", lambda folder: write_text(folder / "x.txt", sigtop_text())),
    "sigtop-json": ("second", lambda folder: write_text(folder / "x.json", sigtop_json())),
    "matrix": ("second", lambda folder: write_text(folder / "x.json", as_json(matrix()))),
    "google-chat": ("second", lambda folder: write_zip(folder / "takeout.zip", google())),
    "tdl-raw": ("second", lambda folder: write_text(folder / "x.json", json.dumps(tdl()))),
    "telethon-lines": (
        "second",
        lambda folder: write_text(folder / "x.jsonl", "".join(f"{json.dumps(each)}\n" for each in telethon())),
    ),
    "telethon-list": ("second", lambda folder: write_text(folder / "x.json", as_json(telethon()))),
    "scraper-json": ("second", lambda folder: write_text(folder / "x.json", as_json(scraper()))),
    "scraper-csv": ("second", lambda folder: write_text(folder / "x.csv", scraper_csv())),
    "telegram-html": ("second", lambda folder: write_zip(folder / "x.zip", html())),
    "telegram-html-old": (
        "second",
        lambda folder: write_zip(
            folder / "x.zip", {name.rpartition("/")[2]: page for name, page in html(offset="").items()}
        ),
    ),
}
"""A name -> how exactly its times are written, and what writes it into a folder."""
