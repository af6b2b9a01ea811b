"""What a materialisation says about its day in the Dagster UI.

Belongs here: turning a day's plain values into metadata.
Does not belong here: computing the values, or drawing them: a day's plot is drawn when somebody looks at it
(:mod:`chat_forecast.app.report_server`), and the metadata only link to it.

Keys are lower-case. Numbers are numeric metadata, so that the UI plots them over the partitions; they are rounded, and the
key names their unit where they are not messages. The newest days of a run have a table of their hours too.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.same_hours import beside
from chat_forecast.domain.scoring import SCORE_COLUMNS, unusual_hours
from chat_forecast.forecasting.score_record import ScoreInputs
from chat_forecast.masking import without_secrets
from chat_forecast.pipeline.assets.asset_run import AssetRun, Metadata
from chat_forecast.presentation import phrases
from chat_forecast.settings.links import plot_url
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic
from chat_forecast.storage.partition_files import NotedTable

SPARKS = "▁▂▃▄▅▆▇█"


def of_messages(run: AssetRun) -> Callable[[LocalDay, tuple[MessageBatch, MessageBatch], MessageBatch], Metadata]:
    """Describe a day's messages: how many, by how many senders, which were new, how much of the day was read."""

    def describe(day: LocalDay, known: tuple[MessageBatch, MessageBatch], batch: MessageBatch) -> Metadata:
        return {
            **_about(run, day),
            "messages": len(batch.messages),
            "new messages": len(batch.messages) - len(known[0].messages),
            "senders": int(batch.messages["sender"].nunique()),
            **_hours_read(count_by_hour(batch, day)),
        }

    return describe


def of_series(run: AssetRun) -> Callable[[LocalDay, MessageBatch, pd.DataFrame], Metadata]:
    """Describe a day's hourly series: total, busiest hour, how much of the day was read."""

    def describe(day: LocalDay, _batch: MessageBatch, counts: pd.DataFrame) -> Metadata:
        return {
            **_about(run, day),
            "messages": int(counts["messages"].sum()),
            "busiest hour": _busiest(counts),
            "quiet hours": int((counts["messages"] == 0).sum()),
            **_hours_read(counts),
        }

    return describe


def of_model(run: AssetRun) -> Callable[[LocalDay, object, pd.DataFrame], Metadata]:
    """Describe a training: which method was chosen and why, on what data; or why there is none."""

    def describe(day: LocalDay, _given: object, records: pd.DataFrame) -> Metadata:
        if records.empty:
            return {**_about(run, day), "no model": "no hour of the days trained on was read from end to end"}
        record = records.iloc[0]
        comparison = json.loads(str(record["comparison"]))
        return {
            **_about(run, day),
            **({} if pd.isna(record["reason"]) else {"reason": str(record["reason"])}),
            "forecaster": str(record["forecaster"]),
            "why this forecaster": str(record["why"]),
            **_chosen_figures(comparison),
            "hours known": int(record["hours_known"]),
            "first hour": str(record["first_hour"]),
            "last hour": str(record["last_hour"]),
            "model size (bytes)": len(str(record["model"])),
            **({"comparison": _table(comparison)} if comparison and run.is_detailed(day) else {}),
        }

    return describe


def of_forecast(run: AssetRun) -> Callable[[LocalDay, Any, NotedTable], Metadata]:
    """Describe the forecast made at the end of a day: expected total, busiest hours, which model made it."""

    def describe(made: LocalDay, known: tuple[object, pd.DataFrame], forecast: NotedTable) -> Metadata:
        day, table, notes = made.plus(1), forecast.table, forecast.notes
        if table.empty:
            return {**_about(run, made), "day forecast": day.key, "no forecast": notes["reason"]}
        before, hours = day.plus(-7), known[1]["hour"]
        last_week = known[1][(hours >= before.start) & (hours < before.end)]
        busiest = table.iloc[int(table["expected"].to_numpy().argmax())]
        return {
            **_about(run, made),
            "day forecast": day.key,
            **({"withheld from people": notes["withheld"]} if notes["withheld"] else {}),
            **({"not by the model": notes["reason"]} if notes["reason"] else {}),
            "in words": phrases.forecast_in_words(table, last_week),
            "expected total": round(float(table["expected"].sum()), 1),
            "expected in the busiest hour": round(float(busiest["expected"]), 1),
            "busiest hour": f"{busiest['hour']:%H:%M}",
            "forecaster": str(table["forecaster"].iloc[0]),
            **({"model trained through": str(table["trained_through"].iloc[0])} if notes["source"] == "model" else {}),
            **({"hours": _forecast_table(table)} if run.is_detailed(made) else {}),
        }

    return describe


