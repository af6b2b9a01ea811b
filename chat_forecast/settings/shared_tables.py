"""The tables of ``chats.toml`` that are no chat's.

Belongs here: which there are, and ``[serve]``.
Does not belong here: those of chats, and ``[notify]`` (:mod:`.models`).
"""

import re

from pydantic import BaseModel, Field, field_validator
from pydantic_core import PydanticCustomError

from chat_forecast.settings.models import Notify, _Settings

HOST_PATTERN = re.compile(r"(?i)([a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
"""A name or an address, with or without a port, as it stands in a request's ``Host``."""


class Serve(_Settings):
    """``[serve]``: the names under which others reach `chat-forecast up`."""

    allowed_hosts: list[str] = Field(
        default=[],
        description="The host names of this machine, or of the proxy in front of it, in other people's browsers, such as "
        "`forecast.example.org`, with the port if it is not 80 or 443. Requests with any other name are rejected, except "
        "this machine's own names. `up` reads them when it starts. Default none.",
    )

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, hosts: list[str]) -> list[str]:
        if not all(HOST_PATTERN.fullmatch(host) for host in hosts):
            raise PydanticCustomError(
                "host", "names such as forecast.example.org or forecast.example.org:8443, without https:// and without *"
            )
        return hosts


class Retention(_Settings):
    """``[retention]``: how long messages are kept."""

    days: int | None = Field(
        default=None,
        ge=1,
        le=36500,
        description="`retention_days` of every chat that does not set its own. Default none: messages are kept.",
    )


SHARED_TABLES: dict[str, type[BaseModel]] = {"notify": Notify, "serve": Serve, "retention": Retention}
"""Name -> what reads it; each may be absent."""
