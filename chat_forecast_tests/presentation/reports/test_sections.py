"""What a section says, in both languages."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.changes import Change
from chat_forecast.domain.retraining_rule import Verdict, evaluate_rule
from chat_forecast.domain.scoring import SCORE_COLUMNS
from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.facts import gather
from chat_forecast.presentation.reports.facts.trainings import TrainingNote
from chat_forecast.presentation.reports.sections.history import history_charts, history_section
from chat_forecast.presentation.reports.sections.month import month_section
from chat_forecast.presentation.reports.sections.tomorrow import tomorrow_section
from chat_forecast.presentation.reports.sections.trainings import trainings_section
from chat_forecast.presentation.reports.sections.verdicts import verdict_mark, verdict_sentence
from chat_forecast.presentation.reports.sections.yesterday import yesterday_section
from chat_forecast.settings.models import Check
from chat_forecast.storage.partition_content import NotedTable
from chat_forecast_tests.presentation.reports.stored import (
    FIRST,
    make_chat,
    store_forecasts,
    store_scores,
    store_series,
    store_training,
    usual,
)

CHAT = make_chat()
ENGLISH, RUSSIAN = Phrases("en"), Phrases("ru")


def judge(check: Check, withheld: str = "", **values) -> Verdict:
    """The verdict on one day's score, of which only these values are known."""
    row = dict.fromkeys(SCORE_COLUMNS) | {"day": "2026-05-12", "messages": 96, "hours_scored": 24} | values
    return evaluate_rule(pd.DataFrame([row]), check, withheld=withheld)


RELATIVE = {"same_hour_hours": 24, "squared_error": 24 * 4.1**2, "same_hour_squared_error": 24 * 3.8**2}


@pytest.mark.parametrize(
    ("verdict", "english", "russian"),
    [
        (
            judge(Check(), **RELATIVE, trained_through="2026-05-01", model_age_days=11),
            "The forecasts are not good enough: RMSE 4.10 over 1 scored day, above the 3.80 of the 28-day mean of the same "
            "hours.",
            "Проверка не пройдена: RMSE 4,10 за 1 оценённый день\xa0— больше, чем 3,80 у среднего тех же часов за 28 дней.",
        ),
        (
            judge(Check(), trained_through="2026-04-28", model_age_days=14),
            "The forecasts are not good enough: the model is 14 days old (limit: 14).",
            "Проверка не пройдена: возраст модели 14 дней (предел: 14).",
        ),
        (
            judge(Check(rule="smape", smape_threshold=0.9), trained_through="2026-05-01", smape=0.5),
            "The forecasts are good enough: sMAPE 0.50, not above the threshold 0.90.",
            "Проверка пройдена: sMAPE 0,50\xa0— не выше порога 0,90.",
        ),
        (
            judge(Check(), hours_scored=0),
            "The forecasts are not good enough: the day was read, and there was no forecast for it.",
            "Проверка не пройдена: день прочитан, но прогноза на него не было.",
        ),
        (
            judge(Check(), hours_scored=0, withheld="withheld: 9,000 messages are expected"),
            "The forecasts are not good enough: the forecast for the day was withheld, because its numbers were impossible "
            "for this chat.",
            "Проверка не пройдена: прогноз на этот день был скрыт: для этого чата такие числа невозможны.",
        ),
        (
            judge(Check()),
            "The forecasts are not good enough: the forecast for the day was made without a trained model.",
            "Проверка не пройдена: прогноз на этот день сделан без обученной модели.",
        ),
        (
            judge(Check(), messages=None, hours_scored=0),
            "The forecasts are good enough: no hour of the day was read, so there is nothing to score.",
            "Проверка пройдена: ни один час дня не прочитан, оценивать нечего.",
        ),
        (
            Verdict(passed=False, rule="newer", reason="something else", figures={"other": 1}),
            "The forecasts are not good enough: something else.",
            "Проверка не пройдена: something else.",
        ),
    ],
)
def test_a_verdict_is_phrased_from_what_is_stored_with_it(verdict, english, russian):
    assert verdict_sentence(verdict, ENGLISH) == english
    assert verdict_sentence(verdict, RUSSIAN) == russian
    assert verdict_mark(verdict, ENGLISH) == ("passed" if verdict.passed else "failed")


