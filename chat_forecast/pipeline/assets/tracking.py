"""Copying to MLflow what an asset has stored, once it is stored.

Belongs here: the call after the last day of a run, and what the run says about it.
Does not belong here: what is logged (:mod:`chat_forecast.tracking`).

MLflow comes after: a step never fails because of it. What it did not take is logged by the next call, of whichever run.
"""

from functools import partial

import dagster as dg

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.assets.asset_run import AssetRun
from chat_forecast.pipeline.runs import LATER_TAG
from chat_forecast.presentation.plots.stored_days import draw_stored_day
from chat_forecast.tracking.catch_up import catch_up
from chat_forecast.tracking.links import chat_links


def log_to_mlflow(run: AssetRun) -> None:
    """Copy to MLflow, and let each day's metadata lead there; where MLflow is away, the run's log says so."""
    if LATER_TAG in run.context.run.tags or not copy_to_mlflow(run):
        return
    links = chat_links(run.stores.tracking, run.storage)
    for day in run.days:
        url = links.score(day) if run.asset == "daily_score" else links.training(day.key)
        if url is not None:
            run.describe(day, {"mlflow run": dg.MetadataValue.url(url)})


def copy_to_mlflow(run: AssetRun) -> bool:
    """Log what MLflow lacks of the chat's scores and trainings; whether it took all of it."""
    draw = partial(draw_stored_day, run.chat, run.storage)
    try:
        done = catch_up(
            run.stores.tracking,
            run.chat,
            run.storage,
            draw_score=partial(draw, "daily_score"),
            draw_training=partial(draw, "trained_model"),
        )
    except ChatForecastError as error:
        run.context.log.warning(f"{error} What is owed to MLflow is logged by the chat's next run.")
        return False
    run.context.log.info(f"Logged to MLflow: {done.scores} scores, {done.trainings} trainings.")
    return True
