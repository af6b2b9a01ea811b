import json
import os
import re
from datetime import date, timedelta

import pytest

from chat_forecast.settings.known_values import ASSET_NAMES
from chat_forecast.settings.mistakes import ConfigError
from chat_forecast.settings.models import Chat, Check, Notify, Simulation, Training
from chat_forecast.settings.reading import load_chats, load_notify, load_serve
from chat_forecast.settings.shared_tables import Serve
from chat_forecast.storage.schemas import PARTITION_SCHEMAS
from chat_forecast_tests.settings.files import GOOD, TODAY, load, load_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chats.toml"


def mistakes(path, text):
    """The mistakes of all chats or the lines of the error, each without the file's name that it must begin with."""
    try:
        told = "\n".join(load_file(path, text).put_aside.values())
    except ConfigError as error:
        told = str(error)
    lines = told.split("\n")
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def with_setting(key, value, table="chats.a"):
    """A file whose only fault can be this setting."""
    settings = {"source": '"export"', "timezone": '"UTC"', "first_day": "2023-01-01"}
    lines = ["[chats.a]", *(f"{name} = {settings[name]}" for name in settings if (table, name) != ("chats.a", key))]
    lines += [f"{key} = {value}"] if table == "chats.a" else [f"[{table}]", f"{key} = {value}"]
    return "\n".join(lines)


def test_missing_file_means_the_simulated_chat_alone(path):
    (demo,) = load_chats(path, TODAY)
    assert demo == Chat(slug="demo", source="simulated", timezone="Europe/Moscow", first_day=TODAY - timedelta(days=120))


def test_every_setting_is_read(path):
    first, second = load(
        path,
        """
        [chats.my-chat]
        source = "simulated"
        timezone = "Asia/Kolkata"
        first_day = "2023-01-01"
        [chats.my-chat.training]
        days = 90
        [chats.my-chat.check]
        rule = "smape"
        window_days = 5
        max_model_age_days = 30
        smape_threshold = 1
        [chats.my-chat.simulation]
        seed = 3
        [chats.second]
        source = "export"
        timezone = "UTC"
        first_day = 2024-02-29
        """,
    )
    assert first.slug == "my-chat"
    assert first.group == "my_chat"
    assert first.first_day == date(2023, 1, 1)
    assert first.training == Training(days=90)
    assert first.check == Check(rule="smape", window_days=5, max_model_age_days=30, smape_threshold=1.0)
    assert first.simulation == Simulation(seed=3)
    assert second == Chat(slug="second", source="export", timezone="UTC", first_day=date(2024, 2, 29))


def test_defaults_are_those_that_the_descriptions_name():
    for model in (Training, Check, Simulation):
        for name, field in model.model_fields.items():
            assert f"Default {field.default}" in field.description, name
    for name, field in Chat.model_fields.items():
        assert field.description, name


def test_smape_threshold_has_a_default_where_the_rule_uses_it(path):
    (chat,) = load(path, with_setting("rule", '"smape"', "chats.a.check"))
    assert chat.check.smape_threshold == 0.9


def test_chats_cannot_be_changed_after_reading(path):
    (chat,) = load(path, GOOD)
    with pytest.raises(ValueError, match="frozen"):
        chat.timezone = "UTC"


def test_file_that_begins_with_a_byte_order_mark_is_read(path):
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_chats(path, TODAY)[0].slug == "my-chat"


