"""Judging stored scores again, by the rule that the chat's settings hold now.

Belongs here: renewing verdicts where somebody asks for it; a changed rule by itself concerns only the days that come.
Does not belong here: the rule (:mod:`chat_forecast.domain.retraining_rule`), or acting on a verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict, evaluate_rule
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.storage.partitions import ChatStorage, RecentDays
from chat_forecast.storage.schemas import StoredFileError


@dataclass(frozen=True)
class Rejudged:
    """The score of one day before and after; ``before`` is None where no verdict was stored."""

    day: LocalDay
    before: Verdict | None
    after: Verdict

    @property
    def is_renewed(self) -> bool:
        """Whether anything of the verdict is new, if only its reason."""
        return self.before != self.after

    @property
    def is_changed(self) -> bool:
        """Whether the day passes now and failed before, or the other way round, or had no verdict."""
        return self.before is None or self.before.passed != self.after.passed


@dataclass(frozen=True)
class Rescoring:
    """What was judged again, and what could not be."""

    judged: list[Rejudged]
    """Ascending by day."""
    faults: list[str]
    """The files that cannot be used, and what to do with each."""


def rescore(chat: Chat, storage: ChatStorage, first: LocalDay, last: LocalDay) -> Rescoring:
    """Renew the verdicts of the scores stored for the days from ``first`` to ``last``; all else of a score stays.

    A score whose verdict would be the same in every word is not written. The chat's lock is held, so that no run writes
    a score meanwhile. A score that cannot be used counts as one that is not stored: it is not judged, and those whose rule
    looks back to it are judged without it.

    Raises:
        StoredFileError: a verdict could not be written.
    """
    judged, faults = [], list[str]()
    with storage.lock():
        days = [day for day in storage.days("daily_score") if first <= day <= last]
        recent = RecentDays(storage, "daily_score", chat.check.window_days, faults)
        for day in days:
            scores = recent.ending(day)
            if scores.empty or scores["day"].iloc[-1] != day.key:
                continue
            try:
                withheld = storage.notes("next_day_forecast", day.plus(-1)).get("withheld", "")
            except StoredFileError as error:
                faults.append(str(error))
                continue
            judged.append(_rejudge(chat, storage, day, scores, withheld))
    return Rescoring(judged, faults)


def report_renewed(home: Home, chats: Sequence[Chat], chat: Chat, judged: Sequence[Rejudged]) -> None:
    """Let Dagster know of the renewed verdicts, if it has ever run in this home: its UI and its sensor go by them."""
    renewed = [each.day for each in judged if each.is_renewed]
    if not renewed or not (home.dagster_home / "dagster.yaml").exists():
        return
    from chat_forecast.app.runs import opened
    from chat_forecast.pipeline.checks import report_verdicts

    with opened(home, chats) as runner:
        report_verdicts(runner.instance, chat, runner.storage(chat), renewed)


def _rejudge(chat: Chat, storage: ChatStorage, day: LocalDay, scores: pd.DataFrame, withheld: str) -> Rejudged:
    row = scores.iloc[[-1]]
    before, after = Verdict.from_row(row.iloc[0]), evaluate_rule(scores, chat.check, withheld=withheld)
    if after != before:
        storage.write("daily_score", day, row.assign(**after.to_row()))
    return Rejudged(day, before, after)
