"""What each answer of the API holds: the models, which are its schema too.

Belongs here: fields, their types and what they mean.
Does not belong here: finding an answer (:mod:`.answers`).

Instants are ISO 8601 with the offset of the chat's zone; messages an hour or a day; null where something is not known. A
field may be added; none changes its meaning below ``/api/v1``.
"""

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Total(_Answer):
    """Messages of a day or a week, with an 80% interval."""

    expected: float
    low: float
    high: float


class NowTotal(Total):
    """The total of the day that is not over."""

    midnight: float = Field(description="What was expected at midnight.")


class NowHour(_Answer):
    """An hour of the day that is not over."""

    hour: AwareDatetime
    messages: int | None = Field(description="So far; null where the hour was not read.")
    is_over: bool = Field(description="Whether it was read to its end.")
    is_coming: bool = Field(description="Whether some of it is still to come, as far as was read.")
    midnight: float | None = Field(description="What was expected at midnight, with its 80% interval q10 to q90.")
    q10: float | None
    q90: float | None
    expected: float | None = Field(description="What is expected now, with its 80% interval low to high; of coming hours.")
    low: float | None
    high: float | None
    unusual: Literal["busy", "silent"] | None


class Event(_Answer):
    """Unusual hours that belong together."""

    kind: Literal["busy", "silent"]
    begin: AwareDatetime
    end: AwareDatetime | None = Field(description="Null while it goes on.")
    is_over: bool
    messages: int
    expected: float


class Now(_Answer):
    """The day that is not over, as far as it was read."""

    chat: str
    is_simulated: bool
    timezone: str
    day: date
    looked_at: AwareDatetime
    read_until: AwareDatetime | None = Field(description="Until when the day's messages are known. Nothing later is silent.")
    messages: int
    alarm: Literal["busy", "silent"] | None = Field(description="The kind of an event that goes on.")
    total: NowTotal | None
    hours: list[NowHour]
    events: list[Event] = Field(description="Of the last two days, oldest first.")
    reason: str | None = Field(description="Why there is no forecast, or why it is not by the model.")


class ForecastHour(_Answer):
    """An hour of the newest forecast."""

    hour: AwareDatetime
    expected: float
    median: float
    q01: float
    q10: float
    q25: float
    q75: float
    q90: float
    q99: float


class WeekDay(Total):
    """A day of the coming week."""

    day: date
    holiday: str = Field(description="The name of a public holiday; empty for other days.")


class Window(_Answer):
    """Hours that follow one another."""

    start: AwareDatetime
    end: AwareDatetime
    expected: float


class ClockHours(_Answer):
    """Hours of the clock."""

    from_hour: int
    to_hour: int


class Week(Total):
    """The seven days from the day forecast on."""

    days: list[WeekDay]
    busiest: list[Window] = Field(description="Two hours each, on different days, the busiest first.")
    quietest: ClockHours | None
    reason: str | None


class Forecast(_Answer):
    """The newest forecast: a day in hours, and its week."""

    chat: str
    is_simulated: bool
    timezone: str
    day: date | None = Field(description="The day that is forecast.")
    expected: float | None
    forecaster: str | None
    trained_through: date | None
    hours: list[ForecastHour]
    reason: str | None = Field(description="Why there is none, or why it is not by the model.")
    week: Week | None


class Score(_Answer):
    """How a day's forecast did."""

    day: date
    messages: int | None
    expected_total: float | None
    rmse: float | None
    mae: float | None
    smape: float | None
    skill: float | None
    passed: bool | None = Field(description="The verdict; null where there is none.")
    reason: str | None


class Scores(_Answer):
    """The scores of the last 90 days, oldest first."""

    chat: str
    is_simulated: bool
    timezone: str
    scores: list[Score]


class Chats(_Answer):
    """The chats that can be asked for."""

    chats: list[str]


def schema() -> dict[str, Any]:
    """The JSON schema of every answer, by its name."""
    answers = (Chats, Now, Forecast, Scores)
    return models_json_schema([(model, "serialization") for model in answers], title="chat_forecast API v1")[1]
