"""Which of several exports holds which stretch of time."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.storage.replacing import Holding, held, is_inside

START = pd.Timestamp("2026-07-01T00:00Z")


def at(minutes):
    return START + pd.Timedelta(minutes=minutes)


def export(first, end):
    """An export from one minute to another one; whole hours are those of UTC."""
    return Holding.of(at(first), at(end), at(first).ceil("h"))


def stretches(*pairs):
    return ReadIntervals.of(*((at(start), at(end)) for start, end in pairs))


def test_the_export_that_ends_later_holds_all_that_it_covers():
    assert held([export(0, 600), export(300, 900)]) == [stretches((0, 300)), stretches((300, 900))]
    assert held([export(300, 900), export(0, 600)]) == [stretches((300, 900)), stretches((0, 300))]


def test_of_two_with_the_same_end_the_longer_one_holds_all():
    assert held([export(0, 600), export(300, 600)]) == [stretches((0, 600)), stretches()]


def test_the_hour_in_which_one_begins_stays_with_an_older_one_that_has_all_of_it():
    assert held([export(0, 600), export(310, 900)]) == [stretches((0, 360)), stretches((360, 900))]
    assert held([export(0, 330), export(310, 900)]) == [stretches((0, 310)), stretches((310, 900))]


def test_what_an_export_does_not_hold_any_more_it_never_holds_again():
    older = Holding(export(0, 600).covers, at(0), stretches((0, 100)))
    assert held([older]) == [stretches((0, 100))]


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 600)), min_size=1, max_size=6), st.randoms())
def test_each_instant_that_any_export_covers_is_held_by_one_whatever_the_order(pairs, chance):
    exports = [export(first, first + length) for first, length in dict.fromkeys(pairs)]
    shares = held(exports)
    assert ReadIntervals.joined(shares) == ReadIntervals.joined(each.covers for each in exports)
    lengths = [sum((end - start).total_seconds() for start, end in share.intervals) for share in shares]
    total = ReadIntervals.joined(shares)
    assert sum(lengths) == sum((end - start).total_seconds() for start, end in total.intervals)
    shuffled = chance.sample(range(len(exports)), len(exports))
    again = held([exports[place] for place in shuffled])
    assert [again[shuffled.index(place)] for place in range(len(exports))] == shares


def test_what_is_inside_begins_with_a_stretch_and_ends_before_its_end():
    instants = pd.Series([at(0), at(9), at(10), at(20)])
    assert is_inside(instants, stretches((0, 10))).tolist() == [True, True, False, False]


def test_a_holding_is_stored_and_read():
    for each in (export(0, 90), Holding()):
        assert Holding.from_plain(each.to_plain()) == each