@pytest.mark.parametrize(
    ("key", "value", "table", "found", "expected"),
    [
        ("source", '"telegraph"', "chats.a", 'found "telegraph"', "'simulated', 'export' or 'telegram'"),
        ("source", "3", "chats.a", "found 3", "'simulated', 'export' or 'telegram'"),
        ("timezone", '"Europe/Moskow"', "chats.a", 'found "Europe/Moskow"', "did you mean Europe/Moscow?"),
        ("timezone", '"moscow"', "chats.a", 'found "moscow"', "did you mean Europe/Moscow?"),
        ("timezone", '"new york"', "chats.a", 'found "new york"', "did you mean America/New_York?"),
        ("timezone", '"europe/berlin"', "chats.a", 'found "europe/berlin"', "did you mean Europe/Berlin?"),
        (
            "timezone",
            '"UTC+3"',
            "chats.a",
            'found "UTC+3"',
            "an IANA time zone such as Europe/Moscow; did you mean Europe/Moscow?",
        ),
        ("timezone", '"../etc/passwd"', "chats.a", 'found "../etc/passwd"', "expected an IANA time zone"),
        ("timezone", '"localtime"', "chats.a", 'found "localtime"', "expected an IANA time zone"),
        ("timezone", "3", "chats.a", "found 3", "expected a valid string"),
        ("first_day", '"2023-02-30"', "chats.a", 'found "2023-02-30"', "expected a date such as 2023-01-31"),
        ("first_day", '"01.02.2023"', "chats.a", 'found "01.02.2023"', "expected a date such as 2023-01-31"),
        ("first_day", '"20230102"', "chats.a", 'found "20230102"', "expected a date such as 2023-01-31"),
        ("first_day", "2023-01-01T10:00:00", "chats.a", "found 2023-01-01 10:00:00", "expected a date"),
        ("first_day", "20230101", "chats.a", "found 20230101", "expected a date"),
        ("first_day", "2026-07-03", "chats.a", "found 2026-07-03", "not in the future"),
        ("first_day", "0203-01-01", "chats.a", "found 0203-01-01", "a day from 1980-01-01"),
        ("days", '"180"', "chats.a.training", 'found "180"', "expected a valid integer"),
        ("days", "180.0", "chats.a.training", "found 180.0", "expected a valid integer"),
        ("days", "true", "chats.a.training", "found true", "expected a valid integer"),
        ("days", "13", "chats.a.training", "found 13", "greater than or equal to 14"),
        ("rule", '"bold"', "chats.a.check", 'found "bold"', "'relative' or 'smape'"),
        ("window_days", "0", "chats.a.check", "found 0", "greater than or equal to 1"),
        ("max_model_age_days", "[1]", "chats.a.check", "found a list", "expected a valid integer"),
        ("smape_threshold", "0.5", "chats.a.check", "found 0.5", 'left out: only rule = "smape" uses it'),
        ("smape_threshold", "nan", "chats.a.check", "found NaN", "expected a finite number"),
        ("language", '"de"', "chats.a", 'found "de"', "expected one of: en, ru"),
        ("training", "180", "chats.a", "found 180", "expected a table"),
        ("seed", "7", "chats.a.simulation", "found a table", 'left out: only source = "simulated" uses it'),
    ],
)
def test_bad_value_is_named_with_what_was_found_and_expected(path, key, value, table, found, expected):
    (line,) = mistakes(path, with_setting(key, value, table))
    field = "simulation" if key == "seed" else ".".join([*table.split(".")[2:], key])
    assert line.startswith(f"chat a: {field}: {found}")
    assert expected in line


@pytest.mark.parametrize(
    ("key", "table", "words"),
    [
        ("timezon", "chats.a", "timezon: unknown key, expected one of: source, timezone, "),
        ("timezon", "chats.a", "did you mean timezone?"),
        ("day", "chats.a.training", "training.day: unknown key, expected one of: days, holidays; did you mean days?"),
        ("days", "chats.a", "days: unknown key, expected it in [chats.<slug>.training]"),
        ("timezone", "chats.a.check", "check.timezone: unknown key, expected it in [chats.<slug>]"),
        ("slug", "chats.a", "slug: unknown key, expected it left out"),
        ("xyz", "chats.a", "xyz: unknown key, expected one of: source, timezone, first_day, language"),
    ],
)
def test_unknown_key_is_told_what_it_may_have_been(path, key, table, words):
    text = GOOD.replace("my-chat", "a") + (f"[{table}]\n" if table != "chats.a" else "") + f"{key} = 1"
    (line,) = mistakes(path, text)
    assert line.startswith("chat a: ")
    assert words in line


