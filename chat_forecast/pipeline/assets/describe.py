"""What a materialisation says about its day in the Dagster UI.

Belongs here: turning stored values into metadata, and having their pictures drawn.
Does not belong here: computing the values, or drawing (:mod:`chat_forecast.presentation.plots`).

Numbers are numeric metadata, so that the UI plots them over the partitions. A picture, and a table of hours, is part of
its event; but in a run over a range only the newest :data:`~.days.PICTURED_DAYS` days have them. For the older days of the
range nothing is drawn, since a year of pictures would take minutes: they link to the day's stored file, and a score to its
MLflow run, which always has its picture. Materialising such a day alone draws it.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from chat_forecast.domain.hourly_series import count_by_hour, fill_unstored
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.scoring import Score
from chat_forecast.pipeline.assets.days import PICTURED_DAYS, Describe, Metadata
from chat_forecast.presentation import phrases, plots
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage, RecentDays

SPARKS = "▁▂▃▄▅▆▇█"
UNDRAWN = f"drawn for the newest {PICTURED_DAYS} days of a run: materialise this day alone to see it"


def messages(
    chat: Chat, storage: ChatStorage, asset: str, day: LocalDay, batch: MessageBatch, hours: pd.DataFrame
) -> Describe:
    """Describe a day's messages: how many, by how many senders, which were new, how much of the day was read.

    ``hours`` has :data:`~chat_forecast.presentation.plots.READING_COLUMNS`.
    """

    def metadata(draw: bool) -> Metadata:
        what = {"raw_messages": "messages read", "merged_history": "messages stored"}[asset]
        read, new = len(batch.messages), int(hours["new"].sum())
        said = f"{read} messages, {new} of them new to the merged history."
        return {
            **_source(chat),
            **_picture(draw, lambda: plots.draw_reading(hours, title(chat, day, what), said)),
            "messages": read,
            "new messages": new,
            "senders": int(batch.messages["sender"].nunique()),
            **_coverage(count_by_hour(batch, day)),
            **_file(storage, asset, day),
        }

    return metadata


def series(chat: Chat, storage: ChatStorage, day: LocalDay, counts: pd.DataFrame, recent: RecentDays) -> Describe:
    """Describe a day's hourly series: total, busiest hour, coverage, and the chat's rhythm up to it."""

    def picture() -> bytes:
        known = recent.ending(day)
        first = LocalDay(known["hour"].iloc[0].date(), chat.timezone)
        total, missing = int(counts["messages"].sum()), int(counts["messages"].isna().sum())
        said = f"{total} messages; the busiest hour: {_busiest(counts)}"
        said += f"; {missing} hours not read." if missing else "."
        return plots.draw_series(fill_unstored(known, first, day), title(chat, day, "hourly series"), said)

    def metadata(draw: bool) -> Metadata:
        return {
            **_source(chat),
            **_picture(draw, picture),
            "messages": int(counts["messages"].sum()),
            "busiest hour": _busiest(counts),
            "quiet hours": int((counts["messages"] == 0).sum()),
            **_coverage(counts),
            **_file(storage, "hourly_series", day),
        }

    return metadata


def forecast(chat: Chat, storage: ChatStorage, made: LocalDay, table: pd.DataFrame, history: pd.DataFrame) -> Describe:
    """Describe the forecast made at the end of a day: expected total, busiest hours, which model made it, all its hours.

    ``history`` is the hourly series up to ``made``.
    """
    day = made.plus(1)

    def metadata(draw: bool) -> Metadata:
        if table.empty:
            return {**_source(chat), "day forecast": day.key, "no forecast": "the chat has no model yet"}
        before = day.plus(-7)
        last_week = history[(history["hour"] >= before.start) & (history["hour"] < before.end)]
        said = phrases.forecast_in_words(table, last_week)
        busiest = table.iloc[int(table["expected"].to_numpy().argmax())]
        return {
            **_source(chat),
            **_picture(draw, lambda: plots.draw_forecast(table, last_week, title(chat, day, "forecast"), said)),
            "day forecast": day.key,
            "in words": said,
            "expected total": round(float(table["expected"].sum()), 1),
            "expected in the busiest hour": round(float(busiest["expected"]), 1),
            "busiest hour": f"{busiest['hour']:%H:%M}",
            "forecaster": str(table["forecaster"].iloc[0]),
            "model trained through": str(table["trained_through"].iloc[0]),
            **({"hours": _forecast_table(table)} if draw else {}),
            **_file(storage, "next_day_forecast", made),
        }

    return metadata


def model(
    chat: Chat, storage: ChatStorage, day: LocalDay, record: "pd.Series[str]", url: str, picture: bytes | None
) -> Describe:
    """Describe a training: which method was chosen and why, on what data, and where MLflow keeps it."""

    def metadata(_draw: bool) -> Metadata:
        comparison = json.loads(str(record["comparison"]))
        return {
            **_source(chat),
            **_shown(picture),
            "forecaster": str(record["forecaster"]),
            "why": str(record["why"]),
            **_chosen_figures(comparison),
            "hours known": int(record["hours_known"]),
            "first hour": str(record["first_hour"]),
            "last hour": str(record["last_hour"]),
            "model size (bytes)": len(str(record["model"])),
            "MLflow run": dg.MetadataValue.url(url),
            **({"comparison": _table(comparison)} if comparison else {}),
            **_file(storage, "trained_model", day),
        }

    return metadata


def no_model(chat: Chat) -> Describe:
    """Describe a day through which no model could be trained."""

    def metadata(_draw: bool) -> Metadata:
        return {**_source(chat), "no model": "no hour of the days trained on was read from end to end"}

    return metadata


def score(
    chat: Chat, storage: ChatStorage, day: LocalDay, row: Score, hours: pd.DataFrame, unusual: pd.DataFrame, url: str,
    picture: bytes,
) -> Describe:  # fmt: skip
    """Describe a score: its metrics, the hours outside the 98 % interval in words, the MLflow run.

    ``hours`` has the day's actual counts beside its forecast.
    """

    def metadata(draw: bool) -> Metadata:
        return {
            **_source(chat),
            **_shown(picture if draw else None),
            "unusual": "; ".join(unusual["words"]) or "no hour outside the 98 % interval",
            "MLflow run": dg.MetadataValue.url(url),
            **_figures(row),
            **({"hours": _score_table(hours, unusual)} if draw else {}),
            **_file(storage, "daily_score", day),
        }

    return metadata


def no_score(chat: Chat, storage: ChatStorage, day: LocalDay, row: Score) -> Describe:
    """Describe a day that could not be scored, and why."""

    def metadata(_draw: bool) -> Metadata:
        why = "no hour of the day was read" if row["messages"] is None else "there was no forecast for the day"
        return {**_source(chat), "not scored": why, **_figures(row), **_file(storage, "daily_score", day)}

    return metadata


def picture_metadata(png: bytes) -> Metadata:
    """A picture that the UI shows at *Show Markdown*."""
    return {"picture": dg.MetadataValue.md(f"![picture](data:image/png;base64,{base64.b64encode(png).decode()})")}


def sparkline(counts: pd.Series) -> str:
    """The counts as a line of bars, one character each; a dot where a count is missing.

    >>> sparkline(pd.Series([0, 4, None, 8], dtype="Int64"))
    '▁▅·█'
    """
    highest = max(1, int(counts.max())) if counts.notna().any() else 1
    return "".join("·" if pd.isna(count) else SPARKS[round(count / highest * 7)] for count in counts)


def _source(chat: Chat) -> Metadata:
    return {"source": "simulated chat: no real messages" if chat.source == "simulated" else chat.source}


def _figures(row: Score) -> Metadata:
    """What is known of a score, to four significant digits: more is noise."""
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in row.items()
        if value is not None
    }


def _coverage(counts: pd.DataFrame) -> Metadata:
    known = int(counts["messages"].notna().sum())
    return {
        "hours read": known,
        "hours missing": len(counts) - known,
        "hours": sparkline(counts["messages"]),
    }


def _busiest(counts: pd.DataFrame) -> str:
    if not (counts["messages"] > 0).any():
        return "none"
    row = counts.iloc[int(counts["messages"].fillna(-1).to_numpy(dtype=int).argmax())]
    return f"{row['hour']:%H:%M}, {row['messages']} messages"


def _forecast_table(table: pd.DataFrame) -> dg.TableMetadataValue:
    columns = {
        "expected": "expected",
        "median": "median",
        "q10": "80 % from",
        "q90": "80 % to",
        "q01": "98 % from",
        "q99": "98 % to",
    }
    shown = table[list(columns)].round(1).rename(columns=columns)
    shown.insert(0, "hour", table["hour"].dt.strftime("%H:%M"))
    return _table(shown.to_dict("records"))


def _score_table(hours: pd.DataFrame, unusual: pd.DataFrame) -> dg.TableMetadataValue:
    return _table(
        {
            "hour": f"{row['hour']:%H:%M}",
            "messages": row["messages"],
            "expected": round(row["expected"], 1),
            "80 % from": row["q10"],
            "80 % to": row["q90"],
            "note": "not read"
            if pd.isna(row["messages"])
            else "outside 98 %"
            if row["hour"] in set(unusual["hour"])
            else "",
        }
        for row in hours.to_dict("records")
    )


def _table(rows: Iterable[Mapping[Any, object]]) -> dg.TableMetadataValue:
    """Rows as a table of the UI; numbers to three significant digits, what is not known as an empty cell."""

    def cell(value: object) -> str | int | float | bool | None:
        if value is None or value is pd.NA or value != value:
            return None
        if isinstance(value, float | np.floating):
            return float(f"{value:.3g}")
        return int(value) if isinstance(value, np.integer) else value if isinstance(value, bool | int) else str(value)

    return dg.MetadataValue.table([dg.TableRecord({name: cell(value) for name, value in row.items()}) for row in rows])


def _chosen_figures(comparison: Iterable[dict[str, object]]) -> Metadata:
    """The numbers of the candidate that was chosen, as far as they are known."""
    chosen = next((row for row in comparison if row.get("is_chosen")), {})
    return {
        name: float(f"{value:.4g}")
        for name, value in chosen.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _file(storage: ChatStorage, asset: str, day: LocalDay) -> Metadata:
    return {"stored file": dg.MetadataValue.path(storage.url(asset, day))}


def _picture(draw: bool, drawing: Callable[[], bytes]) -> Metadata:
    return _shown(drawing() if draw else None)


def _shown(picture: bytes | None) -> Metadata:
    return {"picture": UNDRAWN} if picture is None else picture_metadata(picture)


def title(chat: Chat, day: LocalDay, what: str) -> str:
    """The title of a day's picture."""
    return phrases.title(chat.slug, day, what, is_simulated=chat.source == "simulated")
