"""What a materialisation says about its day in the Dagster UI.

Belongs here: turning a day's plain values into metadata.
Does not belong here: computing the values, or drawing them: a day's plot is drawn when somebody looks at it
(:mod:`chat_forecast.app.report_server`), and the metadata only link to it.

Keys are lower-case. Numbers are numeric metadata, so that the UI plots them over the partitions; they are rounded, and the
key names their unit where they are not messages. The newest days of a run have a table of their hours too.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from chat_forecast.domain.hour_join import join_on_hour
from chat_forecast.domain.hourly_series import HourlyCounts, count_arrays
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import MessageArrays, to_microseconds
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.domain.scoring import Score, unusual_hours
from chat_forecast.forecasting.score_record import ScoreInputs
from chat_forecast.masking import without_secrets
from chat_forecast.pipeline.assets.asset_task import AssetTask, Metadata
from chat_forecast.presentation import phrases
from chat_forecast.settings.links import plot_url
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic
from chat_forecast.storage.partition_content import NotedTable

SPARKS = "▁▂▃▄▅▆▇█"


def of_messages(task: AssetTask, day: LocalDay, known: int, messages: MessageArrays) -> Metadata:
    """Describe a day's messages: how many, by how many senders, how many more than were ``known``, how much was read."""
    return {
        **_about(task, day),
        "messages": len(messages.sent_at),
        "new messages": len(messages.sent_at) - known,
        "senders": messages.known_senders,
        **_hours_read(count_arrays(messages, day)),
    }


def of_series(task: AssetTask, day: LocalDay, counts: HourlyCounts) -> Metadata:
    """Describe a day's hourly series: total, busiest hour, how much of the day was read."""
    read = counts.messages[~counts.is_missing]
    return {
        **_about(task, day),
        "messages": int(read.sum()),
        "busiest hour": _busiest(counts, day),
        "quiet hours": int((read == 0).sum()),
        **_hours_read(counts),
    }


def of_model(task: AssetTask, day: LocalDay, records: pd.DataFrame) -> Metadata:
    """Describe a training: which method was chosen and why, on what data; or why there is none."""
    if records.empty:
        return {**_about(task, day), "no model": "no hour of the days trained on was read from end to end"}
    record = records.iloc[0]
    comparison = json.loads(str(record["comparison"]))
    return {
        **_about(task, day),
        **({} if pd.isna(record["reason"]) else {"reason": str(record["reason"])}),
        "forecaster": str(record["forecaster"]),
        "why this forecaster": str(record["why"]),
        **_chosen_figures(comparison),
        "hours known": int(record["hours_known"]),
        "first hour": str(record["first_hour"]),
        "last hour": str(record["last_hour"]),
        "model size (bytes)": len(str(record["model"])),
        **({"comparison": _table(comparison)} if comparison and task.is_detailed(day) else {}),
    }


def of_forecast(task: AssetTask, made: LocalDay, series: pd.DataFrame, forecast: NotedTable) -> Metadata:
    """Describe the forecast made at the end of a day: expected total, busiest hours, which model made it.

    ``series`` is the hourly series up to that end.
    """
    day, table, notes = made.plus(1), forecast.table, forecast.notes
    if table.empty:
        return {**_about(task, made), "day forecast": day.key, "no forecast": notes["reason"]}
    before = day.plus(-7)
    low, high = to_microseconds(series["hour"]).searchsorted([before.bounds[0], before.bounds[-1]])
    expected = table["expected"].to_numpy()
    busiest = int(expected.argmax())
    return {
        **_about(task, made),
        "day forecast": day.key,
        **({"withheld from people": notes["withheld"]} if notes["withheld"] else {}),
        **({"not by the model": notes["reason"]} if notes["reason"] else {}),
        "in words": phrases.forecast_in_words(table, series.iloc[low:high]),
        "expected total": round(float(expected.sum()), 1),
        "expected in the busiest hour": round(float(expected[busiest]), 1),
        "busiest hour": f"{table['hour'].iloc[busiest]:%H:%M}",
        "forecaster": str(table["forecaster"].iloc[0]),
        **({"model trained through": str(table["trained_through"].iloc[0])} if notes["source"] == "model" else {}),
        **({"hours": _forecast_table(table)} if task.is_detailed(made) else {}),
    }


