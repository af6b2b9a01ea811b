"""Sending each notice about each chat once.

Belongs here: which notices are due, by the state of storage and of the runs, and sending those that were not sent yet.
Does not belong here: what is worth a notice (:mod:`.notices`), how it is sent (:mod:`.delivery`), asking Dagster about runs.

The state is examined, not events: nothing is missed while nobody looked. Only the chat's last day that has ended counts, and
only once no run of the chat is active, so that a backfill of years is followed by one digest at most.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.masking import without_secrets
from chat_forecast.presentation import plots
from chat_forecast.presentation.notifications import notices
from chat_forecast.presentation.notifications.day_state import DayState, read_day_state
from chat_forecast.presentation.notifications.delivery import Service, services_of
from chat_forecast.presentation.notifications.ledger import Ledger
from chat_forecast.presentation.notifications.notices import Notice
from chat_forecast.presentation.notifications.runs import ChatRuns
from chat_forecast.presentation.notifications.today import due_notices
from chat_forecast.presentation.phrases import forecast_in_words, name_chat, title
from chat_forecast.presentation.today import Look, draw_look
from chat_forecast.presentation.week import gather_week, week_in_words
from chat_forecast.settings.links import run_url
from chat_forecast.settings.models import Chat, Notify
from chat_forecast.storage.partitions import Storages

RETRAINING_WAIT = timedelta(minutes=10)
"""This long after a chat's last run its notices wait for the retraining that a failed score asks for."""
DAY_RULES: Mapping[str, Callable[[DayState], Notice | None]] = {
    "unread": notices.unread,
    "retrained": notices.retrained,
    "unusual": notices.unusual,
    "skill": notices.skill_gone,
    "changed": notices.changed,
}


@dataclass
class Outcome:
    """What came of looking for notices and sending them."""

    sent: list[str] = field(default_factory=list)
    """Titles of what was sent."""
    refused: list[str] = field(default_factory=list)
    """Services that did not take something, in their private form; they are tried again."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Chats whose day could not be examined -> why."""


