"""Telegram: ``login``, ``logout``, ``chats``, ``add``."""

from collections.abc import Sequence
from datetime import date, datetime

import click

from chat_forecast.cli.base import Workplace, day_type, examples, pass_workplace
from chat_forecast.cli.output.telegram_chats import print_telegram_chats, telegram_chat_figures
from chat_forecast.cli.printing import console, console_for, json_option, print_json
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.plain_text import one_line
from chat_forecast.settings.editing import add_chat
from chat_forecast.settings.mistakes import ConfigError
from chat_forecast.settings.models import EARLIEST_DAY
from chat_forecast.settings.reading import check_chat
from chat_forecast.settings.topics import Topic

DAYS_TO_BEGIN_WITH = 210
"""How many days ago a new chat begins: those that a model is trained on, and a month of scores."""


class Terminal:
    """The person at the terminal who logs in, and is asked for a number, a code and a password."""

    def phone(self) -> str:
        """Ask for the phone number."""
        return str(click.prompt("Phone number, with + and the country's code"))

    def code(self) -> str:
        """Ask for the code, which is as good as a password for a minute."""
        return str(click.prompt("Code", hide_input=True))

    def password(self) -> str:
        """Ask for the two-step password."""
        return str(click.prompt("Two-step password", hide_input=True))

    def say(self, text: str) -> None:
        """Print a line; it may hold a chat's title, so that nothing in it is read as markup."""
        console.print(text, markup=False, highlight=False, soft_wrap=True)


@click.command(epilog=examples("chat-forecast login", "chat-forecast login --print"))
@click.option(
    "--print", "is_printed", is_flag=True, help="Print a session string for a secret store instead of storing a file."
)
@pass_workplace
def login(workplace: Workplace, is_printed: bool) -> None:
    """Log in to Telegram and store the session for the nightly runs."""
    from chat_forecast.sources.telegram import account
    from chat_forecast.sources.telegram.credentials import keep_in_env_file, load_variables, make_credentials
    from chat_forecast.sources.telegram.faults import SessionLost
    from chat_forecast.sources.telegram.session import store_session

    home, talk = workplace.home, Terminal()
    home.prepare()
    variables = load_variables(home.root)
    asked = _ask_for_missing(variables)
    credentials = make_credentials(variables | asked)
    if not is_printed:
        try:
            who = account.who_is_logged_in(home.root, credentials, talk.say)
        except SessionLost:
            pass
        else:
            talk.say(f"Logged in already, as {who}. To log in as another user: chat-forecast logout")
            return
    made = account.log_in(home.root, credentials, talk)
    talk.say(f"Logged in as {made.who}.")
    if asked:
        talk.say(f"api_id and api_hash are kept in {keep_in_env_file(home.root, asked)}, readable only by you.")
    if is_printed:
        talk.say(
            "Whoever has the following line can read and write in your name. Put it into a secret store, as "
            "TELEGRAM_SESSION, and nowhere else: not into a chat, a log or a repository. chat-forecast logout ends it."
        )
        click.echo(made.session)
    else:
        talk.say(f"The session is kept in {store_session(home.root, made.session)}, readable only by you. It is a login:")
        talk.say("do not copy it to another machine; log in there again. Next: chat-forecast chats")
        if credentials.session:
            talk.say("But TELEGRAM_SESSION is set, and is used instead: remove it from where it is set.")


@click.command(epilog=examples("chat-forecast logout"))
@pass_workplace
def logout(workplace: Workplace) -> None:
    """End the Telegram session and delete its file."""
    from chat_forecast.sources.telegram import account
    from chat_forecast.sources.telegram.credentials import SESSION, load_credentials

    credentials = load_credentials(workplace.home.root)
    account.log_out(workplace.home.root, credentials, Terminal().say)
    remedy = f" Remove {SESSION} from where it is set." if credentials.session else ""
    Terminal().say(f"Logged out.{remedy}")


@click.command(epilog=examples("chat-forecast chats", "chat-forecast chats --json"))
@json_option
@pass_workplace
def chats(workplace: Workplace, as_json: bool) -> None:
    """List the account's groups and channels with their ids."""
    from chat_forecast.sources.telegram import account
    from chat_forecast.sources.telegram.credentials import load_credentials

    credentials = load_credentials(workplace.home.root)
    say = console_for(as_json).print
    found = account.listed_chats(workplace.home.root, credentials, say)
    if as_json:
        print_json([telegram_chat_figures(chat) for chat in found])
    else:
        print_telegram_chats(console, found)


