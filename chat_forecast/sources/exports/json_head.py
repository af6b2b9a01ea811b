"""The beginning of a JSON file: its keys, and the first of its entries.

Belongs here: what can be told from the first bytes of a document, a list, or one document a line.
Does not belong here: whose export that is.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class JsonHead:
    """What the first bytes of a file show."""

    keys: tuple[str, ...] = ()
    """Of the document, as far as they stand there, in order; none of a list."""
    entry: dict[str, Any] = field(default_factory=dict)
    """The first of its messages, or of the list's entries; or the first line's document."""
    is_list: bool = False


def json_head(text: str) -> JsonHead | None:
    """Look at the beginning of a file; None if it is no JSON."""
    if not text.startswith(("{", "[")):
        return None
    first = _first_value(text)
    if isinstance(first, dict):
        entries = first.get("messages")
        inner = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else first
        return JsonHead(tuple(first), inner)
    if text.startswith("["):
        entry = first[0] if isinstance(first, list) and first else _first_value(text[1:].lstrip())
        return JsonHead((), entry, is_list=True) if isinstance(entry, dict) else None
    before, found, messages = text.partition('"messages"')
    if not found:
        return JsonHead(tuple(re.findall(r'"(\w+)"\s*:', before)))
    entry = _first_value(messages.lstrip(" :[\r\n\t"))
    return JsonHead((*re.findall(r'"(\w+)"\s*:', before), "messages"), entry if isinstance(entry, dict) else {})


def _first_value(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):  # a number of thousands of digits is no JSONDecodeError
        return None
