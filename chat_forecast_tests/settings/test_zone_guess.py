"""Which zone was meant by what somebody typed."""

from datetime import date

import pytest

from chat_forecast.settings.editing import add_chat
from chat_forecast.settings.known_values import known_timezones
from chat_forecast.settings.mistakes import ConfigError
from chat_forecast.settings.reading import check_chat, load_chats
from chat_forecast.settings.zone_guess import ABBREVIATIONS, OFFSETS, nearest_timezone


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("MSK", "Europe/Moscow"),
        ("мск", "Europe/Moscow"),
        ("Moscow", "Europe/Moscow"),
        ("Europe/Moskow", "Europe/Moscow"),
        ("st. petersburg", "Europe/Moscow"),
        ("GMT+3", "Europe/Moscow"),
        ("UTC +3", "Europe/Moscow"),
        ("+03:00", "Europe/Moscow"),
        ("MSK+2", "Asia/Tashkent"),
        ("utc+5:30", "Asia/Kolkata"),
        ("GMT-5", "America/New_York"),
        ("UTC−8", "America/Los_Angeles"),
        ("EST", "America/New_York"),
        ("pdt", "America/Los_Angeles"),
        ("Kiev", "Europe/Kiev"),
        ("Kyiv", "Europe/Kyiv"),
        ("new york", "America/New_York"),
        ("GMT+25", None),
        ("Mars/Base", None),
    ],
)
def test_what_people_type_for_a_zone_leads_to_a_place(typed, meant):
    assert nearest_timezone(typed) == meant


def test_every_place_that_is_suggested_exists():
    assert {*ABBREVIATIONS.values(), *OFFSETS.values()} <= known_timezones()


def test_a_new_chat_gets_no_zone_whose_clocks_never_change_by_mistake_and_one_that_has_it_keeps_it(tmp_path):
    path, settings = tmp_path / "chats.toml", {"source": "export", "first_day": date(2026, 1, 1)}
    said = r"found \"EST\", whose clocks never change, expected a place; did you mean America/New_York\?"
    with pytest.raises(ConfigError, match=said):
        add_chat(path, "my-chat", timezone="EST", **settings)
    with pytest.raises(ConfigError, match=said):
        check_chat("my-chat", timezone="EST", **settings)
    path.write_text('[chats.my-chat]\nsource = "export"\ntimezone = "EST"\nfirst_day = 2026-01-01\n')
    assert load_chats(path, date(2026, 5, 1))[0].timezone == "EST"
