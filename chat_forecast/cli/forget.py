"""Forgetting people: ``forget``."""

import click

from chat_forecast.cli.base import Workplace, chat_argument, console_for, examples, json_option, pass_workplace, print_json
from chat_forecast.sources.pseudonyms import Pseudonyms


@click.command(epilog=examples("chat-forecast forget my-chat", "chat-forecast forget my-chat --sender 9f86d081884c7d65"))
@chat_argument
@click.option(
    "--sender",
    prompt="Pseudonym, name or id of the member",
    hide_input=True,
    help="The member: the pseudonym, or the name or id that it is made from. Asked for if left out, and not shown.",
)
@json_option
@pass_workplace
def forget(workplace: Workplace, chat_slug: str, sender: str, as_json: bool) -> None:
    """Forget a member of a chat.

    Every stored message of theirs loses its sender: in the days, in the archive, and in what was kept of an earlier time
    zone. It is counted as before; no count, forecast or score changes. Messages that are read or imported later lose it
    too, in every chat. What was typed is stored nowhere. Backups that you made are yours to change. The exit code is 1 if a
    stored file could not be gone through.
    """
    from chat_forecast.app.forgetting import forget_sender, pseudonym_of

    chat, console = workplace.chat(chat_slug), console_for(as_json)
    pseudonym = pseudonym_of(sender, Pseudonyms.load(workplace.home.root))
    if pseudonym is None:
        raise click.UsageError("--sender is empty: give a pseudonym, or the name or id that one is made from")
    done = forget_sender(workplace.storage(chat), pseudonym)
    found = f"{done.messages:,} stored messages no longer name them" if done.messages else "no stored message named them"
    console.print(f"{chat.slug}: {found}; files written: {done.files}. What comes later will not name them either.")
    for fault in done.faults:
        console.print(f"✗ {fault}", highlight=False)
    if as_json:
        print_json({"chat": chat.slug, "messages": done.messages, "files": done.files, "faults": list(done.faults)})
    raise SystemExit(1 if done.faults else 0)
