import numpy as np
import pytest

from chat_forecast.forecasting.level import LEAST_MOVE, MOST_MOVE, find_levels


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
    assert after[11] > 1.15


@pytest.mark.parametrize("burst", [75, 100, 500, 50_000])
def test_a_day_that_no_neighbour_confirms_moves_the_level_by_less_than_a_quarter(burst):
    found = levels([50] * 30 + [burst] + [50] * 6, [50] * 37)
    assert (found.factors <= 1.25).all()
    assert (found.most <= MOST_MOVE * found.factors.max()).all()


def test_a_day_beyond_anything_seen_says_nothing_about_the_next():
    found = levels([50] * 30 + [500], [50] * 31)
    assert found.factors[-1] == pytest.approx(1, abs=0.05)
    assert found.most[-1] == pytest.approx(LEAST_MOVE)


def test_a_second_busy_day_makes_the_first_one_count_in_full():
    once, twice = factors([50] * 30 + [200], [50] * 31), factors([50] * 30 + [200, 200], [50] * 32)
    weights = 0.5 ** (np.arange(32)[::-1] / 2)
    caution = (54 * 50 + 2 * 200 - 24 * 50) / 32
    plain = ((weights * ([50] * 30 + [200] * 2)).sum() + caution) / ((weights * 50).sum() + caution)
    assert once[-1] < 1.1
    assert twice[-1] == pytest.approx(plain, rel=0.02)


def test_a_quieter_day_counts_in_full_at_once():
    weights = 0.5 ** (np.arange(31)[::-1] / 2)
    caution = (30 * 50 + 10) / 31
    plain = ((weights * ([50] * 30 + [10])).sum() + caution) / ((weights * 50).sum() + caution)
    assert factors([50] * 30 + [10], [50] * 31)[-1] == pytest.approx(plain, rel=1e-9)


def test_an_unread_day_only_lets_older_days_fade():
    actual, fitted, hours = np.array([[100.0, 0, 0], [50.0, 0, 0], [24.0, 0, 0]])
    found = find_levels(actual, fitted, hours).factors
    assert found[1] > found[2] > found[3] > 1


def test_days_of_silence_lead_towards_zero_and_not_below():
    silent = factors([50] * 30 + [0] * 90, [50] * 120)
    assert 0 <= silent[-1] < 1e-6


def test_nothing_on_either_side_is_no_change():
    assert factors([0] * 5, [0] * 5).tolist() == [1.0] * 6
