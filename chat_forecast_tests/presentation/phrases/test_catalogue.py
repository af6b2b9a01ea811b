import string
from datetime import date
from typing import get_args

import pandas as pd
import pytest

from chat_forecast.presentation.phrases.catalogue import PLURAL_FORMS, Phrases, phrases_of
from chat_forecast.settings.known_values import known_languages
from chat_forecast.settings.models import Chat, SourceName

ENGLISH = phrases_of("en")
OTHERS = [language for language in known_languages() if language != "en"]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def all_forms(text) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def test_english_and_russian_are_there():
    assert known_languages() == ["en", "ru"]
    assert Chat.model_fields["language"].default == "en"


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_phrases_and_placeholders_of_english(language):
    phrases = phrases_of(language)
    assert list(phrases) == list(ENGLISH)
    for key, text in ENGLISH.items():
        assert isinstance(phrases[key], str) == isinstance(text, str), key
        wanted = placeholders(all_forms(text)[-1])
        assert all(placeholders(form) == wanted for form in all_forms(phrases[key])), key


@pytest.mark.parametrize("language", known_languages())
def test_a_phrase_that_depends_on_a_number_has_each_form_of_its_language(language):
    phrases = Phrases(language)
    forms = {phrases.locale.plural_form(number) for number in [*range(200), 0.5, 1.5]}
    for key, text in phrases_of(language).items():
        if not isinstance(text, str):
            assert set(text) == forms, key
            assert set(text) <= PLURAL_FORMS


@pytest.mark.parametrize("language", known_languages())
def test_every_source_of_messages_has_its_name(language):
    assert {f"about.source_{source}" for source in get_args(SourceName)} <= set(phrases_of(language))


def test_numbers_dates_and_weeks_are_written_as_the_language_writes_them():
    english, russian = Phrases("en"), Phrases("ru")
    assert (english.number(12345.67, 1), russian.number(12345.67, 1)) == ("12,345.7", "12\xa0345,7")
    assert english.date(date(2026, 11, 4), "full") == "Wednesday, November 4, 2026"
    assert russian.date(date(2026, 11, 4), "full") == "среда, 4 ноября 2026"
    assert (english.month(date(2026, 11, 4)), russian.month(date(2026, 11, 4))) == ("November 2026", "ноябрь 2026")
    assert next(iter(english.weekdays().values())) == "Mon"
    assert next(iter(russian.weekdays().values())) == "пн"
    assert (english.percent(-0.123, signed=True), russian.percent(0.5, signed=True)) == ("−12%", "+50\xa0%")
    assert english.percent(-0.001, signed=True) == "+0%"


def test_a_count_takes_its_grammatical_number():
    russian = Phrases("ru")
    said = [russian.count("history.days", number) for number in (1, 2, 5, 21, 1000)]
    assert said == ["1 день", "2 дня", "5 дней", "21 день", "1\xa0000 дней"]
    assert Phrases("en").count("yesterday.lead", 1) == "There was 1 message."


def test_a_figure_that_is_not_known_is_a_dash():
    phrases = Phrases("en")
    assert phrases.number(None) == phrases.number(pd.NA) == phrases.percent(float("nan"), signed=True) == "–"
