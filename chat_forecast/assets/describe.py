"""What a materialisation says about its day in the Dagster UI.

Belongs here: turning stored values into metadata and pictures.
Does not belong here: computing the values.
"""

import base64
import json
from collections.abc import Callable

import dagster as dg
import pandas as pd

from chat_forecast.assets.days import Describe, Metadata
from chat_forecast.config import Chat
from chat_forecast.core import pictures
from chat_forecast.core.days import LocalDay
from chat_forecast.core.forecasters.base import FORECAST_COLUMNS
from chat_forecast.core.messages import Reading
from chat_forecast.core.scoring import Score
from chat_forecast.core.series import count_by_hour

SPARKS = "▁▂▃▄▅▆▇█"


def messages(chat: Chat, day: LocalDay, reading: Reading, *, new: int) -> Describe:
    """Describe a day's messages: how many, by how many senders, how much of the day was read."""

    def metadata(draw: bool) -> Metadata:
        counts = count_by_hour(reading, day)
        return {
            **_source(chat),
            **_picture(draw, lambda: pictures.draw_counts(counts, title(chat, day, "messages by the hour"))),
            "messages": len(reading.messages),
            "new messages": new,
            "senders": int(reading.messages["sender"].nunique()),
            **_coverage(counts),
        }

    return metadata


def series(chat: Chat, day: LocalDay, counts: pd.DataFrame) -> Describe:
    """Describe a day's hourly series: total, busiest hour, coverage, the hours as a line of bars."""

    def metadata(draw: bool) -> Metadata:
        return {
            **_source(chat),
            **_picture(draw, lambda: pictures.draw_counts(counts, title(chat, day, "messages by the hour"))),
            "messages": int(counts["messages"].sum()),
            "busiest hour": _busiest(counts),
            "quiet hours": int((counts["messages"] == 0).sum()),
            **_coverage(counts),
        }

    return metadata


def forecast(chat: Chat, day: LocalDay, table: pd.DataFrame) -> Describe:
    """Describe the forecast for a day: expected total, busiest hour, which model made it, all its hours."""

    def metadata(draw: bool) -> Metadata:
        if table.empty:
            return {**_source(chat), "day forecast": day.key, "no forecast": "the chat has no model yet"}
        busiest = table.iloc[int(table["expected"].to_numpy().argmax())]
        return {
            **_source(chat),
            **_picture(draw, lambda: pictures.draw_forecast(table, None, title(chat, day, "forecast"))),
            "day forecast": day.key,
            "expected total": round(float(table["expected"].sum()), 1),
            "busiest hour": f"{busiest['hour']:%H:%M}, {busiest['expected']:.1f} messages expected",
            "forecaster": str(table["forecaster"].iloc[0]),
            "model version": int(table["model_version"].iloc[0]),
            "model trained through": str(table["trained_through"].iloc[0]),
            "hours": dg.MetadataValue.md(_hours_table(table)),
        }

    return metadata


def model(chat: Chat, record: "pd.Series[str]", url: str, totals: "pd.Series[int]") -> Describe:
    """Describe a training: which method was chosen and why, on what data, and where MLflow keeps it."""

    def metadata(draw: bool) -> Metadata:
        comparison = pd.DataFrame(json.loads(str(record["comparison"])))
        return {
            **_source(chat),
            **_picture(draw, lambda: pictures.draw_days(totals, f"{chat.slug}: daily messages trained on")),
            "forecaster": str(record["forecaster"]),
            "why": str(record["why"]),
            "model version": int(record["model_version"]),
            "hours known": int(record["hours_known"]),
            "first hour": str(record["first_hour"]),
            "last hour": str(record["last_hour"]),
            "model size (bytes)": len(str(record["model"])),
            "MLflow run": dg.MetadataValue.url(url),
            **({"comparison": dg.MetadataValue.md(markdown_table(comparison))} if len(comparison) else {}),
        }

    return metadata


def score(chat: Chat, row: Score, unusual: pd.DataFrame, url: str, picture: bytes) -> Describe:
    """Describe a score: its metrics, the hours outside the 98 % interval in words, the MLflow run."""

    def metadata(_draw: bool) -> Metadata:
        return {
            **_source(chat),
            **picture_metadata(picture),
            "unusual": "; ".join(unusual["words"]) or "no hour outside the 98 % interval",
            "MLflow run": dg.MetadataValue.url(url),
            **_figures(row),
        }

    return metadata


def no_score(chat: Chat, row: Score) -> Describe:
    """Describe a day that could not be scored, and why."""

    def metadata(_draw: bool) -> Metadata:
        why = "no hour of the day was read" if row["messages"] is None else "there was no forecast for the day"
        return {**_source(chat), "not scored": why, **_figures(row)}

    return metadata


def markdown_table(table: pd.DataFrame) -> str:
    """A small table in Markdown; numbers to three significant digits, missing ones as a dash."""

    def cell(value: object) -> str:
        if value is None or value is pd.NA or value != value:
            return "–"
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + " --- |" * len(table.columns)]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in table.itertuples(index=False, name=None)]
    return "\n".join(lines)


def picture_metadata(png: bytes) -> Metadata:
    """A picture that the UI shows inline."""
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


def _hours_table(table: pd.DataFrame) -> str:
    columns = list(FORECAST_COLUMNS)
    quantities = table[columns[1:]].round(1)
    quantities.insert(0, "hour", table["hour"].dt.strftime("%H:%M"))
    return markdown_table(quantities)


def _picture(draw: bool, drawing: Callable[[], bytes]) -> Metadata:
    return picture_metadata(drawing()) if draw else {}


def title(chat: Chat, day: LocalDay, what: str) -> str:
    """The title of a day's picture."""
    simulated = " (simulated)" if chat.source == "simulated" else ""
    return f"{chat.slug}{simulated}: {what}, {day.date:%A} {day.key}"
