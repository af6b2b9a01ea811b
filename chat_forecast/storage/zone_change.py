"""The file that says that a chat's time zone is being changed, so that a change that was interrupted is finished.

Belongs here: that file, and refusing to go on while its chat is half moved.
Does not belong here: moving the chat's partitions (:mod:`.zone_files`).
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal

from chat_forecast.storage.atomic_files import join_url, read_file, remove_file, write_file
from chat_forecast.storage.schemas import StoredFileError

FILE = ".zone-change.json"


@dataclass(frozen=True)
class ZoneChange:
    """A change of a chat's time zone that is under way."""

    old: str
    new: str
    retired: str
    """The folder beside the assets to which everything of the old zone is moved."""
    phase: Literal["moving", "rebuilding"]
    """``moving``: the new zone's messages lie aside, whole, and take the place of the old ones. ``rebuilding``: they are in
    place and the settings are changed; what is derived from them is made again."""
    first_day: str
    """The first day of the new zone of which anything is stored."""

    @classmethod
    def load(cls, root: str, chat: str) -> "ZoneChange | None":
        """The change that is under way; None if there is none.

        Raises:
            StoredFileError: the file is damaged.
        """
        url = join_url(root, chat, FILE)
        content = read_file(url)
        if content is None:
            return None
        try:
            return cls(**json.loads(content))
        except (ValueError, TypeError, RecursionError) as error:
            raise StoredFileError(
                f"{url} is damaged ({error}): expected what chat-forecast timezone notes. Restore the chat's folder from a "
                "backup."
            ) from error

    def save(self, root: str, chat: str) -> None:
        """Note that the change is under way."""
        write_file(join_url(root, chat, FILE), json.dumps(asdict(self)).encode())

    @staticmethod
    def end(root: str, chat: str) -> None:
        """Note that nothing is under way any more."""
        remove_file(join_url(root, chat, FILE))


def expect_not_moving(root: str, chat: str, timezone: str) -> None:
    """See that a chat's partitions are not half moved to another zone, or moved to another than the one given.

    Raises:
        StoredFileError: they are; the message says what to do.
    """
    change = ZoneChange.load(root, chat)
    if change is not None and (change.phase == "moving" or change.new != timezone):
        raise StoredFileError(
            f"{chat}: the change of its time zone from {change.old} to {change.new} is not finished. Finish it: "
            f"chat-forecast timezone {chat} {change.new}"
        )
