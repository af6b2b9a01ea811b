"""Where Dagster's rows name a chat, in whichever database they are.

Belongs here: the tables, and reading the documents that stand in their rows.
Does not belong here: deleting (:mod:`.forgotten_chat`, :mod:`.forgotten_rows`).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from chat_forecast.pipeline.runs import ALL_ASSETS

BY_ASSET = ("event_logs", "asset_event_tags", "asset_check_executions", "asset_keys")
"""The tables about assets that have a column ``asset_key``."""
EVALUATIONS = "asset_daemon_asset_evaluations"
"""Another one of these, among the schedules."""
BY_POOL = ("concurrency_limits", "concurrency_slots", "pending_steps")
"""The tables about pools; a chat's assets are one."""
STATES = {"jobs": "job_body", "instigators": "instigator_body"}
"""The tables with the states of schedules and sensors, and the columns of these."""
SNAPSHOT_ID = re.compile(r"[0-9a-f]{40}")


def stored_keys(chat: str) -> list[str]:
    """The keys of a chat's assets, as they are stored."""
    return [json.dumps([chat, asset]) for asset in ALL_ASSETS]


def pool_of(chat: str) -> str:
    """The name of the pool of a chat's assets; Dagster takes no hyphen in one."""
    return f"chat_{chat.replace('-', '_')}"


def selected(chat: str) -> str:
    """What stands in the body of a run that selects an asset of the chat."""
    return f'"path": ["{chat}", '


def names(body: str | None, chat: str) -> bool:
    """Whether a stored document names a chat, as a whole text in it, or before the slash of a key."""
    return body is not None and re.search(rf'\\*"{re.escape(chat)}(?:\\*"|/)', body) is not None


def tick_without(body: str, chat: str) -> str | None:
    """A tick without the chat; None if it is about that chat alone, or tells of it in words."""
    if chat not in body:
        return body
    tick = json.loads(body)
    kept = without(tick, chat)
    is_its_own = _keys(tick) and not _keys(kept)
    kept_body = json.dumps(kept)
    return None if is_its_own or tells_of(kept_body, chat) else kept_body


def tells_of(body: str | None, chat: str) -> bool:
    """Whether a document, or a text that is none, names a chat as a word."""
    if body is None or chat not in body:
        return False
    try:
        document = json.loads(body)
    except ValueError:
        document = body
    word = re.compile(rf"(?<![\w-]){re.escape(chat)}(?![\w-])")
    return any(word.search(text) for text in _texts(document))


def state_without(body: str, chat: str) -> str:
    """The state of a schedule or sensor, without the chat."""
    return json.dumps(without(json.loads(body), chat))


def without(value: Any, chat: str, *, is_ours: bool = False) -> Any:  # noqa: ANN401 - any JSON
    r"""A document without what is said of a chat; texts in it may be documents themselves, as a sensor's cursor is.

    Such a one is ours: its keys may be chats. Those of Dagster's own document around it never are.

    >>> without({"cursor": '{"my-chat": 1, "other": ["my-chat", 2]}'}, "my-chat")
    {'cursor': '{"other": [2]}'}
    >>> without({"cursor": None, "last_run_key": "my-chat/2026-01-31"}, "my-chat")
    {'cursor': None, 'last_run_key': None}
    """
    match value:
        case dict():
            return {
                key: without(each, chat, is_ours=is_ours) for key, each in value.items() if not (is_ours and key == chat)
            }
        case list():
            kept = (each for each in value if not (_is_key_of(each, chat) or (is_ours and each == chat)))
            return [without(each, chat, is_ours=is_ours) for each in kept]
        case str() if value[:1] in ("{", "["):
            try:
                return json.dumps(without(json.loads(value), chat, is_ours=True))
            except ValueError:
                return value
        case str() if _is_key_of(value, chat):
            return None
        case _:
            return value


def _is_key_of(value: object, chat: str) -> bool:
    """Whether something is the key of one of the chat's runs."""
    return isinstance(value, str) and value.startswith(f"{chat}/")


def _keys(document: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """The keys of the runs in a tick, which lies in another document or is one itself."""
    match document:
        case {"run_keys": list(found)}:
            return found
        case dict():
            return [key for each in document.values() for key in _keys(each)]
        case _:
            return []


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """The texts in a document, but for the names of its fields."""
    match value:
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
        case str():
            yield value
