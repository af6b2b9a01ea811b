"""Metrics of the chats for Prometheus.

Belongs here: which there are, and their values at the moment.
Does not belong here: serving them (:mod:`chat_forecast.app.report_server`); the dashboard that shows them
(``grafana-dashboard.json`` beside this).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.watching import is_watchable, look
from chat_forecast.settings.models import Chat
from chat_forecast.storage.locks import LockTaken

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GAUGES = {
    "hour_messages": "Messages so far in the newest hour that was read.",
    "hour_expected": "Messages that were expected of the whole of that hour at midnight.",
    "day_messages": "Messages of the day so far.",
    "day_expected": "Messages expected of the whole day now.",
    "day_expected_low": "Lower end of the 80% interval of the day's messages.",
    "day_expected_high": "Upper end of the 80% interval of the day's messages.",
    "alarm_busy": "1 while an unusually busy event goes on.",
    "alarm_silent": "1 while an unusual silence goes on.",
    "read_until_timestamp_seconds": "Until when the day's messages are known.",
    "forecast_age_seconds": "Time since the end of the day after which the newest forecast was made.",
    "verdict_passed": "1 if the newest scored day passed its check, 0 if it failed.",
    "model_age_seconds": "Time since the end of the last day that the newest model has seen.",
    "readable": "1 if what is stored of the chat could be read, 0 if not.",
}
"""Name behind ``chat_forecast_`` -> what it is. Each has the label ``chat``; one that is not known is left out."""


def exposition(chats: Iterable[Chat], stores: Resources, now: datetime) -> bytes:
    """All metrics of the chats, in the text format of Prometheus. A chat that cannot be read keeps no other from it."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    gauges = _gauges(registry)
    for chat in chats:
        try:
            values = {**stored_values(chat, stores, now), **today_values(chat, stores, now), "readable": 1.0}
        except (ChatForecastError, OSError, LockTaken):
            values = {"readable": 0.0}
        for name, value in values.items():
            gauges[name].labels(chat=chat.slug).set(value)
    return generate_latest(registry)


def today_values(chat: Chat, stores: Resources, now: datetime) -> dict[str, float]:
    """The day that is not over."""
    if not is_watchable(chat):
        return {}
    seen = look(chat, stores, now)
    values = {"day_messages": float(seen.today.so_far)}
    values |= {f"alarm_{kind}": float(seen.alarm == kind) for kind in ("busy", "silent")}
    hour = seen.today.under_way
    if hour is not None:
        values |= {"hour_messages": float(hour["messages"])}
        values |= {} if pd.isna(hour["midnight"]) else {"hour_expected": float(hour["midnight"])}
    if seen.total is not None:
        values |= dict(zip(("day_expected", "day_expected_low", "day_expected_high"), seen.total, strict=True))
    if seen.read_until is not None:
        values["read_until_timestamp_seconds"] = seen.read_until.timestamp()
    return values


def stored_values(chat: Chat, stores: Resources, now: datetime) -> dict[str, float]:
    """What the nights have stored."""
    storage = stores.storages.of(chat)
    values: dict[str, float] = {}
    made, trained, scored = (storage.days(asset) for asset in ("next_day_forecast", "trained_model", "daily_score"))
    if made:
        values["forecast_age_seconds"] = (pd.Timestamp(now) - made[-1].end).total_seconds()
    if trained:
        values["model_age_seconds"] = (pd.Timestamp(now) - trained[-1].end).total_seconds()
    if scored:
        verdict = storage.frames("daily_score", scored[-1], scored[-1])["verdict_passed"]
        if len(verdict) and not pd.isna(verdict.iloc[0]):
            values["verdict_passed"] = float(verdict.iloc[0])
    return values


def _gauges(registry: "CollectorRegistry") -> dict[str, Any]:
    from prometheus_client import Gauge

    return {name: Gauge(f"chat_forecast_{name}", words, ["chat"], registry=registry) for name, words in GAUGES.items()}
