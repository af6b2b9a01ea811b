"""When the chats' pages are made anew: once what they tell of has changed.

Belongs here: the sensor that keeps the pages up to date.
Does not belong here: making a page (:mod:`chat_forecast.presentation.reports`).

A sensor and not a step of the nightly run: a page that cannot be made is named in a tick and its log, and tried again at the
next one. It never fails a forecast.
"""

import json
from collections.abc import Sequence

import dagster as dg

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.resources import Resources
from chat_forecast.settings.models import Chat

INTERVAL_SECONDS = 30
CHATS_A_TICK = 10
"""A tick may last a minute, and a page takes a second or two."""


def report_sensor(chats: Sequence[Chat]) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start."""

    @dg.sensor(
        name="reports",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes a chat's page anew after each forecast, score or training.",
    )
    def sensor(context: dg.SensorEvaluationContext, stores: dg.ResourceParam[Resources]) -> dg.SensorResult:
        reports = stores.reports
        found = {chat.slug: reports.state(chat) for chat in chats}
        before = json.loads(context.cursor or "{}")
        # What still changes is in the middle of a run: its page waits until a tick finds it as the last one did.
        settled = [chat for chat in chats if before.get(chat.slug) == found[chat.slug]]
        made: list[str] = []
        failed: list[str] = []
        for chat in settled:
            if len(made) + len(failed) >= CHATS_A_TICK:
                break
            try:
                made += [page.name for page in reports.make_current(chat)]
            except (ChatForecastError, OSError) as error:
                failed.append(f"{chat.slug}: {type(error).__name__}: {error}")
        if made:
            reports.make_index(chats)
        said = f"Made anew: {', '.join(made)}." if made else "Every page is up to date, or its chat is being worked on."
        if failed:
            said = f"Could not be made, and will be tried again: {'; '.join(failed)}. {said}"
            context.log.error(said)
        return dg.SensorResult(skip_reason=said, cursor=json.dumps(found))

    return sensor
