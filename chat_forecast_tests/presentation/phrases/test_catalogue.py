import re
import string
from datetime import date
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast import presentation
from chat_forecast.forecasting.methods import METHODS
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


@pytest.mark.parametrize("language", known_languages())
@given(st.floats(-1e6, 1e12) | st.integers(-(10**6), 10**12), st.integers(0, 3))
def test_a_number_is_written_as_babel_writes_it(language, number, decimals):
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    slow = format_decimal(round(number, decimals) + 0.0, format=pattern, locale=language)
    assert Phrases(language).number(number, decimals) == slow


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


RUSSIAN_NOUNS = {
    "сообщени": ("сообщение", "сообщения", "сообщений"),
    "д(?:ень|ня|ней)": ("день", "дня", "дней"),
    "час": ("час", "часа", "часов"),
    "недел": ("неделю", "недели", "недель"),
    "обучени": ("обучение", "обучения", "обучений"),
}
"""How a noun that is counted begins -> it after 1, 2 and 5."""


def russian_form(number: float) -> int:
    """Which of its forms a noun takes after a number, said without the tables that the program uses."""
    if number % 1:
        return 1
    last, last_two = number % 10, number % 100
    return 2 if 11 <= last_two <= 14 or last in (0, 5, 6, 7, 8, 9) else 0 if last == 1 else 1


@pytest.mark.parametrize("number", [0, 1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 101, 111, 1000, 1.5])
def test_russian_nouns_agree_with_every_number_before_them(number):
    russian = Phrases("ru")
    for key, forms in phrases_of("ru").items():
        if isinstance(forms, str):
            continue
        others = {name: "…" for form in forms.values() for name in placeholders(form) - {"n"}}
        said = russian.count(key, number, **others)
        shown = re.escape(russian.number(number, 1 if number % 1 else 0))
        for begin, right in RUSSIAN_NOUNS.items():
            for noun in re.findall(rf"{shown} ({begin}\w*)", said):
                assert noun == right[russian_form(number)], said


@pytest.mark.parametrize(
    ("language", "counted"),
    # A mean is written with a decimal below ten, so that it is never 1; a share is one of the hours.
    [
        ("ru", r"\{(?!share|coverage)\w+\} (?:сообщени|день|дня|дней|час|недел|обучени)"),
        ("en", r"\{(?!expected|mean)\w+\} (?:message|day|hour|week)"),
    ],
)
def test_a_noun_that_is_counted_has_a_form_for_each_number(language, counted):
    assert {
        key: text for key, text in phrases_of(language).items() if isinstance(text, str) and re.search(counted, text)
    } == {}


@pytest.mark.parametrize("language", known_languages())
def test_phrases_are_set_as_print_is(language):
    for key, text in phrases_of(language).items():
        for said in all_forms(text):
            wrong = re.search(r"  |\.\.| [%—]| - |\"|'(?!s)| [,.;:!?)]|\( ", said)
            assert wrong is None, (key, said)
    assert Phrases("ru")("hour.most") == "Интервал 80\xa0%"


def test_every_phrase_is_said_somewhere():
    texts = [path.read_text() for path in presentation_sources()]
    simple = {key for text in texts for key in re.findall(r"(?<=[\"'])[a-z]+\.\w+(?=[\"'])", text)}
    filled_in = {key for text in texts for key in re.findall(r"(?<=f\")[a-z]+\.[^\"\n]*\{[^\"\n]*(?=\")", text)}
    # A part that depends on something stands for any name.
    patterns = [re.sub(r"\\\{.*?\\\}", r"\\w+", re.escape(key)) for key in simple | filled_in]
    unsaid = [key for key in ENGLISH if not any(re.fullmatch(pattern, key) for pattern in patterns)]
    assert unsaid == []


def presentation_sources():
    folder = Path(presentation.__file__).parent
    return [path for path in folder.rglob("*") if path.suffix in (".py", ".jinja")]


@pytest.mark.parametrize("language", known_languages())
def test_every_method_has_a_name_that_people_know(language):
    phrases = Phrases(language)
    assert all(f"method.{name}" in phrases_of(language) for name in METHODS)
    assert phrases.method("prophet") == "Prophet"
    assert phrases.method("of_a_later_version") == "of_a_later_version"


def test_a_figure_that_is_not_known_is_a_dash():
    phrases = Phrases("en")
    assert phrases.number(None) == phrases.number(pd.NA) == phrases.percent(float("nan"), signed=True) == "–"
