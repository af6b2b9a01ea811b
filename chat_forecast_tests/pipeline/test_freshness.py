"""When a chat's series is overdue in the UI."""

from datetime import date

from chat_forecast.pipeline.freshness import freshness_of
from chat_forecast.settings.models import Chat

LIVE = Chat(slug="live", source="simulated", timezone="Europe/Moscow", first_day=date(2026, 3, 1))


def test_a_live_chat_is_late_after_six_in_the_morning_of_its_zone_and_one_that_has_ended_never():
    policy = freshness_of(LIVE)
    assert (policy.deadline_cron, policy.timezone) == ("0 6 * * *", "Europe/Moscow")
    assert freshness_of(LIVE.model_copy(update={"last_day": date(2026, 4, 1)})) is None
    assert freshness_of(LIVE.model_copy(update={"source": "export"})) is None
