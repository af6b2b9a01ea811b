"""The sensor that sends notifications, once what they are about has happened.

Belongs here: when to look, and what a tick reports.
Does not belong here: what is sent, and to whom (:mod:`chat_forecast.presentation.notifications`).
"""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
from filelock import Timeout

from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.run_states import read_run_states
from chat_forecast.presentation.notifications import Outcome
from chat_forecast.settings.models import Chat

NOTIFY_INTERVAL_SECONDS = 60
TICK_SECONDS = 40
"""After this long a tick leaves the remaining chats to the next one; Dagster ends a tick after 60 s."""


def notify_sensor(chats: Sequence[Chat]) -> dg.SensorDefinition:
    """One sensor for all chats, running from the start; without a URL in the environment it does nothing."""

    @dg.sensor(
        name="notify",
        minimum_interval_seconds=NOTIFY_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends each night's forecast, and alerts about what needs attention: each notice once, and only about "
        "the day that ended last. CHAT_FORECAST_NOTIFY_URL in the daemon's environment says where to.",
    )
    def sensor(context: dg.SensorEvaluationContext, stores: dg.ResourceParam[Resources]) -> dg.SkipReason:
        notifier, begun = stores.notifier, time.monotonic()
        services = notifier.services(os.environ)
        if not services:
            return dg.SkipReason(f"Nothing is sent: {notifier.settings.url_variable} is not set.")
        now = datetime.now(UTC)
        try:
            outcome = notifier.send_due(
                chats,
                stores.storages,
                read_run_states(context.instance, chats, now),
                services,
                now,
                is_time_up=lambda: time.monotonic() - begun > TICK_SECONDS,
            )
        except Timeout:
            return dg.SkipReason("Another process is sending.")
        for slug, reason in outcome.unreadable.items():
            context.log.error(f"{slug} could not be examined for notices: {reason}")
        return dg.SkipReason(_summary(outcome))

    return sensor


def _summary(outcome: Outcome) -> str:
    """What a tick did, for its line in the UI."""
    said = [f"Sent: {'; '.join(outcome.sent)}." if outcome.sent else "Nothing new to send."]
    if outcome.refused:
        said.append(f"Refused, and tried again later: {', '.join(outcome.refused)}.")
    if outcome.unreadable:
        said.append(f"Could not be examined, see the tick's log and chat-forecast status: {', '.join(outcome.unreadable)}.")
    return " ".join(said)
