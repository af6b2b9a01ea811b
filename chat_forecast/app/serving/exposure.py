"""What is open to whom, in words.

Belongs here: what somebody must know who lets others reach the servers.
Does not belong here: letting them (:mod:`.door`), and refusing (:mod:`.guard`).
"""

from collections.abc import Sequence

from chat_forecast.app.serving.door import EVERYWHERE, Door

PAGE = "chat_forecast/docs/reverse-proxy.md"
POWERS = "can start and delete runs, and read every count, forecast and report: none of the servers asks for a password"


def exposure(doors: Sequence[Door]) -> list[str]:
    """What is open to others, a sentence or two each; nothing where only this machine's own programs and pages come in.

    >>> exposure([Door(3000), Door(5000)])
    []
    """
    door = doors[0]
    said = []
    if not door.is_local:
        *others, last = (str(each.port) for each in doors)
        said.append(
            f"Open to others: whoever reaches {door.address} on port {', '.join(others)} or {last} {POWERS}. Let a proxy "
            f"ask for one, and a firewall keep these ports to it: {PAGE}"
        )
        if door.address in EVERYWHERE and not door.names:
            said.append(
                "Browsers elsewhere are refused until allowed_hosts in [serve] of chats.toml names this machine as they do."
            )
    elif door.names:
        said.append(f"Open through a proxy: whoever it lets in as {', '.join(door.names)} {POWERS}. It must: {PAGE}")
    return said