def test_missing_keys_are_each_named(path):
    lines = mistakes(path, "[chats.a]\n")
    assert [line.partition(", ")[0] for line in lines] == [
        "chat a: source: missing",
        "chat a: timezone: missing",
        "chat a: first_day: missing",
    ]


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("My-Chat", "did you mean my-chat?"),
        ("1st", "beginning with a letter"),
        ("a.b", "did you mean a-b?"),
        ("чат", "1 to 40 lowercase letters"),
        ("a" * 41, "1 to 40"),
        ("", "1 to 40"),
        ("a\nb", "did you mean a-b?"),
        ("../up", "did you mean up?"),
        ("mlflow", "another name: this one is the program's own"),
        ("dagster", "another name: this one is the program's own"),
        ("locks", "another name: this one is the program's own"),
        ("logs", "another name: this one is the program's own"),
        ("reports", "another name: this one is the program's own"),
    ],
)
def test_unusable_slug_is_refused(path, slug, words):
    escaped = slug.replace("\n", "\\n")
    (line,) = mistakes(path, GOOD.replace("my-chat", f'"{escaped}"'))
    assert ": slug: found " in line
    assert words in line


def test_slug_of_forty_letters_is_usable(path):
    assert load(path, GOOD.replace("my-chat", "a" * 40))[0].slug == "a" * 40


def test_slugs_that_differ_only_in_hyphens_are_refused(path):
    (line,) = mistakes(path, GOOD + GOOD.replace("my-chat", "my_chat"))
    assert line == "chat my_chat: found the chat my-chat too, expected names that differ in more than - and _"


def test_same_slug_twice_names_the_chat_and_the_line(path):
    (line,) = mistakes(path, GOOD + GOOD)
    assert line == "chat my-chat: found the table [chats.my-chat] again at line 7, expected it once"


def test_same_key_twice_names_chat_field_and_line(path):
    (line,) = mistakes(path, GOOD + 'source = "simulated"\n')
    assert line.startswith("[chats.my-chat]")
    assert "source: not TOML: found the key again, expected it once (at line 6" in line


def test_syntax_error_names_its_line_but_not_its_value(path):
    (line,) = mistakes(path, GOOD + "smth = export of mine\n")
    assert "smth: not TOML: " in line
    assert "line 6" in line
    assert "mine" not in line


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "[chats]\n"])
def test_file_without_a_chat_is_refused(path, text):
    (line,) = mistakes(path, text)
    assert "found no chat, expected a table such as [chats.my-chat]" in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[my-chat]\nsource = 'export'\n", "my-chat: unknown, expected only tables such as [chats.my-chat]"),
        (
            "[chat.a]\nsource = 'export'\n",
            "chat: unknown, expected only tables such as [chats.my-chat] in the file; did",
        ),
        ("source = 'export'\n", "source: unknown, expected only tables"),
        (
            "[chats]\nsource = 'export'\n",
            'chats.source: found "export" beside the chats, expected it in [chats.my-chat]',
        ),
        ("chats = 3\n", "chats: found 3, expected tables such as [chats.my-chat]"),
        ("[[chats]]\nslug = 'a'\n", "chats: found a list, expected tables such as [chats.my-chat]"),
        (
            "[chats.training]\ndays = 3\n",
            "chats.training: found a table beside the chats, expected it in [chats.my-chat]",
        ),
    ],
)
def test_settings_at_the_wrong_level_are_told_where_they_belong(path, text, words):
    assert any(line.startswith(words) for line in mistakes(path, text))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (GOOD.replace("my-chat", "bad").replace("Europe/Moscow", "Mars/Base"), ['timezone: found "Mars/Base"']),
        (GOOD.replace("my-chat", "bad").replace('"Europe/Moscow"', "3\nx = 1"), ["timezone: found 3", "x: unknown"]),
        ("[chats]\nbad = 3\n", ["chats.bad: found 3 beside the chats"]),
    ],
)
def test_a_chats_mistakes_put_that_chat_aside_and_no_other(path, bad, words):
    file = load_file(path, bad + GOOD + GOOD.replace("my-chat", "other"))
    assert [chat.slug for chat in file.chats] == ["my-chat", "other"]
    assert list(file.put_aside) == ["bad"]
    lines = file.put_aside["bad"].split("\n")
    assert len(lines) == len(words)
    assert all(word in line for word, line in zip(words, lines, strict=True))
    assert file.find("other") == file.chats[1]
    assert file.find("another") is None
    with pytest.raises(ConfigError, match="bad"):
        file.find("bad")
    load_notify(path)  # notices of the others go on


