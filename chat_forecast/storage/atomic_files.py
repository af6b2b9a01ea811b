"""Files that are whole or absent, on a local path or any fsspec URL.

Belongs here: reading one file, replacing it atomically, and listing a folder.
Does not belong here: which files there are and what they mean (:mod:`chat_forecast.storage.partitions`), whether one has
changed (:mod:`.file_fingerprints`), tables (:mod:`.parquet_files`), or other local files (:mod:`chat_forecast.whole_files`).
"""

import errno
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from chat_forecast.storage.object_stores import local_path, open_store, store_errors
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.whole_files import replace_file_by


def join_url(root: str, *parts: str) -> str:
    """A path below a local folder or an fsspec URL."""
    return "/".join([root.rstrip("/"), *parts])


def write_file(url: str, content: bytes | memoryview, *, is_lasting: bool = True) -> None:
    """Replace one file: readers see the old file or the new one, never half of one.

    A local file is written aside, flushed to the disk and renamed; an object store replaces whole objects by itself. What
    is not lasting is not flushed: where the machine dies, it may be lost, or not be what was written.

    Raises:
        StoredFileError: it could not be written; what stood there is as it was.
    """
    write_file_by(url, lambda file: file.write(content), is_lasting=is_lasting)


def write_file_by(url: str, write: Callable[[BinaryIO], object], *, is_lasting: bool = True) -> None:
    """Replace one file by what ``write`` writes, of which on a local disk never all is in memory; raises as that."""
    try:
        if (local := local_path(url)) is not None:
            replace_file_by(local, write, is_lasting=is_lasting)
        else:
            _replace_in_store(url, write)
    except OSError as error:
        raise StoredFileError(
            f"{url} could not be written ({error.strerror or error}); what stood there before is as it was. "
            "Make room or put it right, and do the same again."
        ) from error


def _replace_in_store(url: str, write: Callable[[BinaryIO], object]) -> None:
    filesystem, path = open_store(url)
    buffer = io.BytesIO()
    write(buffer)
    with store_errors():
        try:
            filesystem.pipe_file(path, buffer.getvalue())
        except FileNotFoundError:  # a store that knows folders
            filesystem.makedirs(filesystem._parent(path), exist_ok=True)
            filesystem.pipe_file(path, buffer.getvalue())


def read_file(url: str) -> bytes | None:
    """The content of one file; None where there is none."""
    try:
        return read_bytes(url)
    except FileNotFoundError:
        return None


def read_bytes(url: str) -> bytes:
    """The content of one file; raises OSError where it cannot be read."""
    if (local := local_path(url)) is not None:  # a year are thousands of small files: fsspec takes longer than the disk
        return local.read_bytes()
    filesystem, path = open_store(url)
    with store_errors():
        content: bytes = filesystem.cat_file(path)
    return content


def read_many(urls: Sequence[str]) -> dict[str, bytes]:
    """The contents of files of an object store, by their URLs, asked for at once; none of local files, which are at hand.

    What cannot be read is left out: read alone, it tells why.
    """
    if not urls or "://" not in urls[0]:
        return {}
    filesystem, _ = open_store(urls[0])
    paths = {filesystem._strip_protocol(url): url for url in urls}
    found = filesystem.cat(list(paths), on_error="omit")
    return {paths[path]: content for path, content in found.items()}


def remove_file(url: str) -> None:
    """Remove one file.

    Raises:
        StoredFileError: it could not be removed.
    """
    filesystem, path = open_store(url)
    try:
        with store_errors():
            filesystem.rm_file(path)
    except OSError as error:
        raise StoredFileError(
            f"{url} could not be removed ({error.strerror or error}). Put it right, and try again."
        ) from error


def remove_folder(url: str) -> None:
    """Remove a folder with everything in it; nothing happens where there is none.

    Raises:
        StoredFileError: it could not be removed.
    """
    filesystem, path = open_store(url)
    try:
        with store_errors():
            if filesystem.exists(path):
                filesystem.rm(path, recursive=True)
    except OSError as error:
        raise StoredFileError(
            f"{url} could not be removed ({error.strerror or error}). Put it right, and try again."
        ) from error


def file_exists(url: str) -> bool:
    """Whether there is a file.

    Raises:
        StoredFileError: the store cannot be asked.
    """
    if (local := local_path(url)) is not None:
        return os.path.isfile(local)  # noqa: PTH113 - where a folder cannot be entered, there is none
    filesystem, path = open_store(url)
    try:
        with readable_folder(url):
            return bool(filesystem.info(path)["type"] == "file")
    except FileNotFoundError:
        return False


def file_version(url: str) -> str | None:
    """What changes when a file is replaced: its time and size, or an object store's own mark; None without such a file.

    Raises:
        StoredFileError: its folder cannot be read.
    """
    filesystem, path = open_store(url)
    try:
        with readable_folder(url):
            found = filesystem.info(path)
    except FileNotFoundError:
        return None
    marks = ("ETag", "etag", "mtime", "created", "LastModified", "size")
    return " ".join(f"{mark}={found[mark]}" for mark in marks if found.get(mark) is not None)


def list_names(url: str) -> list[str]:
    """The names of what lies in a folder, in order; hidden files are left out, and there are none without the folder.

    Raises:
        StoredFileError: it cannot be read, or is a file.
    """
    try:
        with readable_folder(url):
            names = _names_in_store(url) if (local := local_path(url)) is None else os.listdir(local)  # noqa: PTH208 - faster
    except FileNotFoundError:
        return []
    return sorted(name for name in names if not name.startswith("."))


def _names_in_store(url: str) -> list[str]:
    filesystem, path = open_store(url)
    entries = filesystem.ls(path, detail=False)
    if entries == [path]:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return [entry.rstrip("/").rpartition("/")[2] for entry in entries]


@contextmanager
def readable_folder(url: str) -> Iterator[None]:
    """Give what goes wrong with a folder or a file in words, but that it is not there."""
    try:
        with store_errors():
            yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoredFileError(
            f"{url} cannot be read ({error.strerror or error}), expected a folder that can be. Put it right, and try again."
        ) from error
