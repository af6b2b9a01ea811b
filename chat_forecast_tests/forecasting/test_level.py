import numpy as np
import pytest

from chat_forecast.forecasting.level import MOST_MOVE, find_levels


def levels(actual, fitted):
    return find_levels(np.array(actual, float), np.array(fitted, float), np.full(len(actual), 24.0))


def factors(actual, fitted):
    return levels(actual, fitted).factors


def test_a_curve_that_is_right_is_left_alone():
    assert factors([50] * 30, [50] * 30).tolist() == [1.0] * 31


def test_a_doubled_level_is_mostly_reached_within_a_week():
    assert factors([50] * 30 + [100] * 7, [50] * 37)[-1] == pytest.approx(1.65, abs=0.02)


def test_a_day_changes_only_the_factors_after_it():
    before, after = factors([50] * 20, [50] * 20), factors([50] * 10 + [90] + [50] * 9, [50] * 20)
    assert before[:11].tolist() == after[:11].tolist()
    assert after[11] > 1.1


@pytest.mark.parametrize("burst", [75, 100, 500, 50_000])
def test_a_day_alone_moves_the_level_a_little_and_for_days(burst):
    found = levels([50] * 30 + [burst] + [50] * 6, [50] * 37)
    assert (found.factors <= MOST_MOVE + 1e-9).all()
    assert (found.most <= MOST_MOVE * found.factors.max() + 1e-9).all()


@pytest.mark.parametrize("burst", [100, 50_000])
def test_two_bursts_a_week_apart_move_the_level_no_further_than_one(burst):
    week = [burst] + [50] * 6
    assert (factors([50] * 30 + week * 2, [50] * 44) <= MOST_MOVE + 0.02).all()


@pytest.mark.parametrize("unread", [1, 3, 20])
def test_a_burst_after_unread_days_moves_the_level_no_further(unread):
    actual, fitted = [50] * 30 + [0] * unread + [5000], [50] * 30 + [0] * unread + [50]
    hours = np.repeat([24.0, 0.0, 24.0], [30, unread, 1])
    assert find_levels(np.array(actual, float), np.array(fitted, float), hours).factors[-1] <= MOST_MOVE + 1e-9


def test_a_few_known_hours_confirm_no_burst():
    actual, fitted = np.array([50.0] * 30 + [9, 5000]), np.array([50.0] * 30 + [3, 50])
    hours = np.array([24.0] * 30 + [2, 24])
    assert find_levels(actual, fitted, hours).factors[-1] <= MOST_MOVE**2


def test_a_day_in_a_quiet_chat_moves_little_whatever_chance_brings_beside_it():
    for before in (0, 2, 6):
        usual, moved = (factors([2] * 30 + [before, last], [2] * 32)[-1] for last in (2, 500))
        assert moved <= 1.25 * usual


def plain_level(actual, fitted):
    """The level if every day counts in full."""
    recent, weights = np.array(actual[-56:], float), 0.5 ** (np.arange(len(actual[-56:]))[::-1] / 2)
    caution = 10 + recent[:-1].mean()
    return ((weights * recent).sum() + caution) / ((weights * np.array(fitted[-56:])).sum() + caution)


def test_a_second_busy_day_makes_the_first_one_count_too():
    once, twice = [50] * 30 + [200], [50] * 30 + [200, 200]
    assert factors(once, [50] * 31)[-1] == pytest.approx(MOST_MOVE)
    assert 0.9 * plain_level(twice, [50] * 32) < factors(twice, [50] * 32)[-1] < plain_level(twice, [50] * 32)


def test_a_quieter_day_counts_in_full_at_once():
    quiet = [50] * 30 + [10]
    assert factors(quiet, [50] * 31)[-1] == pytest.approx(plain_level(quiet, [50] * 31), rel=1e-9)


def test_an_unread_day_only_lets_older_days_fade():
    actual, fitted, hours = np.array([[100.0, 0, 0], [50.0, 0, 0], [24.0, 0, 0]])
    found = find_levels(actual, fitted, hours).factors
    assert found[1] > found[2] > found[3] > 1


def test_days_of_silence_lead_towards_zero_and_not_below():
    silent = factors([50] * 30 + [0] * 90, [50] * 120)
    assert 0 <= silent[-1] < 1e-6


def test_nothing_on_either_side_is_no_change():
    assert factors([0] * 5, [0] * 5).tolist() == [1.0] * 6
