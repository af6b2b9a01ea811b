"""Scored days in MLflow: a point in every chart of the chat's run, and a run of their own below it.

Belongs here: logging days, again where they changed, and recognising what was logged before.
Does not belong here: which days are to be logged (:mod:`.catch_up`), and reading them (:mod:`.records`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.tracking import descriptions
from chat_forecast.tracking.chat_run import PARENT, Place, active_run
from chat_forecast.tracking.descriptions import NOTE, plot_of
from chat_forecast.tracking.entities import (
    dataset_input,
    log_files,
    milliseconds,
    own_tag,
    own_tags,
    run_metrics,
    run_tags,
    shown_files,
)
from chat_forecast.tracking.known_tables import add_points, known_store
from chat_forecast.tracking.ledger import Logged
from chat_forecast.tracking.new_runs import NewRun, RunWriter, new_run_id, run_writer
from chat_forecast.tracking.records import ScoreRecord

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run

PLOT = "forecast.png"
CONTEXT = "scoring"
"""What the hours of a day are an input for."""
METRICS_PER_CALL = 1000
"""MLflow takes no more at once."""
DAY_METRICS = ("smape", "rmse", "mae", "skill", "coverage_80", "messages", "expected_total", "unusual_hours")
"""What a day's own run shows: enough to sort the table of runs. The rest is in the chat's run, where a year of it is a line;
to store all of it twice would double the size of MLflow's database."""
MODEL_METRICS = ("smape", "rmse", "skill")
"""What the page of a logged model shows of the days that it forecast."""


@dataclass(frozen=True)
class ScoredDay:
    """A day to be logged."""

    record: ScoreRecord
    file: str
    """The version of its stored file."""
    logged: Logged | None
    """How it was logged before, by the ledger or by MLflow; None if it was not."""

    @property
    def starts_at(self) -> int:
        """When the day began, in ms."""
        return milliseconds(self.record.day.start)

    @property
    def is_update(self) -> bool:
        """Whether the chat's run has points of the day already."""
        return self.logged is not None and self.logged.digest is not None

    @property
    def times(self) -> int:
        """How often it was logged before."""
        return self.logged.times if self.logged else 0

    @property
    def timestamp(self) -> int:
        """Of its metrics. Each logging is a millisecond later than the last: MLflow shows the latest value of a step."""
        return self.starts_at + self.times


