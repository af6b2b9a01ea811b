"""How well the rest of a day is known from its hours so far, and what the tests for unusual hours find.

``python -m chat_forecast_tests.benchmarks.bench_today FOLDER [CHAT …] [--days 154] [--before 0] [--jobs 2]
[--injected 7]``

FOLDER holds Parquet chats with an ``index.csv`` (see :mod:`.chats`). Each chat's last days are gone through with a training
every 14 days, but for the ``--before`` last: what was chosen on some days is tried on others. Printed are

- *rest of the day*: after so many hours, RMSE and Poisson deviance of the remaining hours ÷ those of the midnight forecast
  (geometric means over chats), the WAPE of the day's total, and the share of totals inside the 80% interval;
- *alerts*: events a chat-week, chat by chat, as the days were; the same for hours above the mean and three standard
  deviations of the same hour of 28 days;
- *found*: what is put into days without an event, every 5 minutes looked at: the share that is found before it is an hour
  past, and the median delay; beside them the figures of the prototype that the rules come from. Ten and five times are put
  in twice, of what came and of what was expected: it is not known which of them the prototype's figures mean.

With ``--jobs 1`` all fifteen open chats take three to four minutes of one core, the 266 days before them about as long.
"""

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.windows import RECENT_DAYS, SAME_HOUR_DAYS
from chat_forecast.forecasting import HISTORY_DAYS, train
from chat_forecast.forecasting.bursts import cap_bursts
from chat_forecast.forecasting.curve_forecaster import CurveForecaster
from chat_forecast.forecasting.dependent_hours import as_negative_binomials
from chat_forecast.forecasting.distributions import NegativeBinomial
from chat_forecast.forecasting.rest_of_day import update_rest
from chat_forecast.forecasting.unusual_events import join_hours
from chat_forecast.forecasting.unusual_hours import (
    Hours,
    Thresholds,
    find_thresholds,
    is_too_busy,
    is_too_silent,
    measure,
    most_in_a_burst,
)
from chat_forecast_tests.benchmarks.chats import Chat, hours_before, read_chats

TRAINED_EVERY = 14
LEAST_KNOWN_DAYS = 45
AFTER = (0, 3, 6, 9, 12, 15, 18, 21)
STEP = 5.0
CLASSES = {"quiet (< 2 an hour)": 2.0, "middle (2–8)": 8.0, "lively (8–20)": 20.0, "busy (> 20)": np.inf}
PROTOTYPE = {
    "raid, +200 in 20 min": ("100%, 5 min", "100%, 5 min", "", "90%, 15 min"),
    "+40 in a night hour": ("98%, 20 min", "93%, 20 min", "", "22%"),
    "×10 for an hour at the busy time": ("6%", "38%, 45 min", "", "80%, 25 min"),
    "10 times the expected": ("6%", "38%, 45 min", "", "80%, 25 min"),
    "×5 from noon on": ("1%", "42%, 5 h", "", "88%, 4 h"),
    "5 times the expected": ("1%", "42%, 5 h", "", "88%, 4 h"),
    "silence of 3 h at the busy time": ("1%", "6%", "", "66%, 2 h"),
    "outage from noon on": ("0%", "54%, 8 h", "", "100%, 3 h"),
}


@dataclass(frozen=True)
class Days:
    """Some days of a chat after a training, those before them, and their messages in minutes since 1970."""

    hours: Hours
    starts: Floats
    minutes: Floats
    judged: list[int]

    def cut(self, day: int) -> "Days":
        """One day with the one before it."""
        chosen = (self.hours.days == day) | (self.hours.days == day - 1)
        midnight = NegativeBinomial(self.hours.midnight.mean[chosen], self.hours.midnight.size[chosen])
        parts = (values[chosen] for values in (self.hours.days, self.hours.counts, self.hours.bursts))
        starts = self.starts[chosen]
        low, high = np.searchsorted(self.minutes, [starts[0], starts[-1] + 60])
        return Days(Hours(*parts, midnight, self.hours.is_over[chosen]), starts, self.minutes[low:high], [day])

    def seen_at(self, instant: float, minutes: Floats) -> Hours:
        """What is known of the hours at an instant, if these were the messages."""
        read = minutes[minutes < instant]
        bounds = np.append(self.starts, self.starts[-1] + 60)
        is_known = (self.starts < instant) & ~np.isnan(self.hours.counts)
        return replace(
            self.hours,
            counts=np.where(is_known, np.diff(np.searchsorted(read, bounds)), np.nan),
            bursts=np.where(is_known, most_in_a_burst(read, bounds), np.nan),
            is_over=self.starts + 60 <= instant,
        )