@click.command(
    context_settings={"ignore_unknown_options": True},  # an id begins with a minus
    epilog=examples("chat-forecast add my-chat -1001234567890", "chat-forecast add my-chat https://t.me/+AbCdEfGhIjKlMnOp"),
)
@click.argument("slug")
@click.argument("peer")
@click.option("--timezone", help="The chat's time zone, such as Europe/Moscow. Prompts if omitted.")
@click.option("--first-day", type=day_type, help="The first day to read. Prompts if omitted.")
@pass_workplace
def add(workplace: Workplace, slug: str, peer: str, timezone: str | None, first_day: datetime | None) -> None:
    """Add a Telegram chat.

    PEER is a username, a t.me link, an id or a title.
    """
    from chat_forecast.sources.telegram import account
    from chat_forecast.sources.telegram.credentials import load_credentials
    from chat_forecast.sources.telegram.peers import Peers

    home, talk = workplace.home, Terminal()
    # A slug that cannot be used is refused before anything is asked.
    known = workplace.chats_file.find(slug) if home.chats_file.exists() else None
    check_chat(slug, source="telegram", timezone=timezone or "UTC", first_day=workplace.now.date())
    if isinstance(known, Topic):
        raise click.UsageError(f"{slug} is a topic of {known.forum.slug}: choose another name")
    home.prepare()
    found = account.look_up(home.root, load_credentials(home.root), peer, talk.say)
    talk.say(f"{one_line(found.chat.title)}: {found.chat.members or '?'} members, id {found.chat.peer.marked_id}")
    if known is not None and known.source == "telegram":
        Peers(home.root).put(slug, found.chat.peer)
        talk.say(f"{slug} is in {home.chats_file} already; from now on it means this Telegram chat.")
        return
    zone = timezone or _ask_for_timezone(slug, found.recent)
    begin = first_day.date() if first_day else _ask_for_first_day(workplace, zone, found.oldest)
    add_chat(home.chats_file, slug, source="telegram", timezone=zone, first_day=begin)
    Peers(home.root).put(slug, found.chat.peer)
    talk.say(f"Added to {home.chats_file}. Next: chat-forecast backfill {slug}")


def _ask_for_missing(variables: dict[str, str]) -> dict[str, str]:
    """Ask for the api_id and the api_hash, if they are not set."""
    from chat_forecast.sources.telegram.credentials import API_HASH, API_ID, WHERE_FROM

    missing = [name for name in (API_ID, API_HASH) if name not in variables]
    if missing:
        console.print(WHERE_FROM, highlight=False)
    # The hash is a secret, the id is not.
    return {name: str(click.prompt(name, hide_input=name == API_HASH)).strip() for name in missing}


def _ask_for_timezone(slug: str, sent: Sequence[datetime]) -> str:
    from chat_forecast.domain.timezone_guess import guess_timezone

    guess = guess_timezone(sent)
    if guess:
        console.print(
            f"Judging by when its last {len(sent)} messages were sent, its members may live near {guess}.", highlight=False
        )

    def usable(zone: str) -> str:
        try:
            check_chat(slug, source="telegram", timezone=zone, first_day=EARLIEST_DAY)
        except ConfigError as error:
            raise click.BadParameter(str(error)) from error
        return zone

    return str(click.prompt("Time zone in which its days begin", default=guess, value_proc=usable))


def _ask_for_first_day(workplace: Workplace, zone: str, oldest: datetime | None) -> date:
    yesterday = LocalDay.containing(workplace.now, zone).plus(-1)
    begin = yesterday.plus(-DAYS_TO_BEGIN_WITH)
    if oldest is not None:
        first = LocalDay.containing(oldest, zone)
        begin = max(begin, first)
        console.print(
            f"Its oldest message is from {first.key}. The more days, the longer the first reading: Telegram gives about 30 "
            "messages a second. Older ones can be imported from an export at any time.",
            highlight=False,
        )
    return click.prompt("First day to read", default=begin.key, type=day_type).date()
