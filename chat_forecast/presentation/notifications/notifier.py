"""Looking at each chat's state and telling what is new in it.

Belongs here: reading the state from storage and from the Dagster instance, and telling each notice once.
Does not belong here: what is news (:mod:`.notices`), how it is sent (:mod:`.delivery`).

State is looked at, not events: nothing is missed while nobody looked. Only the chat's last day that has ended counts, and
only once no run of the chat is under way, so that a backfill of years is followed by one digest at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES, DagsterRunStatus, RunRecord
from dagster._core.storage.tags import ROOT_RUN_ID_TAG

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.scoring import unusual_hours
from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.presentation import phrases, plots
from chat_forecast.presentation.notifications import notices
from chat_forecast.presentation.notifications.delivery import Service, services_of
from chat_forecast.presentation.notifications.ledger import Ledger
from chat_forecast.presentation.notifications.notices import DayState, Notice
from chat_forecast.settings.links import partition_url, run_url
from chat_forecast.settings.models import Chat, Notify
from chat_forecast.storage.partitions import ChatStorage, Storages

RUNS_LOOKED_AT = 100
FAILURE_HOURS = 24
"""A failure that ended longer ago is not news."""
RETRAINING_MINUTES = 10
"""So long after a chat's last run the digest waits for the retraining that its score asks for."""


@dataclass(frozen=True)
class Told:
    """What came of looking."""

    sent: tuple[str, ...] = ()
    """Titles of what was sent."""
    failed: tuple[str, ...] = ()
    """Services that did not take something, in their private form; they are tried again."""


