"""Bringing MLflow up to date: logging what is stored of a chat and not yet in MLflow.

Belongs here: finding the days to log, their order, and how long logging may take.
Does not belong here: how a day (:mod:`.score_runs`) or a training (:mod:`.model_registry`) is logged.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.tracking.chat_run import Place, find_place, ledger_lock
from chat_forecast.tracking.client import Tracking, TrackingUnavailable, import_mlflow
from chat_forecast.tracking.deadline import Deadline, DeadlineExceeded, run_within
from chat_forecast.tracking.ledger import Ledger, Logged, unlogged
from chat_forecast.tracking.model_registry import ModelRegistry
from chat_forecast.tracking.records import TrainingReader, has_score, has_training, read_score
from chat_forecast.tracking.score_runs import ScoreRuns

Read = TypeVar("Read")
Draw = Callable[[LocalDay], bytes | None]
"""Draws a stored day as a PNG; None where there is no plot of it."""

PATIENCE_SECONDS = 30.0
EARNED_SECONDS = 0.5
"""Each logged day extends the deadline by this, so that many days are logged to the end if MLflow keeps up."""
NEW_STORE_SECONDS = 60.0
"""The deadline is later by this if the SQLite store has to be made, which takes long on a slow machine."""
PLOTTED_DAYS = 14
"""If more days are to be logged, only the newest is drawn: drawing a year of them takes minutes."""
SCORES_AT_ONCE = 100
TRAININGS_AT_ONCE = 10
"""How many are logged before the SQLite file is released for other chats."""


@dataclass(frozen=True)
class CaughtUp:
    """What was logged by one call."""

    scores: int
    trainings: int


def no_plot(_day: LocalDay) -> None:
    """Draw nothing."""


def catch_up(
    tracking: Tracking,
    chat: Chat,
    storage: ChatStorage,
    *,
    draw_score: Draw = no_plot,
    draw_training: Draw = no_plot,
    seconds: float = PATIENCE_SECONDS,
    is_continued: bool = False,
) -> CaughtUp:
    """Log to MLflow what is stored of a chat and missing there or different; doing it again changes nothing.

    Trainings come first, ascending, so that a score finds its model; then scores, the newest first. Several processes may
    do it at once. What MLflow has lost (an experiment, a run or a registered model deleted, another store) is logged again.
    Plots are drawn if at most :data:`PLOTTED_DAYS` days are to be logged, otherwise only of the newest. All of it may take
    ``seconds``, and :data:`EARNED_SECONDS` more for each logged day. ``is_continued``: the caller has completed another
    call just before, so MLflow need not be searched for scores that the ledger does not know.

    Raises:
        TrackingUnavailable: MLflow could not be used, or was too slow; the next call continues with what is left.
        StoredFileError: a partition to be logged cannot be read; all others were logged.
        ChatForecastError: a plot could not be drawn; its day was logged without it.
    """
    import_mlflow()  # takes seconds the first time, which are not MLflow's to answer for
    deadline = Deadline(seconds + (NEW_STORE_SECONDS if tracking.is_unmade else 0))
    work = _CatchUp(tracking, chat, storage, draw_score, draw_training, deadline, is_continued)
    try:
        return run_within(deadline, work.run)
    except DeadlineExceeded:
        found = f"it took longer than {seconds:g} s; logged so far: {work.scores} scores, {work.trainings} trainings"
        raise tracking.unavailable(work.purpose, found) from None


@dataclass
class _CatchUp:
    """One call of :func:`catch_up`."""

    tracking: Tracking
    chat: Chat
    storage: ChatStorage
    draw_score: Draw
    draw_training: Draw
    deadline: Deadline
    is_continued: bool = False
    scores: int = 0
    trainings: int = 0
    unreadable: dict[LocalDay, StoredFileError] = field(default_factory=dict)
    undrawn: list[str] = field(default_factory=list)

    @property
    def purpose(self) -> str:
        return f"log scores and models of {self.chat.slug}"

    def run(self) -> CaughtUp:
        with ledger_lock(self.tracking, self.storage, self.purpose, self.deadline.left):
            ledger = Ledger.load(self.storage)
            try:
                place = self._find_place(ledger)
                self._log_trainings(place)
                self._log_scores(place)
            finally:
                ledger.save(self.storage)
        if self.unreadable:
            raise next(iter(self.unreadable.values()))
        if self.undrawn:
            raise ChatForecastError(f"{self.chat.slug}: {'; '.join(self.undrawn)}")
        return CaughtUp(self.scores, self.trainings)

    def _find_place(self, ledger: Ledger) -> Place:
        try:
            with self.tracking.open(self.purpose) as client:
                return find_place(self.tracking, client, self.chat, ledger)
        except TrackingUnavailable:
            self._settle_empty(ledger)
            raise

    def _settle_empty(self, ledger: Ledger) -> None:
        """Note the days of which there is nothing to log, so that they are not in the backlog while MLflow is away."""
        kinds = (("daily_score", ledger.scores, has_score), ("trained_model", ledger.trainings, has_training))
        for asset, logged, has_any in kinds:
            for day, file in unlogged(self.storage, asset, logged).items():
                if day.key not in logged and self._read(partial(has_any, self.storage), day) is False:
                    logged[day.key] = Logged(file)

    def _log_trainings(self, place: Place) -> None:
        days = unlogged(self.storage, "trained_model", place.ledger.trainings)
        registry = ModelRegistry(place, [day.key for day in days])
        reader = TrainingReader(self.chat, self.storage)
        for chunk in _chunks(list(days), TRAININGS_AT_ONCE):
            with self.tracking.open(self.purpose):
                for day in chunk:
                    self.deadline.check()
                    record = self._read(reader.read, day)
                    if record is None:
                        self._pass_by(place.ledger.trainings, day, days[day])
                    elif not registry.is_logged(record, days[day]):
                        registry.log(record, days[day], self._draw(self.draw_training, day, days))
                        self.trainings += 1
                        self.deadline.extend(EARNED_SECONDS)
            place.ledger.save(self.storage)
        if self.trainings or not registry.has_champion:
            with self.tracking.open(self.purpose):
                registry.set_champion()

    def _log_scores(self, place: Place) -> None:
        days = unlogged(self.storage, "daily_score", place.ledger.scores)
        runs = ScoreRuns(place, [day.key for day in days], is_continued=self.is_continued)
        for chunk in _chunks(list(reversed(days)), SCORES_AT_ONCE):
            records = {day: self._read(partial(read_score, self.storage), day) for day in chunk}
            with self.tracking.open(self.purpose):
                for day in (day for day, record in records.items() if record is None):
                    if self._read(partial(has_score, self.storage), day) is False:
                        runs.withdraw(day)
                    self._pass_by(place.ledger.scores, day, days[day])
                stored = [record for record in records.values() if record and not runs.is_logged(record, days[record.day])]
                changed = [runs.day(record, days[record.day]) for record in stored]
                runs.log_points(changed)
                self.deadline.check()
                draw = partial(self._draw, self.draw_score, unlogged=days)
                left = runs.log_new(changed, draw)
                self._count(len(changed) - len(left))
                for scored in left:
                    self.deadline.check()
                    runs.log_run(scored, draw(scored.record.day))
                    self._count(1)
            place.ledger.save(self.storage)

    def _count(self, scores: int) -> None:
        self.scores += scores
        self.deadline.extend(EARNED_SECONDS * scores)

    def _read(self, read: Callable[[LocalDay], Read | None], day: LocalDay) -> Read | None:
        """Read something stored; an error is raised only after all other days are logged."""
        try:
            return read(day)
        except StoredFileError as error:
            self.unreadable.setdefault(day, error)
        except (OSError, ValueError, KeyError, TypeError) as error:
            found = f"what is stored of {self.chat.slug} on {day.key} cannot be logged to MLflow ({_named(error)})"
            self.unreadable.setdefault(day, StoredFileError(f"{found}. Materialise the day again."))
        return None

    def _pass_by(self, logged: dict[str, Logged], day: LocalDay, file: str) -> None:
        """Note that a day was looked at and there was nothing to log."""
        if day not in self.unreadable:
            logged[day.key] = replace(logged.get(day.key, Logged(file)), file=file)

    def _draw(self, draw: Draw, day: LocalDay, unlogged: dict[LocalDay, str]) -> bytes | None:
        """Draw a day; the time it takes extends the deadline, and a plot that fails is reported at the end."""
        if len(unlogged) > PLOTTED_DAYS and day != next(reversed(unlogged)):  # they ascend
            return None
        start = time.monotonic()
        try:
            return draw(day)
        except Exception as error:
            self.undrawn.append(f"no plot of {day.key} could be drawn ({_named(error)}): it was logged to MLflow without")
            return None
        finally:
            self.deadline.extend(time.monotonic() - start)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _chunks(days: Sequence[LocalDay], size: int) -> Iterator[Sequence[LocalDay]]:
    for begin in range(0, len(days), size):
        yield days[begin : begin + size]
