"""The lines of a chat exported from WhatsApp: which begin an entry, and what their beginnings say.

Belongs here: the date, the clock time and the sender at the beginning of a line, in the languages of phones.
Does not belong here: the order of day and month (:mod:`.date_order`), and what is a notice (:mod:`.whatsapp_notices`).

All entries of a file begin alike, since the phone's language writes them at the moment of the export: a line that begins in
another way than the first one belongs to the message before it.
"""

import re
from dataclasses import dataclass

from chat_forecast.sources.exports.date_order import Triple

MARK = "\u200e"
"""WhatsApp on iOS puts it before what it wrote itself."""
_OTHER_MARKS = dict.fromkeys(map(ord, "\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u061c"))
_PLAIN = {**_OTHER_MARKS, **dict.fromkeys(map(ord, "\u202f\u00a0\u2009\u2007\u3000"), " "), ord("،"): ","}
_DATE = r"(?P<first>\d{1,4})(?P<mark>[./-]) ?(?P<second>\d{1,2})(?P=mark) ?(?P<third>\d{1,4})"
_TIME = r"(?P<hour>\d{1,2})(?:[:.]| ?h ?)(?P<minute>\d\d)(?:(?:[:.]| min )(?P<seconds>\d\d))?"
_WORDS = r"[^\d\[\]:]{0,16}?"
_END = r"(?(bracket)\] ?| [-–—] )(?P<rest>.*)"
_DATE_FIRST = re.compile(rf"(?P<bracket>\[)?{_DATE}(?P<before>[., ]{_WORDS}){_TIME}(?P<after>{_WORDS}){_END}", re.DOTALL)
_TIME_FIRST = re.compile(rf"(?P<bracket>\[)?{_TIME}(?P<after>{_WORDS}), ?(?P<before>){_DATE}{_END}", re.DOTALL)
_LONGEST_BEGINNING = 60
_MORNING = "am a 上午 오전 午前 凌晨 清晨 早上 ص قظ πμ sa öö pg fm dop de pd vm sf ጥዋት ጠዋት 上晝 पूर्वाह्न পূর্বাহ্ন முற்பகல் ก่อนเที่ยง"
_AFTERNOON = "pm p 下午 오후 午後 中午 晚上 傍晚 م بظ μμ ch ös ptg em odp du md nm ym ከሰዓት 下晝 अपराह्न অপরাহ্ণ பிற்பகல் หลังเที่ยง"
_BESIDE = "г ч гч в год um uhr at à as às klo kl h alas alle ore om u o ob na la god s น hodź"
_BEFORE_NOON, _AFTER_NOON, _NOON = frozenset(_MORNING.split()), frozenset(_AFTERNOON.split()), "中午"
_HARMLESS = frozenset(["", *_BESIDE.split()])
"""Words beside the date and the time that change neither."""
_SENDER = re.compile(r"([^\n]{1,128}?):(?: (.*))?", re.DOTALL)
_QUOTES = (("“", "”"), ("«", "»"), ("「", "」"), ("„", "“”"))
_UNSAVED = re.compile(r"^~\s*")


@dataclass(frozen=True)
class Beginning:
    """How a line of a file begins: what is the same in all of its entries."""

    is_bracketed: bool
    is_time_first: bool
    mark: str
    has_seconds: bool
    has_half: bool


@dataclass(frozen=True)
class Entry:
    """One entry."""

    date: Triple
    second: int
    """Of the day."""
    rest: str
    beginning: Beginning


def read_entry(line: str) -> Entry | None:
    """Read the beginning of a line; None if it begins no entry."""
    plain = line.translate(_PLAIN).lstrip(f"{MARK} ")
    if not plain or not (plain[0] == "[" or plain[0].isdecimal()):
        return None
    start = plain[:_LONGEST_BEGINNING]
    if MARK in start:  # within the date of some languages; what comes after the beginning keeps its marks
        end = max(start.find("] "), start.find(" - "))
        plain = plain[: max(end, 0)].replace(MARK, "") + plain[max(end, 0) :]
    found, is_time_first = _DATE_FIRST.match(plain), False
    if found is None:
        found, is_time_first = _TIME_FIRST.match(plain), True
    return None if found is None else _entry(found, is_time_first=is_time_first)


def _entry(found: re.Match[str], *, is_time_first: bool) -> Entry | None:
    words = [re.sub(r"[ .,]", "", found[name]).casefold() for name in ("before", "after")]
    halves = [word for word in words if word in _BEFORE_NOON | _AFTER_NOON]
    if len(halves) > 1 or any(word not in _HARMLESS for word in words if word not in halves):
        return None
    hour, minute, seconds = int(found["hour"]), int(found["minute"]), int(found["seconds"] or 0)
    if halves:
        if not 0 <= hour <= 12:
            return None
        is_late_morning = halves[0] == _NOON and hour in (10, 11)
        hour = hour % 12 + 12 * (halves[0] in _AFTER_NOON and not is_late_morning)
    if hour > 23 or minute > 59 or seconds > 59:
        return None
    first, second, third = (found[name] for name in ("first", "second", "third"))
    date = Triple(int(first), int(second), int(third), is_year_first=len(first) == 4)
    beginning = Beginning(bool(found["bracket"]), is_time_first, found["mark"], found["seconds"] is not None, bool(halves))
    return Entry(date, (hour * 60 + minute) * 60 + seconds, found["rest"], beginning)


def sender_and_text(rest: str) -> tuple[str, str] | None:
    """Who wrote an entry, and what; None for a notice, which has no sender.

    The colon in a notice such as *Ann changed the group name from "Old: plan"* stands between quotes.
    """
    found = _SENDER.fullmatch(rest)
    if found is None:
        return None
    name = found[1].replace(MARK, "")
    if name.count('"') % 2 or any(name.count(left) > sum(name.count(each) for each in right) for left, right in _QUOTES):
        return None
    return " ".join(_UNSAVED.sub("", name.strip()).split()), found[2] or ""