@dataclass(frozen=True)
class Telling:
    """Tells what is new; made of settings alone, it opens nothing."""

    settings: Notify
    root: Path
    """Where the ledger lies."""
    dagster_url: str

    def services(self, environ: Mapping[str, str]) -> list[Service]:
        """Where to tell it, by the environment."""
        return services_of(environ.get(self.settings.url_variable), self.settings.url_variable)

    def tell(
        self,
        instance: dg.DagsterInstance,
        chats: Sequence[Chat],
        storages: Storages,
        services: Sequence[Service],
        now: datetime,
        *,
        to_train: Mapping[str, LocalDay | None],
    ) -> Told:
        """Look at the chats, and tell each service what it was not told yet.

        ``to_train`` has the day through which each chat should be trained now, by the sensor's decision. A service that
        does not answer is waited for during some seconds, and tried again when this is called the next time.

        Raises:
            LedgerError: the ledger is damaged.
            filelock.Timeout: another process is telling.
        """
        sent: list[str] = []
        failed: dict[str, None] = {}
        with Ledger.lock(self.root):
            ledger = Ledger.load(self.root)
            records = instance.get_run_records(limit=RUNS_LOOKED_AT)
            down: set[Service] = set()  # not asked again and again in one go
            for chat in chats:
                runs = [record for record in records if chat.slug in chats_of(record)]
                if not self._is_calm(runs, now, wants_training=to_train.get(chat.slug) is not None):
                    continue
                day = LocalDay.containing(now, chat.timezone).plus(-1)
                state = f"{day.key} {runs[0].dagster_run.run_id} {runs[0].dagster_run.status.value}" if runs else day.key
                if ledger.looked_at(chat.slug) == state:
                    continue
                notices = [*self._of_day(chat, storages.of(chat), day), *self._of_runs(chats, runs, now)]
                for service in services:
                    for notice in notices:
                        if service not in down and ledger.may_try(notice.cause, service.key, now):
                            ledger.begin(notice.cause, service.key, now)
                            was_sent = service.send(notice)
                            ledger.end(notice.cause, service.key, now, was_sent=was_sent)
                            if was_sent:
                                sent.append(notice.title)
                            else:
                                down.add(service)
                                failed[service.shown] = None
                if all(ledger.is_settled(notice.cause, service.key) for notice in notices for service in services):
                    ledger.look(chat.slug, state)
        return Told(tuple(sent), tuple(failed))

    def _is_calm(self, runs: Sequence[RunRecord], now: datetime, *, wants_training: bool) -> bool:
        """Whether nothing is about to change: no run under way or to be tried again, no retraining about to begin."""
        if any(
            record.dagster_run.status in NOT_FINISHED_STATUSES or record.dagster_run.is_complete_and_waiting_to_retry
            for record in runs
        ):
            return False
        ended = max((record.end_time or 0.0 for record in runs), default=0.0)
        return not wants_training or now.timestamp() - ended > timedelta(minutes=RETRAINING_MINUTES).total_seconds()

    def _of_day(self, chat: Chat, storage: ChatStorage, day: LocalDay) -> list[Notice]:
        """What there is to tell of the day that ended last."""
        if not storage.has("hourly_series", day):
            return []
        state = self._state(chat, storage, day)
        rules = {
            "unread": notices.unread,
            "retrained": notices.retrained,
            "unusual": notices.unusual,
            "skill": notices.skill_gone,
        }
        alerts = [rule(state) for kind, rule in rules.items() if kind in self.settings.alerts]
        told = [notice for notice in alerts if notice is not None]
        if self.settings.digest and not state.forecast.empty:
            digest = notices.digest(state, draw_digest(state))
            told += [digest] if digest else []
        return told

    def _state(self, chat: Chat, storage: ChatStorage, day: LocalDay) -> DayState:
        first = day.plus(1 - notices.LOOKBACK_DAYS)
        before = storage.frame("next_day_forecast", day.plus(-1))
        training = storage.frame("trained_model", day)
        return DayState(
            chat=chat.slug,
            is_simulated=chat.source == "simulated",
            day=day,
            series=storage.frames("hourly_series", first, day),
            scores=storage.frames("daily_score", first, day),
            forecast=storage.frames("next_day_forecast", day, day),
            unusual=unusual_hours(storage.frames("hourly_series", day, day), before),
            training=None if training is None else training.iloc[0],
            page=partition_url(self.dagster_url, chat.slug, "next_day_forecast", day.key),
        )

    def _of_runs(self, chats: Sequence[Chat], runs: Iterable[RunRecord], now: datetime) -> list[Notice]:
        """The chat's runs that failed lately and are not tried again."""
        if "failed" not in self.settings.alerts:
            return []
        names = {chat.slug: phrases.name_chat(chat.slug, is_simulated=chat.source == "simulated") for chat in chats}
        found: list[Notice] = []
        tried_again: set[str] = set()
        for record in runs:  # newest first: of a run and its retries the last one counts
            run = record.dagster_run
            root = run.tags.get(ROOT_RUN_ID_TAG, run.run_id)
            is_late = now.timestamp() - (record.end_time or 0.0) > timedelta(hours=FAILURE_HOURS).total_seconds()
            if root not in tried_again and run.status == DagsterRunStatus.FAILURE and not is_late:
                concerned = [names[slug] for slug in sorted(chats_of(record)) if slug in names]
                found.append(notices.failed(concerned, run_url(self.dagster_url, run.run_id), root))
            tried_again.add(root)
        return found


def chats_of(record: RunRecord) -> set[str]:
    """The slugs of the chats that a run is about: by its tag, or by the assets that it was to make."""
    run = record.dagster_run
    if CHAT_TAG in run.tags:
        return {run.tags[CHAT_TAG]}
    return {key.path[0] for key in run.asset_selection or ()}


def draw_digest(state: DayState) -> bytes:
    """The picture of a digest: the forecast of the coming day."""
    coming = state.day.plus(1)
    before = coming.plus(-7)
    hours = state.series["hour"]
    last_week = state.series[(hours >= before.start) & (hours < before.end)]
    title = phrases.title(state.chat, coming, "forecast", is_simulated=state.is_simulated)
    return plots.draw_forecast(state.forecast, last_week, title, phrases.forecast_in_words(state.forecast, last_week))
