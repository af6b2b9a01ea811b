import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation.phrases import unusual_hours, unusual_in_words

DAY = LocalDay.parse("2026-05-12", "Europe/Moscow")


def test_unusual_hours_are_said_with_what_was_expected():
    found = pd.DataFrame({"hour": DAY.hours[:3], "messages": [40, 1, 0], "expected": [2.2, 9.0, 0.44]})
    assert unusual_hours(found) == [
        "40 messages at 00:00, 2 expected",
        "1 message at 01:00, 9 expected",
        "0 messages at 02:00, 0.4 expected",
    ]
    assert unusual_hours(found.head(0)) == []


def test_of_many_unusual_hours_the_first_are_named_and_the_others_counted():
    assert unusual_in_words([]) == "No hour outside the 98% interval."
    assert unusual_in_words(["a", "b", "c", "d"]) == "Outside the 98% interval: a; b; c; 1 more hour."
