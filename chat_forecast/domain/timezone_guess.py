"""Guessing a chat's time zone from when its messages are sent.

Belongs here: the guess. Does not belong here: asking for the right one.
"""

from collections.abc import Sequence
from datetime import datetime

FEWEST = 50
NIGHT_HOURS = 6
NIGHT_BEGINS = 1
"""A chat's quietest six hours are taken for those from one to seven in the morning."""
ZONES = {
    -10: "Pacific/Honolulu",
    -9: "America/Anchorage",
    -8: "America/Los_Angeles",
    -7: "America/Denver",
    -6: "America/Chicago",
    -5: "America/New_York",
    -4: "America/Halifax",
    -3: "America/Sao_Paulo",
    0: "Europe/London",
    1: "Europe/Berlin",
    2: "Europe/Kyiv",
    3: "Europe/Moscow",
    4: "Asia/Dubai",
    5: "Asia/Tashkent",
    6: "Asia/Almaty",
    7: "Asia/Bangkok",
    8: "Asia/Singapore",
    9: "Asia/Tokyo",
    10: "Australia/Sydney",
    12: "Pacific/Auckland",
}
"""A well-known zone of each offset from UTC, in hours."""


def guess_timezone(sent: Sequence[datetime]) -> str | None:
    """A zone in which the quietest hours are at night; None for too few messages. ``sent`` is in UTC.

    It is often wrong by an hour or two: what people do at night differs.
    """
    if len(sent) < FEWEST:
        return None
    by_hour = [0] * 24
    for instant in sent:
        by_hour[instant.hour] += 1
    quiet = min(range(24), key=lambda begin: sum(by_hour[(begin + hour) % 24] for hour in range(NIGHT_HOURS)))
    offset = (NIGHT_BEGINS - quiet + 12) % 24 - 12
    return ZONES[min(ZONES, key=lambda known: (min(abs(known - offset), 24 - abs(known - offset)), abs(known)))]
