"""Walking through a JSON file of any size piece by piece.

Belongs here: finding the parts of objects and arrays in a window of text that slides over the file.
Does not belong here: what the parts mean.

The parts themselves are read by the standard library's scanner. One pass finds the chats, their names and their messages,
in whatever order they stand, and mends the escapes that old versions wrote wrongly. Of arrays of objects, a window's worth
is given at once to pydantic's parser, which makes Python objects only of the wanted members: a million messages (424 MB)
take 1.4 s instead of 2.6 s. What it refuses is read by the scanner, one element after another.
"""

import codecs
import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO

from pydantic_core import SchemaValidator, core_schema

from chat_forecast.sources.exports.base import Progress

_decode = json.JSONDecoder(strict=False).raw_decode  # not strict: control characters may stand in a string as they are
_space = re.compile(r"[ \t\r\n]*").match
_comma = re.compile(r"[ \t\r\n]*,[ \t\r\n]*").match
_joint = re.compile(r'}[ \t\r\n]*,[ \t\r\n]*{[ \t\r\n]*"[^"\\]*"').match
"""From the end of one object to the first key of the next."""
_NO_PART = ("", " ", "\t", "\r", "\n")
_WRONG_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|.)", re.DOTALL)
_CUT_NUMBER = 2  # of 1e+5, cut before the 5, a 1 is read: what is left over so near to the window's end may belong to it
_LONGEST_PART = 1 << 24
"""In characters; no message is nearly as long, and anything longer would only fill the memory."""
_DEEPEST = 200
_TOO_DEEP = "parts nested too deeply"
_ENCODING = ("utf-8", "surrogateescape")  # bytes that are no UTF-8 can be counted, and written back
_LONGEST_TOKEN = 16  # an error so near to the window's end may come from a token that is cut there


class BrokenJsonError(ValueError):
    """The file is not JSON from ``position`` (in bytes) on, or nothing that a program exports; ``found`` says what."""

    def __init__(self, position: int, found: str = "no JSON") -> None:
        super().__init__(f"{found} at byte {position}")
        self.position, self.found = position, found


class CutJsonError(BrokenJsonError):
    """The file ends, at ``position``, where there should be more."""


def _parser(members: Collection[str]) -> Callable[[bytes], list[Any]]:
    """Parses an array of objects into dictionaries of these members; ValueError where it is none."""
    member = core_schema.typed_dict_field(core_schema.any_schema(), required=False)
    schema = core_schema.list_schema(core_schema.typed_dict_schema(dict.fromkeys(members, member)))
    return SchemaValidator(schema).validate_json


