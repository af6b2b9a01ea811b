"""What all commands share: the group, the workplace, and how errors are shown.

Belongs here: reading the clock and the environment, which are handed on from here; the type of a day; examples in the help.
Does not belong here: any one command, or how results are printed (:mod:`.printing`).

A command takes ``@pass_workplace`` and shows examples: ``@click.command(epilog=examples("chat-forecast …"))``.
"""

import errno
import os
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import click

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import mask_output, shown
from chat_forecast.plain_text import counted
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast.settings.privacy import close_to_others, keep_private
from chat_forecast.settings.reading import ChatsFile, load_chats_file

if TYPE_CHECKING:  # `--help` need not wait for it
    from chat_forecast.pipeline.resources import Resources
    from chat_forecast.storage.partitions import ChatStorage

DISK_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN})
"""Errors that are of a disk even where they name no file."""
_UNCUT = 10_000
"""A length that no command's short help reaches."""


def examples(*lines: str) -> str:
    """A command's epilog: its examples, one a line.

    >>> examples("chat-forecast show my-chat").splitlines()[1:]
    ['Examples:', '  chat-forecast show my-chat']
    """
    # After a \b, click leaves the lines as they are.
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


class Commands(click.Group):
    """A command group that shows an error that a user can mend as one message, with exit code 1."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their whole short help, which click would cut at the end of the line."""
        names = self.list_commands(ctx)
        found = [(name, command) for name in names if (command := self.get_command(ctx, name)) and not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(_UNCUT)) for name, command in found])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and turn its errors into messages."""
        try:
            return super().invoke(ctx)
        except ChatForecastError as error:
            raise click.ClickException(shown(str(error))) from error
        except click.ClickException as error:  # it may repeat a file's name, which may hold control characters
            error.message = shown(error.message)  # type: ignore[misc]  # final, but only by its annotation
            raise
        except OSError as error:
            if error.filename is None and error.errno not in DISK_FAULTS:  # a closed pipe, which click knows, or a network
                raise
            raise click.ClickException(shown(disk_fault(error))) from error


def disk_fault(error: OSError) -> str:
    """The message about a file or folder that could not be read or written."""
    return (
        f"{error.filename or 'A file'}: {error.strerror}. What is stored is as it was. See that its disk is there, has room "
        "and can be written to, then do the same again."
    )


class Workplace:
    """What every command works on: the home folder, the chats configured in it, and the time."""

    def __init__(self) -> None:
        mask_output(os.environ)
        self.home = Home.from_environment(os.environ)
        self.now = datetime.now(UTC)
        apply_environment(self.home)
        keep_private()

    @cached_property
    def resources(self) -> "Resources":
        """Storage, sources, MLflow, reports and notifications of the home."""
        from chat_forecast.pipeline.resources import resources_of

        return resources_of(self.home)

    @property
    def chats_file(self) -> ChatsFile:
        """Every configured chat, including those put aside for a mistake in their settings."""
        return load_chats_file(self.home.chats_file, self.now.date())

    @property
    def chats(self) -> tuple[Chat, ...]:
        """Every configured chat that can be used."""
        return self.chats_file.chats

    @property
    def first_steps(self) -> str:
        """What to do first in a home without a chats.toml; empty once there is one."""
        if self.home.chats_file.exists():
            return ""
        return (
            f"There is no chat yet: {self.home.chats_file} is not there. To see it work on a simulated chat: "
            "chat-forecast demo; with an export of your own: chat-forecast import my-chat result.json --timezone "
            "Europe/Moscow; live from Telegram: chat-forecast login, then chat-forecast chats and chat-forecast add"
        )

    def chat(self, slug: str) -> Chat:
        """The configured chat of this name.

        Raises:
            ConfigError: it is put aside for a mistake in its settings.
            ClickException: there is no such chat.
        """
        file = self.chats_file
        found = file.find(slug)
        if found is None and self.first_steps:
            raise click.ClickException(self.first_steps)
        if found is None:
            known = ", ".join([*(chat.slug for chat in file.chats), *file.put_aside])
            raise click.ClickException(
                f"{self.home.chats_file} has no chat {slug!r}; it has: {known}. To add one, import an export "
                f"of it: chat-forecast import {slug} result.json --timezone Europe/Moscow; or live from Telegram: "
                f"chat-forecast add {slug} PEER"
            )
        return found

    def storage(self, chat: Chat) -> "ChatStorage":
        """The stored partitions of a chat.

        Raises:
            StoredFileError: they were counted in another time zone than the chat's, or a change of the zone is not finished.
        """
        storage = self.resources.storages.of(chat)
        storage.expect_zone()
        return storage

    def yesterday(self, chat: Chat) -> LocalDay:
        """The chat's last day that has ended.

        Raises:
            ClickException: no day of the chat has ended yet.
        """
        day = LocalDay.containing(self.now, chat.timezone).plus(-1)
        if day.date < chat.first_day:
            raise click.ClickException(
                f"{chat.slug} begins on {chat.first_day}, and no day of it has ended yet in {chat.timezone}: "
                "the first run can be made tomorrow"
            )
        return day


def complete_chats(_context: click.Context, _parameter: click.Parameter, prefix: str) -> list[str]:
    """The configured chats whose names begin with ``prefix``; none if the configuration cannot be read."""
    try:
        return [chat.slug for chat in Workplace().chats if chat.slug.startswith(prefix)]
    except ChatForecastError:
        return []


class _PrivateWorkplace(Workplace):
    """The workplace of a command. Before anything else, it closes the home to other users of the machine."""

    def __init__(self) -> None:
        super().__init__()
        if number := close_to_others(self.home):
            click.echo(
                f"{self.home.root}: what was open to others ({counted(number, 'files and folders')}) is yours alone now.",
                err=True,
            )


pass_workplace = click.make_pass_decorator(_PrivateWorkplace, ensure=True)


class DayType(click.DateTime):
    """A day such as ``2026-01-31``."""

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - as click calls it
        """How the help names it."""
        return "YYYY-MM-DD"


day_type = DayType()
chat_argument = click.argument("chat_slug", metavar="CHAT", shell_complete=complete_chats)


def ended_day(workplace: Workplace, chat: Chat, day: datetime, option: str) -> LocalDay:
    """The day that an option names.

    Raises:
        UsageError: it is not between the chat's first day and its last one that has ended.
    """
    chosen = LocalDay(day.date(), chat.timezone)
    last = workplace.resources.sources.last_day(chat, workplace.yesterday(chat))
    if not chat.first_day <= chosen.date <= last.date:
        raise click.UsageError(
            f"{option} {chosen.key}: {chat.slug} has the days {chat.first_day} to {last.key} ({chat.timezone})"
        )
    return chosen