def days_of(chat: Chat, minutes: Floats, days: int, before: int) -> Iterator[Days]:
    """The last days before the ``before`` last, in stretches of :data:`TRAINED_EVERY`, each with the 56 days before it."""
    for back in range(days + before, before, -TRAINED_EVERY):
        through = chat.last.plus(-back)
        trained_on = hours_before(chat, through.plus(1), 180)
        if trained_on["messages"].notna().sum() < 24 * LEAST_KNOWN_DAYS:
            continue
        model = train(trained_on).fitted
        last = min(through.plus(TRAINED_EVERY), chat.last)
        series = hours_before(chat, last.plus(1), HISTORY_DAYS + RECENT_DAYS)
        first = through.plus(1 - RECENT_DAYS)
        rows = series[series["hour"] >= first.start]
        assert isinstance(model, CurveForecaster)
        midnight = as_negative_binomials(model.replay(cap_bursts(series), first.start))
        instants = pd.DatetimeIndex(rows["hour"])
        starts = instants.tz_convert("UTC").as_unit("us").asi8 / 6e7
        counts = to_floats(rows["messages"])
        bursts = np.where(np.isnan(counts), np.nan, most_in_a_burst(minutes, np.append(starts, starts[-1] + 60)))
        numbers = day_numbers(instants)
        hours = Hours(numbers, counts, bursts, midnight, np.ones(len(counts), dtype=bool))
        judged = sorted({int(day) for day in numbers[instants >= through.end]})
        yield Days(hours, starts, minutes, judged)


def rest_rows(days: Days) -> Iterator[dict[str, float]]:
    """What is known of each judged day after so many of its hours."""
    for day in days.judged:
        chosen = days.hours.days == day
        counts = days.hours.counts[chosen]
        midnight = NegativeBinomial(days.hours.midnight.mean[chosen], days.hours.midnight.size[chosen])
        if np.isnan(counts).any():
            continue
        for over in AFTER:
            rest = update_rest(counts, midnight, over)
            left, updated, before = counts[over:], rest.hours.mean[over:], midnight.mean[over:]
            total = np.array([left.sum()])
            yield {
                "after": over,
                "squared": ((left - updated) ** 2).sum(),
                "squared_before": ((left - before) ** 2).sum(),
                "deviance": np.nansum(metrics.poisson_deviances(left, updated)),
                "deviance_before": np.nansum(metrics.poisson_deviances(left, before)),
                "off": abs(counts.sum() - rest.expected),
                "total": counts.sum(),
                "below": rest.total.at_most(total - 1)[0],
                "at_most": rest.total.at_most(total)[0],
            }


def alarms_of(days: Days) -> tuple[list[Hours], list[tuple[np.ndarray, np.ndarray, np.ndarray]], dict[int, Thresholds]]:
    """The hours of the judged days, which of them alarm (busy, silent, three deviations), and the days' thresholds."""
    signals, parts, alarms, limits = measure(days.hours), [], [], {}
    plain = plain_alarms(days)
    for day in days.judged:
        found = find_thresholds(days.hours, signals, day, RECENT_DAYS)
        if found is None:
            continue
        limits[day] = found
        chosen = days.hours.days == day
        busy, silent = is_too_busy(days.hours, signals, found), is_too_silent(signals, found)
        parts.append(pick(days.hours, chosen))
        alarms.append((busy[chosen], silent[chosen], plain[chosen]))
    return parts, alarms, limits


def plain_alarms(days: Days) -> np.ndarray:
    """Hours above the mean and three standard deviations of the same hour of 28 days."""
    counts = days.hours.counts
    by_day = pd.DataFrame({"day": days.hours.days, "clock": ((days.starts / 60) % 24).astype(int), "count": counts})
    table = by_day.pivot_table(index="day", columns="clock", values="count", aggfunc="sum")
    past = table.shift().rolling(SAME_HOUR_DAYS, min_periods=7)
    limit = (past.mean() + 3 * past.std()).stack()
    keys = pd.MultiIndex.from_frame(by_day[["day", "clock"]])
    return np.asarray(counts > limit.reindex(keys).to_numpy())


def pick(hours: Hours, chosen: np.ndarray) -> Hours:
    """Some of the hours."""
    midnight = NegativeBinomial(hours.midnight.mean[chosen], hours.midnight.size[chosen])
    return Hours(hours.days[chosen], hours.counts[chosen], hours.bursts[chosen], midnight, hours.is_over[chosen])


def joined(parts: list[Hours]) -> Hours:
    """Hours of days that follow one another."""
    columns = [np.concatenate(values) for values in zip(*((p.days, p.counts, p.bursts) for p in parts), strict=True)]
    mean, size = (np.concatenate([getattr(part.midnight, name) for part in parts]) for name in ("mean", "size"))
    midnight = NegativeBinomial(mean, size)
    return Hours(*columns, midnight, np.ones(len(columns[0]), dtype=bool))


