"""What ``chats`` prints."""

from datetime import UTC, datetime

from chat_forecast.cli.output.telegram_chats import print_telegram_chats, telegram_chat_figures
from chat_forecast.sources.telegram.peers import ListedChat, Peer
from chat_forecast_tests.cli.output.screens import at_each_width, seen

CHATS = [
    ListedChat(Peer("channel", 500, 77), "[/red] Our [bold]group", "ours", 42, datetime(2026, 5, 1, 10, tzinfo=UTC)),
    ListedChat(Peer("chat", 600, 0), "Quiet", None, None, None),
]


@at_each_width
def test_titles_are_shown_as_they_are_and_what_is_not_known_as_a_dash(width):
    text = seen(print_telegram_chats, CHATS, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "[/red]" in text
    assert "Quiet" in text
    assert text.splitlines()[-1].strip() == f"Next: chat-forecast add SLUG {CHATS[0].peer.marked_id}"


def test_an_account_without_groups_prints_an_empty_list():
    assert "Next" not in seen(print_telegram_chats, [])


def test_figures_have_the_id_that_add_takes():
    assert telegram_chat_figures(CHATS[1])["id"] == CHATS[1].peer.marked_id
