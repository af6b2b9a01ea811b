"""That tables put side by side are what a merge by the hour gives."""

import pandas as pd
import pytest

from chat_forecast.domain.hour_join import join_on_hour
from chat_forecast.domain.local_day import LocalDay

HOURS = LocalDay.parse("2026-03-29", "Europe/Berlin").hours
COUNTS = pd.DataFrame({"hour": HOURS, "messages": pd.array([None, *range(len(HOURS) - 1)], dtype="Int64")})
FORECAST = pd.DataFrame({"hour": HOURS, "expected": 1.5, "forecaster": "a method"})


@pytest.mark.parametrize("how", ["inner", "left"])
@pytest.mark.parametrize("right", [FORECAST, FORECAST[3:9], FORECAST[::-1], FORECAST[:0]], ids=len)
def test_tables_side_by_side_are_what_a_merge_by_the_hour_gives(right, how):
    right = right.reset_index(drop=True)
    pd.testing.assert_frame_equal(join_on_hour(COUNTS, right, how), COUNTS.merge(right, on="hour", how=how))
