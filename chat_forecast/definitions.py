"""The table of contents: everything that Dagster knows of this project.

``defs`` is what the code location loads, for the chats of ``chats.toml``. Loading reads no secret, opens no connection and
imports no heavy library; whether a chat can be reached is found out by its runs.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import dagster as dg

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.abandoned_runs import abandoned_runs_sensor
from chat_forecast.pipeline.assets import chat_assets
from chat_forecast.pipeline.assets.asset_run import Progress, no_progress
from chat_forecast.pipeline.assets.pictures import with_picture
from chat_forecast.pipeline.catch_up import catch_up_sensor
from chat_forecast.pipeline.checks import chat_checks
from chat_forecast.pipeline.heartbeat import heartbeat_sensor
from chat_forecast.pipeline.notify_sensor import notify_sensor
from chat_forecast.pipeline.process_setup import set_up_code_location
from chat_forecast.pipeline.report_sensor import report_sensor
from chat_forecast.pipeline.repository import ChatRepository
from chat_forecast.pipeline.resources import Resources, resources_of
from chat_forecast.pipeline.retraining import retraining_sensor
from chat_forecast.pipeline.schedules import nightly_schedules
from chat_forecast.pipeline.today_sensor import today_assets, today_sensor
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats_file


def build_definitions(
    chats: Sequence[Chat], resources: Resources, progress: Progress = no_progress, put_aside: Sequence[str] = ()
) -> dg.Definitions:
    """All assets, checks, schedules and sensors of some chats, over these resources.

    ``put_aside`` are the slugs of the chats whose settings cannot be used: the heartbeat reports them too.
    """
    chats = [with_end(chat, resources) for chat in chats]
    pictured = partial(with_picture, reports_url=resources.reports_url)
    of_chats = [each(chats) for each in (retraining_sensor, catch_up_sensor, report_sensor, notify_sensor, today_sensor)]
    return dg.Definitions(
        assets=[
            *(asset.map_asset_specs(pictured) for chat in chats for asset in chat_assets(chat)),
            *map(pictured, today_assets(chats)),
        ],
        asset_checks=[check for chat in chats for check in chat_checks(chat)],
        schedules=nightly_schedules(chats),
        sensors=[
            *(of_chats if chats else []),  # without an asset Dagster has no job that they could name
            abandoned_runs_sensor(),
            heartbeat_sensor(chats, put_aside),
        ],
        resources={"stores": resources, "progress": progress},
        # In a process of its own, each step would import the heavy libraries again.
        executor=dg.in_process_executor,
    )


def with_end(chat: Chat, resources: Resources) -> Chat:
    """The chat with its last day, if it has one: the days of an imported chat end with its files."""
    try:
        end = resources.sources.end_of(chat)
    except ChatForecastError:  # its archive is damaged: its runs and `status` say so
        return chat
    return chat if end is None else chat.model_copy(update={"last_day": max(end.date, chat.first_day)})


def build_repository(home: Home) -> ChatRepository:
    """The repository of a home's chats, which builds the definitions of those it is asked for."""
    file, resources = load_chats_file(home.chats_file, datetime.now(UTC).date()), resources_of(home)
    aside = tuple(file.put_aside)
    return ChatRepository(file.chats, lambda some: build_definitions(some, resources, put_aside=aside))


home = Home.from_environment(os.environ)
set_up_code_location(home.dagster_home)
defs = build_repository(home)
