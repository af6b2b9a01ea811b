"""The report's phrases in one language, and dates and numbers as its readers write them.

Belongs here: looking up phrases, plurals, dates, numbers.
Does not belong here: any phrase. Each language is one file, ``<language>.toml``; adding a file adds a language.
"""

import datetime
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pandas as pd
from babel import Locale
from babel.dates import DateTimeFormat, format_skeleton, parse_pattern
from babel.numbers import format_decimal, format_percent, get_decimal_symbol, get_group_symbol

from chat_forecast.settings.known_values import LANGUAGES_FOLDER

PLURAL_FORMS = frozenset({"zero", "one", "two", "few", "many", "other"})
DATE_STYLES = {
    "long": "language.date",
    "full": "language.date_with_weekday",
    "day": "language.day",
    "day_with_weekday": "language.day_with_weekday",
}
"""How a date is written -> its pattern; the last two have no year."""
NO_BREAK = "\N{NO-BREAK SPACE}"
MOST_AT_ONCE = 1e9
"""Of smaller numbers, Python writes the same digits as Babel, in a tenth of the time."""
UNKNOWN = "–"
"""Stands for a figure that is not known, in every language."""
Phrase = str | dict[str, str]


class Phrases:
    """Everything in a report that depends on its language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = Locale.parse(language)
        self._phrases = phrases_of(language)
        self._dates: dict[tuple[datetime.date, str], str] = {}
        self._parts: dict[tuple[str, int], str] = {}

    def __call__(self, key: str, **values: object) -> str:
        """The phrase of a key, with its placeholders filled in; numbers come as this language writes them."""
        phrase = self._phrases[key]
        if not isinstance(phrase, str):
            raise KeyError(f"{key} in {self.language} depends on a number: ask count() for it")
        return phrase.format_map({name: self._shown(value) for name, value in values.items()})

    def count(self, key: str, number: float, **values: object) -> str:
        """The phrase of a key in the grammatical number that ``number`` asks for; it is ``{n}`` in the phrase."""
        forms = self._phrases[key]
        if isinstance(forms, str):
            raise KeyError(f"{key} in {self.language} has one form: ask for it without a number")
        phrase = forms[self.locale.plural_form(number)]
        return phrase.format_map({name: self._shown(value) for name, value in {"n": number, **values}.items()})

    def about(self, number: float) -> str:
        """An expected count: whole from 10 on, with one decimal below."""
        return self.number(number, 0 if number >= 9.95 else 1)

    def number(self, number: float | None, decimals: int = 0) -> str:
        """A number with this many decimals; a dash where it is not known."""
        if number is None or pd.isna(number):
            return UNKNOWN
        rounded = round(number, decimals) + 0.0
        if 0 <= rounded < MOST_AT_ONCE:
            return f"{rounded:,.{decimals}f}".translate(self._symbols)
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(rounded, format=pattern, locale=self.locale))

    def percent(self, share: float | None, *, signed: bool = False) -> str:
        """A share as whole per cents, signed with a plus or a minus if asked for; a dash where it is not known."""
        if share is None or pd.isna(share):
            return UNKNOWN
        text = str(format_percent(abs(round(share, 2)), locale=self.locale))
        return f"{'−' if round(share, 2) < 0 else '+'}{text}" if signed else text

    def date(self, day: datetime.date, style: str = "long") -> str:
        """A date in one of the :data:`DATE_STYLES`, or ``short``: as short as can be understood without a year."""
        if style == "short":
            return str(format_skeleton("MMMd", day, locale=self.locale))
        if (day, style) not in self._dates:  # a year of days stands in a chart and in a calendar
            self._dates[day, style] = self._by_pattern(day, DATE_STYLES[style])
        return self._dates[day, style]

    def month(self, day: datetime.date) -> str:
        """A month and its year."""
        return self._by_pattern(day, "language.month")

    def weekday(self, number: int) -> str:
        """A weekday (0 is Monday) by its whole name, as it stands alone."""
        return str(self.locale.days["stand-alone"]["wide"][number])

    def method(self, name: str) -> str:
        """What a forecasting method is called; one that this version does not know keeps its name."""
        key = f"method.{name}"
        return self(key) if key in self._phrases else name

    def weekdays(self) -> dict[int, str]:
        """Weekday (0 is Monday) -> its short name, in the order in which this language's weeks run."""
        first = self.locale.first_week_day
        names = self.locale.days["stand-alone"]["abbreviated"]
        return {day % 7: names[day % 7] for day in range(first, first + 7)}

    @property
    def is_day_first(self) -> bool:
        """Whether the day stands before the month."""
        return str(self.locale.datetime_skeletons["MMMd"]).startswith("d")

    @property
    def number_locale(self) -> dict[str, Any]:
        """How the charts write numbers."""
        symbols = self.locale.number_symbols["latn"]
        return {
            "decimal": symbols["decimal"],
            "thousands": symbols["group"],
            "grouping": [3],
            "currency": ["", ""],
            "percent": self.percent(0).removeprefix("0"),
        }

    @property
    def time_locale(self) -> dict[str, Any]:
        """How the charts write dates: ``%b`` is a month beside a day, ``%B`` one that stands alone, both short."""
        days = [self.locale.days["format"]["abbreviated"][number] for number in (6, 0, 1, 2, 3, 4, 5)]
        beside, alone = self.locale.months["format"]["abbreviated"], self.locale.months["stand-alone"]["abbreviated"]
        return {
            "dateTime": "%x, %X",
            "date": "%d.%m.%Y",
            "time": "%H:%M:%S",
            "periods": ["AM", "PM"],
            "days": days,
            "shortDays": days,
            "months": [alone[number] for number in range(1, 13)],
            "shortMonths": [beside[number] for number in range(1, 13)],
        }

    @cached_property
    def _symbols(self) -> dict[int, str]:
        """What stands for the marks of a number that Python wrote."""
        return str.maketrans({",": get_group_symbol(self.locale), ".": get_decimal_symbol(self.locale)})

    def _by_pattern(self, day: datetime.date, key: str) -> str:
        pattern = self._phrases[key]
        if not isinstance(pattern, str):
            raise TypeError(f"{key} in {self.language}: expected a pattern of a date, found plural forms")
        form: str = parse_pattern(pattern).format  # type: ignore[assignment]  # Babel's annotation is of something else
        return form % _DateParts(day, self.locale, self._parts)

    def _shown(self, value: object) -> str:
        match value:
            case bool():
                raise TypeError("a truth value has no place in a phrase")
            case int() | float():
                return self.number(value, 0 if float(value).is_integer() else 1)
            case datetime.date():
                return self.date(value)
            case _:
                return str(value)