def test_all_mistakes_of_a_file_come_in_one_message(path):
    lines = mistakes(
        path,
        """
        title = "mine"
        [chats.a]
        source = "export"
        timezone = "Mars/Base"
        first_day = 2036-01-01
        [chats.a.training]
        days = 1
        [chats.B]
        source = "exports"
        timezone = "UTC"
        first_day = 2023-01-01
        """,
    )
    assert [line.rpartition(" found ")[0] or line[:14] for line in lines] == [
        "title: unknown",
        "chat a: timezone:",
        "chat a: first_day:",
        "chat a: training.days:",
        "chat B: slug:",
        "chat B: source:",
    ]


def test_first_day_may_be_the_local_tomorrow_of_utc(path):
    assert load(path, with_setting("first_day", "2026-07-02"))[0].first_day == date(2026, 7, 2)


def test_file_that_is_not_utf8_is_refused(path):
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(ConfigError, match=r"chats\.toml: found bytes that are not UTF-8 at 0, expected a UTF-8 text"):
        load_chats(path, TODAY)


def test_folder_in_the_place_of_the_file_is_refused(path):
    path.mkdir()
    with pytest.raises(ConfigError, match=r"chats\.toml: cannot be read .*directory"):
        load_chats(path, TODAY)


def test_long_and_many_lined_values_take_one_short_line(path):
    (line,) = mistakes(path, with_setting("source", '"' + "x\\n" * 200 + '"'))
    assert len(line) < 160


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can read every file")
def test_unreadable_file_is_named(path):
    load(path, GOOD)
    path.chmod(0)
    with pytest.raises(ConfigError, match=r"chats\.toml: cannot be read"):
        load_chats(path, TODAY)


def test_country_of_holidays_is_one_that_is_known(path):
    (chat,) = load(path, with_setting("holidays", '"RU"', "chats.a.training"))
    assert chat.training.holidays == "RU"
    (line,) = mistakes(path, with_setting("holidays", '"Russia"', "chats.a.training"))
    assert 'training.holidays: found "Russia", expected a country\'s two letters' in line


def test_notify_has_defaults_and_can_be_set(tmp_path):
    path = tmp_path / "chats.toml"
    assert load_notify(path) == Notify()
    assert Notify().alerts == ["unread", "failed", "retrained", "unusual", "skill", "changed", "today"]
    path.write_text(GOOD + "[notify]\ndigest = false\nalerts = ['failed']\nurl_variable = 'MY_URL'\n")
    assert load_notify(path) == Notify(digest=False, alerts=["failed"], url_variable="MY_URL")
    assert len(load_chats(path, TODAY)) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("digest = 'yes'", 'notify: digest: found "yes", expected a valid boolean'),
        (
            "alerts = ['all']",
            "notify: alerts: found \"all\", expected 'unread', 'failed', 'retrained', 'unusual', 'skill', 'changed' or "
            "'today'",
        ),
        ("url = 'tgram://hush'", "notify: url: unknown key, expected one of: url_variable, digest, alerts"),
        ("url_variable = 'tgram://hush'", "notify: url_variable: expected the name of an environment variable"),
    ],
)
def test_a_mistake_in_notify_is_named_and_a_url_is_not_repeated(tmp_path, line, words):
    path = tmp_path / "chats.toml"
    path.write_text(f"{GOOD}[notify]\n{line}\n")
    for read in (load_notify, lambda path: load_chats(path, TODAY)):
        with pytest.raises(ConfigError) as mistake:
            read(path)
        assert words in str(mistake.value)
        assert "hush" not in str(mistake.value)


