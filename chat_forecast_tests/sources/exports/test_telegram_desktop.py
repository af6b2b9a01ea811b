import json
from pathlib import Path

import pandas as pd
import pytest

from chat_forecast.sources.exports.base import RefusedFileError, Tally
from chat_forecast.sources.exports.telegram_desktop import ChatInside, list_chats, read_telegram_desktop
from chat_forecast_tests.sources.message_files import account, chat, entry, instant, service, write_json


def read(path: Path, *, timezone=None, chat_id=None, tally=None):
    """The messages of an export, and what was passed over."""
    tally = tally or Tally()
    found = read_telegram_desktop(path, timezone=timezone, chat_id=chat_id, tally=tally, progress=lambda _done: None)
    batches = [batch for each in found for batch in each.batches]
    empty = pd.DataFrame({"message_id": [], "sent_at": [], "sender": []})
    return pd.concat(batches, ignore_index=True) if batches else empty


@pytest.fixture
def export(tmp_path):
    """Writes an export and gives its path."""
    return lambda content: write_json(tmp_path / "result.json", content)


def test_messages_are_read_and_service_and_unsupported_entries_counted(export):
    path = export(
        chat(
            service(1, 0),
            entry(2, 1, "user5"),
            {"id": 3, "type": "unsupported"},
            entry(4, 2, "channel6", **{"from": None}),
            {"id": 5, "type": "message"},
        )
    )
    tally = Tally()
    found = read(path, tally=tally)
    assert found["message_id"].tolist() == [2, 4]
    assert found["sent_at"].tolist() == [instant(1), instant(2)]
    assert found["sender"].tolist() == ["user5", "channel6"]
    assert tally == Tally(service=1, unsupported=2)


def test_times_without_unixtime_are_local_and_need_a_zone(export):
    path = export(chat(entry(1, 0, 123, has_unixtime=False, timezone="Asia/Kolkata"), entry(2, 5, timezone="Asia/Kolkata")))
    assert read(path, timezone="Asia/Kolkata")["sent_at"].tolist() == [instant(0), instant(5)]
    with pytest.raises(RefusedFileError, match=r"its times are local.*--file-timezone"):
        read(path)


@pytest.mark.parametrize("unixtime", [1682932620, 1682932620.0, "1682932620.0", 1682932620000, "1682932620000000000"])
def test_unix_times_that_another_program_wrote_anew_are_read_in_any_unit(export, unixtime):
    written = [entry(1, 0) | {"date_unixtime": unixtime}, entry(2, 0) | {"date_unixtime": ""}]
    assert read(export(chat(*written)), timezone="UTC")["sent_at"].tolist() == [instant(0)] * 2


def test_the_older_part_of_a_migrated_group_has_negative_ids(export):
    found = read(export(chat(entry(-999681092, 0), entry(1, 1), entry(358000, 2))))
    assert found["message_id"].tolist() == [-999681092, 1, 358000]


def test_members_may_stand_in_any_order(export):
    messages = [dict(reversed(entry(number, number).items())) for number in (1, 2)]
    content = account([chat(entry(9, 9), chat_id=1), {"messages": messages, "id": 77}])
    path = export(dict(reversed(content.items())))
    assert read(path, chat_id=77)["message_id"].tolist() == [1, 2]


def test_one_chat_of_an_account_needs_no_id(export):
    assert len(read(export(account(left_chats=[chat(entry(1, 0))])))) == 1


def test_of_several_chats_one_must_be_chosen_and_the_error_lists_them(export):
    path = export(
        account(
            [chat(entry(1, 0), chat_id=1), chat(service(1, 0), chat_id=2, name=None)],
            [chat(entry(1, 0), entry(2, 0), chat_id=3, name="Left", type="private_group")],
        )
    )
    with pytest.raises(RefusedFileError) as caught:
        read(path)
    assert str(caught.value).splitlines() == [
        f"{path}: it holds several chats. Choose one with --chat-id:",
        "  1  A chat  private_supergroup  1 message",
        "  2  (no name)  private_supergroup  0 messages",
        "  3  Left  private_group  2 messages",
    ]
    assert list_chats(path)[2] == ChatInside(3, "Left", "private_group", 2)
    assert len(read(path, chat_id=3)) == 2
    with pytest.raises(RefusedFileError, match=r"no chat with the id 4(.|\n)*3  Left"):
        read(path, chat_id=4)


