"""What ``backtest`` prints."""

import pandas as pd

from chat_forecast.cli.output.backtests import print_backtest
from chat_forecast.forecasting.backtest import SUMMARY_COLUMNS
from chat_forecast_tests.cli.output.screens import at_each_width, expect_readable, seen
from chat_forecast_tests.presentation.reports.stored import make_chat

ROWS = pd.DataFrame({"origin": ["2026-05-01", "2026-05-01", "2026-05-02"]})
SUMMARY = pd.DataFrame(
    [
        dict.fromkeys(SUMMARY_COLUMNS, 1.2345) | {"forecaster": "product", "hours": 48, "coverage_80": 0.8, "skill": 0.25},
        dict.fromkeys(SUMMARY_COLUMNS, 123.4) | {"forecaster": "seasonal_naive", "hours": 48, "coverage_80": None},
    ]
)
COMPARED = pd.DataFrame(
    [
        {"forecaster": "seasonal_naive", "rmse": 0.25, "rmse_low": 0.1, "rmse_high": 0.4, "pinball": None},
        {"forecaster": "prophet", "rmse": None, "rmse_low": None, "rmse_high": None, "pinball": None},
    ]
)


@at_each_width
def test_the_comparison_fits_the_terminal_and_explains_its_columns(width):
    text = seen(print_backtest, make_chat(), ROWS, SUMMARY, COMPARED, width=width)
    expect_readable(text, width)
    words = " ".join(text.split())
    assert "my-chat: backtest of 2 days, 48 hours that all of them forecast" in words
    for heading, meaning in (("RMSE", "of the mean"), ("skill", "1 − RMSE ÷ that of the week before")):
        assert f"{heading}: {meaning}." in words
    assert "error avoided against seasonal_naive: RMSE +25.0% (+10.0% to +40.0%)" in words
    assert "against prophet" not in words


def test_a_narrow_terminal_explains_only_the_columns_it_has():
    text = " ".join(seen(print_backtest, make_chat(), ROWS, SUMMARY, COMPARED, width=60).split())
    assert "RMSSE" not in text
    assert "+25%" in text


def test_a_backtest_without_a_shared_hour_prints_an_empty_table():
    empty = pd.DataFrame(columns=list(SUMMARY_COLUMNS))
    assert "backtest of 2 days, 0 hours" in seen(print_backtest, make_chat(), ROWS, empty, COMPARED.iloc[:0])
