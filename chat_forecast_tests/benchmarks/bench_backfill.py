"""Time, memory and disk of importing a real chat and backfilling all its days, and how good its forecasts are.

``python -m chat_forecast_tests.benchmarks.bench_backfill [FILE TIMEZONE [FIRST LAST]]``: without a file, the seed chat
``../shared/data/chats/tg-seed-yarolit.parquet`` in Europe/Moscow, 389 days.
"""

import os
import sys
import tempfile
from pathlib import Path

import pandas as pd

from chat_forecast_tests.benchmarks.processes import measure_command

SEED = Path(__file__).parents[3] / "shared/data/chats/tg-seed-yarolit.parquet"
CHAT = "chat"


def main(file: Path, timezone: str, *days: str) -> None:
    """Import, backfill and print."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        print(f"import: {measure_command(home, 'import', CHAT, str(file), '--timezone', timezone)}")
        span = [word for pair in zip(("--from", "--to"), days, strict=False) for word in pair]
        took = measure_command(home, "backfill", CHAT, *span)
        count = len(list((home / CHAT / "hourly_series").glob("*.parquet")))
        print(f"backfill of {count} days: {took}; {took.wall / count:.2f} s a day; Dagster runs: {runs(home)}")
        last = last_day(home)
        print(f"backfill of the last day again: {measure_command(home, 'backfill', CHAT, '--from', last, '--to', last)}")
        for name in (CHAT, "dagster", "mlflow"):
            print(f"on disk, {name}: {megabytes(home / name):.1f} MB")
        scores = pd.concat(pd.read_parquet(path) for path in sorted((home / CHAT / "daily_score").glob("*.parquet")))
        scored = scores[scores["hours_scored"] > 0]
        print(f"{len(scored)} days scored; means:")
        names = ["smape", "rmse", "pinball", "coverage_80", "seasonal_naive_rmse", "seasonal_naive_smape", "same_hour_rmse"]
        for name in names:
            print(f"  {name}: {scored[name].mean():.3f}")
        print(f"  RMSE ÷ RMSE of the same hour a week before: {ratio(scored):.3f}")


def ratio(scores: pd.DataFrame) -> float:
    """The mean RMSE beside that of the baseline, on the days that have both."""
    both = scores[scores["seasonal_naive_rmse"].notna()]
    return float(both["rmse"].mean() / both["seasonal_naive_rmse"].mean())


def last_day(home: Path) -> str:
    """The last day that was done."""
    return max(path.stem for path in (home / CHAT / "hourly_series").glob("*.parquet"))


def runs(home: Path) -> int:
    """How many runs Dagster has seen."""
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    with dg.DagsterInstance.get() as instance:
        return instance.get_runs_count()


def megabytes(folder: Path) -> float:
    """The size of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    main(*([Path(sys.argv[1]), *sys.argv[2:]] if len(sys.argv) > 2 else [SEED, "Europe/Moscow"]))