def of_score(run: AssetRun) -> Callable[[LocalDay, ScoreInputs, pd.DataFrame], Metadata]:
    """Describe a score: its metrics, its verdict, the hours outside the 98% interval in words; or why there is none."""

    def describe(day: LocalDay, given: ScoreInputs, scores: pd.DataFrame) -> Metadata:
        row = scores.iloc[0]
        verdict = {
            "verdict": "passed" if row["verdict_passed"] else "failed",
            "reason of the verdict": str(row["verdict_reason"]),
        }
        if not row["hours_scored"]:
            why = "no hour of the day was read" if pd.isna(row["messages"]) else "there was no forecast for the day"
            return {**_about(run, day), **verdict, "not scored": why, **_figures(row)}
        unusual = unusual_hours(given.actuals, given.forecast)
        hours = given.actuals if given.forecast is None else beside(given.actuals, given.forecast)
        return {
            **_about(run, day),
            **verdict,
            "unusual": "; ".join(phrases.unusual_hours(unusual)) or "no hour outside the 98% interval",
            **_figures(row),
            **({"hours": _score_table(hours, unusual)} if run.is_detailed(day) else {}),
        }

    return describe


def _about(run: AssetRun, day: LocalDay) -> Metadata:
    """What every day has: its plot, its source, its file."""
    chat = run.chat
    url = plot_url(run.stores.reports_url, chat.slug, run.asset, day.key)
    return {
        # Short Markdown with an image is shown as the image itself.
        "plot": dg.MetadataValue.md(f"![{run.asset} of {day.key}]({url})"),
        "source": _source(chat),
        "stored file": dg.MetadataValue.path(without_secrets(run.storage.url(run.asset, day))),
    }


def _source(chat: Chat) -> str:
    if isinstance(chat, Topic):
        return f"topic {chat.topic_id} of {chat.forum.slug}"
    return "simulated chat: no real messages" if chat.is_simulated else chat.source


def _figures(row: "pd.Series[Any]") -> Metadata:
    """What is known of a score, to four significant digits: more is noise. Keys in words, as all others."""
    known = {name: row[name] for name in SCORE_COLUMNS if not pd.isna(row[name])}
    return {
        name.replace("_", " "): float(f"{value:.4g}") if isinstance(value, float | np.floating) else _plain(value)
        for name, value in known.items()
    }


def _hours_read(counts: pd.DataFrame) -> Metadata:
    known = int(counts["messages"].notna().sum())
    return {"hours read": known, "hours missing": len(counts) - known, "hours": sparkline(counts["messages"])}


def sparkline(counts: pd.Series) -> str:
    """The counts as a line of bars, one character each; a dot where a count is missing.

    >>> sparkline(pd.Series([0, 4, None, 8], dtype="Int64"))
    '▁▅·█'
    """
    highest = max(1, int(counts.max())) if counts.notna().any() else 1
    return "".join("·" if pd.isna(count) else SPARKS[round(count / highest * 7)] for count in counts)


def _busiest(counts: pd.DataFrame) -> str:
    if not (counts["messages"] > 0).any():
        return "none"
    row = counts.iloc[int(counts["messages"].fillna(-1).to_numpy(dtype=int).argmax())]
    return f"{row['hour']:%H:%M}, {phrases.count_messages(int(row['messages']))}"


def _forecast_table(table: pd.DataFrame) -> dg.TableMetadataValue:
    columns = {
        "expected": "expected",
        "median": "median",
        "q10": "80% from",
        "q90": "80% to",
        "q01": "98% from",
        "q99": "98% to",
    }
    shown = table[list(columns)].round(1).rename(columns=columns)
    shown.insert(0, "hour", table["hour"].dt.strftime("%H:%M"))
    return _table(shown.to_dict("records"))


def _score_table(hours: pd.DataFrame, unusual: pd.DataFrame) -> dg.TableMetadataValue:
    outside = set(unusual["hour"])
    return _table(
        {
            "hour": f"{row['hour']:%H:%M}",
            "messages": row["messages"],
            "expected": round(row["expected"], 1),
            "80% from": row["q10"],
            "80% to": row["q90"],
            "note": "not read" if pd.isna(row["messages"]) else "outside 98%" if row["hour"] in outside else "",
        }
        for row in hours.to_dict("records")
    )


def _table(rows: Iterable[Mapping[Any, object]]) -> dg.TableMetadataValue:
    """Rows as a table of the UI; numbers to three significant digits, what is not known as an empty cell."""

    def cell(value: object) -> str | int | float | bool | None:
        if value is None or value is pd.NA or value != value:
            return None
        return float(f"{value:.3g}") if isinstance(value, float | np.floating) else _plain(value)

    return dg.MetadataValue.table([dg.TableRecord({name: cell(value) for name, value in row.items()}) for row in rows])


def _chosen_figures(comparison: Iterable[dict[str, object]]) -> Metadata:
    """The numbers of the candidate that was chosen, as far as they are known."""
    chosen = next((row for row in comparison if row.get("is_chosen")), {})
    return {
        name: float(f"{value:.4g}")
        for name, value in chosen.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _plain(value: object) -> str | int | float | bool:
    """A number of numpy's as Python's."""
    return int(value) if isinstance(value, np.integer) else value if isinstance(value, bool | int | float) else str(value)
