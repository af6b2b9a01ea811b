"""A forum's topics through the commands: what is imported, taken out, forgotten or counted in another zone reaches them."""

import shutil
from datetime import timedelta

import pandas as pd
import pytest
from click.testing import CliRunner

from chat_forecast.app.runs import opened
from chat_forecast.cli import main
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.runs import HISTORY_ASSETS
from chat_forecast.settings.editing import remove_chat
from chat_forecast.settings.reading import load_chats
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.partition_files import MESSAGE_ASSETS
from chat_forecast_tests.at_home import at_home
from chat_forecast_tests.forums import GENERAL, HELP, NEWS, make_forum
from chat_forecast_tests.sources.message_files import START, chat, write_json

ZONE = "Europe/Berlin"
TOPICS = {"news": NEWS, "help": HELP, "general": GENERAL}
FIRST = LocalDay.containing(START, ZONE)
LAST = FIRST.plus(3)
FORUM = make_forum(400, minutes=12)


@pytest.fixture
def home(tmp_path):
    with at_home(tmp_path / "home") as home:
        yield home


def command(*words, exit_code=0):
    done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == exit_code, done.output
    return " ".join(done.output.split())


def add_topics(home, topics=TOPICS):
    lines = "\n".join(f"{slug} = {topic}" for slug, topic in topics.items())
    with home.chats_file.open("a") as file:
        file.write(f"\n[chats.forum.topics]\n{lines}\n")


def make(home, *slugs, last=LAST):
    chats = {chat.slug: chat for chat in load_chats(home.chats_file, LAST.date)}
    with opened(home, list(chats.values())) as runner:
        for slug in slugs:
            runner.materialise(chats[slug], HISTORY_ASSETS, FIRST, last)


def refused(slug):
    """What is said of a topic whose days cannot be made."""
    return command("backfill", slug, "--from", FIRST.key, "--to", LAST.key, exit_code=1)


def stored(home, slug, asset="merged_history"):
    (settings,) = [each for each in load_chats(home.chats_file, LAST.date) if each.slug == slug]
    storage = resources_of(home).storages.of(settings)
    return pd.concat([storage.messages(asset, day).messages for day in storage.days(asset)])


def ids(home, slug):
    return sorted(stored(home, slug)["message_id"])


def expected(topic, entries=FORUM.topics):
    return sorted(number for number in entries if FORUM.topics[number] == topic)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with at_home(folder / "home") as home:
        command("import", "forum", write_json(folder / "a.json", FORUM.export()), "--timezone", ZONE)
        add_topics(home)
        make(home, "forum", *TOPICS)
    return home.root


@pytest.fixture
def made(made_once, tmp_path):
    """A forum of three topics, all made."""
    shutil.copytree(made_once, tmp_path / "home")
    with at_home(tmp_path / "home") as home:
        yield home


def test_each_topic_has_just_its_messages_and_together_they_are_the_forum(made):
    for slug, topic in TOPICS.items():
        assert ids(made, slug) == expected(topic)
    assert sum(len(ids(made, slug)) for slug in TOPICS) == len(ids(made, "forum")) == len(FORUM.topics)
    # The topic's day was read as far as the forum's: neither its first hours nor its last ones are quiet.
    storages = [resources_of(made).storages.of(each) for each in load_chats(made.chats_file, LAST.date)]
    hours = [each.frames("hourly_series", FIRST, LAST)["messages"].isna().tolist() for each in storages]
    assert hours[0] == hours[1] == hours[2] == hours[3]
    assert any(hours[0])