def test_two_chats_with_the_same_id_cannot_be_told_apart(export):
    path = export(account([chat(entry(1, 0), chat_id=1), chat(entry(1, 0), chat_id=1, type="personal_chat")]))
    with pytest.raises(RefusedFileError, match="several chats with the id 1"):
        read(path, chat_id=1)


def test_a_wrong_chat_id_is_refused_for_a_single_chat_too(export):
    assert len(read(export(chat(entry(1, 0))), chat_id=77)) == 1
    with pytest.raises(RefusedFileError, match="no chat with the id 78"):
        read(export(chat(entry(1, 0))), chat_id=78)


def test_service_entries_of_other_chats_are_not_counted(export):
    path = export(account([chat(service(1, 0), chat_id=1), chat(entry(1, 0), chat_id=2)]))
    tally = Tally()
    read(path, chat_id=2, tally=tally)
    assert tally == Tally()


def test_a_large_file_on_one_line_is_read_like_one_on_many(tmp_path):
    content = chat(*(entry(number, number) for number in range(3000)))
    one_line, many = tmp_path / "one.json", tmp_path / "many.json"
    one_line.write_text(json.dumps(content, separators=(",", ":")))
    many.write_text(json.dumps(content, indent=4))
    assert read(one_line).equals(read(many))
    assert len(read(one_line)) == 3000


def test_escapes_of_old_versions_do_not_hinder(tmp_path):
    path = tmp_path / "result.json"
    text = json.dumps(chat(entry(1, 0), entry(2, 1))).replace("so ", r"so \x0b\\x0b ")
    path.write_text(text)
    assert len(read(path)) == 2


@pytest.mark.parametrize("content", [chat(*(entry(n, n) for n in range(50))), account([chat(entry(1, 0))])])
def test_a_file_cut_anywhere_is_refused_and_tells_where_it_ends(tmp_path, content):
    whole = json.dumps(content).encode()
    path = tmp_path / "result.json"
    for length in range(1, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        with pytest.raises(RefusedFileError, match=f"ends in the middle, at byte {length}:"):
            read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"results": [], "version": 2}, "no Telegram Desktop export: found the keys results, version, but no messages"),
        ({}, r"found the keys \(none\)"),
        ([1, 2], "expected JSON that begins with {"),
        ({"messages": [{"role": "user", "content": "x"}]}, "entries have no type"),
        ({"messages": ["x"]}, "entries have no type"),
        (chat({**entry(1, 0), "id": "x"}), "no whole number"),
        (chat({**entry(1, 0), "id": 10**30}), "no whole number"),
        (chat({**entry(1, 0), "id": 2**63}), "no whole number"),
        (chat({**entry(1, 0), "id": 1.5}), "no whole number"),
        (chat({**entry(1, 0), "id": True}), "no whole number"),
        (chat({**entry(1, 0), "from_id": ["user1"]}), "from_id is neither a text nor a number"),
        (chat({**entry(1, 0), "id": -(2**60)}), "too low"),
        (chat({**entry(1, 0), "date_unixtime": "9" * 20}), "no whole number, or too great"),
        (chat({**entry(1, 0, has_unixtime=False), "date": "the thirtieth"}), "date is not a time"),
        (account(), "holds no chat"),
        ({"chats": {"list": [1]}}, "expected chats"),
    ],
)
def test_what_is_no_export_is_refused_with_what_was_found(export, content, words):
    with pytest.raises(RefusedFileError, match=words):
        read(export(content), timezone="UTC")


def test_a_damaged_export_is_refused_with_the_place(tmp_path):
    text = json.dumps(chat(entry(1, 0), entry(2, 0)))
    place = text.index('"id": 2')
    path = tmp_path / "result.json"
    path.write_text(text[:place] + "\0\0\0" + text[place + 3 :])
    with pytest.raises(RefusedFileError, match=f"damaged.* at byte {place}[.]"):
        read(path)


def test_no_refusal_tells_what_was_written_or_by_whom(tmp_path):
    text = json.dumps(chat(entry(1, 0, text="a private word")))
    path = tmp_path / "result.json"
    for broken in (
        text[:-30],
        text.replace('"id": 1,', '"id": 1'),
        text.replace('"id": 1,', '"id": "a private word",'),
    ):
        path.write_text(broken)
        with pytest.raises(RefusedFileError) as caught:
            read(path)
        assert "private" not in str(caught.value).replace("private_supergroup", "")
        assert "Somebody" not in str(caught.value)
