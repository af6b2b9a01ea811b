"""How often the 80% intervals of the coming week hold: of its hours, of its days' totals, the week's and today's.

``python -m chat_forecast_tests.benchmarks.bench_week FOLDER [CHAT …] [--days 154] [--jobs 2]``

FOLDER holds Parquet chats with an ``index.csv`` (see :mod:`.chats`). Each chat's last days are gone through with a training
every 14 days; each of them is an origin whose seven days are compared with what came. Printed are, for each number of days
ahead, the share inside by randomised PIT (mean over chats, the lowest and the highest chat) of hours and of totals, the WAPE
of the totals beside that without the pull towards four weeks, and RMSE ÷ that of the same hour a week before; then the share
inside of the week's total and of today's, after so many hours. 77 to 83% are wanted.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.arrays import to_floats
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import HISTORY_DAYS, FittedForecaster, train
from chat_forecast.forecasting.dependent_hours import as_negative_binomials
from chat_forecast.forecasting.distributions import NegativeBinomial
from chat_forecast.forecasting.rest_of_day import update_rest
from chat_forecast.forecasting.seasonal_naive import seasonal_naive
from chat_forecast.forecasting.week_ahead import DAYS, look_ahead
from chat_forecast_tests.benchmarks.chats import Chat, hours_before, read_chats

TRAINED_EVERY = 14
LEAST_KNOWN_DAYS = 45
AFTER = (0, 6, 12, 18)


def hours_of(first: LocalDay, days: int) -> pd.DatetimeIndex:
    """The hours of days that follow one another."""
    return pd.DatetimeIndex([hour for day in first.until(first.plus(days - 1)) for hour in day.hours]).as_unit("us")


def origin_rows(chat: Chat, model: FittedForecaster, day: LocalDay) -> list[dict[str, object]]:
    """What came in the seven days from ``day`` on, beside what was said at its midnight."""
    seen, hours = hours_before(chat, day, HISTORY_DAYS), hours_of(day, DAYS)
    week = look_ahead(model, hours, seen)
    actual = to_floats(chat.series.set_index("hour")["messages"].reindex(hours))
    naive = seasonal_naive(seen, hours)
    rows: list[dict[str, object]] = []
    below, at_most = week.hours.at_most(actual - 1), week.hours.at_most(actual)
    is_known, is_compared = ~np.isnan(actual), ~np.isnan(actual) & ~np.isnan(naive)
    for place in range(DAYS):
        its = week.places == place
        row: dict[str, object] = {"part": "day", "ahead": place + 1}
        row["hours"] = (
            metrics.pit_coverage(below[its & is_known], at_most[its & is_known]) if (its & is_known).any() else np.nan
        )
        row["squared"] = ((actual - week.hours.mean)[its & is_compared] ** 2).sum()
        row["naive"] = ((actual - naive)[its & is_compared] ** 2).sum()
        if is_known[its].all():
            total = np.full(DAYS, actual[its].sum())
            row |= {"below": week.days.at_most(total - 1)[place], "at_most": week.days.at_most(total)[place]}
            row |= {"total": total[0], "off": abs(total[0] - week.days.mean[place])}
        rows.append(row)
    if is_known.all():
        total = np.array([actual.sum()])
        rows.append({"part": "week", "below": week.total.at_most(total - 1)[0], "at_most": week.total.at_most(total)[0]})
    today = week.places == 0
    if is_known[today].all():
        said = as_negative_binomials(model.distribution(seen, hours[today]))
        rows += [today_row(actual[today], said, over) for over in AFTER]
    return rows


def today_row(counts: np.ndarray, midnight: NegativeBinomial, over: int) -> dict[str, object]:
    """Where the rest of a day lay in what was said of it after some hours."""
    rest, total = update_rest(counts, midnight, over), np.array([counts[over:].sum()])
    return {
        "part": f"today after {over}",
        "below": rest.total.at_most(total - 1)[0],
        "at_most": rest.total.at_most(total)[0],
    }


def one_chat(job: tuple[Chat, int]) -> pd.DataFrame:
    """All rows of a chat."""
    chat, days = job
    rows = []
    for back in range(days, DAYS, -TRAINED_EVERY):
        through = chat.last.plus(-back)
        trained_on = hours_before(chat, through.plus(1), 180)
        if trained_on["messages"].notna().sum() < 24 * LEAST_KNOWN_DAYS:
            continue
        model = train(trained_on).fitted
        for later in range(1, TRAINED_EVERY + 1):
            if through.plus(later + DAYS - 1) <= chat.last:
                rows += origin_rows(chat, model, through.plus(later))
    return pd.DataFrame(rows).assign(chat=chat.name)


def coverage(part: pd.DataFrame) -> pd.Series:
    """The share inside by chat, by randomised PIT."""
    known = part.dropna(subset=["below"])
    return known.groupby("chat")[["below", "at_most"]].apply(lambda t: metrics.pit_coverage(t["below"], t["at_most"]))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("chats", nargs="*")
    parser.add_argument("--days", type=int, default=154)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs) as pool:
        rows = pd.concat(pool.map(one_chat, [(chat, given.days) for chat in read_chats(given.folder, given.chats)]))
    table = {}
    for ahead, part in rows[rows["part"] == "day"].groupby("ahead"):
        hours, totals = part.groupby("chat")["hours"].mean(), coverage(part)
        sums = part.groupby("chat")[["squared", "naive", "off", "total"]].sum()
        table[int(ahead)] = {
            "days": part["total"].notna().sum(),
            "hours": hours.mean(),
            "from": hours.min(),
            "to": hours.max(),
            "totals": totals.mean(),
            "from ": totals.min(),
            "to ": totals.max(),
            "WAPE": (sums["off"] / sums["total"]).mean(),
            "÷naive": np.exp(np.log(sums["squared"] / sums["naive"]).mean() / 2),
        }
    print("days ahead\n" + pd.DataFrame(table).T.astype({"days": int}).round(3).to_string())
    for part, its in rows[rows["part"] != "day"].groupby("part", sort=False):
        covered = coverage(its)
        print(f"{part}: {covered.mean():.1%} of {len(its)} inside, chats {covered.min():.0%} to {covered.max():.0%}")


if __name__ == "__main__":
    main()
