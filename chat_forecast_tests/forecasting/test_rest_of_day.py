import numpy as np
import pytest

from chat_forecast.forecasting.distributions import NegativeBinomial
from chat_forecast.forecasting.rest_of_day import ratios, update_rest

MIDNIGHT = NegativeBinomial(np.full(24, 10.0), np.full(24, 2.0))


def counts(*values):
    return np.array([*values, *[np.nan] * (24 - len(values))], dtype=float)


def test_a_day_as_expected_is_left_alone():
    rest = update_rest(counts(*[10] * 12), MIDNIGHT, 12)
    assert rest.hours.mean == pytest.approx(MIDNIGHT.mean)
    assert rest.so_far == 120
    assert rest.expected == pytest.approx(240)


def test_a_busy_hour_raises_the_next_ones_and_hardly_the_evening():
    rest = update_rest(counts(*[10] * 11, 40), MIDNIGHT, 12)
    raised = rest.hours.mean[12:] / 10
    assert raised[0] == pytest.approx(1.4, abs=0.1)
    assert raised[-1] < 1.1
    assert (np.diff(raised) < 0).all()
    assert rest.hours.mean[:12].tolist() == [10] * 12


def test_hours_that_were_not_read_say_nothing_and_stay_open_in_the_total():
    rest = update_rest(counts(10, np.nan, 10), MIDNIGHT, 3)
    assert rest.hours.mean == pytest.approx(MIDNIGHT.mean)
    assert rest.so_far == 20
    assert rest.expected == pytest.approx(240)


def test_what_is_counted_after_the_hours_that_are_over_is_not_looked_at():
    assert update_rest(counts(*[10] * 3, 500), MIDNIGHT, 3).expected == update_rest(counts(*[10] * 3), MIDNIGHT, 3).expected


def test_of_the_hour_under_way_the_part_that_is_left_is_expected():
    rest = update_rest(counts(10, 10, 10), MIDNIGHT, 3, under_way=(7, 0.75))
    assert rest.so_far == 37
    assert rest.expected == pytest.approx(37 + 2.5 + 200)


def test_the_total_is_known_better_from_hour_to_hour_and_wholly_at_the_end():
    widths = []
    for over in (0, 6, 12, 18, 24):
        low, high = update_rest(counts(*[10] * over), MIDNIGHT, over).quantiles(0.1, 0.9)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == 0


def test_a_quiet_chat_is_not_moved_far_by_a_few_messages():
    quiet = NegativeBinomial(np.full(24, 0.05), np.full(24, 0.2))
    assert update_rest(counts(0, 0, 3), quiet, 3).expected < 3 + 24 * 0.05 * 6


def test_ratios_look_back_with_a_half_life_of_an_hour():
    mean, seen = np.full(24, 10.0), counts(30, 10)
    caution = 0.05 * 240
    assert ratios(seen, mean)[2] == pytest.approx((15 + 10 + caution) / (5 + 10 + caution))
