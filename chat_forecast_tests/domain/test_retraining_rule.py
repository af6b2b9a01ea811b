from dataclasses import dataclass

import pandas as pd
import pytest

from chat_forecast.domain.retraining_rule import evaluate_rule, relation_to_same_hour


@dataclass(frozen=True)
class Settings:
    rule: str = "relative"
    window_days: int = 7
    max_model_age_days: int = 14
    smape_threshold: float = 0.9


SCORED = {
    "trained_through": "2026-01-17",
    "messages": 48,
    "hours_scored": 24,
    "model_age_days": 3,
    "smape": 0.7,
    "squared_error": 24.0,
    "same_hour_hours": 24,
    "same_hour_squared_error": 96.0,
}
BY_NO_MODEL = SCORED | {"trained_through": None, "model_age_days": None}
UNREAD = SCORED | {name: None for name in SCORED if name != "model_age_days"} | {"hours_scored": 0}
UNFORECAST = dict.fromkeys(SCORED) | {"messages": 48, "hours_scored": 0}


def make_scores(*days):
    """Scores of days up to the 20th, in the types in which they are stored."""
    dates = pd.date_range(end="2026-01-20", periods=len(days)).strftime("%Y-%m-%d")
    floats = {"smape", "squared_error", "same_hour_squared_error"}
    kinds = {name: "float64" if name in floats else "Int64" for name in SCORED} | {"trained_through": "str"}
    table = pd.DataFrame(list(days)).astype(kinds)
    return table.assign(day=dates)


def test_a_good_forecast_by_a_young_model_passes():
    verdict = evaluate_rule(make_scores(SCORED, SCORED), Settings())
    assert verdict.passed
    assert verdict.reason == (
        "RMSE 1.00 over 2 scored days is not above the 2.00 of the 28-day same-hour mean; "
        "the model is 3 days old (limit: 14)"
    )
    numbers = {"rmse": 1.0, "same_hour_rmse": 2.0, "days_compared": 2, "model_age_days": 3, "tolerance": 0.02}
    assert verdict.figures == numbers | {"window_days": 7, "max_model_age_days": 14}


def test_a_week_worse_than_the_same_hours_mean_fails():
    worse = SCORED | {"squared_error": 999.0}
    verdict = evaluate_rule(make_scores(SCORED, worse), Settings())
    assert not verdict.passed
    assert "is above the 2.00 of the 28-day same-hour mean" in verdict.reason
    assert "days old" not in verdict.reason


@pytest.mark.parametrize(("times", "passed"), [(1.0, True), (1.019, True), (1.021, False)])
def test_a_model_that_is_the_mean_itself_is_not_worse_than_it(times, passed):
    verdict = evaluate_rule(make_scores(SCORED | {"squared_error": 96.0 * times**2}), Settings())
    assert verdict.passed is passed
    assert relation_to_same_hour(verdict.figures | {"tolerance": 0}) == ("not_above" if times == 1 else "above")


def test_numbers_that_differ_little_are_told_apart_in_the_reason():
    like = SCORED | {"squared_error": 96.01}
    verdict = evaluate_rule(make_scores(like), Settings())
    assert "RMSE 2.0001 over 1 scored day is within 2% of the 2.0000 of" in verdict.reason
    strict = Settings(rule="smape", smape_threshold=0.699)
    assert evaluate_rule(make_scores(SCORED), strict).reason == "sMAPE 0.700 is above the threshold 0.699"


def test_a_model_of_yesterday_is_one_day_old():
    assert "the model is 1 day old" in evaluate_rule(make_scores(SCORED | {"model_age_days": 1}), Settings()).reason


def test_a_bad_day_within_a_good_week_passes():
    bad = SCORED | {"squared_error": 200.0}
    assert evaluate_rule(make_scores(*[SCORED] * 6, bad), Settings()).passed
    assert not evaluate_rule(make_scores(*[SCORED] * 6, bad), Settings(window_days=1)).passed


def test_days_before_the_window_do_not_count():
    terrible = SCORED | {"squared_error": 1e6}
    assert evaluate_rule(make_scores(terrible, *[SCORED] * 7), Settings()).passed


@pytest.mark.parametrize(("age", "passed"), [(13, True), (14, False), (15, False)])
def test_a_model_fails_on_the_day_it_is_as_old_as_allowed(age, passed):
    verdict = evaluate_rule(make_scores(SCORED | {"model_age_days": age}), Settings())
    assert verdict.passed is passed
    assert f"the model is {age} days old" in verdict.reason


@pytest.mark.parametrize("rule", ["relative", "smape"])
def test_a_day_that_was_read_and_has_no_forecast_fails(rule):
    verdict = evaluate_rule(make_scores(SCORED, UNFORECAST), Settings(rule=rule))
    assert not verdict.passed
    assert verdict.reason == "2026-01-20 was read, and there was no forecast for it"


@pytest.mark.parametrize("rule", ["relative", "smape"])
def test_a_forecast_that_was_withheld_fails_and_says_why(rule):
    words = "withheld: 28,373 messages are expected, the busiest of the last 56 known days had 130"
    verdict = evaluate_rule(make_scores(SCORED, UNFORECAST), Settings(rule=rule), withheld=words)
    assert not verdict.passed
    assert verdict.reason == f"2026-01-20 was read, and the forecast for it was {words}"


@pytest.mark.parametrize("rule", ["relative", "smape"])
def test_a_forecast_that_no_model_made_fails_so_that_one_is_trained(rule):
    verdict = evaluate_rule(make_scores(SCORED, BY_NO_MODEL), Settings(rule=rule))
    assert not verdict.passed
    assert verdict.reason == "the forecast for 2026-01-20 was made without a model"


@pytest.mark.parametrize("rule", ["relative", "smape"])
def test_a_missing_day_is_no_fault_of_the_forecast(rule):
    verdict = evaluate_rule(make_scores(SCORED, UNREAD), Settings(rule=rule))
    assert verdict.passed
    assert "no hour of 2026-01-20 was read" in verdict.reason


def test_a_chat_that_is_read_no_more_is_not_trained_again_for_ever():
    worse = SCORED | {"squared_error": 1e6}
    verdict = evaluate_rule(make_scores(worse, worse, UNREAD | {"model_age_days": 20}), Settings())
    assert verdict.passed


def test_nothing_to_compare_passes_and_says_so():
    verdict = evaluate_rule(make_scores(SCORED | {"same_hour_hours": 0, "same_hour_squared_error": None}), Settings())
    assert verdict.passed
    assert "nothing to compare" in verdict.reason


@pytest.mark.parametrize(("threshold", "passed"), [(0.7, True), (0.69, False)])
def test_the_original_rule_compares_one_days_smape_with_a_threshold(threshold, passed):
    scores = make_scores(SCORED | {"smape": 9.9, "model_age_days": 99}, SCORED | {"model_age_days": 99})
    verdict = evaluate_rule(scores, Settings(rule="smape", smape_threshold=threshold))
    assert verdict.passed is passed
    assert verdict.figures == {"smape": 0.7, "smape_threshold": threshold}


def test_no_score_at_all_is_refused():
    with pytest.raises(ValueError, match="found none"):
        evaluate_rule(make_scores(SCORED).iloc[:0], Settings())
