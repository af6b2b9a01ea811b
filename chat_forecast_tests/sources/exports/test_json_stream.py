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