def test_where_no_verdict_is_stored_the_page_says_so(reports):
    storage = reports.storages.of(CHAT)
    store_series(storage, 40)
    store_training(storage, 30)
    store_forecasts(storage, 30, 39)
    store_scores(storage, 31, 39)
    for number in range(31, 40):  # as version 0.1.0 stored them
        day = FIRST.plus(number)
        score = storage.frame("daily_score", day)
        columns = [name for name in score if name.startswith("verdict")]
        storage.write("daily_score", day, score.assign(**dict.fromkeys(columns)))
    facts = gather(CHAT, storage)
    assert yesterday_section(facts, ENGLISH)["verdict"] == "No verdict is stored with the score of this day."
    assert {row[-1] for row in month_section(facts, ENGLISH)["rows"]} == {"–"}
    assert trainings_section(facts, RUSSIAN)["rows"][0][1] == "Первая модель."


@pytest.mark.parametrize(
    ("reason", "verdict", "why"),
    [
        (None, None, "–"),
        ("the model is 14 days old (limit: 14)", None, "The model is 14 days old (limit: 14)."),
        (None, judge(Check(), **RELATIVE, trained_through="2026-05-01"), "RMSE 4.10 over 1 scored day, above the 3.80"),
        (None, judge(Check(rule="smape"), trained_through="2026-05-01", smape=0.5), "Trained by hand or in a backfill"),
    ],
)
def test_why_a_model_was_trained_is_what_is_stored(whole_chat, reason, verdict, why):
    facts = gather(CHAT, whole_chat.of(CHAT))
    note = facts.trainings[0]
    changed = TrainingNote(**{**vars(note), "reason": reason, "verdict": verdict})
    row = trainings_section(type(facts)(CHAT, facts.days, trainings=(changed,)), ENGLISH)["rows"][0]
    assert row[1].startswith(why)


@pytest.mark.parametrize(
    ("before", "after", "days", "english", "russian"),
    [
        (0.18, 0.32, 7, "+18% before, +32% after", "до: +18\xa0%; после: +32\xa0%"),
        (0.18, None, 0, "+18% before; no day scored after it yet", "до: +18\xa0%; после: оценённых дней ещё нет"),
        (None, 0.32, 2, "+32% after (2 days so far)", "после: +32\xa0% (пока за 2 дня)"),
        (None, None, 0, "–", "–"),
    ],
)
def test_what_a_training_brought_is_said_also_while_it_is_not_known(whole_chat, before, after, days, english, russian):
    facts = gather(CHAT, whole_chat.of(CHAT))
    effect = {"skill_before": before, "skill_after": after, "days_after": days}
    notes = (TrainingNote(**{**vars(facts.trainings[0]), **effect}),)
    shown = type(facts)(CHAT, facts.days, trainings=notes)
    assert trainings_section(shown, ENGLISH)["rows"][0][-1] == english
    assert trainings_section(shown, RUSSIAN)["rows"][0][-1] == russian


def test_a_forecast_that_no_model_made_says_so(reports):
    storage = reports.storages.of(CHAT)
    store_series(storage, 30)
    store_forecasts(storage, 29, 29)
    made = storage.frame("next_day_forecast", FIRST.plus(29))
    storage.write("next_day_forecast", FIRST.plus(29), made.assign(forecaster="same_hour_28d", trained_through=None))
    said = tomorrow_section(gather(CHAT, storage), ENGLISH)["model"]
    assert said == "Method: 28-day mean of the same hours, because there was no trained model that could be used."


def test_a_withheld_forecast_is_named_and_not_shown(reports):
    storage = reports.storages.of(CHAT)
    store_series(storage, 30)
    store_forecasts(storage, 28, 29)
    for number in (28, 29):
        made = storage.frame("next_day_forecast", FIRST.plus(number)).assign(expected=7777.0)
        notes = {"withheld": "withheld: far more than ever"}
        storage.write("next_day_forecast", FIRST.plus(number), NotedTable(made, notes))
    facts = gather(CHAT, storage)
    section = tomorrow_section(facts, ENGLISH)
    assert section["sentences"][0].startswith("There is a forecast, but it is withheld")
    assert (section["rows"], section["detail"]) == ([], "withheld: far more than ever")
    assert "The forecast for this day was withheld" in yesterday_section(facts, ENGLISH)["sentences"][-1]
    page = reports.make(CHAT).read_text()
    assert "7777" not in page
    assert "7,777" not in page
    assert "no forecast" in reports.make_index([CHAT]).read_text()


