"""The models of ``chats.toml``: its tables, their keys, defaults and bounds.

Belongs here: what each key means and which values it may have.
Does not belong here: reading the file (:mod:`.reading`), wording a mistake in it (:mod:`.mistakes`), changing it
(:mod:`.editing`), or acting on a setting.

The page ``docs/configuration.md`` is generated from the descriptions below.
"""

from datetime import date
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from chat_forecast.settings.known_values import (
    RESERVED_SLUGS,
    SLUG_PATTERN,
    did_you_mean,
    known_countries,
    known_languages,
    known_timezones,
    nearest_slug,
    to_date,
)
from chat_forecast.settings.topic_table import ABOUT_TOPICS, Topics
from chat_forecast.settings.zone_guess import nearest_timezone

SourceName = Literal["simulated", "export", "telegram"]

Alert = Literal["unread", "failed", "retrained", "unusual", "skill", "changed", "today"]
"""What each is about stands in the description of :attr:`Notify.alerts`."""

EARLIEST_DAY = date(1980, 1, 1)
"""Older than any network whose chats are worth forecasting: an earlier first day is a typing error."""


class _Settings(BaseModel):
    """Frozen, without unknown keys, and without silent conversions such as a text to a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Training(_Settings):
    """``[chats.<slug>.training]``: what a model is trained on."""

    days: int = Field(
        default=180,
        ge=14,
        le=3650,
        description="The number of most recent days that a model is trained on, 14 to 3650. Default 180: on real chats "
        "more days did not help, and fewer hold too few weekends.",
    )
    holidays: str | None = Field(
        default=None,
        description="The country whose public holidays the chat observes, as two letters such as RU (ISO 3166). They are "
        "used only if past holidays show that they improve the forecast. Default None.",
    )

    @field_validator("holidays")
    @classmethod
    def _is_a_country(cls, country: str | None) -> str | None:
        if country is not None and country not in known_countries():
            raise PydanticCustomError("country", "a country's two letters such as RU, in capitals")
        return country


class Check(_Settings):
    """``[chats.<slug>.check]``: when a score is not good enough, so that the model is retrained."""

    rule: Literal["relative", "smape"] = Field(
        default="relative",
        description="`relative`: retrain when the RMSE of the last days is 2% above that of the 28-day same-hour mean, or "
        "when the model is old. `smape`: retrain when the day's sMAPE is above a threshold. Default relative.",
    )
    window_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="The number of days over which `relative` compares, 1 to 90. Default 7: each weekday once.",
    )
    max_model_age_days: int = Field(
        default=14,
        ge=1,
        le=365,
        description="The age in days at which `relative` retrains the model in any case, 1 to 365. Default 14.",
    )
    smape_threshold: float = Field(
        default=0.9,
        gt=0,
        le=2,
        allow_inf_nan=False,
        description="The highest sMAPE (0 to 2) of a day that passes the rule `smape`. Default 0.9: on real chats a good "
        "forecast has 0.74 on average and the same hour of the week before 0.93; no forecast reaches 0.05.",
    )

    @field_validator("smape_threshold")
    @classmethod
    def _belongs_to_smape(cls, threshold: float, info: ValidationInfo) -> float:
        if info.data.get("rule") == "relative":
            raise PydanticCustomError("misplaced", 'it left out: only rule = "smape" uses it')
        return threshold


class Simulation(_Settings):
    """``[chats.<slug>.simulation]``: only for ``source = "simulated"``."""

    seed: int = Field(
        default=7,
        ge=0,
        le=2**32 - 1,
        description="Which chat is simulated, 0 to 4294967295: a seed and a day give the same messages. Default 7.",
    )


class Notify(_Settings):
    """``[notify]``: which notifications are sent. The addresses are secrets and belong in the environment only."""

    url_variable: str = Field(
        default="CHAT_FORECAST_NOTIFY_URL",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="The environment variable with the Apprise URLs, separated by spaces. Default CHAT_FORECAST_NOTIFY_URL.",
    )
    digest: bool = Field(default=True, description="Whether each night's forecast is sent, with its plot. Default true.")
    alerts: list[Alert] = Field(
        default=list(get_args(Alert)),
        description="What else is sent: `unread` (hours of the day could not be read), `failed` (a run failed after its "
        "retries), `retrained` (the model was retrained), `unusual` (hours outside the 98% interval), `skill` (no skill "
        "over a week), `changed` (people write at other hours or on other days than before, or much more or less), "
        "`today` (unusual hours, high or low, today, and their end). Default all.",
    )
    quiet_hours: str | None = Field(
        default=None,
        pattern=r"^([01]\d|2[0-3])-([01]\d|2[0-3])$",
        description="When alerts of `today` are held back, as two hours in each chat's time zone such as 23-08; they are "
        "sent afterwards. Default None: they are sent at any time.",
    )


SECTIONS: dict[str, type[BaseModel]] = {"training": Training, "check": Check, "simulation": Simulation}
"""The optional tables below a chat's own."""


