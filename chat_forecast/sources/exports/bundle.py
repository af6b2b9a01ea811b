"""A file, a folder or a zip archive, as the named parts that a reader opens.

Belongs here: the parts of each, their first bytes and their lines, and how much an archive may unpack to.
Does not belong here: what the parts mean.

Nothing is ever unpacked to disk, and only parts that a reader asks for are read.
"""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EINVAL
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO, cast

from chat_forecast.sources.exports.base import Progress, RefusedFileError

HEAD_BYTES = 1 << 16
"""A format is recognised by this much of a part."""
MOST_UNPACKED, ALWAYS_UNPACKED = 200, 64 << 20
"""An archive may unpack to this many times its own size, and to this many bytes in any case. Text rarely shrinks below a
tenth."""
_LARGEST_LIST, _LONGEST_END = 1 << 22, (1 << 16) + 22
"""Bytes of an archive's list of files, which is held whole; and where the list's end can stand."""
_ZIP, _IS_ENCRYPTED = b"PK\x03\x04", 1
_NO_PARTS = ("__MACOSX/", ".")
_TEXTS = (".txt", ".json", ".jsonl", ".csv", ".html", ".htm", ".md")
_MOST_HEADS = 200
_DEEPEST, _MOST_ENTRIES = 4, 300_000
"""How many levels, and how many entries, of a folder are looked at."""
_DAMAGED = "it is a zip archive, but damaged or cut. Export it again, or copy it again."


@dataclass(frozen=True)
class _Part:
    open: Callable[[], BinaryIO]
    size: int
    most_unpacked: int | None = None
    """Of all the parts of the archive together."""


class Bundle:
    """The parts of one file, folder or archive: their names, without a folder that holds all of them."""

    def __init__(self, path: Path, parts: dict[str, _Part]) -> None:
        self.path, self._parts = path, _without_top(parts)
        self.names = tuple(self._parts)
        self._heads: dict[str, str] = {}
        self._unpacked = 0

    @property
    def is_file(self) -> bool:
        """Whether it is a file by itself."""
        return self.names == (self.path.name,) and self.path.is_file()

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a part.

        Raises:
            RefusedFileError: the archive unpacks to more than texts do, or has a password.
        """
        part = self._parts[name]
        self._unpacked += part.size
        if part.most_unpacked is not None and self._unpacked > part.most_unpacked:
            raise RefusedFileError(
                self.path,
                f"it is a zip archive that would unpack to {self._unpacked >> 20} MB or more, far more than texts do. If it "
                "is a real export, unpack it, and import what comes out.",
            )
        with part.open() as file:
            yield file

    def size(self, name: str) -> int:
        """How many bytes a part has."""
        return self._parts[name].size

    def head(self, name: str) -> str:
        """The beginning of a part as text."""
        if name not in self._heads:
            with self._parts[name].open() as file:
                self._heads[name] = file.read(HEAD_BYTES).decode("utf-8-sig", "replace").lstrip()
        return self._heads[name]

    def is_ended(self, name: str) -> bool:
        """Whether a text ends with the end of a line, as far as that can be told: inside of an archive it is whole."""
        if not self.is_file or not self.size(name):
            return True
        with self.open(name) as file:
            file.seek(-1, 2)
            return file.read(1) in b"\r\n"

    def texts(self, *suffixes: str) -> list[str]:
        """The parts outside of folders that may be texts of these kinds; a file by itself whatever its name is."""
        if self.is_file:
            return [self.path.name]
        wanted = suffixes or _TEXTS
        return [name for name in self.names if "/" not in name and name.lower().endswith(wanted)][:_MOST_HEADS]

    def lines(self, name: str, progress: Progress = lambda _done: None, longest: int = HEAD_BYTES) -> Iterator[str]:
        """The lines of a part, without their ends; what is longer than ``longest`` bytes comes as several."""
        done = 0
        with self.open(name) as file:
            while raw := file.readline(longest):
                text = raw.decode("utf-8-sig" if not done else "utf-8", "replace")
                done += len(raw)
                yield text.rstrip("\r\n")
                if done % (1 << 20) < len(raw):
                    progress(done)


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a file, a folder or a zip archive.

    Raises:
        RefusedFileError: it is a damaged archive, one with a password, or one that unpacks to far too much.
    """
    if path.is_dir():
        yield Bundle(path, {each.relative_to(path).as_posix(): _of_file(each) for each in _texts_in(path)})
        return
    with path.open("rb") as file:
        is_zip = file.read(len(_ZIP)) == _ZIP
    if not is_zip:
        yield Bundle(path, {path.name: _of_file(path)})
        return
    if path.stat().st_size > _LARGEST_LIST and _size_of_list(path) > _LARGEST_LIST:
        raise RefusedFileError(path, "it is a zip archive of more files than any export has. Unpack it first.")
    try:
        with zipfile.ZipFile(path) as archive:
            yield Bundle(path, _of_archive(path, archive))
    except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, NotImplementedError, OverflowError):
        raise RefusedFileError(path, _DAMAGED) from None
    except OSError as error:
        if error.errno == EINVAL:  # a place before the file's beginning
            raise RefusedFileError(path, _DAMAGED) from None
        raise


def _texts_in(folder: Path) -> list[Path]:
    """The files of a folder that may be texts, near its top: exports keep them there."""
    found, entries = list[Path](), 0
    for place, folders, files in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(each for each in folders if not each.startswith(_NO_PARTS)) if depth < _DEEPEST else []
        entries += len(files) + len(folders)
        if entries > _MOST_ENTRIES:
            raise RefusedFileError(folder, f"it is a folder of more than {_MOST_ENTRIES} files. Name the export itself.")
        named = (Path(place) / each for each in files if each.lower().endswith(_TEXTS) and not each.startswith(_NO_PARTS))
        found += [each for each in named if each.is_file()]
    return sorted(found)


def _size_of_list(path: Path) -> int:
    """The bytes of a zip archive's list of files, which names each of them; as its end says."""
    with path.open("rb") as file:
        file.seek(-_LONGEST_END, os.SEEK_END)
        end = file.read()
    place = end.rfind(b"PK\x05\x06")
    return int.from_bytes(end[place + 12 : place + 16], "little") if place >= 0 else 0


def _of_file(path: Path) -> "_Part":
    return _Part(lambda: path.open("rb"), path.stat().st_size)


def _of_archive(path: Path, archive: zipfile.ZipFile) -> "dict[str, _Part]":
    named = (info for info in archive.infolist() if info.filename)  # else zipfile cannot tell whether it is a folder
    infos = [info for info in named if not info.is_dir() and not info.filename.startswith(_NO_PARTS)]
    most = max(ALWAYS_UNPACKED, MOST_UNPACKED * path.stat().st_size)

    def opener(info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
        def opened() -> BinaryIO:
            if info.flag_bits & _IS_ENCRYPTED:
                raise RefusedFileError(path, "it is a zip archive with a password. Unpack it, and import what comes out.")
            # zipfile itself never gives more than the size that the archive declares, which was counted.
            return cast("BinaryIO", archive.open(info))

        return opened

    return {info.filename.replace("\\", "/"): _Part(opener(info), info.file_size, most) for info in infos}


def _without_top(parts: "dict[str, _Part]") -> "dict[str, _Part]":
    """The same parts without the one folder that holds all of them."""
    tops = {name.partition("/")[0] for name in parts}
    if len(tops) != 1 or not all("/" in name for name in parts):
        return parts
    return {name.partition("/")[2]: part for name, part in parts.items()}
