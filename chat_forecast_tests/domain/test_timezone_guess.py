from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chat_forecast.domain.timezone_guess import ZONES, guess_timezone


def awake(zone: str) -> list[datetime]:
    """A message an hour from seven in the morning to one at night, for two weeks of January."""
    begin = datetime(2026, 1, 5, 7, 30, tzinfo=ZoneInfo(zone))
    return [(begin + timedelta(days=day, hours=hour)).astimezone(UTC) for day in range(14) for hour in range(18)]


@pytest.mark.parametrize("zone", ["Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London"])
def test_the_zone_of_people_who_sleep_from_one_to_seven_is_found(zone):
    assert guess_timezone(awake(zone)) == zone


def test_offsets_without_a_zone_of_their_own_give_a_near_one():
    assert guess_timezone(awake("Atlantic/Azores")) in ("Europe/London", "America/Sao_Paulo")
    assert guess_timezone(awake("Pacific/Auckland")) in ("Pacific/Auckland", "Australia/Sydney", "Pacific/Honolulu")


def test_few_messages_give_no_guess():
    assert guess_timezone(awake("Europe/Moscow")[:49]) is None


def test_every_zone_of_the_table_exists():
    assert all(ZoneInfo(zone) for zone in ZONES.values())
