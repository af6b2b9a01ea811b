"""Whether the dates of a file are day first, month first or year first, when nothing but themselves can tell.

Belongs here: what the dates of one file prove, and asking where they prove nothing.
Does not belong here: how dates and clock times are written in a format.

All dates of a file are written in one order, and its messages stand in the order in which they were sent, nearly. So an
order is proven where the others would give months above 12, or time that runs backwards, or a far longer time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from chat_forecast.sources.exports.base import RefusedFileError
from chat_forecast.sources.exports.export_format import Asked

ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
FIRST_YEAR, LAST_YEAR = 2009, 2099
"""Of the programs whose dates have to prove their order."""
FEWEST_DATES, FEWEST_ENTRIES, CLEARLY_SHORTER, FAR_SHORTER = 3, 6, 2, 10
"""With ``FEWEST_DATES`` different dates, an order is right if it makes the file's time span ``CLEARLY_SHORTER`` times
shorter; with two dates, if it makes it ``FAR_SHORTER`` times shorter and there are ``FEWEST_ENTRIES`` entries. A year of
two digits comes first only if that makes the span ``FAR_SHORTER`` times shorter, or if nothing else is possible."""
DIGITS_OF_A_YEAR = 4
_EPOCH = date(1970, 1, 1).toordinal()
_THAI_YEARS = (2500, 2700, 543)


@dataclass(frozen=True)
class Triple:
    """Three numbers of a date, as written."""

    first: int
    second: int
    third: int
    is_year_first: bool = False
    """Whether the first one has four digits."""
    is_month_named: bool = False
    """Whether the month, in the middle, was a name."""

    @property
    def with_named_month(self) -> "Triple":
        """The same, when the month was a name."""
        return replace(self, is_month_named=True)

    def in_order(self, order: str) -> int | None:
        """Days since 1970, if there is such a date in that order."""
        if self.is_year_first != (order == "ymd") and (self.is_year_first or self.third > 99):
            return None
        if self.is_month_named and order != ("ymd" if self.is_year_first else "dmy"):
            return None
        parts = dict(zip(order, (self.first, self.second, self.third), strict=True))
        year = parts["y"] if parts["y"] > 99 else 2000 + parts["y"]
        year -= _THAI_YEARS[2] if _THAI_YEARS[0] <= year < _THAI_YEARS[1] else 0
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return None
        try:
            return date(year, parts["m"], parts["d"]).toordinal() - _EPOCH
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.first}, {self.second}, {self.third}"


class WrittenDates:
    """The dates of one file, in its order: each distinct one once, and where it stands."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._known: dict[Triple, int] = {}
        self._places: list[int] = []
        self._votes: dict[str, int] = {}

    def add(self, triple: Triple) -> None:
        """Take the date of the next message."""
        self._places.append(self._known.setdefault(triple, len(self._known)))

    def add_proof(self, triple: Triple, day: date) -> None:
        """Something else in the file says which day a date is."""
        wanted = day.toordinal() - _EPOCH
        orders = [order for order in ORDERS if triple.in_order(order) == wanted]
        if len(orders) == 1:
            self._votes[orders[0]] = self._votes.get(orders[0], 0) + 1

    def days(self) -> list[int]:
        """Of each message the days since 1970.

        Raises:
            RefusedFileError: the dates fit no order, or several, and nobody said which.
        """
        triples = list(self._known)
        order = find_order(self._asked, triples, self._places, self._votes)
        days = [triple.in_order(order) or 0 for triple in triples]
        return [days[place] for place in self._places]


def find_order(asked: Asked, triples: Sequence[Triple], places: Sequence[int], votes: dict[str, int]) -> str:
    """The one order in which all dates of a file are written.

    Raises:
        RefusedFileError: they fit no order, or several, and nobody said which.
    """
    possible = {order: days for order in ORDERS if None not in (days := [triple.in_order(order) for triple in triples])}
    if asked.date_order is not None:
        if asked.date_order not in possible:
            wrong = next(triple for triple in triples if triple.in_order(asked.date_order) is None)
            raise asked.refusal(
                f"its dates are not {ORDERS[asked.date_order]}: {wrong} is no date then. Leave out --date-order, or give "
                "the other one."
            )
        return asked.date_order
    if not possible:
        raise _no_order(asked, triples)
    if len(votes) == 1 and set(votes) <= set(possible):
        return next(iter(votes))
    found = _by_time(possible, places, is_year_written=any(triple.is_year_first for triple in triples))
    if found is None:
        raise _ask(asked, possible)
    return found


def _by_time(possible: dict[str, list[int | None]], places: Sequence[int], *, is_year_written: bool) -> str | None:
    """The order in which time runs forwards, or by far the shortest."""
    steps = {order: _backwards([days[place] or 0 for place in places]) for order, days in possible.items()}
    spans = {order: max(each or 0 for each in days) - min(each or 0 for each in days) for order, days in possible.items()}
    if "ymd" in possible and not is_year_written and len(possible) > 1:
        others = min(span for order, span in spans.items() if order != "ymd")
        if spans["ymd"] * FAR_SHORTER >= others:
            del steps["ymd"], spans["ymd"]
        else:
            return "ymd"
    if len(steps) == 1:
        return next(iter(steps))
    (first, second) = sorted(steps, key=lambda order: (steps[order], spans[order]))[:2]
    if steps[first] < steps[second]:
        return first if spans[first] <= spans[second] else None
    is_long = len(next(iter(possible.values()))) >= FEWEST_DATES
    times = CLEARLY_SHORTER if is_long else FAR_SHORTER
    is_shown = (is_long or len(places) >= FEWEST_ENTRIES) and 0 < spans[first] * times <= spans[second]
    return first if is_shown else None


def _backwards(days: Sequence[int]) -> int:
    return sum(later < earlier for earlier, later in pairwise(days))


def _no_order(asked: Asked, triples: Sequence[Triple]) -> RefusedFileError:
    if any(all(triple.in_order(order) is None for order in ORDERS) for triple in triples):
        wrong = next(triple for triple in triples if all(triple.in_order(order) is None for order in ORDERS))
        return asked.refusal(f"one of its dates is none ({wrong}), or is of another calendar. Export it again.")
    return asked.refusal("some of its dates are day first, and others month first. Export it again.")


def _ask(asked: Asked, possible: dict[str, list[int | None]]) -> RefusedFileError:
    listed = " or ".join(f"{ORDERS[order]} (--date-order {order})" for order in possible if order != "ymd")
    return asked.refusal(f"its dates could be {listed}, and nothing in it tells which. Say which one it is.")
