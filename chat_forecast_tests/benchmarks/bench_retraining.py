"""What each rule of retraining costs in trainings, and loses in accuracy against training every night.

``python -m chat_forecast_tests.benchmarks.bench_retraining [FOLDER of Parquet chats with an index.csv] [--days 84]``

Walks over the last days of each chat, as it is and with an artificial break in the middle of them (the level times 4,
divided by 4, everything 8 hours later), forecasts every day with the newest model that the rule has had trained, and
prints for each rule: trainings a chat, and how much higher RMSE and Poisson deviance are than with a training a night (mean
over chats, and the worst chat). Without the folder it takes three simulated chats.
"""

import argparse
import csv
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import evaluate_rule, relation_to_same_hour
from chat_forecast.domain.scoring import SCORE_COLUMNS, score_day
from chat_forecast.forecasting import HISTORY_DAYS, FittedForecaster
from chat_forecast.forecasting.baselines import forecast_baselines
from chat_forecast.forecasting.curve_forecaster import make_forecaster
from chat_forecast.forecasting.methods import fit_curves, methods_of
from chat_forecast.settings.models import Check
from chat_forecast.sources.simulated import SimulatedSource
from chat_forecast_tests.benchmarks.chats import read_chat

TRAINING_DAYS = 180


def by_check(scores: pd.DataFrame, check: Check) -> bool:
    """The product's own rules."""
    return not evaluate_rule(scores, check).passed


def by_tolerance(scores: pd.DataFrame, tolerance: float) -> bool:
    """The product's rule, with another share by which the simple mean may be exceeded."""
    verdict = evaluate_rule(scores, Check())
    figures = verdict.figures | {"tolerance": tolerance}
    is_worse = "rmse" in figures and relation_to_same_hour(figures) == "above"
    return is_worse or by_age(scores, Check().max_model_age_days)


def by_age(scores: pd.DataFrame, days: int) -> bool:
    return int(scores["model_age_days"].iloc[-1]) >= days


def by_baseline(scores: pd.DataFrame) -> bool:
    return bool(scores["skill"].iloc[-1] < 0)


RULES: dict[str, Callable[[pd.DataFrame], bool]] = {
    "every night": lambda _scores: True,
    "sMAPE above 0.05 (the original's)": partial(by_check, check=Check(rule="smape", smape_threshold=0.05)),
    "sMAPE above 0.9": partial(by_check, check=Check(rule="smape")),
    "every 7 days": partial(by_age, days=7),
    "every 14 days": partial(by_age, days=14),
    "every 28 days": partial(by_age, days=28),
    "yesterday worse than the week before": by_baseline,
    "relative (the default)": partial(by_check, check=Check()),
    "relative, 0% above": partial(by_tolerance, tolerance=0.0),
    "relative, 1% above": partial(by_tolerance, tolerance=0.01),
    "relative, 5% above": partial(by_tolerance, tolerance=0.05),
    "never": lambda _scores: False,
}
BREAKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda counts: counts,
    "level × 4": lambda counts: counts * 4,
    "level ÷ 4": lambda counts: np.floor(counts / 4 + 0.5),
    "8 hours later": lambda counts: np.roll(counts, 8),
}


