"""Where a URL leads: the local disk, or an S3-compatible store or another one that fsspec knows.

Belongs here: opening a store so that it is read as it is now, whichever machine wrote to it, and so that it may be away for
a while.
Does not belong here: what is read and written (:mod:`.atomic_files`).

Credentials and endpoint of an S3-compatible store come from the environment alone (``AWS_ACCESS_KEY_ID``,
``AWS_SECRET_ACCESS_KEY``, ``AWS_ENDPOINT_URL``), or from wherever else Amazon's libraries look.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # who has all on a local disk does not wait for it
    import fsspec

TRIES = 14
"""A minute and a half: the waits between them grow from a tenth of a second to 15 s."""
OF_AMAZON = ("botocore.", "aiobotocore.")
BUSY, OWN_FAULTS = 429, 500
"""The status of a server that is asked too often, and the lowest one that says that it is at fault itself."""


def local_path(url: str) -> Path | None:
    """The path of what lies on the local disk; None for what an object store may hold."""
    scheme, is_url, path = url.partition("://")
    return Path(url) if not is_url else Path(path) if scheme in ("file", "local") else None


def open_store(url: str) -> "tuple[fsspec.AbstractFileSystem, str]":
    """The file system of a URL or a path, and the path in it; it remembers no listings, which another machine may change."""
    import fsspec

    if "://" not in url:
        return fsspec.core.url_to_fs(url)  # type: ignore[no-any-return]  # fsspec has no annotations
    settings: dict[str, Any] = {"use_listings_cache": False}
    if url.startswith("s3://"):
        _be_patient()
        settings["max_concurrency"] = 1  # else the size of each file is asked for before it is read
        settings["config_kwargs"] = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 30}
    return fsspec.core.url_to_fs(url, **settings)  # type: ignore[no-any-return]  # likewise


@contextmanager
def store_errors() -> Iterator[None]:
    """Give what Amazon's libraries raise as an OSError, as those of any other file system."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.startswith(OF_AMAZON):
            raise OSError(errno.EIO, str(error)) from error
        raise


@cache
def _be_patient() -> None:
    """Let requests to an S3-compatible store be made again while it is away, or too busy."""
    import s3fs

    s3fs.S3FileSystem.retries = TRIES
    s3fs.core.set_custom_error_handler(_is_passing)


def _is_passing(error: Exception) -> bool:
    """Whether the server could not be reached, or says that it is at fault itself."""
    import botocore.exceptions

    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(response, dict) else 0
    return status == BUSY or status >= OWN_FAULTS or isinstance(error, botocore.exceptions.ConnectionError)
