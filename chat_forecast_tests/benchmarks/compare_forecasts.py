"""How the product's forecasts changed from one version to another, chat by chat.

``python -m chat_forecast_tests.benchmarks.compare_forecasts BEFORE AFTER``, both written by ``bench_forecast … --out``,
the first one in a checkout of the earlier version. Printed are ratios after ÷ before on the hours that are in both: RMSE,
Poisson deviance, pinball loss, WAPE of the day; the coverage of the 80% interval in both; and the geometric means.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.forecast_table import PROBABILITIES
from chat_forecast.forecasting.backtest import LEAST_MEAN, PRODUCT

RATIOS = ["RMSE", "deviance", "pinball", "day"]


def figures(rows: pd.DataFrame) -> dict[str, float]:
    """The product's losses on one chat."""
    actual, expected = rows["messages"], rows["expected"]
    days = rows.groupby("origin")[["messages", "expected"]].sum()
    return {
        "RMSE": metrics.rmse(actual, expected),
        "deviance": metrics.poisson_deviance(actual, np.maximum(expected, LEAST_MEAN)),
        "pinball": metrics.pinball(actual, {tau: rows[name] for name, tau in PROBABILITIES.items()}),
        "day": metrics.wape(days["messages"], days["expected"]),
        "in80": metrics.pit_coverage(rows["below"], rows["at_most"]),
    }


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """A row a chat: the ratios, and both coverages."""
    tables = []
    for rows, other in ((before, after), (after, before)):
        product = rows[(rows["forecaster"] == PRODUCT) & rows["messages"].notna()]
        shared = product.merge(other[["chat", "origin", "hour"]].drop_duplicates(), on=["chat", "origin", "hour"])
        tables.append(pd.DataFrame({chat: figures(part) for chat, part in shared.groupby("chat")}).T)
    table = tables[1][RATIOS] / tables[0][RATIOS]
    return table.assign(**{"in80 before": tables[0]["in80"], "in80 after": tables[1]["in80"]})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    given = parser.parse_args()
    table = compare(pd.read_parquet(given.before), pd.read_parquet(given.after))
    means = table.mean()
    means[RATIOS] = np.exp(np.log(table[RATIOS]).mean())
    print(pd.concat([table, means.to_frame("mean").T]).round(4).to_string())


if __name__ == "__main__":
    main()
