"""What ``status`` prints."""

import dataclasses

import pytest

from chat_forecast.app.health import ChatHealth
from chat_forecast.cli.output.health import print_health
from chat_forecast_tests.cli.output.screens import COLOURS, at_each_width, expect_readable, seen, sent

TICK = "2026-05-20T00:01:00+02:00"
WELL = ChatHealth(
    "my-chat", "export", next_tick=TICK, last_day_read="2026-05-19", model_trained_through="2026-05-08", model_age_days=11,
    score={"day": "2026-05-19", "skill": 0.123, "check_passed": True, "check": "good"},
)  # fmt: skip
LONG = "/a/path/of/many/folders/and/letters/my-chat/daily_score/2026-05-12 (copy).parquet is not a partition [/red]"
ILL = ChatHealth(
    "our-group_of_forty_letters_to_the_limit_", "telegram", next_tick=TICK, missing_days=["2026-05-12"] * 1200,
    concerns=[LONG, "late"], score={"day": "2026-05-19", "skill": None, "check_passed": False, "check": "bad"},
)  # fmt: skip


@at_each_width
@pytest.mark.parametrize("found", [[WELL], [WELL, ILL], []], ids=["well", "both", "none"])
def test_the_table_fits_the_terminal(found, width):
    text = seen(print_health, found, width=width)
    expect_readable("\n".join(line for line in text.splitlines() if not line.startswith("✗")), width)


def test_a_failed_check_is_said_until_the_model_was_trained_on_that_day():
    score = {"day": "2026-05-19", "skill": -0.2, "check_passed": False, "check": "bad"}
    before, after = (
        dataclasses.replace(WELL, score=score, model_trained_through=day) for day in ("2026-05-18", "2026-05-19")
    )
    assert "failed" in seen(print_health, [before])
    mended = seen(print_health, [after])
    assert "retrained" in mended
    assert "failed" not in mended


def test_a_chat_that_is_well_takes_one_line():
    lines = seen(print_health, [WELL]).splitlines()
    assert [cell.strip() for cell in lines[3].split("│")[1:-1]] == [
        "my-chat", "2026-05-19", "–", "+12%", "passed", "11 d", "05-20 00:01",
    ]  # fmt: skip


def test_a_chat_that_is_put_aside_and_one_that_has_ended_have_no_next_run():
    aside = ChatHealth("a chat", is_put_aside=True, concerns=["it is put aside: wrong"])
    ended = dataclasses.replace(WELL, next_tick=None, note="covered to 2026-05-19")
    lines = seen(print_health, [aside, ended]).splitlines()
    assert [cell.strip() for cell in lines[3].split("│")[1:-1]] == ['"a chat"', "put aside", *"–––––"]
    assert lines[4].split("│")[-2].strip() == "–"
    assert lines[-2:] == ['✗ "a chat": it is put aside: wrong', "– my-chat: covered to 2026-05-19"]


def test_what_needs_a_person_stands_below_unbroken_and_as_it_is():
    lines = seen(print_health, [WELL, ILL], width=60).splitlines()
    assert lines[-2:] == [f"✗ {ILL.chat}: {LONG}", f"✗ {ILL.chat}: late"]


def test_a_score_without_a_verdict_is_told_what_to_do():
    score = WELL.score | {"check_passed": None, "check": "no verdict; make it: chat-forecast rescore my-chat"}
    lines = seen(
        print_health, [ChatHealth("my-chat", "export", next_tick=TICK, last_day_read="2026-05-19", score=score)]
    ).splitlines()
    assert "│ none " in lines[3]
    assert lines[-1] == "– my-chat: no verdict; make it: chat-forecast rescore my-chat"


@pytest.mark.parametrize(
    ("scores", "trainings", "said"),
    [(1, 0, "1 score"), (2, 1, "2 scores and 1 training"), (0, 3, "3 trainings")],
)
def test_what_mlflow_lacks_is_told_without_alarm(scores, trainings, said):
    health = dataclasses.replace(WELL, owed_to_mlflow={"scores": scores, "trainings": trainings})
    assert seen(print_health, [health]).splitlines()[-1] == f"– my-chat: not in MLflow until the chat's next run: {said}"
    assert "\x1b[32mmy-chat" in sent(print_health, [health])


def test_colour_marks_the_chats_that_need_a_person():
    shown = sent(print_health, [WELL, ILL])
    assert "\x1b[32mmy-chat" in shown
    assert "\x1b[31mour-group" in shown
    assert not COLOURS.search(sent(print_health, [WELL, ILL], no_color=True))
