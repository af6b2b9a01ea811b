import string
from datetime import date
from typing import get_args

import pytest

from chat_forecast.presentation.reports.phrases import PLURAL_FORMS, Words, texts_of
from chat_forecast.settings.known_values import known_languages
from chat_forecast.settings.models import Chat, SourceName

ENGLISH = texts_of("en")
OTHERS = [language for language in known_languages() if language != "en"]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def all_forms(text) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def test_english_and_russian_are_there():
    assert known_languages() == ["en", "ru"]
    assert Chat.model_fields["language"].default == "en"


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_texts_and_placeholders_of_english(language):
    texts = texts_of(language)
    assert list(texts) == list(ENGLISH)
    for key, text in ENGLISH.items():
        assert isinstance(texts[key], str) == isinstance(text, str), key
        wanted = placeholders(all_forms(text)[-1])
        assert all(placeholders(form) == wanted for form in all_forms(texts[key])), key


@pytest.mark.parametrize("language", known_languages())
def test_a_text_that_depends_on_a_number_has_each_form_of_its_language(language):
    words = Words(language)
    forms = {words.locale.plural_form(number) for number in [*range(200), 0.5, 1.5]}
    for key, text in texts_of(language).items():
        if not isinstance(text, str):
            assert set(text) == forms, key
            assert set(text) <= PLURAL_FORMS


@pytest.mark.parametrize("language", known_languages())
def test_every_source_of_messages_has_its_name(language):
    assert {f"about.source_{source}" for source in get_args(SourceName)} <= set(texts_of(language))


def test_numbers_dates_and_weeks_are_written_as_the_language_writes_them():
    english, russian = Words("en"), Words("ru")
    assert (english.number(12345.67, 1), russian.number(12345.67, 1)) == ("12,345.7", "12\xa0345,7")
    assert english.date(date(2026, 11, 4), "full") == "Wednesday, November 4, 2026"
    assert russian.date(date(2026, 11, 4), "full") == "среда, 4 ноября 2026\u202fг."
    assert next(iter(english.weekdays().values())) == "Mon"
    assert next(iter(russian.weekdays().values())) == "пн"
    assert (english.percent(-0.123, signed=True), russian.percent(0.5, signed=True)) == ("−12%", "+50\xa0%")
    assert english.percent(-0.001, signed=True) == "+0%"


def test_a_count_takes_its_grammatical_number():
    russian = Words("ru")
    said = [russian.count("history.days", number) for number in (1, 2, 5, 21, 1000)]
    assert said == ["1 день", "2 дня", "5 дней", "21 день", "1\xa0000 дней"]
    assert Words("en").count("yesterday.lead", 1) == "1 message came"
