"""Text that shows as what it is: nothing in it commands a terminal, or turns the reading direction.

Belongs here: which signs do, and what is shown in their place; a number of things in words.
Does not belong here: where texts are shown.

Titles of chats, names of files and keys in them are other people's. They may hold escapes that colour a terminal, move its
cursor, set its title or write to its clipboard, and marks that let a text read backwards.
"""

import re

_COMMANDS = "\x00-\x08\x0b-\x1f\x7f-\x9f"  # all but the tab and the line feed
_MARKS = "\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f"
_SURROGATES = "\ud800-\udfff"
HARMFUL = re.compile(f"[{_COMMANDS}{_MARKS}{_SURROGATES}]")


def harmless(text: str) -> str:
    r"""The text with such signs written out; line feeds and tabs stay.

    >>> harmless("a\x1b[31mb\u202ec")
    'a\\x1b[31mb\\u202ec'
    """
    return HARMFUL.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    r"""The text on one line, and harmless.

    >>> one_line("a\n  b\x07")
    'a b\\x07'
    """
    return harmless(" ".join(text.split()))


def in_json(text: str) -> str:
    r"""A JSON document that means the same, with such signs as escapes of JSON.

    >>> in_json('"a\u202eb"')
    '"a\\u202eb"'
    """
    return HARMFUL.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _utf16(found[0])), text)


def _utf16(sign: str) -> list[int]:
    """The sign as JSON's escapes have it."""
    encoded = sign.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(encoded[at : at + 2], "big") for at in range(0, len(encoded), 2)]


def counted(number: int, things: str) -> str:
    """A number of things in English.

    >>> counted(1, "scores"), counted(2000, "scores"), counted(1, "service entries"), counted(1, "files and folders")
    ('1 score', '2,000 scores', '1 service entry', '1 file or folder')
    """
    if number != 1:
        return f"{number:,} {things}"
    return f"1 {' or '.join(re.sub('ies$', 'ys', thing).removesuffix('s') for thing in things.split(' and '))}"
