"""The sensor that sends heartbeats: once a night has begun, is done, or has failed.

Belongs here: how each chat's night went, by what is stored and by its runs; the sensor, and what a command sends.
Does not belong here: which address is called, and how (:mod:`chat_forecast.presentation.notifications.heartbeat`).

The sensor looks at the state and not at events, so that a call that failed while the network was down is made later. A chat
that is put aside for a mistake in its settings has no nights: that is reported as a failure until it is mended.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.run_states import read_run_states
from chat_forecast.presentation.notifications import ChatRuns
from chat_forecast.presentation.notifications.heartbeat import VARIABLE, Beat, Heartbeat, heartbeats_of
from chat_forecast.settings.mistakes import shown_name
from chat_forecast.settings.models import Chat

INTERVAL_SECONDS = 60
ALL = "*"
"""Stands for all chats, where a chat's slug might stand."""
PUT_ASIDE = "put aside for a mistake in chats.toml"

State = tuple[Beat, str]
"""What there is to say, and about what: said once."""


def heartbeat_sensor(chats: Sequence[Chat], put_aside: Sequence[str] = ()) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start; without an address in the environment it does nothing.

    ``put_aside``: the slugs of chats that are configured and cannot be used.
    """

    @dg.sensor(
        name="heartbeat",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Calls {VARIABLE} of the daemon's environment after each night, so that it is noticed if none comes.",
    )
    def sensor(context: dg.SensorEvaluationContext, stores: dg.ResourceParam[Resources]) -> dg.SensorResult:
        of_all, own = heartbeats_of(os.environ, [*(chat.slug for chat in chats), *put_aside])
        beats = ({ALL: of_all} if of_all else {}) | own
        if not beats:
            return dg.SensorResult(skip_reason=f"No heartbeat is sent: {VARIABLE} is not set.", cursor=context.cursor)
        now = datetime.now(UTC)
        states = night_states(chats, stores, read_run_states(context.instance, chats, now), now, put_aside)
        before: dict[str, list[str]] = json.loads(context.cursor or "{}")
        said, refused = send_beats(beats, states, before)
        words = [f"Sent: {', '.join(said)}."] if said else ["Nothing new to send."]
        words += [f"Not taken, and tried again: {', '.join(refused)}."] if refused else []
        return dg.SensorResult(skip_reason=" ".join(words), cursor=json.dumps(before))

    return sensor


def night_states(
    chats: Sequence[Chat],
    stores: Resources,
    runs: Mapping[str, ChatRuns],
    now: datetime,
    put_aside: Sequence[str] = (),
) -> dict[str, State]:
    """What is to be said of each chat whose night is under way, done or failed, and of :data:`ALL` of them together."""
    states: dict[str, State] = dict.fromkeys(put_aside, (Beat.FAIL, PUT_ASIDE))
    waiting = False
    for chat in chats:
        day = LocalDay.containing(now, chat.timezone).plus(-1)
        try:
            if chat.first_day > day.date or stores.sources.last_day(chat, day) < day:
                continue  # no night is expected
            beat = _beat(chat, stores, runs.get(chat.slug, ChatRuns()), day)
        except ChatForecastError:
            beat = Beat.FAIL
        if beat is None:
            waiting = True
        else:
            states[chat.slug] = (beat, day.key)
    beats = {beat for beat, _ in states.values()}
    nights = ", ".join(f"{slug} {day}" for slug, (beat, day) in sorted(states.items()) if beat is not Beat.START)
    if Beat.FAIL in beats:
        failed = sorted(slug for slug, (beat, _) in states.items() if beat is Beat.FAIL and slug not in put_aside)
        kinds = (("not done", failed), (PUT_ASIDE, sorted(map(shown_name, put_aside))))
        states[ALL] = (Beat.FAIL, "; ".join(f"{what}: {', '.join(names)}" for what, names in kinds if names))
    elif Beat.START in beats:
        states[ALL] = (Beat.START, max(day for _, day in states.values()))
    elif beats and not waiting:
        states[ALL] = (Beat.SUCCESS, nights)
    return states


def send_beats(
    beats: Mapping[str, Heartbeat], states: Mapping[str, State], before: dict[str, list[str]]
) -> tuple[list[str], list[str]]:
    """Call each address about its state unless it was told, and note that in ``before``; returns who took it and who not."""
    sent: list[str] = []
    refused: list[str] = []
    for name, heartbeat in beats.items():
        if name not in states or before.get(name) == [*states[name]]:
            continue
        beat, about = states[name]
        words = about if name == ALL else f"{shown_name(name)} {about}"
        shown = f"{beat.value} to {heartbeat.variable}"
        if heartbeat.send(beat, words):
            before[name] = [*states[name]]
            sent.append(shown)
        else:
            refused.append(shown)
    return sent, refused


def _beat(chat: Chat, stores: Resources, runs: ChatRuns, day: LocalDay) -> Beat | None:
    """What there is to say of a chat's night; None before it has begun."""
    if stores.storages.of(chat).has("next_day_forecast", day):
        return Beat.SUCCESS
    if runs.is_active:
        return Beat.START
    has_failed = runs.failed and runs.last_end is not None and runs.last_end >= day.end
    return Beat.FAIL if has_failed else None
