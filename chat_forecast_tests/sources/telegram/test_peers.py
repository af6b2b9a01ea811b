"""How a chat can be named, and that it is found."""

import pytest

from chat_forecast.sources.telegram import account
from chat_forecast.sources.telegram.chat_names import Name, parse_name
from chat_forecast.sources.telegram.credentials import load_credentials
from chat_forecast.sources.telegram.faults import TelegramError
from chat_forecast.sources.telegram.peers import Peer
from chat_forecast_tests.loopback import LoopbackChat, drop_in, flood
from chat_forecast_tests.sources.telegram.conftest import NOTHING_LEFT_OPEN, QUICK

pytestmark = NOTHING_LEFT_OPEN

SECONDS = 1_770_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@some_group", Name("username", "some_group")),
        ("https://t.me/some_group", Name("username", "some_group")),
        ("t.me/some_group/123", Name("username", "some_group")),
        ("http://www.t.me/s/some_group/9?before=4", Name("username", "some_group")),
        ("telegram.me/some_group", Name("username", "some_group")),
        ("https://t.me/some_group?boost", Name("username", "some_group")),
        ("tg://resolve?domain=some_group&post=3", Name("username", "some_group")),
        ("https://t.me/+AbCdEfGhIjKlMnOp", Name("invite", "AbCdEfGhIjKlMnOp")),
        ("https://t.me/joinchat/AbCdEfGhIjKlMnOp", Name("invite", "AbCdEfGhIjKlMnOp")),
        ("+AbCdEfGhIjKlMnOp", Name("invite", "AbCdEfGhIjKlMnOp")),
        ("tg://join?invite=AbCdEfGhIjKlMnOp", Name("invite", "AbCdEfGhIjKlMnOp")),
        ("https://t.me/c/1234567890/55", Name("id", "-1001234567890")),
        ("t.me/c/1234567890/55/66", Name("id", "-1001234567890")),
        ("-1001234567890", Name("id", "-1001234567890")),
        ("-45", Name("id", "-45")),
        ("Our group, the old one", Name("title", "Our group, the old one")),
        ("Chat", Name("title", "Chat")),
    ],
)
def test_every_way_to_name_a_chat_is_understood(text, expected):
    assert parse_name(text) == expected


@pytest.mark.parametrize("text", ["+49 151 1234567", "https://t.me/", "https://t.me/c/abc", "t.me/+short"])
def test_what_leads_to_no_chat_is_refused(text):
    with pytest.raises(TelegramError, match=r"phone number|leads to no chat"):
        parse_name(text)


@pytest.fixture
def look_up(reader):
    """Find a chat of a world with several."""
    group = LoopbackChat(45, title="Basic", kind="group")
    public = LoopbackChat(500, title="Some Group", username="some_group", invite="AbCdEfGhIjKlMnOp")
    twins = [LoopbackChat(600 + number, title="Twins", access_hash=9) for number in range(2)]
    foreign = LoopbackChat(700, title="Foreign", username="public_channel", kind="channel", is_member=False)
    unjoined = LoopbackChat(800, title="Not joined", invite="NotJoinedNotJoined", is_member=False)
    person = LoopbackChat(900, title="Alice", kind="user", username="alice_b")
    was = LoopbackChat(46, title="Was basic", kind="group")
    became = LoopbackChat(501, title="Became super", access_hash=5)
    was.becomes_supergroup(became)
    reader.server.world.chats += [group, public, *twins, foreign, unjoined, person, was, became]
    for place, chat in enumerate(reader.server.world.chats):
        chat.add([SECONDS - 10_000_000 + place, SECONDS + place])

    def find(name: str) -> Peer:
        return account.look_up(reader.home, load_credentials(reader.home), name, reader.said.append, QUICK).chat.peer

    return find


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("@some_group", Peer("channel", 500, 77)),
        ("t.me/c/500/3", Peer("channel", 500, 77)),
        ("-1000000000500", Peer("channel", 500, 77)),
        ("500", Peer("channel", 500, 77)),
        ("some group", Peer("channel", 500, 77)),
        ("https://t.me/+AbCdEfGhIjKlMnOp", Peer("channel", 500, 77)),
        ("-45", Peer("group", 45)),
        ("public_channel", Peer("channel", 700, 77)),
        ("Became super", Peer("channel", 501, 5, before=46)),
    ],
)
def test_a_chat_is_found(name, expected, look_up):
    assert look_up(name) == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Twins", r"several chats are called so.*\n  -1000000000600  Twins\n  -1000000000601  Twins"),
        ("-1000000000999", "has no such group or channel. See those it has: chat-forecast chats"),
        ("@nobody_here", "nobody has that username"),
        ("@alice_b", "this is a person or a bot"),
        ("t.me/+NotJoinedNotJoined", "not a member of 'Not joined'. Join it"),
        ("t.me/+DeadDeadDeadDead", "the invite link has expired"),
    ],
)
def test_a_chat_that_cannot_be_read_is_refused_with_what_to_do(name, words, look_up):
    with pytest.raises(TelegramError, match=words):
        look_up(name)


def test_the_list_of_chats_outlives_a_wait_and_a_lost_connection(reader, look_up):
    reader.server.plan("GetDialogsRequest", flood(1))
    reader.server.plan("GetDialogsRequest", drop_in, at=2)
    listed = account.listed_chats(reader.home, load_credentials(reader.home), reader.said.append, QUICK)
    assert {chat.title for chat in listed} == {"Basic", "Some Group", "Twins", "Became super"}
    by_title = {chat.title: chat for chat in listed}
    assert (by_title["Some Group"].username, by_title["Some Group"].members) == ("some_group", 3)
    assert by_title["Some Group"].last_message.timestamp() == SECONDS + 1
