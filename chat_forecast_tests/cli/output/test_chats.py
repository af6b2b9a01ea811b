"""What ``show`` and ``run`` print of a chat."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from chat_forecast.app.overview import gather_overview
from chat_forecast.cli.output.chats import overview_figures, print_overview, print_retraining
from chat_forecast.domain.changes import Change
from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS
from chat_forecast.settings.models import Check
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partition_content import NotedTable
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.cli.output.screens import COLOURS, ESCAPE, at_each_width, expect_readable, seen, sent
from chat_forecast_tests.damage import WAYS, every_way
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat, store_whole_chat

CHAT = make_chat("loud-chat")
LAST = FIRST.plus(79)


@pytest.fixture(scope="module")
def whole_chat(tmp_path_factory):
    """A chat of which everything is stored."""
    root = tmp_path_factory.mktemp("whole")
    store_whole_chat(Storages(str(root), Locks(root / "locks")).of(CHAT))
    return root


@pytest.fixture
def storage(whole_chat, tmp_path):
    """What is looked at of it, copied."""
    for asset in ("hourly_series", "next_day_forecast", "daily_score"):
        (tmp_path / CHAT.slug / asset).mkdir(parents=True)
        for day in LAST.plus(-8).until(LAST):
            name = f"{CHAT.slug}/{asset}/{day.key}.parquet"
            shutil.copy(whole_chat / name, tmp_path / name)
    return Storages(str(tmp_path), Locks(tmp_path / "locks")).of(CHAT)


def overview_of(storage, chat=CHAT, day=LAST):
    return gather_overview(chat, storage, day)


@at_each_width
def test_forecast_scores_and_verdict_fit_the_terminal(storage, width):
    text = seen(print_overview, overview_of(storage), width=width)
    expect_readable(text, width)
    assert "loud-chat: Wednesday 2026-05-20, 143 messages expected" in text
    assert "│ 12:00 │     10.0 │     10 │       3 – 20 │" in text
    assert "times in Europe/Berlin" in text
    assert "│ 2026-05-19 │      207 │" in text
    assert "good enough: RMSE" in " ".join(text.split())
    assert "Unusual on 2026-05-19: 90 messages at 12:00, 10 expected" in text
    assert ESCAPE not in text


def test_a_narrow_terminal_keeps_what_matters_most(storage):
    wide, narrow = (seen(print_overview, overview_of(storage), width=width) for width in (80, 60))
    for heading in ("pinball", "in 80%"):
        assert heading in wide
        assert heading not in narrow
    assert "skill" in narrow
    bars = [line.split("│")[5] for line in narrow.splitlines() if line.startswith("│ 12:00")]
    assert [len(bar) - 2 for bar in bars] == [13]
    assert "█" not in seen(print_overview, overview_of(storage), width=50)


def test_colours_tell_good_from_bad_and_go_where_they_are_not_wanted(storage):
    shown = sent(print_overview, overview_of(storage))
    assert "\x1b[32m✓\x1b[0m good enough" in shown
    assert not COLOURS.search(sent(print_overview, overview_of(storage), no_color=True))


def test_the_verdict_shown_is_the_one_stored_whatever_the_rule_is_now(storage):
    strict = make_chat("loud-chat", check=Check(rule="smape", smape_threshold=0.0001))
    assert "✓ good enough: RMSE" in seen(print_overview, overview_of(storage, strict))
    assert overview_figures(overview_of(storage, strict))["check"]["rule"] == "relative"


def test_a_failed_verdict_is_shown_with_its_reason(storage):
    row = storage.frame("daily_score", LAST)
    storage.write("daily_score", LAST, row.assign(verdict_passed=False, verdict_reason="RMSE 9 is above the 5 allowed"))
    assert "✗ not good enough: RMSE 9 is above the 5 allowed" in seen(print_overview, overview_of(storage))


def test_a_day_on_which_nothing_was_judged_is_not_called_good(storage):
    row, reason = storage.frame("daily_score", LAST), f"nothing to score: no hour of {LAST.key} was read"
    storage.write("daily_score", LAST, row.assign(verdict_passed=True, verdict_reason=reason, verdict_figures="{}"))
    assert f"✓ {reason}" in seen(print_overview, overview_of(storage))


def test_a_score_without_a_verdict_says_how_to_make_one(storage):
    row = storage.frame("daily_score", LAST)
    storage.write("daily_score", LAST, row.assign(**dict.fromkeys(VERDICT_COLUMNS)).astype(row.dtypes))
    words = f"no verdict is stored with the score of {LAST.key}; make it: chat-forecast rescore loud-chat"
    assert f"– {words}" in seen(print_overview, overview_of(storage), width=60).splitlines()
    assert overview_figures(overview_of(storage))["check"] == {"passed": None, "rule": None, "reason": words}


def note(storage, day, table, **notes):
    storage.write("next_day_forecast", day, NotedTable(table, notes))


def test_a_day_that_cannot_be_forecast_says_why(storage):
    empty = storage.frame("next_day_forecast", LAST).iloc[:0]
    note(storage, LAST, empty, reason="the last known hour is 29 days old")
    text = seen(print_overview, overview_of(storage))
    assert text.startswith("loud-chat: no forecast for 2026-05-20: the last known hour is 29 days old\n")
    assert "█" not in text
    figures = overview_figures(overview_of(storage))
    assert (figures["forecast"], figures["no_forecast"]) == (None, "the last known hour is 29 days old")


def test_an_empty_forecast_of_version_0_1_0_had_no_model(storage):
    storage.write("next_day_forecast", LAST, storage.frame("next_day_forecast", LAST).iloc[:0])
    assert seen(print_overview, overview_of(storage)).startswith(
        "loud-chat: no forecast for 2026-05-20: there was no model yet\n"
    )


def test_a_withheld_forecast_is_not_shown_but_why(storage):
    note(storage, LAST, storage.frame("next_day_forecast", LAST), withheld="withheld: 28,373 messages are expected [red]")
    text = seen(print_overview, overview_of(storage))
    assert "loud-chat: no forecast for 2026-05-20: withheld: 28,373 messages are expected \n[red]\n" in text
    assert "143" not in text.partition("scores")[0]
    assert overview_figures(overview_of(storage))["forecast"] is None


def test_unusual_hours_are_not_told_by_a_withheld_forecast(storage):
    assert "Unusual" in seen(print_overview, overview_of(storage))
    before = LAST.plus(-1)
    note(storage, before, storage.frame("next_day_forecast", before), withheld="withheld: it cannot be")
    assert "Unusual" not in seen(print_overview, overview_of(storage))


def test_a_forecast_that_no_model_made_says_so(storage):
    table = storage.frame("next_day_forecast", LAST).assign(forecaster="same_hour", trained_through=None)
    note(storage, LAST, table, reason="there is no trained model yet", source="same_hour")
    text = seen(print_overview, overview_of(storage))
    assert "same_hour; times in Europe/Berlin" in text
    assert "– not made by the model: there is no trained model yet\n" in text
    assert overview_figures(overview_of(storage))["not_by_model"] == "there is no trained model yet"


def test_a_chat_of_which_nothing_is_stored_prints_nothing(tmp_path):
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(CHAT)
    assert seen(print_overview, overview_of(storage)) == ""


def test_a_simulated_chat_is_marked(storage):
    text = seen(print_overview, overview_of(storage, make_chat("loud-chat", source="simulated")))
    assert "loud-chat (simulated): Wednesday 2026-05-20" in text
    assert "loud-chat (simulated): scores" in text


@every_way
@pytest.mark.parametrize(
    ("asset", "day"),
    [
        ("next_day_forecast", LAST),
        ("next_day_forecast", LAST.plus(-1)),
        ("daily_score", LAST),
        ("daily_score", LAST.plus(-3)),
        ("hourly_series", LAST),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_rest_is_shown(storage, asset, day, damage):
    path = Path(storage.url(asset, day))
    damage(path)
    overview = overview_of(storage)
    lines = seen(print_overview, overview, width=60).splitlines()
    (fault,) = [line for line in lines if line.startswith("✗ /")]
    assert fault.startswith(f"✗ {path} {WAYS[damage]}")  # on one line, to be copied
    text = "\n".join(lines)
    assert ("143 messages expected" in text) == ((asset, day) != ("next_day_forecast", LAST))
    assert "loud-chat: scores" in text
    assert ("Unusual on" in text) == (asset == "daily_score" or (asset, day) == ("next_day_forecast", LAST))
    assert overview_figures(overview)["faults"] == overview.faults


def test_retraining_is_told_with_its_day():
    assert seen(print_retraining, LAST) == f"The score failed its check: the model was retrained, through {LAST.key}.\n"
    assert seen(print_retraining, None).endswith(": not retrained.\n")


def test_that_the_chat_changed_is_said_with_what_was_before(storage):
    change = Change("level", LAST.plus(-20).date, LAST.plus(-7).date, 97.4, 46.8)
    overview = replace(overview_of(storage), changes=(change,))
    assert "→ the chat changed: Since 2026-04-29 there are 47 messages a day instead of 97." in seen(
        print_overview, overview
    )
    (figures,) = overview_figures(overview)["changes"]
    assert figures == {
        "kind": "level", "since": "2026-04-29", "found": "2026-05-12", "before": 97.4, "after": 46.8, "weekday": None,
    }  # fmt: skip
    assert overview_of(storage).changes == ()
