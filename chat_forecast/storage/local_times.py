"""The time zone of a file's local times: its own, an alias of it, or another one.

Belongs here: telling a file whose only fault is its zone from a foreign one.
Does not belong here: changing a chat's zone (:mod:`.zone_change`), or which names are aliases
(:mod:`chat_forecast.settings.known_values`).
"""

import pyarrow as pa


def local_time(timezone: str) -> pa.DataType:
    """The type of local times of a zone."""
    return pa.timestamp("us", tz=timezone)


def zone_of_other_file(found: pa.Schema, expected: pa.Schema, timezone: str) -> str | None:
    """The zone of a file's local times where nothing but that zone differs from what is expected; None otherwise."""
    local = local_time(timezone)
    is_local = {field.name for field in expected if field.type == local}
    zones = {field.type.tz for field in found if field.name in is_local and pa.types.is_timestamp(field.type)}
    zone: str | None = zones.pop() if len(zones) == 1 else None
    if zone is None:
        return None
    in_zone = pa.schema([field.with_type(local_time(zone)) if field.type == local else field for field in expected])
    return zone if found.equals(in_zone, check_metadata=False) else None


def other_zone(chat: str, timezone: str, found: str, url: str) -> str:
    """That a file's local times are of another zone than its chat's, and what to do."""
    return (
        f"{chat}: its time zone is {timezone} in chats.toml, but its days were counted in {found} ({url}). "
        f"Change its zone: chat-forecast timezone {chat} {timezone}; or put {found} back in chats.toml"
    )


def described(schema: pa.Schema) -> str:
    """A schema's columns in words."""
    return ", ".join(f"{field.name} ({field.type})" for field in schema)