def event_rates(parts: list[Hours], alarms: list[tuple[np.ndarray, ...]]) -> dict[str, float]:
    """Events a week; nothing where no day could be looked at."""
    if not parts:
        return {}
    hours, weeks = joined(parts), len(parts) / 7
    busy, silent, plain = (np.concatenate(values) for values in zip(*alarms, strict=True))
    is_above = hours.counts > hours.midnight.quantiles([0.9])[:, 0]
    found = [
        len(join_hours("busy", hours, busy, is_above)),
        len(join_hours("silent", hours, silent, hours.counts == 0)),
        len(join_hours("busy", hours, plain, is_above)),
    ]
    return {"days": len(parts), "busy": found[0] / weeks, "silent": found[1] / weeks, "3σ": found[2] / weeks}


Change = Callable[[Days, np.random.Generator], tuple[float, float, Floats]]
"""From a day: when the change begins and ends, and the messages with it."""


def busiest(day: Days) -> float:
    """When the hour of the day begins of which most is expected."""
    today = day.hours.days == day.judged[0]
    return float(day.starts[today][day.hours.midnight.mean[today].argmax()])


def added(day: Days, begin: float, length: float, count: int, rng: np.random.Generator) -> tuple[float, float, Floats]:
    """The day with messages added at random."""
    return begin, begin + length, np.sort(np.concatenate([day.minutes, rng.uniform(begin, begin + length, count)]))


def repeated(day: Days, begin: float, end: float, factor: int, rng: np.random.Generator) -> tuple[float, float, Floats]:
    """The day with each message of a stretch written several times in its hour: times what came."""
    inside = np.repeat(day.minutes[(day.minutes >= begin) & (day.minutes < end)], factor - 1)
    hour = day.starts[np.searchsorted(day.starts, inside, side="right") - 1]
    more = hour + rng.uniform(0, 60, len(inside))
    return begin, end, np.sort(np.concatenate([day.minutes, more]))


def raised(day: Days, begin: float, end: float, factor: int, rng: np.random.Generator) -> tuple[float, float, Floats]:
    """The day with messages added at random to each hour of a stretch: times what was expected."""
    inside = (day.starts >= begin) & (day.starts < end)
    counts = rng.poisson((factor - 1) * day.hours.midnight.mean[inside])
    more = np.repeat(day.starts[inside], counts) + rng.uniform(0, 60, counts.sum())
    return begin, end, np.sort(np.concatenate([day.minutes, more]))


def without(day: Days, begin: float, end: float) -> tuple[float, float, Floats]:
    """The day without the messages of a stretch."""
    return begin, end, day.minutes[(day.minutes < begin) | (day.minutes >= end)]


def night(day: Days) -> float:
    """When the hour of the day begins of which least is expected."""
    today = day.hours.days == day.judged[0]
    return float(day.starts[today][day.hours.midnight.mean[today].argmin()])


def noon(day: Days) -> float:
    """Noon."""
    return float(day.starts[day.hours.days == day.judged[0]][12])


def until_midnight(day: Days) -> float:
    """The day's end."""
    return float(day.starts[-1] + 60)


CHANGES: dict[str, Change] = {
    "raid, +200 in 20 min": lambda day, rng: added(day, busiest(day) + rng.uniform(0, 40), 20, 200, rng),
    "+40 in a night hour": lambda day, rng: added(day, night(day), 60, 40, rng),
    "×10 for an hour at the busy time": lambda day, rng: repeated(day, busiest(day), busiest(day) + 60, 10, rng),
    "10 times the expected": lambda day, rng: raised(day, busiest(day), busiest(day) + 60, 10, rng),
    "×5 from noon on": lambda day, rng: repeated(day, noon(day), until_midnight(day), 5, rng),
    "5 times the expected": lambda day, rng: raised(day, noon(day), until_midnight(day), 5, rng),
    "silence of 3 h at the busy time": lambda day, _rng: without(day, busiest(day) - 60, busiest(day) + 120),
    "outage from noon on": lambda day, _rng: without(day, noon(day), until_midnight(day)),
}


def found_rows(days: Days, limits: dict[int, Thresholds], injected: int, rng: np.random.Generator) -> Iterator[dict]:
    """Put each change into some of the days, and look every few minutes until it is found or an hour past."""
    usable = [day for day in sorted(limits) if day - 1 in days.hours.days]
    for day in rng.permutation(usable)[:injected].tolist():
        cut = days.cut(day)
        if np.isnan(cut.hours.counts).any():
            continue
        for name, change in CHANGES.items():
            begin, end, minutes = change(cut, rng)
            is_silence = "silence" in name or "outage" in name
            first = np.floor(begin / STEP) * STEP + STEP
            looks = np.arange(first, min(end + 60, until_midnight(cut)) + 1, STEP)
            if alarms_at(cut, looks[-1], cut.minutes, limits[day], begin, is_silence):
                continue  # it would alarm as it was
            delay = next((at - begin for at in looks if alarms_at(cut, at, minutes, limits[day], begin, is_silence)), np.nan)
            yield {"change": name, "found": not np.isnan(delay), "delay": delay}


