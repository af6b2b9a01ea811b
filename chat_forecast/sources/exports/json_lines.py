"""Files of one JSON document a line.

Belongs here: walking through them, and refusing what is cut or damaged. Does not belong here: what the lines mean.
"""

import json
from collections.abc import Iterator
from typing import Any

from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked

LONGEST_LINE = 1 << 24
_decode = json.JSONDecoder(strict=False).decode


def read_json_lines(bundle: Bundle, name: str, asked: Asked) -> Iterator[dict[str, Any]]:
    """The documents of a part, one a line; empty lines do not count.

    Raises:
        RefusedFileError: a line is none, or the last one ends in the middle.
    """
    broken = 0
    for number, line in enumerate(bundle.lines(name, asked.progress, LONGEST_LINE), start=1):
        if not line.strip():
            continue
        if broken:
            raise asked.refusal(f"it is damaged, or was changed by hand: line {broken} is no JSON. Export it again.")
        try:
            found = _decode(line)
        except (ValueError, RecursionError):  # a number of thousands of digits is no JSONDecodeError
            broken = number
            continue
        if not isinstance(found, dict):
            raise asked.refusal(f"line {number} is no JSON object, as every line of such an export is. Export it again.")
        yield found
    if broken:
        raise asked.refusal(
            f"it ends in the middle, in line {broken}: the export or a copy of it was interrupted. Copy it again, or export "
            "it again."
        )
