import multiprocessing
import stat
from concurrent.futures import ProcessPoolExecutor

import pytest

from chat_forecast.sources.pseudonyms import KEY_FILE, PseudonymKeyError, Pseudonyms, identity_of


@pytest.mark.parametrize("spelling", [123, "123", " 123 ", "123.0", "user123"])
def test_a_person_has_one_pseudonym_however_a_file_spells_the_id(spelling):
    assert Pseudonyms(b"key").of(spelling) == Pseudonyms(b"key").of("user123")


@pytest.mark.parametrize(
    ("spelling", "identity"),
    [
        ("channel123", "channel123"),
        (-1000000000123, "channel123"),
        (-123, "chat123"),
        ("Ana", "Ana"),
        ("", None),
        (None, None),
    ],
)
def test_channels_groups_names_and_unknown_senders_stay_apart(spelling, identity):
    assert identity_of(spelling) == identity


def test_a_pseudonym_is_16_hexadecimal_digits_and_depends_on_the_key():
    mine, other = Pseudonyms(b"key").of("user1"), Pseudonyms(b"other").of("user1")
    assert len(mine) == 16
    assert int(mine, 16) != int(other, 16)
    assert Pseudonyms(b"key").of(None) is None


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    home = tmp_path / "not there yet"
    first = Pseudonyms.load(home).of("user1")
    content = (home / KEY_FILE).read_bytes()
    assert Pseudonyms.load(home).of("user1") == first
    assert (home / KEY_FILE).read_bytes() == content
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("content", [b"", b"abc", b"\x00" * 64, b"g" * 64])
def test_a_damaged_key_is_an_error_and_is_not_replaced(tmp_path, content):
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(PseudonymKeyError, match=KEY_FILE):
        Pseudonyms.load(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == content


def _pseudonym(home):
    return Pseudonyms.load(home).of("user1")


def test_processes_that_start_at_once_use_one_key(tmp_path):
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        assert len(set(pool.map(_pseudonym, [tmp_path] * 8))) == 1


def test_the_key_of_many_machines_stands_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAT_FORECAST_DATABASE", "postgresql+psycopg2://ann@127.0.0.1/dagster")
    with pytest.raises(PseudonymKeyError, match="CHAT_FORECAST_PSEUDONYM_KEY is not set"):
        Pseudonyms.load(tmp_path)
    monkeypatch.setenv("CHAT_FORECAST_PSEUDONYM_KEY", "not a key")
    with pytest.raises(PseudonymKeyError, match="expected 64 hexadecimal digits") as caught:
        Pseudonyms.load(tmp_path)
    assert "not a key" not in str(caught.value)
    monkeypatch.setenv("CHAT_FORECAST_PSEUDONYM_KEY", f"{'0f' * 32}\n")
    assert Pseudonyms.load(tmp_path).of(123) == Pseudonyms(bytes.fromhex("0f" * 32)).of(123)
    assert list(tmp_path.iterdir()) == []
