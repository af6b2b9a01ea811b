"""How good the forecasts are, chat by chat, beside what a user might pick instead; and how long one takes.

``python -m chat_forecast_tests.benchmarks.bench_forecast FOLDER [--days 90] [--every 1] [--jobs 2] [CHAT …]``

FOLDER holds Parquet chats with an ``index.csv`` (see :mod:`.chats`). Each chat's last days are forecast by
``forecasting.backtest.forecast_origin``, as ``chat-forecast backtest`` does. Printed are a row a chat, then the
means over chats (ratios: geometric), then the median time of a fit with its forecast on 180 days of history.
"""

import argparse
import csv
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import train
from chat_forecast.forecasting.backtest import Settings, forecast_origin, shared_hours, summarise
from chat_forecast.forecasting.curve_forecaster import make_forecaster
from chat_forecast.forecasting.methods import AVERAGE, fit_curves
from chat_forecast_tests.benchmarks.chats import read_chat

COLUMNS = {
    "÷naive": "RMSE ÷ that of the seasonal naive",
    "-NN": "RMSE lower than that of the nearest neighbour",
    "-Prophet": "RMSE lower than that of Prophet's defaults",
    "-dev": "Poisson deviance lower than that of Prophet's defaults",
    "-pinP": "pinball loss lower than that of Prophet's defaults",
    "-pinN": "pinball loss lower than that of the seasonal naive",
    "-pin28": "pinball loss lower than that of the same hour of 28 days",
    "in80": "coverage of the 80% interval, randomised PIT",
    "day": "WAPE of the daily total",
    "dayN": "the same of the seasonal naive",
    "sMAPE": "of smape_point, 0 to 2",
    "zero": "sMAPE of always zero",
}


def one_origin(job: tuple[str, pd.DataFrame, LocalDay]) -> pd.DataFrame:
    """Forecast one day of a chat."""
    chat, series, day = job
    return forecast_origin(series, day, Settings()).assign(chat=chat)


def figures(rows: pd.DataFrame, series: pd.DataFrame) -> dict[str, float]:
    """The row of one chat."""
    table = summarise(rows, series[series["hour"] < rows["hour"].min()]).set_index("forecaster")
    mine, naive, prophet = table.loc["product"], table.loc["seasonal_naive"], table.loc["prophet_default"]
    neighbour, same_hour = table.loc["nearest_neighbour"], table.loc["same_hour_28d"]
    known = shared_hours(rows)
    known = known[known["forecaster"] == "product"]
    values = [
        mine["rmse"] / naive["rmse"],
        1 - mine["rmse"] / neighbour["rmse"],
        1 - mine["rmse"] / prophet["rmse"],
        1 - mine["deviance"] / prophet["deviance"],
        1 - mine["pinball"] / prophet["pinball"],
        1 - mine["pinball"] / naive["pinball"],
        1 - mine["pinball"] / same_hour["pinball"],
        mine["coverage_80"],
        mine["wape_day"],
        naive["wape_day"],
        mine["smape"],
        2 * float((known["messages"] > 0).mean()),
    ]
    return dict(zip(COLUMNS, values, strict=True))


def mean_over_chats(table: pd.DataFrame) -> pd.Series:
    """Ratios geometrically, the others plainly."""
    means = table.mean()
    means["÷naive"] = np.exp(np.log(table["÷naive"]).mean())
    for name in [column for column in COLUMNS if column.startswith("-")]:
        means[name] = 1 - np.exp(np.log(1 - table[name]).mean())
    return means


def print_times(series: pd.DataFrame) -> None:
    """Time fits and forecasts on the last 180 days, each of several days' ends."""
    fits, choices = [], []
    for back in range(6):
        end = len(series) - 24 * back
        trained_on, hours = (
            series.iloc[end - 180 * 24 - 24 : end - 24],
            pd.DatetimeIndex(series["hour"].iloc[end - 24 : end]),
        )
        trained_on = trained_on.reset_index(drop=True)
        begun = time.perf_counter()
        make_forecaster(AVERAGE, fit_curves(trained_on)[0], trained_on).forecast(trained_on, hours)
        fitted = time.perf_counter()
        train(trained_on)
        choices.append(time.perf_counter() - fitted)
        fits.append(fitted - begun)
    print(f"fit and forecast of a day: median {np.median(fits[1:]):.2f} s")
    print(f"a training with the comparison of all methods: median {np.median(choices[1:]):.2f} s")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("chats", nargs="*")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_intermixed_args()
    with (given.folder / "index.csv").open() as file:
        zones = {row["chat"]: row["timezone"] for row in csv.DictReader(file)}
    table, kept = {}, []
    with ProcessPoolExecutor(given.jobs) as pool:
        for chat in given.chats or zones:
            series = read_chat(given.folder, chat, zones[chat])
            last = LocalDay.containing(series["hour"].iloc[-1].to_pydatetime(), zones[chat])
            days = [last.plus(-back) for back in range(given.days, 0, -given.every)]
            rows = pd.concat(pool.map(one_origin, [(chat, series, day) for day in days]), ignore_index=True)
            table[chat] = figures(rows, series)
            kept.append(rows)
            print(f"{chat:<24}" + "".join(f"{value:>9.3f}" for value in table[chat].values()), flush=True)
    print(f"{'':<24}" + "".join(f"{name:>9}" for name in COLUMNS))
    print(f"{'mean':<24}" + "".join(f"{value:>9.3f}" for value in mean_over_chats(pd.DataFrame(table).T)))
    print("\n".join(f"{name:>9}: {words}" for name, words in COLUMNS.items()))
    if given.out:
        pd.concat(kept, ignore_index=True).to_parquet(given.out)
    print_times(series)


if __name__ == "__main__":
    main()
