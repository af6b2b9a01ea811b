"""Ways in which a stored file becomes unusable, for tests of what goes on in spite of it."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chat_forecast.storage.schemas import SCHEMA_KEY


def cut_in_half(path: Path) -> None:
    """What is left of a file after a full disk, or a copy that was interrupted."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    """A file without content."""
    path.write_bytes(b"")


def make_a_folder(path: Path) -> None:
    """A folder in the file's place."""
    path.unlink()
    path.mkdir()


def give_foreign_columns(path: Path) -> None:
    """A Parquet file that somebody else made."""
    pq.write_table(pa.table({"word": ["a"]}), path)


def make_newer(path: Path) -> None:
    """A file of a version that does not exist yet."""
    table = pq.read_table(path)
    name = path.parent.name
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, SCHEMA_KEY: f"{name}/99".encode()}), path)


NO_UTF_8 = b"\xff\xfe"


def spoil_texts(path: Path) -> None:
    """A file whose texts are none, with checksums that fit them."""
    table = pq.read_table(path)
    no_texts = pa.array([NO_UTF_8] * len(table)).view(pa.string())
    columns = [no_texts if each.type == pa.string() else table[each.name] for each in table.schema]
    pq.write_table(pa.table(columns, schema=table.schema), path)


def forbid_reading(path: Path) -> None:
    """A file of another user."""
    path.chmod(0)


def copy_beside(path: Path) -> None:
    """A copy as file managers name it; the file itself stays whole."""
    path.with_name(f"{path.stem} (copy){path.suffix}").write_bytes(path.read_bytes())


WAYS: dict[Callable[[Path], None], str] = {
    cut_in_half: "is damaged",
    empty: "is damaged",
    make_a_folder: "cannot be read",
    give_foreign_columns: "is not what its place says",
    make_newer: "was written by a newer version",
    forbid_reading: "cannot be read",
}
"""How a file is damaged -> what is said about it."""
every_way = pytest.mark.parametrize(
    "damage",
    [
        pytest.param(
            way,
            id=way.__name__,
            marks=[pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can read every file")]
            if way is forbid_reading
            else [],
        )
        for way in WAYS
    ],
)