@dataclass(frozen=True)
class Notifier:
    """Sends what is due; made of settings alone, it opens nothing."""

    settings: Notify
    root: Path
    """Where the ledger lies."""
    dagster_url: str

    def services(self, environ: Mapping[str, str]) -> list[Service]:
        """Where notices go, by the environment."""
        return services_of(environ.get(self.settings.url_variable), self.settings.url_variable)

    def send_due(
        self,
        chats: Sequence[Chat],
        storages: Storages,
        runs: Mapping[str, ChatRuns],
        services: Sequence[Service],
        now: datetime,
        *,
        waits_for_retraining: bool = True,
        is_time_up: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Send each service what is due about the chats and was not sent to it yet.

        ``runs`` has the recent runs by chat. ``waits_for_retraining`` says whether a sensor may be about to retrain. Once
        ``is_time_up``, the remaining chats are left for the next call. A service that does not answer is waited for some
        seconds, and tried again at a later call. A chat whose files cannot be read keeps no other from its notices.

        Raises:
            LedgerError: the ledger is damaged.
            filelock.Timeout: another process is sending.
        """
        outcome = Outcome()
        with Ledger.lock(self.root):
            sending = _Sending(Ledger.load(self.root), services, now, outcome)
            for chat in chats:
                if is_time_up():
                    break
                known = runs.get(chat.slug, ChatRuns())
                day = LocalDay.containing(now, chat.timezone).plus(-1)
                state = f"{day.key} {known.newest}"
                if known.is_active or sending.ledger.is_examined(chat.slug, state):
                    continue
                due = self._failures(chats, known)
                try:
                    of_day = self._of_day(chat, storages, day, known, now, waits=waits_for_retraining)
                except Exception as error:
                    outcome.unreadable[chat.slug] = without_secrets(f"{type(error).__name__}: {error}")
                    of_day = None
                if sending.send([*(of_day or []), *due]) and of_day is not None:
                    sending.ledger.note_examined(chat.slug, state)
        return outcome

    def send_today(self, look: Look, services: Sequence[Service], now: datetime, reports_url: str) -> Outcome:
        """Send each service what is due about a chat's day that is not over, and was not sent to it yet.

        Raises:
            LedgerError: the ledger is damaged.
            filelock.Timeout: another process is sending.
        """
        outcome = Outcome()
        if "today" not in self.settings.alerts or not look.events:
            return outcome
        page = f"{reports_url.rstrip('/')}/{look.chat.slug}.{look.chat.language}.html"
        with Ledger.lock(self.root):
            sending = _Sending(Ledger.load(self.root), services, now, outcome)
            was_sent, picture = sending.ledger.is_known, cache(partial(draw_look, look))
            sending.send(due_notices(look, self.settings.quiet_hours, was_sent, picture, page))
        return outcome

    def _of_day(
        self, chat: Chat, storages: Storages, day: LocalDay, runs: ChatRuns, now: datetime, *, waits: bool
    ) -> list[Notice] | None:
        """The notices about the day that ended last; None while a retraining may change them."""
        state = read_day_state(chat, storages.of(chat), day, self.dagster_url)
        if state is None:
            return []
        if waits and state.awaits_retraining and runs.last_end is not None and now - runs.last_end <= RETRAINING_WAIT:
            return None
        alerts = [rule(state) for kind, rule in DAY_RULES.items() if kind in self.settings.alerts]
        if self.settings.digest:
            instead = notices.no_forecast(state)
            has_forecast = instead is None and not state.forecast.empty
            alerts.append(self._digest(chat, storages, state) if has_forecast else instead)
        return [notice for notice in alerts if notice is not None]

    def _digest(self, chat: Chat, storages: Storages, state: DayState) -> Notice | None:
        """The coming day, how the last one went, and the seven coming days."""
        week = week_in_words(gather_week(chat, storages.of(chat), state.day))
        return notices.digest(state, draw_digest(state), week)

    def _failures(self, chats: Sequence[Chat], runs: ChatRuns) -> list[Notice]:
        """The notices about the chat's failed runs."""
        if "failed" not in self.settings.alerts:
            return []
        names = {chat.slug: name_chat(chat.slug, is_simulated=chat.source == "simulated") for chat in chats}
        return [
            notices.failed(
                [names.get(slug, slug) for slug in run.chats], run_url(self.dagster_url, run.run_id), run.root_run_id
            )
            for run in runs.failed
        ]


@dataclass
class _Sending:
    """Sends notices to services as the ledger allows, in one go."""

    ledger: Ledger
    services: Sequence[Service]
    now: datetime
    outcome: Outcome
    _down: set[Service] = field(default_factory=set)
    """Services that refused something; they are not asked again and again in one go."""

    def send(self, due: Sequence[Notice]) -> bool:
        """Send notices that were not sent yet; whether all are settled at all services."""
        for service in self.services:
            for notice in due:
                if service not in self._down and self.ledger.may_try(notice.cause, service.key, self.now):
                    self._send_one(notice, service)
        return all(self.ledger.is_settled(notice.cause, service.key) for notice in due for service in self.services)

    def _send_one(self, notice: Notice, service: Service) -> None:
        self.ledger.begin(notice.cause, service.key, self.now)
        was_sent = service.send(notice)
        self.ledger.end(notice.cause, service.key, self.now, was_sent=was_sent)
        if was_sent:
            self.outcome.sent.append(notice.title)
        else:
            self._down.add(service)
            self.outcome.refused.append(service.shown)


def draw_digest(state: DayState) -> bytes:
    """The plot of a digest: the forecast of the coming day."""
    caption = forecast_in_words(state.forecast, state.last_week)
    heading = title(state.chat, state.day.plus(1), "forecast", is_simulated=state.is_simulated)
    return plots.draw_forecast(state.forecast, state.last_week, heading, caption)
