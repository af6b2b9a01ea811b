"""When people are notified: once what they are notified of has happened.

Belongs here: the sensor that looks and sends.
Does not belong here: what is sent (:mod:`chat_forecast.presentation.notifications`).
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
from filelock import Timeout

from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.retraining import day_to_train
from chat_forecast.settings.models import Chat

NOTIFY_INTERVAL_SECONDS = 60


def notify_sensor(chats: Sequence[Chat]) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start; without a URL in the environment it does nothing."""

    @dg.sensor(
        name="notify",
        minimum_interval_seconds=NOTIFY_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends each night's forecast, and what needs a look: each notice once, and only of the day that ended "
        "last. Where to is set by CHAT_FORECAST_NOTIFY_URL in the daemon's environment.",
    )
    def sensor(context: dg.SensorEvaluationContext, stores: dg.ResourceParam[Resources]) -> dg.SkipReason:
        telling, storages = stores.telling, stores.storages
        services = telling.services(os.environ)
        if not services:
            return dg.SkipReason(f"Nobody to tell: {telling.settings.url_variable} is not set.")
        to_train = {chat.slug: day_to_train(context.instance, chat, storages.of(chat)) for chat in chats}
        try:
            now = datetime.now(UTC)
            told = telling.tell(context.instance, chats, storages, services, now, to_train=to_train)
        except Timeout:
            return dg.SkipReason("Another process is telling.")
        if told.failed:
            return dg.SkipReason(f"Not taken, to be tried again: {', '.join(told.failed)}.")
        return dg.SkipReason(f"Told: {'; '.join(told.sent)}." if told.sent else "Nothing new to tell.")

    return sensor
