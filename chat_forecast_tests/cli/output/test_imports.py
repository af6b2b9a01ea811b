"""What an archive holds and lacks, and what its change made again."""

import dataclasses
from datetime import UTC, date, datetime

from chat_forecast.app.archive_changes import Remade
from chat_forecast.app.archive_gaps import Gap
from chat_forecast.cli.output.gaps import REASONS, print_gaps
from chat_forecast.cli.output.imports import print_imports, print_remade
from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.settings.models import Chat
from chat_forecast.storage.archive_ledger import ImportRecord, Ledger
from chat_forecast_tests.cli.output.screens import at_each_width, expect_readable, seen

CHAT = Chat(slug="my-chat", source="export", timezone="Europe/Berlin", first_day=date(2026, 5, 1))
DAY = LocalDay.parse("2026-05-12", "Europe/Berlin")
REMADE = Remade((DAY, DAY.plus(1)), forecasts=9, scores=1, models=2, newest=DAY.plus(8))


def test_one_line_says_what_was_made_again_and_what_was_not():
    made = "days made again: 2 (2026-05-12 to 2026-05-13), with the 9 forecasts and 1 score that look back to them"
    not_made = (
        "; not trained again: 2 models. To train one now: chat-forecast backfill my-chat --from 2026-05-20 --to 2026-05-20"
    )
    assert seen(print_remade, "my-chat", REMADE) == f"{made}{not_made}\n"
    assert seen(print_remade, "my-chat", dataclasses.replace(REMADE, models=0)) == f"{made}\n"
    assert seen(print_remade, "my-chat", None) == seen(print_remade, "my-chat", Remade()) == ""


@at_each_width
def test_the_list_of_imports_fits_the_terminal_with_long_names_too(width):
    spans, at = ReadIntervals.of((DAY.start, DAY.plus(300).start)), datetime(2026, 11, 7, tzinfo=UTC)
    held = HeldChat(chat_id=-1001234567890, title="A title of many words and letters")
    long = ImportRecord(1, spans, 1_234_567, 1_234_567, at, "ChatExport_2026-11-07/result.json", held)
    short = ImportRecord(2, ReadIntervals(), 1, 1)
    text = seen(print_imports, CHAT, Ledger((long, short)), width=width)
    expect_readable(text, width)
    assert "1,234,567" in text
    assert "2027-03-08" in text


@at_each_width
def test_the_list_of_gaps_fits_the_terminal(width):
    gaps = [Gap(DAY.start, DAY.plus(30).end, reason) for reason in REASONS]
    expect_readable(seen(print_gaps, CHAT, gaps, width=width), width)