@dataclass(frozen=True)
class _DateParts:
    """The parts of a date by the fields of Babel's patterns; each year, month, day and weekday is written once."""

    day: datetime.date
    locale: Locale
    written: dict[tuple[str, int], str]

    def __getitem__(self, name: str) -> str:
        match name[0]:
            case "y":
                number = self.day.year
            case "M" | "L":
                number = self.day.month
            case "d":
                number = self.day.day
            case "E" | "c":
                number = self.day.weekday()
            case _:
                return str(DateTimeFormat(self.day, self.locale)[name])
        if (name, number) not in self.written:
            self.written[name, number] = str(DateTimeFormat(self.day, self.locale)[name])
        return self.written[name, number]


@cache
def phrases_of(language: str) -> dict[str, Phrase]:
    """A language's catalogue: ``table.key`` -> its phrase, or its phrase in each grammatical number."""
    with (LANGUAGES_FOLDER / f"{language}.toml").open("rb") as file:
        tables = tomllib.load(file)
    return {f"{table}.{key}": _unbroken(phrase) for table, phrases in tables.items() for key, phrase in phrases.items()}


def _unbroken(phrase: Phrase) -> Phrase:
    """A phrase in which no line begins with a per cent sign or a dash."""
    if isinstance(phrase, dict):
        return {form: str(_unbroken(text)) for form, text in phrase.items()}
    return phrase.replace(" %", f"{NO_BREAK}%").replace(" —", f"{NO_BREAK}—")