@dataclass
class Walk:
    """One chat, whose models are trained once for all rules."""

    series: pd.DataFrame
    timezone: str
    models: dict[LocalDay, FittedForecaster] = field(default_factory=dict)

    def before(self, day: LocalDay, days: int) -> pd.DataFrame:
        starts = pd.DatetimeIndex(self.series["hour"])
        low, high = starts.searchsorted([day.plus(1 - days).start, day.end])
        return self.series.iloc[low:high].reset_index(drop=True)

    def trained(self, day: LocalDay) -> FittedForecaster:
        if day not in self.models:
            series = self.before(day, TRAINING_DAYS)
            curves, _ = fit_curves(series)
            name = next(iter(methods_of(curves)))
            self.models[day] = make_forecaster(name, methods_of(curves)[name], series)
        return self.models[day]

    def follow(self, rule: Callable[[pd.DataFrame], bool], first: LocalDay, last: LocalDay) -> tuple[int, float, float]:
        """Forecast the days by a rule: the trainings, the RMSE and the Poisson deviance."""
        through, trainings = first.plus(-1), 0
        scores: list[dict[str, object]] = []
        squared = deviance = 0.0
        hours = 0
        for day in first.until(last):
            history = self.before(day, HISTORY_DAYS)
            seen, actual = history[history["hour"] < day.start], history[history["hour"] >= day.start]
            forecast = self.trained(through).forecast(seen.reset_index(drop=True), day.hours)
            made = forecast.assign(forecaster="", trained_through=through.key)
            score = score_day(
                actual.reset_index(drop=True), made, forecast_baselines(seen, pd.DatetimeIndex(actual["hour"]))
            )
            scores.append(score)
            if score["hours_scored"]:
                known = int(score["hours_scored"])
                hours += known
                squared += float(score["squared_error"])
                deviance += known * float(score["deviance"])
            if rule(pd.DataFrame(scores[-30:], columns=list(SCORE_COLUMNS))):
                through, trainings = day, trainings + 1
        return trainings, float(np.sqrt(squared / hours)), deviance / hours


def walk_chat(job: tuple[str, pd.DataFrame, str, int, str]) -> list[dict[str, object]]:
    """Follow every rule on one chat with one break."""
    name, series, timezone, days, kind = job
    last = LocalDay.containing(series["hour"].iloc[-1].to_pydatetime(), timezone).plus(-1)
    first = last.plus(1 - days)
    counts = to_floats(series["messages"])
    is_after = (series["hour"] >= first.plus(days // 3).start).to_numpy()
    broken = np.where(is_after, BREAKS[kind](counts), counts)
    walk = Walk(series.assign(messages=pd.array(broken, dtype="Int64")), timezone)
    rows = []
    for rule, decide in RULES.items():
        trainings, rmse, deviance = walk.follow(decide, first, last)
        rows.append({"chat": name, "break": kind, "rule": rule, "trainings": trainings, "rmse": rmse, "deviance": deviance})
    return rows


def chats(folder: Path | None) -> Iterator[tuple[str, pd.DataFrame, str]]:
    """The chats of a folder that are old enough, or simulated ones."""
    if folder is None:
        zone, first = "Europe/Moscow", LocalDay.parse("2025-01-01", "Europe/Moscow")
        days = list(first.until(first.plus(299)))
        for seed in range(3):
            batches = SimulatedSource(seed, zone).read_days(days)
            series = pd.concat([count_by_hour(batch, day) for day, batch in zip(days, batches, strict=True)])
            yield f"simulated {seed}", series.reset_index(drop=True), zone
        return
    with (folder / "index.csv").open() as file:
        for row in csv.DictReader(file):
            series = read_chat(folder, row["chat"], row["timezone"])
            if len(series) > 24 * (84 + 60):
                yield row["chat"], series, row["timezone"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--days", type=int, default=84)
    parser.add_argument("--only", nargs="*", metavar="CHAT", help="these chats alone")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--breaks", nargs="*", default=list(BREAKS), choices=list(BREAKS))
    given = parser.parse_args()
    jobs = [
        (*chat, given.days, kind)
        for chat in chats(given.folder)
        if not given.only or chat[0] in given.only
        for kind in given.breaks
    ]
    with ProcessPoolExecutor(given.jobs) as pool:
        table = pd.DataFrame([row for rows in pool.map(walk_chat, jobs) for row in rows])
    for kind, part in table.groupby("break", sort=False):
        print(f"\n{kind} ({part['chat'].nunique()} chats, {given.days} days)")
        print(f"{'rule':<38} {'trainings':>9} {'RMSE':>8} {'worst':>8} {'deviance':>9} {'worst':>8}")
        nightly = part[part["rule"] == "every night"].set_index("chat")
        for rule in RULES:
            mine = part[part["rule"] == rule].set_index("chat")
            loss = {name: mine[name] / nightly[name] - 1 for name in ("rmse", "deviance")}
            figures = [f"{loss[name].mean():+8.2%} {loss[name].max():+8.2%}" for name in loss]
            print(f"{rule:<38} {mine['trainings'].mean():>9.1f} {figures[0]} {figures[1]:>18}")


if __name__ == "__main__":
    main()
