"""Which time zone was meant by what somebody typed: a city, an abbreviation, a distance from UTC, a name nearly right.

Belongs here: guessing a place. A guess is only ever asked about, never taken.
Does not belong here: which zones there are (:mod:`.known_values`), or where a chat's members live
(:mod:`chat_forecast.domain.timezone_guess`).
"""

import re

from chat_forecast.settings.known_values import known_timezones, nearest

WITHOUT_SUMMER = {"EST": "America/New_York", "MST": "America/Denver"}
"""Zones of the database that are no place: their clocks never change -> what those who write them nearly always mean."""
ABBREVIATIONS = WITHOUT_SUMMER | {
    "MSK": "Europe/Moscow", "МСК": "Europe/Moscow", "МОСКВА": "Europe/Moscow", "ST_PETERSBURG": "Europe/Moscow",
    "BST": "Europe/London", "CEST": "Europe/Berlin", "MEZ": "Europe/Berlin", "EEST": "Europe/Kyiv", "КИЕВ": "Europe/Kyiv",
    "IST": "Asia/Kolkata", "INDIA": "Asia/Kolkata", "JST": "Asia/Tokyo", "KST": "Asia/Seoul", "PKT": "Asia/Karachi",
    "SGT": "Asia/Singapore", "HKT": "Asia/Hong_Kong", "BEIJING": "Asia/Shanghai", "YEKT": "Asia/Yekaterinburg",
    "EDT": "America/New_York", "CST": "America/Chicago", "CDT": "America/Chicago", "MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "AKST": "America/Anchorage", "BRT": "America/Sao_Paulo",
    "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney", "AWST": "Australia/Perth", "NZST": "Pacific/Auckland",
    "NZDT": "Pacific/Auckland", "CAT": "Africa/Maputo", "WAT": "Africa/Lagos", "EAT": "Africa/Nairobi",
}  # fmt: skip
"""What no place is called, in capitals -> the place whose clocks are nearly always meant."""
OFFSETS = {
    -600: "Pacific/Honolulu", -540: "America/Anchorage", -480: "America/Los_Angeles", -420: "America/Denver",
    -360: "America/Chicago", -300: "America/New_York", -240: "America/Halifax", -210: "America/St_Johns",
    -180: "America/Sao_Paulo", 0: "Europe/London", 60: "Europe/Berlin", 120: "Europe/Kyiv", 180: "Europe/Moscow",
    210: "Asia/Tehran", 240: "Asia/Dubai", 270: "Asia/Kabul", 300: "Asia/Tashkent", 330: "Asia/Kolkata",
    345: "Asia/Kathmandu", 360: "Asia/Dhaka", 390: "Asia/Yangon", 420: "Asia/Bangkok", 480: "Asia/Shanghai",
    540: "Asia/Tokyo", 570: "Australia/Adelaide", 600: "Australia/Sydney", 660: "Asia/Magadan", 720: "Pacific/Auckland",
}  # fmt: skip
"""Minutes east of UTC in winter -> a place of many people."""
AHEAD = {"MSK": 180, "МСК": 180}
"""From where a distance is told, if not from UTC -> how many minutes it is east of it."""


def nearest_timezone(name: str) -> str | None:
    """The zone that was probably meant, by what it is called for short, its distance from UTC, its name, or its city alone.

    >>> nearest_timezone("new york"), nearest_timezone("MSK"), nearest_timezone("GMT+3")
    ('America/New_York', 'Europe/Moscow', 'Europe/Moscow')
    """
    wanted = re.sub(r"\s+", "_", name.strip().replace(".", ""))
    if meant := ABBREVIATIONS.get(wanted.upper()) or _by_offset(wanted.upper()):
        return meant
    zones = sorted(zone for zone in known_timezones() if "+" not in zone and not zone.startswith("Etc/"))
    for names in ({zone.lower(): zone for zone in zones}, {zone.lower().rpartition("/")[2]: zone for zone in zones}):
        if found := nearest(wanted.lower(), names):
            return names[found]
    return None


def _by_offset(wanted: str) -> str | None:
    told = re.fullmatch(r"(UTC|GMT|MSK|МСК|)_?([+−-])(\d{1,2})(?::?([0-5]\d))?", wanted, re.ASCII)
    if told is None:
        return None
    minutes = (int(told[3]) * 60 + int(told[4] or 0)) * (1 if told[2] == "+" else -1)
    return OFFSETS.get(minutes + AHEAD.get(told[1], 0))
