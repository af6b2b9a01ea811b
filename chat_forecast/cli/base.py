"""What the commands have in common: the group, the workplace, and how errors are shown.

Belongs here: the clock and the environment, which are read here and handed on; the type of a day.
Does not belong here: any one command.
"""

import os
from datetime import UTC, datetime

import click
from rich.console import Console

from chat_forecast.config import Chat, load_chats
from chat_forecast.core.days import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.home import Home, apply_environment

console = Console()


class Commands(click.Group):
    """A command group that turns an error a user can mend into one message and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ChatForecastError as error:
            raise click.ClickException(str(error)) from error


class Workplace:
    """What every command works on: the home folder and the chats configured in it."""

    def __init__(self) -> None:
        self.home = Home.from_environment(os.environ)
        self.now = datetime.now(UTC)
        apply_environment(self.home)

    @property
    def chats(self) -> tuple[Chat, ...]:
        """Every configured chat."""
        return load_chats(self.home.chats_file, self.now.date())

    def chat(self, slug: str) -> Chat:
        """The configured chat of this name."""
        found = {chat.slug: chat for chat in self.chats}
        if slug not in found:
            raise click.ClickException(
                f"{self.home.chats_file} has no chat {slug!r}; it has: {', '.join(found)}. To add one, import an export "
                f"of it: chat-forecast import {slug} result.json --timezone Europe/Moscow"
            )
        return found[slug]

    def yesterday(self, chat: Chat) -> LocalDay:
        """The chat's last day that has ended."""
        return LocalDay.containing(self.now, chat.timezone).plus(-1)


pass_workplace = click.make_pass_decorator(Workplace, ensure=True)
day_type = click.DateTime(formats=["%Y-%m-%d"])


def ended_day(workplace: Workplace, chat: Chat, day: datetime, option: str) -> LocalDay:
    """The day that an option names, if it lies between the chat's first day and yesterday."""
    chosen, yesterday = LocalDay(day.date(), chat.timezone), workplace.yesterday(chat)
    if not chat.first_day <= chosen.date <= yesterday.date:
        raise click.UsageError(
            f"{option} {chosen.key}: {chat.slug} has the days {chat.first_day} to {yesterday.key} ({chat.timezone})"
        )
    return chosen
