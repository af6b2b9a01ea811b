"""Configuration files for tests."""

import textwrap
from datetime import date

from chat_forecast.settings.reading import load_chats, load_chats_file

TODAY = date(2026, 7, 1)
GOOD = """\
# My chats.
[chats.my-chat]            # the one that matters
source = "export"
timezone = "Europe/Moscow"
first_day = 2023-01-01     # the export begins here
"""


def load(path, text):
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return load_chats(path, TODAY)


def load_file(path, text):
    """The same, with the chats that are put aside."""
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return load_chats_file(path, TODAY)
