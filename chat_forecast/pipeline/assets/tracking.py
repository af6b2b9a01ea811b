"""Copying to MLflow what an asset has stored, once it is stored.

Belongs here: the call after the last day of a run and those in the course of a long one, and what the run says about them.
Does not belong here: what is logged (:mod:`chat_forecast.tracking`).

A step never fails because of MLflow. What MLflow did not take is logged by the next call, in whichever run.
"""

import itertools
from collections.abc import Collection
from concurrent.futures import Future
from typing import NamedTuple

import dagster as dg

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.assets.asset_run import DAYS_PER_COPY, AssetRun
from chat_forecast.pipeline.retraining import wanted_retraining
from chat_forecast.pipeline.runs import LATER_TAG
from chat_forecast.pipeline.worker_processes import NO_WORKERS, WorkerPool, result_of
from chat_forecast.presentation.plots.stored_days import draw_stored_day
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.tracking.catch_up import Draw, catch_up, no_plot
from chat_forecast.tracking.client import Tracking, TrackingUnavailable
from chat_forecast.tracking.links import chat_links

PLOTTED = ("daily_score", "trained_model")


class Copied(NamedTuple):
    """What became of a copy."""

    said: str
    is_whole: bool = True
    """Whether all that is stored was copied: else a file was damaged, a plot could not be drawn, or MLflow was away."""
    is_served: bool = True
    """Whether MLflow took what it was given."""


class MlflowCopy:
    """Copies to MLflow what a run stores of an asset: at its end, and in a long run also on the way, in a worker.

    Once MLflow was away, the run asks it for nothing more, and so waits for it once.
    """

    def __init__(self, run: AssetRun, workers: WorkerPool) -> None:
        self._run = run
        self._is_asked_for = LATER_TAG not in run.context.run.tags
        self._workers = workers if len(run.days) >= 2 * DAYS_PER_COPY else NO_WORKERS
        self._begun: Future[Copied] | None = None
        self._is_continued = False
        """Whether a copy was made before, to its end: what MLflow holds is known from then on."""

    def meanwhile(self) -> None:
        """Begin to copy what is stored so far, without plots, unless that would hold up the run."""
        if self._begun is None or self._begun.done():
            self._tell()
            if self._is_asked_for:
                self._begun = self._workers.submit(copy_to_mlflow, *self._given, (), self._is_continued)

    def finish(self) -> None:
        """Copy what is left, and let each day's metadata lead there; where MLflow is away, the run's log says so."""
        self._tell()
        if self._is_asked_for:
            begun = self._workers.submit(copy_to_mlflow, *self._given, PLOTTED, self._is_continued)
            self._say(result_of(begun, copy_to_mlflow, *self._given, PLOTTED))
        if self._is_asked_for:
            self._link()

    @property
    def _given(self) -> tuple[Tracking, Chat, ChatStorage]:
        return self._run.stores.tracking, self._run.chat, self._run.storage

    def _tell(self) -> None:
        """Wait for the copy that was begun, and say what became of it."""
        begun, self._begun = self._begun, None
        if begun is not None:
            # If its worker was killed, nobody knows how far it came: then MLflow is asked again.
            self._say(result_of(begun, copy_to_mlflow, *self._given))

    def _say(self, copied: Copied) -> None:
        log = self._run.context.log
        (log.info if copied.is_whole else log.warning)(copied.said)
        self._is_asked_for = self._is_continued = copied.is_served

    def _link(self) -> None:
        run = self._run
        links = chat_links(run.stores.tracking, run.storage)
        urls = {day: links.score(day) if run.asset == "daily_score" else links.training(day.key) for day in run.days}
        run.describe({day: {"mlflow run": dg.MetadataValue.url(url)} for day, url in urls.items() if url is not None})


def copy_to_mlflow(
    tracking: Tracking,
    chat: Chat,
    storage: ChatStorage,
    plotted: Collection[str] = (),
    is_continued: bool = False,  # noqa: FBT002 - a worker is given arguments without names
) -> Copied:
    """Log what MLflow lacks of the chat's scores and trainings, with plots of the assets that are named.

    A night draws one score, in a process of its own. Where more are owed, or a training is to follow, this one loads what
    draws them all. For ``is_continued`` see :func:`.catch_up`.
    """
    number = itertools.count()

    def is_alone() -> bool:
        return next(number) == 0 and not _is_to_train(storage)

    def draw(asset: str) -> Draw:
        if asset not in plotted:
            return no_plot
        return lambda day: draw_stored_day(chat, storage, asset, day, beside=is_alone())

    try:
        score, training = draw("daily_score"), draw("trained_model")
        done = catch_up(tracking, chat, storage, draw_score=score, draw_training=training, is_continued=is_continued)
    except ChatForecastError as error:
        owed = f"{error} What is owed to MLflow is logged by the chat's next run."
        return Copied(owed, is_whole=False, is_served=not isinstance(error, TrackingUnavailable))
    return Copied(f"Logged to MLflow: {done.scores} scores, {done.trainings} trainings.")


def _is_to_train(storage: ChatStorage) -> bool:
    """Whether a training follows, which loads the same libraries."""
    try:
        return wanted_retraining(storage) is not None
    except StoredFileError:
        return False
