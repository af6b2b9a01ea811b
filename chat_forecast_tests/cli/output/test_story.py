"""What the demo tells at its end."""

from datetime import date

from chat_forecast.app.demo import Chapter
from chat_forecast.cli.output.story import print_story
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.models import Chat
from chat_forecast_tests.cli.output.screens import seen

CHAT = Chat(slug="demo", source="simulated", timezone="Europe/Moscow", first_day=date(2026, 8, 1))


def test_a_chapter_of_one_night_names_its_day_once():
    day = LocalDay.parse("2026-09-27", "Europe/Moscow")
    told = [
        Chapter(day.plus(-29), day.plus(-1), is_good=True, nights=29, skill=0.2, trainings=1, reason=""),
        Chapter(day, day, is_good=False, nights=1, skill=0.1, trainings=1, reason="The model is old"),
    ]
    text = seen(print_story, CHAT, told, width=130)
    assert "✓ 2026-08-29 to 2026-09-26, 29 nights: good (skill +20%, 1 training)" in text
    assert "✗ 2026-09-27, 1 night: not good enough (skill +10%, 1 training). The model is old" in text
