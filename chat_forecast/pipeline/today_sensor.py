"""The sensor that looks at the day that is not over, every few minutes for each live chat.

Belongs here: the sensor, which sends alerts and reports to Dagster; and the asset that shows the day, beside the six.
Does not belong here: the look itself (:mod:`.watching`), or what is sent (:mod:`chat_forecast.presentation.notifications`).

A look is no run: a run every ten minutes would fill the event log with what nobody needs later. Instead, the asset
``today_so_far`` is observed once an hour and whenever an alarm begins or ends.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from filelock import Timeout

from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import without_secrets
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.watching import is_watchable, watch
from chat_forecast.presentation.today import Look, event_in_words, now_in_words
from chat_forecast.settings.links import plot_url
from chat_forecast.settings.models import Chat
from chat_forecast.storage.locks import LockTaken

ASSET = "today_so_far"
INTERVAL_SECONDS = 30
TICK_SECONDS = 30
"""The chats that a tick has not come to by then have their turn at the next one; Dagster breaks a tick off after 60 s."""
OBSERVED_EVERY = timedelta(hours=1)


def watched(chats: Sequence[Chat]) -> list[Chat]:
    """The chats whose day is looked at."""
    return [chat for chat in chats if chat.watch_minutes and is_watchable(chat)]


def today_assets(chats: Sequence[Chat]) -> list[dg.AssetSpec]:
    """An asset for each chat that is looked at, outside the six: it is observed, and nothing is made from it."""
    return [
        dg.AssetSpec(
            [chat.slug, ASSET],
            group_name=chat.group,
            description="The day that is not over: its hours so far, what is expected of the rest, and what is unusual. "
            "Observed once an hour, and whenever an alarm begins or ends. Kept apart from the partitions: the night reads "
            "the whole day.",
            metadata={"timezone": chat.timezone, "looked at every": f"{chat.watch_minutes} minutes"},
        )
        for chat in watched(chats)
    ]


def today_sensor(chats: Sequence[Chat]) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start."""

    @dg.sensor(
        name="today",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks at the day of each live chat every few minutes (watch_minutes), and sends alerts about "
        "unusual hours.",
    )
    def sensor(context: dg.SensorEvaluationContext, stores: dg.ResourceParam[Resources]) -> dg.SensorResult:
        begun, now = time.monotonic(), datetime.now(UTC)
        known: dict[str, dict[str, str]] = json.loads(context.cursor or "{}")
        known = {chat.slug: known.get(chat.slug, {}) for chat in watched(chats)}
        observed, faults, sent = [], {}, []
        due = [chat for chat in watched(chats) if _is_due(chat, known[chat.slug], now)]
        for chat in sorted(due, key=lambda chat: known[chat.slug].get("at", "")):
            if time.monotonic() - begun > TICK_SECONDS:
                break
            known[chat.slug]["at"] = now.isoformat()
            try:
                look = watch(chat, stores, now)
                sent += send_alerts(look, stores, now)
            except (ChatForecastError, OSError, Timeout, LockTaken) as error:
                faults[chat.slug] = without_secrets(f"{type(error).__name__}: {error}")
                continue
            if _is_worth_observing(look, known[chat.slug], now):
                known[chat.slug] |= {"observed": now.isoformat(), "alarm": look.alarm}
                observed.append(dg.AssetObservation([chat.slug, ASSET], metadata=observation(look, stores.reports_url)))
        for slug, reason in faults.items():
            context.log.error(f"The day of {slug} could not be looked at: {reason}")
        return dg.SensorResult(asset_events=observed, skip_reason=_summary(len(due), sent, faults), cursor=json.dumps(known))

    return sensor


def send_alerts(look: Look, stores: Resources, now: datetime) -> list[str]:
    """Send what is due about a look, if services are named; returns the titles of what was sent.

    Raises:
        ChatForecastError: a service cannot be used, or the ledger is damaged.
        filelock.Timeout: another process is sending.
    """
    services = stores.notifier.services(os.environ)
    return stores.notifier.send_today(look, services, now, stores.reports_url).sent if services else []


def observation(look: Look, reports_url: str) -> dict[str, Any]:
    """What the asset's page shows of a look: the picture, and its figures."""
    day = look.today.plan.day.key
    url = plot_url(reports_url, look.chat.slug, ASSET, day)
    figures: dict[str, Any] = {
        "today so far": dg.MetadataValue.md(f"![{ASSET} of {day}]({url})"),
        "in words": now_in_words(look),
        "messages": look.today.so_far,
        "alarm": look.alarm or "none",
        "events": "\n".join(event_in_words(event) for event in look.events) or "none",
    }
    if look.total is not None:
        names = ("expected", "expected_low", "expected_high")
        figures |= {name: round(part, 1) for name, part in zip(names, look.total, strict=True)}
    return figures


def _is_due(chat: Chat, known: Mapping[str, str], now: datetime) -> bool:
    last = known.get("at")
    wait = timedelta(minutes=chat.watch_minutes, seconds=-INTERVAL_SECONDS / 2)
    return last is None or now - datetime.fromisoformat(last) >= wait


def _is_worth_observing(look: Look, known: Mapping[str, str], now: datetime) -> bool:
    last = known.get("observed")
    return last is None or now - datetime.fromisoformat(last) >= OBSERVED_EVERY or known.get("alarm", "") != look.alarm


def _summary(due: int, sent: Sequence[str], faults: Mapping[str, str]) -> str:
    """What a tick did, for its line in the UI."""
    if not due:
        return "No chat is due."
    said = [f"Looked at the day of {due - len(faults)} chat{'s' * (due - len(faults) != 1)}."]
    said += [f"Sent: {'; '.join(sent)}."] if sent else []
    said += [f"Could not be looked at, and is tried again: {', '.join(faults)}."] if faults else []
    return " ".join(said)
