"""The groups and channels of a Telegram account, as ``chats`` lists them.

Belongs here: laying out the list. Titles are other people's text: nothing in them is read as markup.
Does not belong here: asking Telegram (:mod:`chat_forecast.sources.telegram.account`).
"""

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chat_forecast.cli.output.lines import print_next
from chat_forecast.plain_text import one_line

if TYPE_CHECKING:
    from chat_forecast.sources.telegram.peers import ListedChat


def print_telegram_chats(console: Console, found: "Sequence[ListedChat]") -> None:
    """Print a line for each chat, and how to add one."""
    table = Table("id", "title", "members", "last message (UTC)", "name", title="Groups and channels", title_justify="left")
    table.columns[2].justify = "right"
    for chat in found:
        last = f"{chat.last_message.astimezone(UTC):%Y-%m-%d %H:%M}" if chat.last_message else "–"
        name = f"@{chat.username}" if chat.username else "–"
        table.add_row(str(chat.peer.marked_id), Text(one_line(chat.title)), str(chat.members or "–"), last, name)
    console.print(table)
    if found:
        print_next(console, f"chat-forecast add SLUG {found[0].peer.marked_id}")


def telegram_chat_figures(chat: "ListedChat") -> dict[str, object]:
    """A chat of the list as figures."""
    return {
        "id": chat.peer.marked_id,
        "title": chat.title,
        "username": chat.username,
        "members": chat.members,
        "last_message": chat.last_message,
    }
