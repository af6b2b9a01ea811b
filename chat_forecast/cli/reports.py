"""The pages about the chats: ``report``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from chat_forecast.cli.base import Workplace, chat_argument, examples, pass_workplace
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.known_values import known_languages
from chat_forecast.settings.models import Chat

if TYPE_CHECKING:  # `--help` need not wait for it
    from chat_forecast.presentation.reports import Reports


@click.command(
    epilog=examples(
        "chat-forecast report my-chat --open",
        "chat-forecast report my-chat --language ru",
        "chat-forecast report my-chat --out ~/my-chat.html",
    )
)
@chat_argument
@click.option("--language", type=click.Choice(known_languages()), help="The page's language.  [default: the chat's]")
@click.option("--out", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write the page to this file instead.")
@click.option("--open", "is_to_open", is_flag=True, help="Open the page in the browser.")
@json_option
@pass_workplace
def report(
    workplace: Workplace, chat_slug: str, language: str | None, path: Path | None, is_to_open: bool, as_json: bool
) -> None:
    """Write the report page of a chat.

    The page is one self-contained HTML file that you can send to others. A page that is up to date is not written again.
    """
    chat = workplace.chat(chat_slug)
    reports = _reports(workplace)
    try:
        made = reports.make(chat, language, path=path) if path else reports.make_unless_current(chat, language)
        if path is None:
            reports.make_index(workplace.chats)
    except OSError as error:
        raise click.ClickException(
            f"{path or error.filename}: cannot be written ({error.strerror}). Choose another --out."
        ) from error
    console_for(as_json).print(f"{made} ({made.stat().st_size / 1e6:.1f} MB)", highlight=False, soft_wrap=True)
    if is_to_open and click.launch(made.absolute().as_uri()) != 0:
        console_for(as_json).print("No browser could be started: open the file yourself.")
    if as_json:
        print_json({"chat": chat.slug, "language": language or chat.language, "file": made, "bytes": made.stat().st_size})


def refresh_report(workplace: Workplace, chat: Chat, console: Console) -> Path | None:
    """Bring a chat's page up to date after a run, and return where it is; that it cannot be done is only said.

    An installation without the packages for reports has none, and nothing is said of it after each run.
    """
    reports = _reports(workplace)
    if reports.unavailable:
        return None
    try:
        if reports.make_current(chat):
            reports.make_index(workplace.chats)
    except (ChatForecastError, OSError) as error:
        console.print(f"The report could not be made: {type(error).__name__}: {error}", soft_wrap=True)
        return None
    page = reports.path(chat)
    return page if page.exists() else None


def _reports(workplace: Workplace) -> "Reports":
    """The chats' pages, without the sources, MLflow and notifications, which the command need not wait for."""
    from chat_forecast.pipeline.resources import reports_of

    return reports_of(workplace.home)
