"""Forgetting people, and whole chats: ``forget``."""

import click

from chat_forecast.cli.base import Workplace, chat_argument, examples, pass_workplace
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.settings.topics import Topic, topics_of
from chat_forecast.sources.pseudonyms import Pseudonyms


@click.command(
    epilog=examples(
        "chat-forecast forget my-chat --sender",
        "chat-forecast forget my-chat --sender 9f86d081884c7d65",
        "chat-forecast forget my-chat --yes",
    )
)
@chat_argument
@click.option(
    "--sender",
    prompt="Pseudonym, name or id of the member",
    prompt_required=False,
    hide_input=True,
    help="Forget only this member: a pseudonym, name or id. Prompts if no value follows.",
)
@click.option("--yes", is_flag=True, help="Delete the chat without asking.")
@json_option
@pass_workplace
def forget(workplace: Workplace, chat_slug: str, sender: str | None, yes: bool, as_json: bool) -> None:
    """Forget a chat, or a member of it.

    Without --sender, deletes the chat after showing what is stored and asking: messages, counts, models, forecasts and
    scores, runs in Dagster and MLflow, pages and notifications, and the chat's table in chats.toml. Stop `up` first. If the
    command is interrupted, run it again to finish. It does not delete backups that you made.

    With --sender, removes the sender from every stored message of one member: in the days, in the archive, and in the data
    kept from an earlier time zone. The messages still count, and no forecast or score changes. Messages read or imported
    later lose this sender too, in every chat. The value you type is not stored. The exit code is 1 if a stored file could
    not be processed.
    """
    if sender is None:
        _forget_chat(workplace, chat_slug, is_sure=yes, as_json=as_json)
    else:
        _forget_member(workplace, chat_slug, sender, as_json=as_json)


def _forget_member(workplace: Workplace, chat_slug: str, sender: str, *, as_json: bool) -> None:
    from chat_forecast.app.forgetting import Forgotten, forget_sender, pseudonym_of

    chat, console = workplace.chat(chat_slug), console_for(as_json)
    pseudonym = pseudonym_of(sender, Pseudonyms.load(workplace.home.root))
    if pseudonym is None:
        raise click.UsageError("--sender is empty: give a pseudonym, or the name or id that one is made from")
    forum = chat.forum if isinstance(chat, Topic) else chat  # the same messages lie in both
    family = [workplace.storage(each) for each in (forum, *topics_of(forum, workplace.chats))]
    parts = [forget_sender(storage, pseudonym) for storage in family]
    files, faults = sum(part.files for part in parts), tuple(fault for part in parts for fault in part.faults)
    done = Forgotten(max(part.messages for part in parts), files, faults)
    found = f"{done.messages:,} stored messages no longer name them" if done.messages else "no stored message named them"
    console.print(f"{chat.slug}: {found}; files written: {done.files}. What comes later will not name them either.")
    for fault in done.faults:
        console.print(f"✗ {fault}", highlight=False)
    if as_json:
        print_json({"chat": chat.slug, "messages": done.messages, "files": done.files, "faults": list(done.faults)})
    raise SystemExit(1 if done.faults else 0)


def _forget_chat(workplace: Workplace, slug: str, *, is_sure: bool, as_json: bool) -> None:
    from chat_forecast.app.forgetting_chat import find_removal, is_begun, remove

    console, home = console_for(as_json), workplace.home
    if not is_begun(home, slug) and slug not in workplace.chats_file.put_aside:
        workplace.chat(slug)  # says which chats there are
    file = workplace.chats_file
    if topics := [each.slug for each in file.chats if isinstance(each, Topic) and each.forum.slug == slug]:
        one_by_one = "; ".join(f"chat-forecast forget {each}" for each in topics)
        raise click.UsageError(f"{slug} has topics that are chats of their own. Remove these first: {one_by_one}")
    found = find_removal(home, slug)
    console.print(f"{slug} will be removed for ever:")
    for line in found.lines:
        console.print(f"  {line}", highlight=False)
    if not is_sure:
        click.confirm(f"Remove {slug}?", abort=True, err=as_json)
    remove(home, workplace.resources, slug, workplace.now.date())
    console.print(f"{slug} is removed.")
    if as_json:
        print_json({"chat": slug, "days": found.days, "imports": found.imports, "runs": found.runs})
