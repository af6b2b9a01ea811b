"""How the day so far is said."""

import pytest

from chat_forecast.forecasting.known_events import KnownEvent
from chat_forecast.presentation.today import event_in_words


@pytest.mark.parametrize(("kind", "messages", "said"), [
    ("silent", 0, "Silence from Saturday 00:00 to 07:00: no messages, 24 expected."),
    ("silent", 7, "Unusually silent from Saturday 00:00 to 07:00: 7 messages, 24 expected."),
    ("busy", 90, "Busy from Saturday 00:00 to 07:00: 90 messages, 24 expected."),
])  # fmt: skip
def test_an_event_says_how_many_messages_came(kind, messages, said):
    event = KnownEvent.from_dict(
        {"kind": kind, "begin": "2026-11-28T00:00:00+03:00", "end": "2026-11-28T07:00:00+03:00", "is_over": True,
         "messages": messages, "expected": 24.1, "key": "a"}
    )  # fmt: skip
    assert event_in_words(event) == said
