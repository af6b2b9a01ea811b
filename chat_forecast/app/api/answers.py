"""The answers of the API.

Belongs here: finding an answer for a path.
Does not belong here: what an answer holds (:mod:`.models`), or computing that.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pydantic import BaseModel

from chat_forecast.app.api.models import Chats, Forecast, ForecastHour, Now, Score, Scores, Week, schema
from chat_forecast.app.overview import gather_overview
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.watching import is_watchable, look
from chat_forecast.presentation.today import now_figures
from chat_forecast.presentation.week import gather_week, week_figures
from chat_forecast.settings.models import Chat

ROOT = "/api/v1"
PATH = re.compile(rf"{ROOT}/chats/([a-z][a-z0-9_-]*)/(now|forecast|scores)")
SCORED_DAYS = 90


def answer(path: str, chats: Mapping[str, Chat], stores: Resources, now: datetime | None = None) -> bytes | None:
    """The answer for a path, as JSON; None where there is none.

    Raises:
        StoredFileError: a stored file is damaged.
        LockTaken: another process is looking at the chat's day.
    """
    if path == f"{ROOT}/schema":
        return json.dumps(schema(), indent=1).encode()
    if path == f"{ROOT}/chats":
        return Chats(chats=sorted(chats)).model_dump_json().encode()
    found = PATH.fullmatch(path)
    if found is None or found[1] not in chats:
        return None
    made = ANSWERS[found[2]](chats[found[1]], stores, now or datetime.now(UTC))
    return None if made is None else made.model_dump_json().encode()


def now_of(chat: Chat, stores: Resources, now: datetime) -> Now | None:
    """The day that is not over; None for a chat that is not live. The source is not asked."""
    if not is_watchable(chat):
        return None
    figures = now_figures(look(chat, stores, now))
    return Now.model_validate({**figures, "hours": _rows(figures["hours"])})


def forecast_of(chat: Chat, stores: Resources, _now: datetime) -> Forecast | None:
    """The newest forecast; None where there is none yet."""
    storage = stores.storages.of(chat)
    made = storage.days("next_day_forecast")
    if not made:
        return None
    overview, week = gather_overview(chat, storage, made[-1]), gather_week(chat, storage, made[-1])
    shown = overview.forecast
    first = None if shown is None else shown.iloc[0]
    through = None if first is None or pd.isna(first["trained_through"]) else first["trained_through"]
    figures = week_figures(week)
    return Forecast(
        **_chat(chat),
        day=made[-1].plus(1).date,
        expected=None if shown is None else float(shown["expected"].sum()),
        forecaster=None if first is None else first["forecaster"],
        trained_through=through,
        hours=[ForecastHour.model_validate(row) for row in ([] if shown is None else _rows(shown))],
        reason=overview.no_forecast or overview.not_by_model or None,
        week=None if week.days.empty else Week.model_validate({**figures, "days": _rows(week.days)}),
    )


def scores_of(chat: Chat, stores: Resources, now: datetime) -> Scores:
    """The scores of the last days."""
    today = LocalDay.containing(now, chat.timezone)
    table, _ = stores.storages.of(chat).usable_frames("daily_score", today.plus(-SCORED_DAYS), today)
    renamed = table.rename(columns={"verdict_passed": "passed", "verdict_reason": "reason"})
    return Scores(**_chat(chat), scores=[Score.model_validate(row) for row in _rows(renamed)])


ANSWERS: Mapping[str, Callable[[Chat, Resources, datetime], BaseModel | None]] = {
    "now": now_of,
    "forecast": forecast_of,
    "scores": scores_of,
}


def _chat(chat: Chat) -> dict[str, Any]:
    return {"chat": chat.slug, "is_simulated": chat.is_simulated, "timezone": chat.timezone}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, with None for what is not known."""
    rows = table.to_dict("records")
    return [{str(name): None if pd.isna(value) else value for name, value in row.items()} for row in rows]
