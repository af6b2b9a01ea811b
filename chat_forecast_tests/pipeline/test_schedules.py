"""When the schedule of a chat asks for which day."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from chat_forecast.definitions import build_definitions
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.runs import DAY_ASSETS
from chat_forecast.pipeline.schedules import schedule_name
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home


@pytest.mark.parametrize(
    ("timezone", "midnight", "day"),
    [
        ("Europe/Moscow", date(2026, 5, 12), "2026-05-11"),
        ("Asia/Kathmandu", date(2026, 5, 12), "2026-05-11"),
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-29"),  # the day had 23 hours
        ("Europe/Berlin", date(2026, 10, 26), "2026-10-25"),  # the day had 25 hours
    ],
)
def test_at_00_01_local_time_the_schedule_does_the_day_that_ended(tmp_path, timezone, midnight, day):
    chat = Chat(slug="my-chat", source="simulated", timezone=timezone, first_day=date(2026, 1, 1))
    stores = resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}))
    schedule = build_definitions([chat], stores).get_repository_def().get_schedule_def(schedule_name(timezone))
    assert schedule.execution_timezone == timezone
    assert schedule.cron_schedule == "1 0 * * *"
    tick = datetime.combine(midnight, time(0, 1), ZoneInfo(timezone))
    with dg.build_schedule_context(scheduled_execution_time=tick, resources={"stores": stores}) as context:
        asked = schedule.evaluate_tick(context).run_requests
    assert [request.tags["dagster/partition"] for request in asked] == [day]
    assert [key.path for key in asked[0].asset_selection] == [["my-chat", asset] for asset in DAY_ASSETS]
    assert LocalDay.parse(day, timezone).end == tick.replace(minute=0)


def test_after_the_day_before_a_skipped_date_the_schedule_asks_for_that_day_once(tmp_path):
    """Apia had no 2011-12-30: at 00:01 of the 31st it is the 29th that ended."""
    chat = Chat(slug="my-chat", source="simulated", timezone="Pacific/Apia", first_day=date(2011, 12, 20))
    stores = resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}))
    schedule = build_definitions([chat], stores).get_repository_def().get_schedule_def(schedule_name(chat.timezone))
    asked = set()
    for midnight in (date(2011, 12, 29), date(2011, 12, 30), date(2011, 12, 31), date(2012, 1, 1)):
        tick = datetime.combine(midnight, time(0, 1), ZoneInfo(chat.timezone))
        with dg.build_schedule_context(scheduled_execution_time=tick, resources={"stores": stores}) as context:
            asked |= {request.run_key for request in schedule.evaluate_tick(context).run_requests}
    assert asked == {f"my-chat/2011-12-{day}" for day in (28, 29, 31)}
