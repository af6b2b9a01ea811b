"""Print what MLflow costs: ms for each logged score and registered model version on a new SQLite store.

Run it with ``python -m chat_forecast_tests.benchmarks.bench_tracking [DAYS]`` (400 days if not given).
"""

import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain.forecast_table import QUANTILES
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation.plots import draw_forecast
from chat_forecast.tracking.mlflow_store import Tracking

FIRST_DAY = LocalDay.parse("2025-01-01", "Europe/Berlin")
METRICS = {f"metric_{number}": number / 7 for number in range(16)}


def main(days: int) -> None:
    """Log and register that many days, then score them again, and print what each took."""
    with tempfile.TemporaryDirectory() as folder:
        tracking = Tracking(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts")
        start = time.perf_counter()
        tracking.prepare()
        print(f"make the store, imports included: {time.perf_counter() - start:.1f} s")
        picture = draw_forecast(forecast(FIRST_DAY), None, "a day")
        measure("log a score", days, lambda day: score(tracking, day, picture))
        measure("log it again", days, lambda day: score(tracking, day, picture))
        measure("register a model version", days, lambda day: register(tracking, day))
        report_size("store", Path(folder, "mlflow.db"), days)
        report_size("artifacts", Path(folder, "artifacts"), days)
        profiler = cProfile.Profile()
        profiler.runcall(score, tracking, FIRST_DAY.plus(days), picture)
        profiler.runcall(register, tracking, FIRST_DAY.plus(days))
        pstats.Stats(profiler).sort_stats("cumulative").print_stats("tracking/client|tracking.py|_save_model|lock", 25)


def measure(name: str, days: int, act: Callable[[LocalDay], object]) -> None:
    """Print the median and the time of the last tenth, which shows growth."""
    took = []
    for day in FIRST_DAY.until(FIRST_DAY.plus(days - 1)):
        start = time.perf_counter()
        act(day)
        took.append((time.perf_counter() - start) * 1000)
    last = took[-max(1, days // 10) :]
    print(f"{name}: {np.mean(took):.1f} ms (first {np.mean(took[: len(last)]):.1f}, last {np.mean(last):.1f})")


def score(tracking: Tracking, day: LocalDay, picture: bytes) -> None:
    """Log one score of common size."""
    table = hours(day).merge(forecast(day), on="hour")
    tracking.log_score("bench", day.key, "1", METRICS, table, picture, is_simulated=True)


def register(tracking: Tracking, day: LocalDay) -> None:
    """Register one model of common size."""
    tracking.register_model(
        "bench",
        day.key,
        {"name": "bench", "profile": np.linspace(0, 9, 1000).tolist()},
        day.timezone,
        data_span=(day.plus(-180).start, day.end),
        params={f"param_{number}": number for number in range(8)},
        metrics=METRICS,
        comparison=pd.DataFrame({"forecaster": ["climatology", "prophet"], "rmsse": [0.7, 0.6]}),
        is_simulated=True,
    )


def hours(day: LocalDay) -> pd.DataFrame:
    """The counts of a day."""
    return pd.DataFrame({"hour": day.hours, "messages": pd.array(range(len(day.hours)), "Int64")})


def forecast(day: LocalDay) -> pd.DataFrame:
    """A forecast of a day."""
    return pd.DataFrame({"hour": day.hours} | dict.fromkeys(("expected", "median", "smape_point", *QUANTILES), 2.5))


def report_size(name: str, path: Path, days: int) -> None:
    """Print the size of a file or a folder for each day."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    print(f"{name}: {sum(file.stat().st_size for file in files) / 1000 / days:.1f} kB a day")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