def alarms_at(day: Days, at: float, minutes: Floats, limits: Thresholds, begin: float, is_silence: bool) -> bool:
    """Whether anything from ``begin`` on alarms, as seen at an instant."""
    hours = day.seen_at(at, minutes)
    signals = measure(hours)
    alarms = is_too_silent(signals, limits) if is_silence else is_too_busy(hours, signals, limits)
    return bool(alarms[day.starts + 60 > begin].any())


def one_chat(job: tuple[Path, Chat, int, int, int]) -> tuple[str, float, pd.DataFrame, dict[str, float], pd.DataFrame]:
    """All rows of one chat."""
    folder, chat, last_days, before, injected = job
    rng = np.random.default_rng(14)
    sent_at = pd.to_datetime(pd.read_parquet(folder / f"{chat.name}.parquet")["sent_at"], utc=True)
    minutes = np.sort(pd.DatetimeIndex(sent_at).as_unit("us").asi8 / 6e7)
    rest, parts, alarms, found = [], [], [], []
    for days in days_of(chat, minutes, last_days, before):
        rest += list(rest_rows(days))
        more, its_alarms, limits = alarms_of(days)
        parts, alarms = parts + more, alarms + its_alarms
        found += list(found_rows(days, limits, injected, rng))
    mean = float(np.nanmean(to_floats(chat.series["messages"])))
    return chat.name, mean, pd.DataFrame(rest), event_rates(parts, alarms), pd.DataFrame(found)


def print_rest(tables: list[pd.DataFrame]) -> None:
    """Print a row for each number of hours."""
    rows = {}
    for after in AFTER:
        parts = [table[table["after"] == after] for table in tables]
        sums = [part.sum() for part in parts]
        covered = [metrics.pit_coverage(part["below"], part["at_most"]) for part in parts]
        rows[after] = {
            "days": sum(len(part) for part in parts),
            "RMSE": np.exp(np.mean([np.log(each["squared"] / each["squared_before"]) / 2 for each in sums])),
            "deviance": np.exp(np.mean([np.log(each["deviance"] / each["deviance_before"]) for each in sums])),
            "WAPE of the total": np.mean([each["off"] / each["total"] for each in sums]),
            "in80": np.mean(covered),
            "chats from": min(covered),
            "to": max(covered),
        }
    print("\nrest of the day\n" + pd.DataFrame(rows).T.astype({"days": int}).round(3).to_string())


def print_found(found: dict[str, tuple[float, pd.DataFrame]]) -> None:
    """Print what was found in each class of chats, beside the prototype's figures."""
    print("\nfound")
    bounds = dict(zip(CLASSES, zip([0.0, *CLASSES.values()], CLASSES.values(), strict=False), strict=True))
    rows = []
    for change, others in PROTOTYPE.items():
        row = {"change": change}
        for (name, (low, high)), other in zip(bounds.items(), others, strict=True):
            tables = [table for mean, table in found.values() if low <= mean < high]
            part = pd.concat(tables) if tables else pd.DataFrame({"change": [], "found": [], "delay": []})
            part = part[part["change"] == change]
            words = f"{part['found'].mean():.0%} of {len(part)}, {part['delay'].median():.0f} min" if len(part) else "–"
            row[name] = words + (f" ({other})" if other else "")
        rows.append(row)
    print(pd.DataFrame(rows).set_index("change").to_string())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("chats", nargs="*")
    parser.add_argument("--days", type=int, default=154)
    parser.add_argument("--before", type=int, default=0, help="as many days at the end are left out")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--injected", type=int, default=7, help="changed days for each training")
    given = parser.parse_args()
    chats = read_chats(given.folder, given.chats)
    jobs = [(given.folder, chat, given.days, given.before, given.injected) for chat in chats]
    with ProcessPoolExecutor(given.jobs) as pool:
        results = [result for result in pool.map(one_chat, jobs) if result[3]]
    print_rest([rest for _, _, rest, _, _ in results])
    rates = pd.DataFrame({name: {"mean an hour": mean, **each} for name, mean, _, each, _ in results}).T
    rates["all"] = rates["busy"] + rates["silent"]
    print("\nevents a chat-week\n" + pd.concat([rates, rates.mean().to_frame("mean").T]).round(2).to_string())
    print_found({name: (mean, table) for name, mean, _, _, table in results})


if __name__ == "__main__":
    main()
