"""Whatever is changed in an export, it is read or refused in a sentence."""

import io
import random
import re
import zipfile
from contextlib import suppress

import pytest

from chat_forecast.sources.exports.base import RefusedFileError
from chat_forecast_tests.sources.export_samples import FILES
from chat_forecast_tests.sources.exports.test_formats import CHOSEN, read

ODD = [
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e400",
    b'"x"',
    b"9" * 30,
    b"9" * 5000,
    b"true",
    b'"\\ud800"',
    b'""',
    b"\xff\x99",
    b"\0",
]
VALUE = re.compile(rb'(?<=: )(?:"[^"]*"|\d+|null|true|false|\{[^{}]*\}|\[[^\[\]]*\])|\d+|"[^"\n]*"')
EACH = 12


def mutated(content, chance):
    """The content with a few changes: bytes, stretches left out or repeated, and values of another kind."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[place : place + chance.randrange(40)]
            case 2:
                changed[place:place] = changed[place : place + chance.randrange(200)]
            case _:
                values = [found.span() for found in VALUE.finditer(bytes(changed))]
                start, end = chance.choice(values or [(0, 0)])
                changed[start:end] = chance.choice(ODD)
    return bytes(changed)


def rewritten(path, chance):
    """A file with changes; of an archive, one of its parts."""
    if path.suffix != ".zip":
        path.write_bytes(mutated(path.read_bytes(), chance))
        return
    made = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(made, "w") as other:
        changed = chance.choice(archive.namelist())
        for name in archive.namelist():
            content = archive.read(name)
            other.writestr(name, mutated(content, chance) if name == changed else content)
    path.write_bytes(mutated(made.getvalue(), chance) if chance.random() < 0.2 else made.getvalue())


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_read_or_refused(tmp_path, name):
    chance = random.Random(f"7 {name}")  # noqa: S311 - the same changes each time, no secret
    for number in range(EACH):
        path = FILES[name][1](tmp_path / str(number))
        rewritten(path, chance)
        with suppress(RefusedFileError):
            read(path, chat_id=CHOSEN.get(name))