class ScoreRuns:
    """Logs the scored days of one chat."""

    def __init__(self, place: Place, days: Sequence[str], *, is_continued: bool = False) -> None:
        """``days`` are to be logged. ``is_continued``: MLflow was searched before, so that the ledger knows all runs."""
        self._place = place
        self._days = days
        self._is_continued = is_continued

    def is_logged(self, record: ScoreRecord, file: str) -> bool:
        """Whether MLflow holds exactly this record; if so, the ledger is brought up to date."""
        found = self._known(record.day.key)
        if found is None or found.digest != record.digest:
            return False
        self._place.ledger.scores[record.day.key] = Logged(file, record.digest, found.run, found.times)
        return True

    def day(self, record: ScoreRecord, file: str) -> ScoredDay:
        """A day as :meth:`log_points`, :meth:`log_new` and :meth:`log_run` take it."""
        return ScoredDay(record, file, self._known(record.day.key))

    def log_points(self, days: Sequence[ScoredDay]) -> None:
        """Put days into the charts of the chat's run; a point that is there already is not added again."""
        points = [
            metric
            for day in days
            for metric in run_metrics(day.record.metrics, day.record.day.key, day.timestamp, is_update=day.is_update)
        ]
        place = self._place
        store = known_store(place.tracking, place.client)
        if store is not None and points:
            add_points(store, place.ledger.run, points)
            return
        for begin in range(0, len(points), METRICS_PER_CALL):
            place.client.log_batch(place.ledger.run, metrics=points[begin : begin + METRICS_PER_CALL])

    def log_new(self, days: Sequence[ScoredDay], draw: Callable[[LocalDay], bytes | None]) -> Sequence[ScoredDay]:
        """Log the runs of days that have none yet, all at once; to be called after their points. Returns the other days.

        If runs can only be written by MLflow's client, these are all days.
        """
        place = self._place
        new = [day for day in days if day.logged is None or day.logged.run is None]
        writer = run_writer(place.tracking, place.client, place.ledger.experiment) if new else None
        if writer is None:
            return days
        ids = [new_run_id() for _ in new]
        writer.begin(ids)
        runs = [self._new(writer, run_id, day, draw(day.record.day)) for run_id, day in zip(ids, new, strict=True)]
        writer.write(runs)
        for day, run in zip(new, runs, strict=True):
            place.ledger.scores[day.record.day.key] = Logged(day.file, day.record.digest, run.id, day.times + 1)
        return [day for day in days if day not in new]

    def _new(self, writer: RunWriter, run_id: str, day: ScoredDay, plot: bytes | None) -> NewRun:
        """A day's own run, whose artifacts are put already."""
        record, model = day.record, self._model(day.record)
        files = self._files(record, plot)
        writer.put_files(run_id, files)
        return NewRun(
            id=run_id,
            name=self._name(record),
            began=day.starts_at,
            ended=milliseconds(record.day.end),
            tags=self._identity(record) | self._tags(day, files, plot_of(run_id, PLOT) if plot is not None else None),
            metrics=self._day_metrics(day, {}, model),
            dataset=dataset_input(record.data, CONTEXT),
            model=model,
        )

    def log_run(self, day: ScoredDay, plot: bytes | None) -> None:
        """Log a day's own run, after its points. Its digest comes last: it says that all of the day is logged."""
        place, record = self._place, day.record
        run = active_run(place.client, day.logged.run) if day.logged and day.logged.run else None
        shown = run.data.metrics if run else {}
        run = run or self._new_run(day)
        run_id = run.info.run_id
        files, model = self._files(record, plot), self._model(record)
        log_files(place.client, run_id, files)
        self._log_inputs(run_id, record, model)
        place.client.set_terminated(run_id, end_time=milliseconds(record.day.end))
        # A plot that version 0.1.0 logged is of just this score: what is new is the digest.
        has_plot = plot is not None or (not day.is_update and PLOT in run.data.tags.get(NOTE, ""))
        tags = self._tags(day, files, plot_of(run_id, PLOT) if has_plot else None)
        place.client.log_batch(run_id, metrics=self._day_metrics(day, shown, model), tags=run_tags(tags))
        place.ledger.scores[record.day.key] = Logged(day.file, record.digest, run_id, day.times + 1)

    def withdraw(self, day: LocalDay) -> None:
        """Withdraw a day that was scored before and has no score any more: its run is deleted, its points become NaN."""
        place, known = self._place, self._known(day.key)
        if known is None or known.run is None:
            return
        run = active_run(place.client, known.run)
        if run is not None:
            place.client.delete_run(known.run)
        figures = dict.fromkeys(place.client.get_run(place.ledger.run).data.metrics)
        points = run_metrics(figures, day.key, milliseconds(day.start) + known.times, is_update=True)
        place.client.log_batch(place.ledger.run, metrics=points)
        place.ledger.scores[day.key] = Logged("", times=known.times + 1)

    def _new_run(self, day: ScoredDay) -> "Run":
        place, name, tags = self._place, self._name(day.record), self._identity(day.record)
        return place.client.create_run(place.ledger.experiment, start_time=day.starts_at, run_name=name, tags=tags)

    def _name(self, record: ScoreRecord) -> str:
        return f"score {record.day.key}"

    def _identity(self, record: ScoreRecord) -> dict[str, str]:
        """The tags by which a run is found again, however much of it was logged."""
        place = self._place
        return {**own_tags(kind="score", chat=place.chat.slug, day=record.day.key), PARENT: place.ledger.run}

    def _files(self, record: ScoreRecord, plot: bytes | None) -> dict[str, bytes]:
        return {"hours.json": record.table} | ({} if plot is None else {PLOT: plot})

    def _model(self, record: ScoreRecord) -> str | None:
        """The logged model that was scored, if MLflow has it."""
        return self._place.ledger.trainings.get(record.trained_through or "", Logged("")).model

    def _tags(self, day: ScoredDay, files: Mapping[str, bytes], plot: str | None) -> dict[str, str]:
        """The tags of a run beside its identity; ``plot`` is the address of its plot."""
        place, record = self._place, day.record
        passed = record.metrics.get("verdict_passed")
        verdict = None if passed is None else "passed" if passed else "failed"
        return {
            **own_tags(**record.tags, verdict=verdict, is_simulated=place.is_simulated),
            **shown_files(files),
            NOTE: descriptions.score(place.chat.slug, record, place.tracking.dagster_url, plot),
            PARENT: place.ledger.run,
            **own_tags(digest=record.digest, times_logged=day.times + 1),
        }

    def _log_inputs(self, run_id: str, record: ScoreRecord, model: str | None) -> None:
        from mlflow.entities import LoggedModelInput

        models = [LoggedModelInput(model)] if model else []
        self._place.client.log_inputs(run_id, datasets=[dataset_input(record.data, CONTEXT)], models=models)

    def _day_metrics(self, day: ScoredDay, shown: dict[str, float], model: str | None) -> "list[Metric]":
        """The metrics of a day's own run, including those that it has already: version 0.1.0 logged all of them there."""
        record, key = day.record, day.record.day.key
        names = [name for name in record.metrics if name in DAY_METRICS or name in shown]
        of_model = {name: record.metrics[name] for name in names if model and name in MODEL_METRICS}
        others = {name: record.metrics[name] for name in names if name not in of_model}
        linked = run_metrics(of_model, key, day.timestamp, model=model, data=record.data, is_update=bool(shown))
        return linked + run_metrics(others, key, day.timestamp, is_update=bool(shown))

    def _known(self, day: str) -> Logged | None:
        logged = self._place.ledger.scores.get(day)
        return logged if logged and logged.run else self._found.get(day, logged)

    @cached_property
    def _found(self) -> dict[str, Logged]:
        """What MLflow holds of the days that the ledger does not know: what a run that died has logged, or all of them.

        If all runs are searched, each goes into the ledger, so that nobody has to search again while the days are logged.
        """
        scores = self._place.ledger.scores
        if self._is_continued:
            return {}
        unknown = [day for day in self._days if day not in scores or not scores[day].run]
        found: dict[str, Logged] = {}
        for run in self._place.runs("score", day=unknown[0]) if len(unknown) == 1 else self._place.runs("score"):
            tags = run.data.tags
            # Below another run of the chat, its points are not in this one.
            digest = own_tag(tags, "digest") if tags.get(PARENT) == self._place.ledger.run else None
            times = int(own_tag(tags, "times_logged") or own_tag(tags, "times_scored") or 0)
            found.setdefault(own_tag(tags, "day") or "", Logged("", digest, run.info.run_id, times))
        scores.update({day: logged for day, logged in found.items() if day not in scores or not scores[day].run})
        return found
