"""Whether forecasts stay sane: where data are missing, after a burst, and after a true change of the level.

``python -m chat_forecast_tests.benchmarks.bench_sanity FOLDER [CHAT …] [--only TABLE …] [--every 9]``

FOLDER holds Parquet chats with an ``index.csv`` (see :mod:`.chats`). Three tables are printed:

- *ladder*: for each rung RMSE ÷ that of the seasonal naive on the same inputs (geometric mean over chats, worst chat), the
  coverage of the 80% interval by randomised PIT, and of the days' totals the share within the range of the last 56 known
  days' totals, the worst one (above 1: outside, by this factor), the greatest factor between a total and the mean of these
  days, and the share for which it is at most 1.5; the same for the mean of these days that have its day of the week.
- *bursts*: an hour or a whole day of a hundred times the usual messages on the last known day: by how much the next day's
  forecast is moved, without a training and with one that night; by whether that day, as it was, and the day before it had
  the usual messages within a factor 1.5.
- *changes*: from one day on the chat has 4 times, or a quarter of, its messages: how far the forecasts have come by day, and
  how many days it takes until they stay within 25%, with a training a night and without any.
"""

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.forecast_limits import SHORTEST_DAY_HOURS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.windows import RECENT_DAYS, SAME_HOUR_DAYS
from chat_forecast.forecasting import HISTORY_DAYS, FittedForecaster, train
from chat_forecast.forecasting.same_hour import fit_same_hour
from chat_forecast_tests.benchmarks.chats import Chat, hours_before, read_chats

LADDER_DAYS = 90
GAPS = (1, 3, 7, 14, 28)
LATE_HOURS = 9
FOLLOWED_DAYS = 10
NEAR = 1.25
MOST_FACTOR = 1.5
CHANGES: dict[str, Callable[[Floats], Floats]] = {
    "× 4": lambda counts: counts * 4,
    "÷ 4": lambda counts: np.floor(counts / 4 + 0.5),
}
BURSTS = {"03:00": [3], "13:00": [13], "23:00": [23], "18:00 to 24:00": list(range(18, 24)), "whole day": list(range(24))}


def ladder_rows(job: tuple[Chat, LocalDay]) -> list[dict[str, object]]:
    """Forecast from every rung, with a model trained through a day: one row a forecast."""
    chat, through = job
    trained_on = hours_before(chat, through.plus(1), 180)
    if trained_on["messages"].isna().all():
        return []
    model = train(trained_on).fitted
    rungs: list[tuple[str, FittedForecaster, int, int]] = [
        ("all fresh", model, 0, 0),
        ("hours of yesterday missing", model, 0, LATE_HOURS),
        *((f"{gap} {'day' if gap == 1 else 'days'} missing", model, gap, 0) for gap in GAPS),
        ("no model: the same hour of 28 days", fit_same_hour(trained_on), 0, 0),
    ]
    rows = []
    for rung, forecaster, days, hours in rungs:
        day = through.plus(1 + days)
        seen = hours_before(chat, day, HISTORY_DAYS)
        seen = seen[seen["hour"] < through.end - pd.Timedelta(hours=hours)].reset_index(drop=True)
        actual = to_floats(chat.series.set_index("hour")["messages"].reindex(day.hours))
        if not np.isnan(actual).all():
            rows.append({"chat": chat.name, "rung": rung, **ladder_row(forecaster, seen, day, actual)})
    return rows


