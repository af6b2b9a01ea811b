"""A changed time zone: what was kept, moved and made again.

Belongs here: laying it out.
Does not belong here: changing it (:mod:`chat_forecast.app.timezone`).
"""

from typing import TYPE_CHECKING

from rich.console import Console

from chat_forecast.plain_text import counted

if TYPE_CHECKING:  # it imports Dagster, for which other commands need not wait
    from chat_forecast.app.timezone import ChangedZone


def print_zone(console: Console, changed: "ChangedZone") -> None:
    """Print what a change of a chat's zone did, and what is left to do."""
    chat = changed.chat
    if changed.retired is None:
        console.print(f"{chat.slug}: its time zone is {chat.timezone}; nothing has to be counted again.", highlight=False)
        return
    days, messages = counted(len(changed.days), "days"), counted(changed.messages, "messages")
    span = f", {changed.days[0].key} to {changed.days[-1].key}" if changed.days else ""
    console.print(f"{chat.slug}: from {changed.old} to {chat.timezone}", highlight=False)
    console.print(f"{messages} of {days} counted again{span}", highlight=False)
    if changed.retrained is not None:
        console.print(f"model trained through {changed.retrained.key}", highlight=False)
    console.print(f"What was made in the old zone, which may be deleted: {changed.retired}", highlight=False, soft_wrap=True)
    console.print("If chat-forecast up is running, restart it: its schedule still has the old zone.", highlight=False)


def zone_figures(changed: "ChangedZone") -> dict[str, object]:
    """What :func:`print_zone` says, as figures."""
    return {
        "chat": changed.chat.slug,
        "from": changed.old,
        "to": changed.chat.timezone,
        "first_day": changed.chat.first_day,
        "days": [day.key for day in changed.days],
        "messages": changed.messages,
        "retrained_through": None if changed.retrained is None else changed.retrained.key,
        "retired": None if changed.retired is None else str(changed.retired),
    }
