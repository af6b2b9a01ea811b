import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.sources.exports.json_stream import BrokenJsonError, CutJsonError, JsonStream

WINDOWS = st.integers(1, 40)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
LAYOUTS = st.sampled_from([None, 1, "\t", "\r\n "])


def stream_of(data, window=7):
    return JsonStream(io.BytesIO(data), window=window)


def walk(stream):
    """The whole document, taken apart down to its smallest parts."""
    match stream.peek():
        case "{":
            return {key: walk(stream) for key in stream.members()}
        case "[":
            return [walk(stream) for _ in stream.elements()]
        case _:
            return stream.value()


@settings(deadline=None)
@given(DOCUMENTS, LAYOUTS, st.booleans(), WINDOWS)
def test_any_document_in_any_layout_is_read_as_by_the_standard_library(document, indent, is_ascii, window):
    data = json.dumps(document, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    expected = json.loads(data.decode("utf-8", "replace"))
    assert walk(stream_of(data, window)) == expected
    assert stream_of(data, window).value() == expected
    for take in (walk, JsonStream.value, JsonStream.skip):
        stream = stream_of(b"\xef\xbb\xbf " + data + b" \n", window)
        take(stream)
        stream.expect_end()


@settings(deadline=None)
@given(st.lists(DOCUMENTS, max_size=3), WINDOWS, st.data())
def test_a_document_that_ends_in_the_middle_is_noticed_wherever_it_ends(document, window, data):
    whole = json.dumps(document).encode()
    length = data.draw(st.integers(0, len(whole) - 1))
    for take in (walk, JsonStream.value, JsonStream.skip):
        with pytest.raises(CutJsonError) as caught:
            take(stream_of(whole[:length], window))
        assert caught.value.position == length


@pytest.mark.parametrize(
    ("data", "position"),
    [
        (b'{"a": [1, 2,, 3]}', 12),
        (b'{"a": x}', 6),
        (b'{"a" 1}', 5),
        (b'{"a": 1 "b": 2}', 8),
        (b"{1: 2}", 1),
        (b'["\\q"]', 1),
    ],
)
def test_what_is_not_json_is_named_by_its_byte(data, position):
    padded = data + b" " * 100
    for take in (walk, JsonStream.value):
        with pytest.raises(BrokenJsonError) as caught:
            take(stream_of(padded))
        assert abs(caught.value.position - position) <= 1
        assert not isinstance(caught.value, CutJsonError)


def test_a_fault_does_not_make_it_read_the_rest_of_the_file():
    file = io.BytesIO(b'["a" "b", ' + b'"c", ' * 10_000)
    with pytest.raises(BrokenJsonError):
        list(JsonStream(file, window=64).values())
    assert file.tell() <= 128


def test_what_follows_the_document_is_a_fault():
    stream = stream_of(b"{} {}")
    stream.skip()
    with pytest.raises(BrokenJsonError) as caught:
        stream.expect_end()
    assert caught.value.position == 3


@settings(deadline=None)
@given(WINDOWS)
def test_the_wrong_escapes_of_old_versions_are_mended_and_right_ones_left(window):
    data = rb'["\x1b[0m", "\\x41", "\\\x41", "\n\"\u0041", "\xzz"]'.replace(rb', "\xzz"', b"")
    assert list(stream_of(data, window).values()) == ["\x1b[0m", r"\x41", "\\A", '\n"A']


def test_control_characters_in_text_are_read():
    assert stream_of(b'["a\nb\x00c"]').value() == ["a\nb\x00c"]


def test_an_endless_nesting_is_a_fault_not_a_crash():
    with pytest.raises(BrokenJsonError):
        stream_of(b"[" * 100_000, window=1 << 20).value()


def test_progress_goes_up_to_the_size_of_the_file():
    seen = []
    list(JsonStream(io.BytesIO(json.dumps(list(range(50))).encode()), seen.append, window=16).values())
    assert seen == sorted(seen)
    assert seen[-1] == len(json.dumps(list(range(50))))


ENTRIES = st.dictionaries(
    st.sampled_from(["id", "type", "text", "list"]), DOCUMENTS | st.just([{"id": 1}, {"id": 2}]), max_size=4
)


@settings(deadline=None)
@given(st.lists(ENTRIES | DOCUMENTS, max_size=8), LAYOUTS, st.booleans(), WINDOWS | st.just(4000))
def test_of_objects_the_wanted_members_are_the_same_however_many_are_taken_at_once(entries, indent, is_ascii, window):
    def wanted(each):
        return {key: each[key] for key in ("id", "type") if key in each} if isinstance(each, dict) else each

    data = json.dumps([entries, "after"], indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    expected = [wanted(each) for each in json.loads(data.decode("utf-8", "replace"))[0]]
    stream = stream_of(data, window)
    places = stream.elements()
    next(places)
    assert [wanted(each) for each in stream.values(("id", "type"))] == expected
    next(places)
    assert stream.value() == "after"


@pytest.mark.parametrize("odd", ['"\\x41"', '"\t"', "[" * 300 + "]" * 300, '"\\ud800"', '[{"id": 7}, {"id": 8}]'])
def test_most_members_that_nobody_wants_are_not_looked_at_and_what_is_odd_costs_one_window(odd):
    entries = [f'{{"id": {number}, "text": {odd if number == 5_000 else "1"}}}' for number in range(10_000)]
    found = list(stream_of(f"[{', '.join(entries)}]".encode(), 10_000).values(["id"]))
    assert [each["id"] for each in found] == list(range(10_000))
    assert sum("text" in each for each in found) < 1_000


def test_a_fault_among_many_entries_is_named_by_its_byte():
    data = b"[" + b'{"id": 1},\n' * 5_000 + b'{"id" 1}]' + b" " * 100
    with pytest.raises(BrokenJsonError) as caught:
        list(stream_of(data, 10_000).values(["id"]))
    assert abs(caught.value.position - data.index(b" 1}]")) <= 1


def test_an_array_of_entries_that_ends_in_the_middle_is_noticed():
    whole = b"[" + b'{"id": 1},\n' * 5_000 + b'{"id": 1}]'
    for cut in (1, 2, 5, 11, 15_000, 40_001):
        with pytest.raises(CutJsonError) as caught:
            list(stream_of(whole[:-cut], 10_000).values(["id"]))
        assert caught.value.position == len(whole) - cut