def ladder_row(forecaster: FittedForecaster, seen: pd.DataFrame, day: LocalDay, actual: Floats) -> dict[str, float]:
    """What one forecast got right, beside the newest known count of the same hour of the week."""
    forecast = forecaster.distribution(seen, day.hours)
    counts = pd.Series(to_floats(seen["messages"]), index=pd.DatetimeIndex(seen["hour"]))
    naive = np.full(len(actual), np.nan)
    for weeks in range(1, RECENT_DAYS // 7 + 1):
        naive = np.where(np.isnan(naive), counts.reindex(day.hours - pd.Timedelta(weeks=weeks)), naive)
    is_scored = ~np.isnan(actual) & ~np.isnan(naive)
    known = counts.dropna()
    totals = known.groupby(known.index.date).agg(["sum", "size"])
    totals = totals.loc[totals["size"] >= SHORTEST_DAY_HOURS, "sum"].tail(RECENT_DAYS)
    same_weekday = [count for date, count in totals.items() if date.weekday() == day.date.weekday()]
    total = float(forecast.mean.sum())
    return {
        "hours": int(is_scored.sum()),
        "squared": float(((actual - forecast.mean)[is_scored] ** 2).sum()),
        "naive": float(((actual - naive)[is_scored] ** 2).sum()),
        "covered": metrics.pit_coverage(forecast.at_most(actual - 1)[is_scored], forecast.at_most(actual)[is_scored]),
        "outside": max(total / max(totals.max(), 1), (totals.min() - 1) / max(total, 1e-9)),
        "factor": factor_between(total, totals.mean()),
        "weekday": factor_between(total, float(np.mean(same_weekday or totals))),
    }


def factor_between(total: float, other: float) -> float:
    """How many times greater the greater of two totals is; a message is added to both."""
    return max((total + 1) / (other + 1), (other + 1) / (total + 1))


def print_ladder(rows: pd.DataFrame) -> None:
    """Print a row a rung."""
    table = {}
    for rung, part in rows.groupby("rung", sort=False):
        sums = part.groupby("chat")[["squared", "naive"]].sum()
        ratios = np.sqrt(sums["squared"] / sums["naive"])
        table[rung] = {
            "days": len(part),
            "÷naive": np.exp(np.log(ratios).mean()),
            "worst chat": ratios.max(),
            "in80": np.average(part["covered"].fillna(0), weights=part["hours"]),
            "in range": (part["outside"] <= 1).mean(),
            "worst day": part["outside"].max(),
            "÷mean, most": part["factor"].max(),
            "within 1.5": (part["factor"] <= MOST_FACTOR).mean(),
            "÷weekday, most": part["weekday"].max(),
            "within 1.5 ": (part["weekday"] <= MOST_FACTOR).mean(),
        }
    print("\nladder\n" + pd.DataFrame(table).T.astype({"days": int}).round(3).to_string())


def burst_rows(job: tuple[Chat, LocalDay]) -> list[dict[str, object]]:
    """Move the forecast of the day after by each burst on a day: one row a burst."""
    chat, last = job
    seen, trained_on = hours_before(chat, last.plus(1), HISTORY_DAYS), hours_before(chat, last.plus(1), 180)
    is_last = trained_on["hour"] >= last.start
    if trained_on["messages"].isna().all() or trained_on.loc[is_last, "messages"].isna().any():
        return []
    model = train(trained_on).fitted

    def total(forecaster: FittedForecaster, series: pd.DataFrame) -> float:
        return float(forecaster.distribution(series, last.plus(1).hours).mean.sum())

    usual = total(model, seen)
    totals = trained_on["messages"].groupby(trained_on["hour"].dt.date).sum().tail(SAME_HOUR_DAYS).astype(float)
    is_usual = totals.iloc[-2:].between(totals.mean() / MOST_FACTOR, totals.mean() * MOST_FACTOR).all()
    kind = "usual day after a usual day" if is_usual else "others"
    extra = 100 * max(24.0, float(trained_on["messages"].mean() * 24))
    rows: list[dict[str, object]] = []
    for name, clock in BURSTS.items():
        loud, loud_training = (
            series.assign(
                messages=series["messages"].mask(
                    (series["hour"] >= last.start) & series["hour"].dt.hour.isin(clock),
                    series["messages"] + int(extra / len(clock)),
                )
            )
            for series in (seen, trained_on)
        )
        trained = total(train(loud_training).fitted, loud)
        rows.append(
            {
                "chat": chat.name,
                "burst": name,
                "days": kind,
                "no training": total(model, loud) / usual,
                "training": trained / usual,
            }
        )
    return rows


def print_bursts(rows: pd.DataFrame) -> None:
    """Print the mean, the smallest and the greatest move, by what the days were like, by burst and by chat."""
    for by in ("days", "burst", "chat"):
        table = rows.groupby(by, sort=False)[["no training", "training"]].agg(["mean", "min", "max"])
        print(f"\nforecast with a burst ÷ without, by {by}\n{table.round(2).to_string()}")


def change_rows(job: tuple[Chat, LocalDay]) -> list[dict[str, object]]:
    """Follow each change from the day after ``last`` on: one row for each day of the change, and kind of training."""
    chat, last = job
    changed = {"": chat} | {name: chat.changed(change, last.end) for name, change in CHANGES.items()}
    usual = train(hours_before(chat, last.plus(1), 180)).fitted
    rows: list[dict[str, object]] = []
    for number in range(1, FOLLOWED_DAYS + 1):
        day = last.plus(number + 1)
        totals = {}
        for name, each in changed.items():
            seen = hours_before(each, day, HISTORY_DAYS)
            trained = train(hours_before(each, day, 180)).fitted
            totals[name] = [float(model.distribution(seen, day.hours).mean.sum()) for model in (usual, trained)]
        for name, factor in {"× 4": 4, "÷ 4": 0.25}.items():
            for kind, moved, steady in zip(("never", "a night"), totals[name], totals[""], strict=True):
                ratio = moved / (factor * steady)
                rows.append({"chat": chat.name, "change": name, "training": kind, "day": number, "ratio": ratio})
    return rows


def print_changes(rows: pd.DataFrame) -> None:
    """Print how much of the change the forecasts have followed, by day, and the days until they stay within 25%."""
    table = {}
    for kind, part in rows.groupby(["change", "training"], sort=False):
        ratios = part.pivot_table(index="chat", columns="day", values="ratio")
        is_near = (ratios >= 1 / NEAR) & (ratios <= NEAR)
        near_days = is_near.iloc[:, ::-1].cummin(axis=1).sum(axis=1)
        days = np.where(near_days > 0, FOLLOWED_DAYS + 1 - near_days, np.inf)
        table[kind] = {**np.exp(np.log(ratios).mean()).round(2), "within 25%": np.median(days)}
    print("\nforecast ÷ (change × forecast as it was), after days\n" + pd.DataFrame(table).T.to_string())


TABLES = {
    "ladder": (ladder_rows, print_ladder),
    "bursts": (burst_rows, print_bursts),
    "changes": (change_rows, print_changes),
}


def origins(table: str, chat: Chat, every: int) -> Iterator[tuple[Chat, LocalDay]]:
    """The days to start from."""
    if table == "ladder":
        days = [chat.last.plus(-back) for back in range(LADDER_DAYS, max(GAPS), -every)]
    else:
        days = [chat.last.plus(-back) for back in ((60, 51, 42, 33) if table == "bursts" else (60,))]
    return ((chat, day) for day in days)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("chats", nargs="*")
    parser.add_argument("--only", nargs="*", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--every", type=int, default=9, help="the ladder stands on every so many days")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_intermixed_args()
    chats = list(read_chats(given.folder, given.chats))
    with ProcessPoolExecutor(given.jobs) as pool:
        for table in given.only:
            find, show = TABLES[table]
            jobs = [job for chat in chats for job in origins(table, chat, given.every)]
            show(pd.DataFrame([row for rows in pool.map(find, jobs) for row in rows]))


if __name__ == "__main__":
    main()
