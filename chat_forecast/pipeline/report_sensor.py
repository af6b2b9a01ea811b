"""The sensor that updates the chats' pages, once a run has changed what they are made from.

Belongs here: which pages a tick looks at, and the sensor itself.
Does not belong here: making a page, or whether one is up to date (:mod:`chat_forecast.presentation.reports`).

This is a sensor and not a step of the nightly run, so that a page that cannot be made never fails a forecast, and never
keeps another chat's page from being made. The tick and its log name it, and the next tick tries again.

Looking at the files of a thousand chats takes half a minute, asking Dagster for their runs half a second. So the cursor
keeps, for each chat, the newest run after which its pages were up to date, and only the other chats are looked at.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import dagster as dg

from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.run_states import read_run_states
from chat_forecast.settings.models import Chat

INTERVAL_SECONDS = 30
TICK_SECONDS = 40
"""The chats that a tick has not come to by then have their turn at the next one; Dagster breaks a tick off after 60 s."""

RUSH = 5
"""While more chats than this have a run queued or under way, the processors are theirs: a page takes as long as a night."""


def report_sensor(chats: Sequence[Chat]) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start."""

    @dg.sensor(
        name="reports",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Updates a chat's page after each forecast, score or training.",
    )
    def sensor(context: dg.SensorEvaluationContext, stores: dg.ResourceParam[Resources]) -> dg.SensorResult:
        reports, begun = stores.reports, time.monotonic()
        if reports.unavailable:
            return dg.SensorResult(skip_reason=f"No pages are made. {reports.unavailable}.", cursor=context.cursor)
        runs = read_run_states(context.instance, chats, datetime.now(UTC))
        active = sum(known.is_active for known in runs.values())
        if active > RUSH:
            waiting = f"{active} chats have runs queued or under way: pages are made when that is at most {RUSH}."
            return dg.SensorResult(skip_reason=waiting, cursor=context.cursor)
        # A newer version may say more on a page, so that every one is looked at again.
        seen = {slug: f"{version('chat_forecast')} {known.newest}" for slug, known in runs.items()}
        before = json.loads(context.cursor or "{}")
        done = {slug: before[slug] for slug in seen if slug in before}
        made: list[str] = []
        failed: dict[str, str] = {}
        for chat in chats:
            # During a run what is stored still changes.
            if runs[chat.slug].is_active or done.get(chat.slug) == seen[chat.slug]:
                continue
            if time.monotonic() - begun > TICK_SECONDS:
                break
            try:
                made += [page.name for page in reports.make_current(chat)]
                done[chat.slug] = seen[chat.slug]
            except Exception as error:  # whatever is wrong with one chat is no other's trouble
                failed[chat.slug] = f"{type(error).__name__}: {error}"
        if made:
            reports.make_index(chats)
        for slug, reason in failed.items():
            context.log.error(f"The page of {slug} could not be made: {reason}")
        return dg.SensorResult(skip_reason=_summary(made, failed), cursor=json.dumps(done))

    return sensor


def _summary(made: Sequence[str], failed: dict[str, str]) -> str:
    """What a tick did, for its line in the UI."""
    said = [f"Updated: {', '.join(made)}."] if made else []
    if failed:
        said.append(f"Could not be made, and is tried again: {'; '.join(f'{slug}: {why}' for slug, why in failed.items())}.")
    return " ".join(said) or "Every page is up to date, or a run of its chat is active."
