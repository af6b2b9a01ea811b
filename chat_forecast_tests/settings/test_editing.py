import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from chat_forecast.settings.editing import add_chat, add_imported_chat, update_first_day
from chat_forecast.settings.mistakes import ConfigError
from chat_forecast.settings.models import Chat
from chat_forecast.settings.reading import load_chats
from chat_forecast_tests.settings.files import GOOD, TODAY, load


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chats.toml"


def test_chat_is_added_to_a_new_file(path):
    add_chat(path, "new", source="export", timezone="Asia/Tokyo", first_day=date(2020, 1, 2))
    assert load_chats(path, TODAY) == (Chat(slug="new", source="export", timezone="Asia/Tokyo", first_day=date(2020, 1, 2)),)
    assert path.read_text() == '[chats.new]\nsource = "export"\ntimezone = "Asia/Tokyo"\nfirst_day = 2020-01-02\n'


@pytest.mark.parametrize("ending", ["", "[chats.my-chat.training]\ndays = 30", "# the end, without a line end"])
def test_adding_leaves_what_stands_in_the_file(path, ending):
    path.write_bytes((GOOD + ending).replace("\n", "\r\n").encode())
    before = path.read_bytes()
    add_chat(path, "new", source="export", timezone="UTC", first_day=date(2020, 1, 2))
    assert path.read_bytes().startswith(before)
    assert [chat.slug for chat in load_chats(path, TODAY)] == ["my-chat", "new"]


def test_adding_the_same_chat_again_changes_nothing(path):
    load(path, GOOD)
    add_chat(path, "my-chat", source="export", timezone="Europe/Moscow", first_day=date(2023, 1, 1))
    assert path.read_text() == GOOD


@pytest.mark.parametrize("days", [(1, 2), (2, 1)])
def test_of_two_first_imports_at_once_the_earlier_first_day_holds(path, days):
    for day in days:
        add_imported_chat(path, "new", timezone="UTC", first_day=date(2020, 1, day))
    assert load_chats(path, TODAY) == (Chat(slug="new", source="export", timezone="UTC", first_day=date(2020, 1, 1)),)
    with pytest.raises(ConfigError, match="timezone"):
        add_imported_chat(path, "new", timezone="Asia/Tokyo", first_day=date(2020, 1, 1))


def test_adding_a_chat_that_has_other_settings_is_refused(path):
    load(path, GOOD)
    with pytest.raises(ConfigError) as caught:
        add_chat(path, "my-chat", source="export", timezone="UTC", first_day=date(2020, 1, 1))
    first, second = str(caught.value).split("\n")
    assert first.startswith(f'{path}: chat my-chat: timezone: found "Europe/Moscow" in the file, expected "UTC"')
    assert second.startswith(f"{path}: chat my-chat: first_day: found 2023-01-01 in the file, expected 2020-01-01")
    assert path.read_text() == GOOD


@pytest.mark.parametrize(
    ("slug", "timezone", "words"),
    [("New!", "UTC", "chat New!|slug"), ("my_chat", "UTC", "the chat my-chat too"), ("new", "Mars", "timezone: found")],
)
def test_adding_an_impossible_chat_is_refused_and_changes_nothing(path, slug, timezone, words):
    load(path, GOOD)
    with pytest.raises(ConfigError, match=words):
        add_chat(path, slug, source="export", timezone=timezone, first_day=date(2020, 1, 1))
    assert path.read_text() == GOOD


def test_a_chat_is_added_beside_one_with_mistakes_which_is_not_changed(path):
    path.write_text("[chats.a]\n" + GOOD)
    add_chat(path, "new", source="export", timezone="UTC", first_day=date(2020, 1, 1))
    assert update_first_day(path, "my-chat", date(2022, 12, 31))
    assert [chat.slug for chat in load_chats(path, TODAY)] == ["my-chat", "new"]
    before = path.read_text()
    assert before.startswith("[chats.a]\n")
    for change in (
        lambda: add_chat(path, "a", source="export", timezone="UTC", first_day=date(2020, 1, 1)),
        lambda: update_first_day(path, "a", date(2020, 1, 1)),
    ):
        with pytest.raises(ConfigError, match="chat a: source: missing"):
            change()
    assert path.read_text() == before


def test_adding_to_a_file_with_mistakes_that_are_no_chats_is_refused_and_changes_nothing(path):
    path.write_text("[chat.a]\n" + GOOD)
    with pytest.raises(ConfigError, match="chat: unknown"):
        add_chat(path, "new", source="export", timezone="UTC", first_day=date(2020, 1, 1))
    assert path.read_text() == "[chat.a]\n" + GOOD


def test_adding_to_inline_chats_is_refused_and_changes_nothing(path):
    text = 'chats = { a = { source = "export", timezone = "UTC", first_day = 2023-01-01 } }\n'
    load(path, text)
    with pytest.raises(ConfigError, match="cannot be added to by the program, expected each chat in a table"):
        add_chat(path, "new", source="export", timezone="UTC", first_day=date(2020, 1, 1))
    assert path.read_text() == text


def test_writing_leaves_no_other_files_and_keeps_the_mode(path):
    load(path, GOOD)
    path.chmod(0o640)
    add_chat(path, "new", source="export", timezone="UTC", first_day=date(2020, 1, 2))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert not list(path.parent.glob("*.part*")) + list(path.parent.glob(".*.part"))


def test_link_to_the_file_stays_a_link(path, tmp_path):
    target = tmp_path / "elsewhere.toml"
    target.write_text(GOOD)
    path.symlink_to(target)
    add_chat(path, "new", source="export", timezone="UTC", first_day=date(2020, 1, 2))
    assert path.is_symlink()
    assert "[chats.new]" in target.read_text()


def test_chats_added_at_the_same_moment_are_all_there(path):
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda number: add_chat(path, f"chat-{number}", source="export", timezone="UTC", first_day=date(2020, 1, 1)),
                range(16),
            )
        )
    assert {chat.slug for chat in load_chats(path, TODAY)} == {f"chat-{number}" for number in range(16)}


def test_earlier_first_day_replaces_the_old_one_and_keeps_its_comment(path):
    load(path, GOOD)
    assert update_first_day(path, "my-chat", date(2022, 12, 31))
    assert path.read_text() == GOOD.replace("2023-01-01", "2022-12-31")


def test_first_day_is_lowered_in_a_chat_whose_tables_stand_apart(path):
    text = "[chats.my-chat.training]\ndays = 30\n" + GOOD.replace("my-chat", "b") + GOOD
    load(path, text)
    assert update_first_day(path, "my-chat", date(2022, 12, 31))
    assert [chat.first_day for chat in load_chats(path, TODAY)] == [date(2022, 12, 31), date(2023, 1, 1)]
    assert path.read_text().count("#") == text.count("#")


@pytest.mark.parametrize("day", [date(2023, 1, 1), date(2023, 1, 2)])
def test_first_day_is_never_raised(path, day):
    load(path, GOOD)
    assert not update_first_day(path, "my-chat", day)
    assert path.read_text() == GOOD


def test_lowering_the_first_day_of_an_unknown_chat_is_refused(path):
    load(path, GOOD)
    with pytest.raises(ConfigError, match="chat other: missing, expected one of: my-chat"):
        update_first_day(path, "other", date(2020, 1, 1))