def of_score(task: AssetTask, day: LocalDay, given: ScoreInputs, score: Score) -> Metadata:
    """Describe a score: its metrics, the hours outside the 98% interval in words; or why there is none."""
    if not score["hours_scored"]:
        why = "no hour of the day was read" if score["messages"] is None else "there was no forecast for the day"
        return {"not scored": why, **_figures(score)}
    words, hours, unusual = "no hour outside the 98% interval", given.actuals, None
    if score["unusual_hours"]:
        unusual = unusual_hours(given.actuals, given.forecast)
        words = "; ".join(phrases.unusual_hours(unusual))
    said = {"unusual": words, **_figures(score)}
    if not task.is_detailed(day):
        return said
    if given.forecast is not None:
        hours = join_on_hour(given.actuals, given.forecast)
    return {**said, "hours": _score_table(hours, set() if unusual is None else set(unusual["hour"]))}


def of_judged_score(task: AssetTask, day: LocalDay, verdict: Verdict, of_score: Metadata) -> Metadata:
    """Describe a score with its verdict."""
    words = {"verdict": "passed" if verdict.passed else "failed", "reason of the verdict": verdict.reason}
    return {**_about(task, day), **words, **of_score}


def _about(task: AssetTask, day: LocalDay) -> Metadata:
    """What every day has: its plot, its source, its file."""
    url = plot_url(task.reports_url, task.chat.slug, task.asset, day.key)
    return {
        # Short Markdown with an image is shown as the image itself.
        "plot": dg.MetadataValue.md(f"![{task.asset} of {day.key}]({url})"),
        "source": _source(task.chat),
        "stored file": dg.MetadataValue.path(without_secrets(task.storage.url(task.asset, day))),
    }


def _source(chat: Chat) -> str:
    if isinstance(chat, Topic):
        return f"topic {chat.topic_id} of {chat.forum.slug}"
    return "simulated chat: no real messages" if chat.is_simulated else chat.source


def _figures(score: Score) -> Metadata:
    """What is known of a score, to four significant digits: more is noise. Keys in words, as all others."""
    known = {name: value for name, value in score.items() if value is not None}
    return {
        name.replace("_", " "): float(f"{value:.4g}") if isinstance(value, float | np.floating) else _plain(value)
        for name, value in known.items()
    }


def _hours_read(counts: HourlyCounts) -> Metadata:
    missing = int(counts.is_missing.sum())
    return {"hours read": len(counts.is_missing) - missing, "hours missing": missing, "hours": sparkline(counts)}


def sparkline(counts: HourlyCounts) -> str:
    """The counts as a line of bars, one character each; a dot where a count is missing.

    >>> missing = np.array([False, False, True, False])
    >>> sparkline(HourlyCounts(np.array([0, 4, 0, 8]), np.zeros(4, dtype=int), missing))
    '▁▅·█'
    """
    hours = list(zip(counts.messages.tolist(), counts.is_missing.tolist(), strict=True))
    highest = max([1, *(number for number, is_missing in hours if not is_missing)])
    return "".join("·" if is_missing else SPARKS[round(number / highest * 7)] for number, is_missing in hours)


def _busiest(counts: HourlyCounts, day: LocalDay) -> str:
    numbers = np.where(counts.is_missing, 0, counts.messages)
    if not numbers.any():
        return "none"
    place = int(numbers.argmax())
    return f"{day.hours[place]:%H:%M}, {phrases.count_messages(int(numbers[place]))}"


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


def _score_table(hours: pd.DataFrame, outside: Collection[pd.Timestamp]) -> dg.TableMetadataValue:
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
