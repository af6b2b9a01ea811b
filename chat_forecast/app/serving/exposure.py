"""What is open to whom, in words.

Belongs here: what somebody must know who lets others reach the servers.
Does not belong here: letting them (:mod:`.endpoint`), and refusing (:mod:`.guard`).
"""

from collections.abc import Sequence

from chat_forecast.app.serving.endpoint import WILDCARD_ADDRESSES, Endpoint

PAGE = "chat_forecast/docs/reverse-proxy.md"
POWERS = "can start and delete runs, and read every count, forecast and report: none of the servers asks for a password"


def exposure(endpoints: Sequence[Endpoint]) -> list[str]:
    """What is open to others, a sentence or two each; nothing where only this machine's own programs and pages come in.

    >>> exposure([Endpoint(3000), Endpoint(5000)])
    []
    """
    endpoint = endpoints[0]
    said = []
    if not endpoint.is_local:
        *others, last = (str(each.port) for each in endpoints)
        said.append(
            f"Open to others: whoever reaches {endpoint.address} on port {', '.join(others)} or {last} {POWERS}. Let a "
            f"proxy ask for one, and a firewall keep these ports to it: {PAGE}"
        )
        if endpoint.address in WILDCARD_ADDRESSES and not endpoint.names:
            said.append(
                "Browsers elsewhere are refused until allowed_hosts in [serve] of chats.toml names this machine as they do."
            )
    elif endpoint.names:
        said.append(f"Open through a proxy: whoever it lets in as {', '.join(endpoint.names)} {POWERS}. It must: {PAGE}")
    return said
