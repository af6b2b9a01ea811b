"""The Dagster instance of a home, opened.

Belongs here: opening it, and what is said where it cannot be.
Does not belong here: its settings (:mod:`.instance_settings`), or how its SQLite files are used (:mod:`.instance_files`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from chat_forecast.pipeline.compat import CheckError
from chat_forecast.pipeline.instance_settings import settings_of
from chat_forecast.settings.paths import Home, HomeError
from chat_forecast.storage.locks import Locks

UNUSABLE = (dg.DagsterError, CheckError, ImportError, TypeError, KeyError, ValueError, AttributeError)
"""What Dagster raises about settings that it cannot use: it looks at few of them itself."""
LONGEST_WORDS = 300


@contextmanager
def open_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """Open the instance that the environment names; its files are made, or brought up to date, by one process at a time.

    Two that make them at the same moment leave a schema that cannot be used.

    Raises:
        HomeError: the settings hold something that Dagster cannot use.
    """
    with Locks(home.locks, home.database).hold("instance"):
        try:
            instance = dg.DagsterInstance.get()
        except UNUSABLE as error:
            raise HomeError(
                f"{settings_of(home)} holds what Dagster cannot use: {_first_words(error)}. Mend it, or move it away, and "
                "a new one is written."
            ) from error
    with instance:
        yield instance


def _first_words(error: Exception) -> str:
    """What is wrong first: Dagster goes on with all that might stand there instead."""
    details = getattr(error, "errors", None) or [error]
    words = " ".join(str(getattr(details[0], "message", details[0])).split())
    return words.partition(". Expected:")[0].removesuffix(".")[:LONGEST_WORDS]