class Chat(_Settings):
    """``[chats.<slug>]``: one chat to forecast."""

    slug: str = Field(
        description="The chat's name: the name of the table itself. At most 40 lowercase letters, digits, - and _, "
        "beginning with a letter."
    )
    source: SourceName = Field(
        description="Where its messages come from: `simulated` (made up, to try things out), `export` (files imported "
        "with `chat-forecast import`) or `telegram` (live, added with `chat-forecast add`). No default."
    )
    timezone: str = Field(
        description="The IANA time zone in which the chat's days begin and end, such as Europe/Moscow. No default."
    )
    first_day: date = Field(
        description="The first day with messages in that time zone, a date such as 2023-01-31. No default; importing "
        "older messages moves it back."
    )
    language: str = Field(
        default="en",
        description="The language of its report, as a two-letter code: `en` (English) or `ru` (Russian). Default en.",
    )
    last_day: date | None = Field(
        default=None,
        description="The last day of a chat that has ended. Default none; the days of an `export` end with its files.",
    )
    catch_up_days: int = Field(
        default=30,
        ge=1,
        le=366,
        description="How many of the newest missed nights are caught up at most, 1 to 366. Default 30.",
    )
    watch_minutes: int = Field(
        default=10,
        ge=0,
        le=720,
        description="How often `chat-forecast up` checks today's messages of a live chat, in minutes, 0 to 720; 0 for "
        "never. Imported chats are not checked. Default 10.",
    )
    retention_days: int | None = Field(
        default=None,
        ge=1,
        le=36500,
        description="Days after which counted messages are deleted; counts stay. Default that of `[retention]`, else none.",
    )
    topics: Topics = Field(default={}, description=ABOUT_TOPICS)
    training: Training = Field(default=Training(), description="What a model is trained on.")
    check: Check = Field(default=Check(), description="When a score is not good enough.")
    simulation: Simulation = Field(default=Simulation(), description="Settings of a simulated chat.")

    @property
    def group(self) -> str:
        """The slug as a name that Dagster allows for groups and jobs."""
        return self.slug.replace("-", "_")

    @property
    def is_simulated(self) -> bool:
        """Whether its messages are made up."""
        return self.source == "simulated"

    @field_validator("slug")
    @classmethod
    def _is_usable(cls, slug: str) -> str:
        if slug in RESERVED_SLUGS:
            raise PydanticCustomError("slug", "another name: {why}", {"why": RESERVED_SLUGS[slug]})
        if not SLUG_PATTERN.fullmatch(slug):
            raise PydanticCustomError(
                "slug",
                "1 to 40 lowercase letters, digits, - and _, beginning with a letter{hint}",
                {"hint": did_you_mean(nearest_slug(slug))},
            )
        return slug

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str) -> str:
        if timezone not in known_timezones():
            hint = {"hint": did_you_mean(nearest_timezone(timezone))}
            raise PydanticCustomError("timezone", "an IANA time zone such as Europe/Moscow{hint}", hint)
        return timezone

    @field_validator("first_day", mode="before")
    @classmethod
    def _is_a_day(cls, value: object, info: ValidationInfo) -> date:
        day = to_date(value)
        if day is None:
            raise PydanticCustomError("day", "a date such as 2023-01-31")
        latest = (info.context or {}).get("latest", date.max)
        if not EARLIEST_DAY <= day <= latest:
            raise PydanticCustomError("day", f"a day from {EARLIEST_DAY} to today, not in the future")
        return day

    @field_validator("language")
    @classmethod
    def _has_phrases(cls, language: str) -> str:
        if language not in known_languages():
            raise PydanticCustomError("language", "one of: {known}", {"known": ", ".join(known_languages())})
        return language

    @field_validator("simulation")
    @classmethod
    def _belongs_to_simulated(cls, simulation: Simulation, info: ValidationInfo) -> Simulation:
        if info.data.get("source", "simulated") != "simulated":
            raise PydanticCustomError("misplaced", 'it left out: only source = "simulated" uses it')
        return simulation
