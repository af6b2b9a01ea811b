"""What is found of changes of a chat, after how many days, and what forgetting the days before them does to the forecasts.

``python -m chat_forecast_tests.benchmarks.bench_changes FOLDER [CHAT …] [--every 5] [--days 90] [--jobs 2]``

FOLDER holds Parquet chats with an ``index.csv`` (see :mod:`.chats`). Printed are

1. the changes found in each chat as it is, for one to look at, and how many that is a year;
2. after planted changes (everything 8 hours later, the weekend on Wednesday and Thursday, the level times 3 and divided by
   3): how often they are found within 28 days, and the median delay;
3. the forecasts over the 21 days after planted changes, made with the days before (old) and as they are trained (new), as
   RMSE ÷ that of a chat that always was as it is after the change, and the days until that is 10% at most;
4. the forecasts of the chats as they are: ratios new ÷ old on every ``--every``-th of the last ``--days`` days. Where
   nothing is forgotten, both are the same, and are not computed.
"""

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.changes import find_changes
from chat_forecast.domain.forecast_table import PROBABILITIES
from chat_forecast.domain.local_day import LocalDay, day_numbers
from chat_forecast.forecasting import HISTORY_DAYS
from chat_forecast.forecasting.bursts import cap_for_training
from chat_forecast.forecasting.curve_forecaster import make_forecaster
from chat_forecast.forecasting.methods import fit_curves, methods_of
from chat_forecast.forecasting.threads import one_thread
from chat_forecast.forecasting.training_start import trim_to_change
from chat_forecast_tests.benchmarks.chats import Chat, hours_before, read_chats

TRAINING_DAYS = 180
PLANTED_BACK = (45, 60, 75)
"""A change is planted so many days before the end."""
FOLLOWED_DAYS = 21
SPANS = ((0, 3), (3, 7), (7, 14), (14, 21), (0, 21))


def hours_later(counts: Floats, _weekdays: Floats) -> Floats:
    return np.roll(counts, 8)


def weekend_in_the_week(counts: Floats, weekdays: Floats) -> Floats:
    place = np.arange(len(counts))
    place = place - 72 * np.isin(weekdays, (5, 6)) + 72 * np.isin(weekdays, (2, 3))
    return counts[np.clip(place, 0, len(counts) - 1)]


def times_three(counts: Floats, _weekdays: Floats) -> Floats:
    return counts * 3


def a_third(counts: Floats, _weekdays: Floats) -> Floats:
    return np.floor(counts / 3 + 0.5)


CHANGES: dict[str, tuple[str, Callable[[Floats, Floats], Floats]]] = {
    "8 hours later": ("hours", hours_later),
    "weekend moved": ("weekdays", weekend_in_the_week),
    "level × 3": ("level", times_three),
    "level ÷ 3": ("level", a_third),
}


def changed(chat: Chat, name: str, first: LocalDay | None) -> Chat:
    """The chat with a planted change from a day on, or throughout."""
    hours, counts = pd.DatetimeIndex(chat.series["hour"]), to_floats(chat.series["messages"])
    other = CHANGES[name][1](counts, hours.day_of_week.to_numpy())
    counts = other if first is None else np.where(hours >= first.start, other, counts)
    return replace(chat, series=chat.series.assign(messages=pd.array(counts, dtype="Int64")))


def forecasts(chat: Chat, day: LocalDay) -> dict[str, pd.DataFrame]:
    """The forecasts of a day by models trained the night before: with all days, and with what is forgotten left out."""
    series = cap_for_training(hours_before(chat, day, TRAINING_DAYS))
    history = hours_before(chat, day, HISTORY_DAYS)

    def forecast(given: pd.DataFrame) -> pd.DataFrame:
        methods = methods_of(fit_curves(given)[0])
        name = next(iter(methods))
        return make_forecaster(name, methods[name], given).forecast(history, day.hours)

    with one_thread():
        old = forecast(series)
        since, change = trim_to_change(series, fit_curves(series)[0])
        return {"old": old, "new": old if change is None else forecast(since)}


def losses(chat: Chat, day: LocalDay, forecast: pd.DataFrame) -> dict[str, float]:
    """Sums over the known hours of a day."""
    hours = pd.DatetimeIndex(chat.series["hour"])
    actual = to_floats(chat.series["messages"])[(hours >= day.start) & (hours < day.end)]
    is_known = ~np.isnan(actual)
    table, actual = forecast[is_known], actual[is_known]
    pinball = metrics.pinball_losses(actual, {tau: table[name].to_numpy() for name, tau in PROBABILITIES.items()})
    smape = 2 * np.abs(actual - table["smape_point"]) / np.maximum(actual + table["smape_point"], 1e-9)
    return {
        "hours": len(actual),
        "squared": float(((actual - table["expected"]) ** 2).sum()),
        "pinball": float(pinball.sum()),
        "smape": float(smape.sum()),
    }


def follow(job: tuple[Chat, str, int], step: int) -> list[dict[str, object]]:
    """Forecast the days after a planted change, each by a model trained the night before."""
    chat, name, back = job
    first = chat.last.plus(-back)
    planted, throughout = changed(chat, name, first), changed(chat, name, None)
    rows: list[dict[str, object]] = []
    for place in range(0, FOLLOWED_DAYS, step):
        day = first.plus(place)
        made = forecasts(planted, day) | {"settled": forecasts(throughout, day)["old"]}
        for kind, forecast in made.items():
            rows.append({"chat": chat.name, "change": name, "day": place, "kind": kind} | losses(planted, day, forecast))
    return rows