def test_names_of_the_servers_are_none_by_default_and_can_be_set(path):
    assert load_serve(path) == Serve()
    path.write_text(GOOD + "[serve]\nallowed_hosts = ['forecast.example.org', '[fd00::1]:8443', '10.0.0.5:80']\n")
    assert load_serve(path).allowed_hosts == ["forecast.example.org", "[fd00::1]:8443", "10.0.0.5:80"]


@pytest.mark.parametrize(
    "host", ["*", "*.example.org", "https://example.org", "example.org/x", "a b", "", "a@b", "-", "a:b"]
)
def test_a_name_that_no_browser_sends_is_refused(path, host):
    (mistake,) = mistakes(path, GOOD + f'[serve]\nallowed_hosts = ["{host}"]\n')
    assert mistake.startswith("serve: allowed_hosts: found a list, expected names such as forecast.example.org")


def test_names_that_an_asset_a_page_or_a_file_system_has_already_are_refused(path):
    assert set(PARTITION_SCHEMAS) <= ASSET_NAMES
    for slug in ("con", "nul", "lpt1", "index", "plots", "raw_messages", "daily_score", "archive"):
        (mistake,) = mistakes(path, f'[chats.{slug}]\nsource = "export"\ntimezone = "UTC"\nfirst_day = 2023-01-01\n')
        assert f'chat {slug}: slug: found "{slug}", expected another name: this one is ' in mistake


@pytest.mark.parametrize(
    "slug", ["a.", "a.b", "A", "a" * 41, "..", "../a", "a/b", "a\\b", "-a", "a b", "a\x00", "a\x1b[31m", "ä"]
)
def test_names_that_a_file_system_may_change_or_lose_are_refused(path, slug):
    (mistake,) = mistakes(path, f'[chats.{json.dumps(slug)}]\nsource = "export"\ntimezone = "UTC"\nfirst_day = 2023-01-01\n')
    assert "expected 1 to 40 lowercase letters, digits, - and _, beginning with a letter" in mistake
    assert "\x1b" not in mistake


@pytest.mark.parametrize(
    "text",
    [
        f"a = {'[' * 5000}",
        f"a = {'{b = ' * 5000}",
        f"a = {'9' * 5000}",
        f"[chats.a]\ntraining = {'[' * 5000}{']' * 5000}",
        f"a{'.a' * 100_000} = 1",
        f"['a'{'.a' * 100_000}]",
        "#" * (5 << 20),
    ],
    ids=["arrays", "tables", "digits", "closed", "dotted", "header", "long"],
)
def test_a_text_that_would_only_keep_the_parser_busy_is_named_with_its_file(tmp_path, text):
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path / "chats.toml"))) as refused:
        load(tmp_path / "chats.toml", text)
    assert len(str(refused.value)) < 1000


LONG = "9" * 3000


@pytest.mark.parametrize(
    "text",
    [
        f"{GOOD}{LONG} = 1\n",
        f"{GOOD}[chats.my-chat.training]\n{LONG} = 1\n",
        f"{GOOD}[notify]\n{LONG} = 1\n",
        f"{LONG} = 1\n{GOOD}",
        f"[chats]\n{LONG} = 1\n",
        f"[chats.{LONG}]\nsource = 1\n",
        f"[chats.{LONG}]\n[chats.{LONG}]\n",
        f"{GOOD}[notify]\nlanguage = '{LONG}'\n",
        GOOD.replace("Europe/Moscow", LONG),
        GOOD.replace("export", LONG),
        "".join(f"a{number} = 1\n" for number in range(2000)),
        "".join(f"[chats.a{number}]\n" for number in range(2000)) + "[a]\n",
        "".join(f"[chats.a{number}]\n" for number in range(2000)),
    ],
    ids=lambda text: text.replace(GOOD, "").replace(LONG, "long")[:30],
)
def test_what_is_long_or_often_wrong_is_said_shortly(path, text):
    """The file is named with each mistake, and twenty of a chat, or of the file, are enough."""
    lines = mistakes(path, text)
    assert all(len(line) < 500 for line in lines)
    assert len(lines) <= 21 or lines[-1].startswith("chat a1999: ")
