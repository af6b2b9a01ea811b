"""That the tables of MLflow's artifacts are written as pandas would write them."""

import numpy as np
import pandas as pd

from chat_forecast.tracking.records import to_table

HOURS = pd.date_range("2026-10-24 22:00", periods=24, freq="h", tz="Europe/Berlin").as_unit("us")


def some_hours(rng):
    """A table with a column of every type that one may have, and numbers of all sizes."""

    def maybe(values):
        return [None if rng.random() < 0.2 else value for value in values]

    return pd.DataFrame(
        {
            "hour": HOURS,
            "whole": pd.array(maybe(10 ** rng.integers(0, 17, 24)), dtype="Int64"),
            "float": rng.normal(size=24) * 10.0 ** rng.integers(-8, 14, 24),
            "half": maybe(rng.integers(0, 100_000, 24) / 20_000),
            "flag": pd.array(maybe(rng.random(24) < 0.5), dtype="boolean"),
            "text": pd.array(maybe(['aé"<ё/\\'] * 24), dtype="str"),
            "unknown": pd.array([None] * 24, dtype="str"),
        }
    )


def test_a_table_is_written_as_pandas_writes_it():
    rng = np.random.default_rng(9)
    for _ in range(20):
        table = some_hours(rng)
        texts = table.assign(hour=[hour.isoformat() for hour in HOURS])
        assert to_table(table) == texts.to_json(orient="split", index=False, double_precision=4).encode()
    assert to_table(table.iloc[:0]) == texts.iloc[:0].to_json(orient="split", index=False).encode()