def as_it_is(job: tuple[Chat, LocalDay]) -> list[dict[str, object]]:
    """Forecast a day of a chat without a planted change."""
    chat, day = job
    series = cap_for_training(hours_before(chat, day, TRAINING_DAYS))
    if not find_changes(series, ("hours", "weekdays")):
        return []
    made = forecasts(chat, day)
    forgets = made["new"] is not made["old"]
    return [{"chat": chat.name, "kind": kind, "forgets": forgets} | losses(chat, day, made[kind]) for kind in made]


def delays(chat: Chat) -> Iterator[dict[str, object]]:
    """After how many days planted changes are found; None where they are not within 28 days."""
    for name, (kind, _) in CHANGES.items():
        for back in PLANTED_BACK:
            first = chat.last.plus(-back)
            series = hours_before(changed(chat, name, first), first.plus(28), 28 + TRAINING_DAYS)
            found = [change for change in find_changes(series) if change.kind == kind and change.found >= first.date]
            known = [(change.found - first.date).days + 1 for change in found]
            yield {"chat": chat.name, "change": name, "delay": min(known, default=np.nan)}


def print_found(chats: list[Chat]) -> None:
    """The changes of the chats as they are."""
    years = number = 0.0
    for chat in chats:
        found = find_changes(chat.series)
        years += (day_numbers(pd.DatetimeIndex(chat.series["hour"])[[0, -1]]) @ [-1, 1] + 1) / 365.25
        number += len(found)
        print(f"{chat.name}: {len(found)}")
        for each in found:
            days = (each.found - each.since).days + 1
            print(f"    {each.kind:<9} {each.since}, found after {days:2} days: {each.before:.2f} → {each.after:.2f}")
    print(f"{number:.0f} in {years:.1f} chat-years: {number / years:.2f} a year")


def print_delays(chats: list[Chat]) -> None:
    table = pd.DataFrame([row for chat in chats for row in delays(chat)])
    print("\nfound within 28 days, median delay in days")
    wide = table.groupby(["chat", "change"], sort=False)["delay"].agg(lambda days: days.median()).unstack()
    print(wide.to_string(na_rep="–"))
    for name, part in table.groupby("change", sort=False)["delay"]:
        print(f"{name:<16} {part.notna().mean():5.0%}  {part.median():.0f} days")


def print_followed(rows: list[dict[str, object]]) -> None:
    table = pd.DataFrame(rows)
    print("\nRMSE ÷ that of a chat that always was so, geometric means over chats")
    for name, part in table.groupby("change", sort=False):
        for low, high in SPANS:
            days = part[(part["day"] >= low) & (part["day"] < high)]
            ratio = _rmse(days, ["chat"])
            print(f"{name:<16} days {low + 1:>2}–{high:<2}  old {_mean(ratio['old']):.3f}  new {_mean(ratio['new']):.3f}")
        by_day = _rmse(part, ["chat", "day"]).groupby("day").agg(_mean).rolling(3, min_periods=1).mean()
        for kind in ("old", "new"):
            above = by_day.index[by_day[kind] > 1.1]
            print(f"{name:<16} within 10% {kind}: from day {above.max() + 2 if len(above) else 1} on")
        print(_rmse(part, ["chat"]).round(3).to_string())


def print_as_it_is(rows: list[dict[str, object]], chats: list[Chat], origins: int) -> None:
    print(f"\nas they are, new ÷ old, of {origins} days a chat (chats that are not named: nothing was forgotten)")
    table = pd.DataFrame(rows)
    ratios = {chat.name: (1.0, 1.0, 1.0) for chat in chats}
    for name, part in table.groupby("chat", sort=False) if len(table) else []:
        sums = part.groupby("kind")[["squared", "pinball", "smape"]].sum()
        ratio = sums.loc["new"] / sums.loc["old"]
        ratios[str(name)] = (float(np.sqrt(ratio["squared"])), float(ratio["pinball"]), float(ratio["smape"]))
        forgot = int(part.loc[part["kind"] == "new", "forgets"].sum())
        figures = "  ".join(f"{value:.4f}" for value in ratios[str(name)])
        print(f"{name:<24} {len(part) // 2:>3} days with a change before, {forgot:>3} forgotten  {figures}")
    print("mean over all chats: RMSE {:.4f}, pinball {:.4f}, sMAPE {:.4f}".format(*np.mean(list(ratios.values()), axis=0)))


def _rmse(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    sums = table.groupby([*by, "kind"])[["squared", "hours"]].sum()
    wide = np.sqrt(sums["squared"] / sums["hours"]).unstack()
    return wide[["old", "new"]].div(wide["settled"], axis=0)


def _mean(ratios: "pd.Series[float]") -> float:
    return float(np.exp(np.log(ratios.replace([0, np.inf], np.nan).dropna()).mean()))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("chats", nargs="*")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--step", type=int, default=1, help="every so many days after a planted change")
    parser.add_argument("--changes", nargs="*", default=list(CHANGES), choices=list(CHANGES))
    parser.add_argument("--only", nargs="*", default=["found", "delays", "followed", "as-it-is"])
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    chats = list(read_chats(given.folder, given.chats))
    if "found" in given.only:
        print_found(chats)
    if "delays" in given.only:
        print_delays(chats)
    with ProcessPoolExecutor(given.jobs) as pool:
        if "followed" in given.only:
            jobs = [(chat, name, 60) for name in given.changes for chat in chats]
            print_followed([row for rows in pool.map(partial(follow, step=given.step), jobs) for row in rows])
        if "as-it-is" in given.only:
            backs = range(given.days, 0, -given.every)
            origins = [(chat, chat.last.plus(1 - back)) for chat in chats for back in backs]
            rows = [row for each in pool.map(as_it_is, origins) for row in each]
            print_as_it_is(rows, chats, len(backs))


if __name__ == "__main__":
    main()