def test_a_newer_export_makes_the_days_of_topics_again_and_an_import_taken_out_takes_them_back(home, tmp_path):
    half = len(FORUM.entries) // 2
    early, late = FORUM.entries[:half], FORUM.entries[half:]
    command("import", "forum", write_json(tmp_path / "a.json", chat(*early)), "--timezone", ZONE)
    add_topics(home)
    end = LocalDay.containing(START + timedelta(minutes=12 * half), ZONE)
    make(home, "forum", "news", last=end)
    known = [each["id"] for each in early if each["id"] in FORUM.topics]
    assert ids(home, "news") == expected(NEWS, known)
    command("import", "forum", write_json(tmp_path / "b.json", chat(*late)))  # a part: no entry shows that it is a forum
    in_day = [n for n in FORUM.topics if START + timedelta(minutes=12 * (n - 2)) < end.end]
    assert ids(home, "news") == expected(NEWS, in_day)
    command("imports", "forum", "--remove", 2)
    assert ids(home, "news") == expected(NEWS, known)


def test_an_export_that_was_imported_before_topics_were_kept_is_imported_again_to_learn_them(home, tmp_path):
    without = [{name: value for name, value in each.items() if name != "reply_to_message_id"} for each in FORUM.entries]
    plain = [each for each in without if not str(each.get("action", "")).startswith("topic")]
    file = write_json(tmp_path / "a.json", chat(*plain))
    command("import", "forum", file, "--timezone", ZONE)
    make(home, "forum")
    add_topics(home)
    said = refused("news")
    assert "tell no topic" in said
    assert "chat-forecast import forum FILE" in said
    write_json(file, FORUM.export())
    command("import", "forum", file)
    make(home, "news")
    assert ids(home, "news") == expected(NEWS)


def test_a_day_that_the_forum_lacks_and_a_topic_that_nobody_saw_are_named_with_what_to_do(home, tmp_path):
    said = command("import", "forum", write_json(tmp_path / "a.json", FORUM.export()), "--timezone", ZONE)
    assert f"{NEWS}: {FORUM.count(NEWS)}" in said
    assert f"1 (General): {FORUM.count(GENERAL)}" in said
    add_topics(home, {"news": NEWS, "typo": 18})
    said = refused("news")
    assert f"chat-forecast backfill forum --from {FIRST.key} --to {FIRST.key}" in said
    make(home, "forum")
    said = refused("typo")
    assert "forum has no message in the topic 18" in said
    assert f"{NEWS} ({FORUM.count(NEWS)})" in said
    assert "[chats.forum.topics]" in said


def test_a_topic_takes_no_file_of_its_own_and_no_zone_of_its_own(made, tmp_path):
    file = write_json(tmp_path / "b.json", FORUM.export())
    assert "news is a topic of forum, whose messages it has" in command("import", "news", file, exit_code=2)
    assert "with its forum's zone" in command("timezone", "news", "Asia/Tokyo", exit_code=1)


def test_a_forum_moves_to_another_zone_with_its_topics(made):
    for slug in ("help", "general"):  # one topic is enough
        remove_chat(made.chats_file, slug)
    command("timezone", "forum", "Asia/Tokyo")
    assert ids(made, "news") == expected(NEWS)
    (days,) = {len(list((made.root / slug / "hourly_series").iterdir())) for slug in ("forum", "news")}
    assert days == len(list(FIRST.until(LAST))) + 1  # in Tokyo the last night belongs to the next day


def test_a_member_is_forgotten_in_the_forum_and_in_its_topics(made):
    pseudonym = Pseudonyms.load(made.root).of("user1")
    command("forget", "news", "--sender", "user1")
    for slug in ("forum", *TOPICS):
        for asset in MESSAGE_ASSETS:
            assert not (stored(made, slug, asset)["sender"] == pseudonym).any(), (slug, asset)
    assert ids(made, "news") == expected(NEWS)


def test_a_forum_goes_after_its_topics_and_a_topic_goes_alone(made):
    said = command("forget", "forum", "--yes", exit_code=2)
    assert "chat-forecast forget news; chat-forecast forget help; chat-forecast forget general" in said
    command("forget", "news", "--yes")
    assert not (made.root / "news").exists()
    assert [each.slug for each in load_chats(made.chats_file, LAST.date)] == ["forum", "help", "general"]
    assert len(ids(made, "forum")) == len(FORUM.topics)