@pytest.mark.parametrize(
    ("known_days", "english", "russian"),
    [
        (29, "There is no forecast yet, because the chat has no model.", "Прогноза пока нет"),
        (1, "There is no forecast, because the last known hour is 29 days old.", "последние данные получены 29 дней назад."),
        (0, "There is no forecast, because no hour of this chat has been read.", "не прочитан ни один час."),
    ],
)
def test_why_there_is_no_forecast_is_said(reports, known_days, english, russian):
    storage = reports.storages.of(CHAT)
    store_series(storage, 30, lambda day, _hour: 4 if day < known_days else None)
    facts = gather(CHAT, storage)
    assert tomorrow_section(facts, ENGLISH)["sentences"][0].startswith(english)
    assert russian in tomorrow_section(facts, RUSSIAN)["sentences"][0]


@pytest.mark.parametrize("phrases", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_no_sentence_ends_in_two_dots(whole_chat, phrases):
    facts = gather(CHAT, whole_chat.of(CHAT))
    sections = [tomorrow_section(facts, phrases), yesterday_section(facts, phrases), trainings_section(facts, phrases)]
    assert ".." not in str(sections)
    assert not np.any(["г." in str(section) for section in sections])


def test_the_history_says_how_the_chat_changed_and_marks_the_day(reports):
    def moved(day, hour):
        return usual(day, hour + (8 if day >= 60 else 0)) * (10 if hour % 2 else 8)

    store_series(reports.storages.of(CHAT), 80, moved)
    facts = gather(CHAT, reports.storages.of(CHAT))
    assert [change.kind for change in facts.changes] == ["hours"]
    assert facts.changes[0].since == FIRST.plus(60).date
    (english,), (russian,) = (history_section(facts, phrases)["changes"] for phrases in (ENGLISH, RUSSIAN))
    assert english == "Since April 30, 2026 most is written around 06:00 instead of 14:00."
    assert russian == "С 30 апреля 2026 больше всего пишут около 06:00, раньше\xa0— около 14:00."
    drawing = history_charts(facts, ENGLISH)["history"][0]
    assert [row["label"] for row in drawing["datasets"]["rows"] if "changed" in row] == ["Thursday, April 30, 2026"]
    assert ("changed", "The chat changed") in history_section(facts, ENGLISH)["legend"]


def test_the_history_of_a_chat_that_did_not_change_says_nothing_of_it(reports):
    store_series(reports.storages.of(CHAT), 80)
    assert history_section(gather(CHAT, reports.storages.of(CHAT)), ENGLISH)["changes"] == []


@pytest.mark.parametrize(
    ("change", "english", "russian"),
    [
        (
            Change("level", FIRST.date, FIRST.date, 97.0, 47.0),
            "Messages a day since March 1, 2026: 47 instead of 97.",
            "Сообщений в день с 1 марта 2026: 47 вместо 97.",
        ),
        (
            Change("weekdays", FIRST.date, FIRST.date, 0.13, 0.25, 5),
            "Share of the week's messages since March 1, 2026: Saturday 25% instead of 13%.",
            "Доля сообщений недели с 1 марта 2026: суббота\xa0— 25\xa0% вместо 13\xa0%.",
        ),
        (
            Change("hours", FIRST.date, FIRST.date, 20, 20),
            "Since March 1, 2026 people write at other hours of the day than before.",
            "С 1 марта 2026 пишут в другое время суток, чем раньше.",
        ),
    ],
)
def test_each_kind_of_change_has_its_sentence(reports, change, english, russian):
    store_series(reports.storages.of(CHAT), 3)
    facts = replace(gather(CHAT, reports.storages.of(CHAT)), changes=(change,))
    assert [history_section(facts, phrases)["changes"] for phrases in (ENGLISH, RUSSIAN)] == [[english], [russian]]