class JsonStream:
    """A cursor in a JSON file, which only moves forward."""

    def __init__(self, file: BinaryIO, progress: Progress = lambda _done: None, window: int = 1 << 17) -> None:
        self._file, self._progress, self._window = file, progress, window
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._text, self._at, self._bytes_read, self._is_at_end = "", 0, 0, False
        self._refused_at = -1

    def peek(self) -> str:
        """Look at the character with which the next part begins."""
        if self._is_finished():
            raise CutJsonError(self._bytes_read)
        return self._text[self._at]

    def value(self) -> Any:  # noqa: ANN401  # any JSON
        """Take the whole part that begins here."""
        if self._text[self._at : self._at + 1] in _NO_PART:
            self.peek()
        while True:
            try:
                value, end = _decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if error.msg.startswith("Invalid \\escape") and self._mend_escapes():
                    continue
                is_cut = error.msg.startswith("Unterminated string") or error.pos > len(self._text) - _LONGEST_TOKEN
                if is_cut and self._read_on():
                    continue
                raise CutJsonError(self._bytes_read) if is_cut else self._broken(error.pos) from None
            except RecursionError:
                raise self._broken(self._at, _TOO_DEEP) from None
            except ValueError:
                raise self._broken(self._at, "a number of thousands of digits") from None
            if end + _CUT_NUMBER >= len(self._text) and self._read_on():
                continue
            self._at = end
            return value

    def elements(self) -> Iterator[None]:
        """Enter the array that begins here, and stop before each element, which is to be taken before the next one."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if self._take(",]") == "]":
                return

    def values(self, members: Collection[str] = ()) -> Iterator[Any]:
        """Take the elements of the array that begins here one by one.

        With ``members``, of most elements that are objects only these are looked at; of some the others are there too.
        """
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        take_many = _parser(members) if members else None
        while True:
            yield self.value()
            if take_many:
                yield from self._many(take_many)
            found = _comma(self._text, self._at)
            if found and found.end() < len(self._text):
                self._at = found.end()  # the usual case at once: there are millions
            elif self._take(",]") == "]":
                return

    def members(self) -> Iterator[str]:
        """Enter the object that begins here, and stop after each key; its value is to be taken before the next one."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self._broken(self._at)
            key = self.value()
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def skip(self, depth: int = 0) -> None:
        """Pass over the part that begins here, without ever holding more than an element of it."""
        if depth > _DEEPEST:
            raise self._broken(self._at, _TOO_DEEP)
        match self.peek():
            case "{":
                for _key in self.members():
                    self.skip(depth + 1)
            case "[":
                for _element in self.values():
                    pass
            case _:
                self.value()

    def expect_end(self) -> None:
        """Make sure that nothing follows.

        Raises:
            BrokenJsonError: something follows.
        """
        if not self._is_finished():
            raise self._broken(self._at)

    def _many(self, parse: Callable[[bytes], list[Any]]) -> list[Any]:
        """Take the objects that follow an object, as far as the next window; none, if they cannot be told apart.

        The last place that looks like the one between two objects is taken as the end of one. Whether it is, the parser
        says: only whole elements can stand between brackets.
        """
        joint = _joint(self._text, self._at - 1)
        if joint is None or self._bytes_read == self._refused_at:
            return []
        held = self._text[self._at :].encode(*_ENCODING) + self._decoder.getstate()[0] + self._read(self._window)
        last = held.rfind(joint[0].encode(*_ENCODING))
        try:
            found = parse(b"[%b]" % held[held.index(b"{") : last + 1]) if last >= 0 else []
        except ValueError:
            found = []
        if found:
            held = held[last + 1 :]
        else:
            self._refused_at = self._bytes_read  # these are taken one after another
        self._decoder.reset()
        self._text, self._at = self._decoder.decode(held, final=self._is_at_end), 0
        return found

    def _take(self, expected: str) -> str:
        found = self.peek()
        if found not in expected:
            if self._at + _CUT_NUMBER >= len(self._text) and not self._read_on():
                raise CutJsonError(self._bytes_read)
            raise self._broken(self._at)
        self._at += 1
        return found

    def _is_finished(self) -> bool:
        """Move to the next part; whether there is none."""
        while True:
            self._at = _space(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if self._at < len(self._text):
                return False
            if not self._read_on():
                return True

    def _read_on(self) -> bool:
        """Move the window to the cursor and widen it; whether there was anything more to read."""
        if self._is_at_end:
            return False
        rest = self._text[self._at :]
        if len(rest) > _LONGEST_PART:
            raise self._broken(self._at, "a part longer than any message")
        # As much again as is held already: a part of any size is tried only a few times.
        data = self._read(max(self._window, len(rest)))
        self._text, self._at = rest + self._decoder.decode(data, final=not data), 0
        return True

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._is_at_end = not data
        self._bytes_read += len(data)
        self._progress(self._bytes_read)
        return data

    def _mend_escapes(self) -> bool:
        r"""Write the ``\xNN`` of old versions as ``\u00NN`` in the rest of the window; whether there were any."""
        rest = self._text[self._at :]
        mended = _WRONG_ESCAPE.sub(lambda found: f"\\u00{found[1]}" if found[1] else found[0], rest)
        self._text, self._at = mended, 0
        return mended != rest

    def _broken(self, at: int, found: str = "no JSON") -> BrokenJsonError:
        unread = len(self._text[at:].encode(*_ENCODING)) + len(self._decoder.getstate()[0])
        return BrokenJsonError(self._bytes_read - unread, found)
