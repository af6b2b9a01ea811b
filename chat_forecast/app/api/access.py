"""Who may read the API and the metrics: everybody on this machine, and from elsewhere whoever has the token.

Belongs here: the token.
Does not belong here: what holds for every request (:mod:`chat_forecast.app.serving.guard`).
"""

import hmac
from http import HTTPStatus

from chat_forecast.app.serving.guard import Refusal

TOKEN_VARIABLE = "CHAT_FORECAST_API_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable of `up` that holds the token."""


def refusal(authorization: str, token: str, *, is_local: bool) -> Refusal | None:
    """Why a request must not be answered; None if it may be.

    ``authorization`` is the request's header of that name, ``token`` what the environment holds, ``is_local`` whether only
    this machine can reach the server. A token that is set is asked for always.

    >>> refusal("", "", is_local=True) is None, refusal("Bearer abc", "abc", is_local=False) is None
    (True, True)
    >>> refusal("", "", is_local=False).status.value, refusal("Bearer x", "abc", is_local=True).status.value
    (403, 401)
    """
    if not token:
        if is_local:
            return None
        return Refusal(
            HTTPStatus.FORBIDDEN,
            f"the server is open to other machines: set {TOKEN_VARIABLE} for up, and send it as Authorization: Bearer",
        )
    if hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        return None
    return Refusal(HTTPStatus.UNAUTHORIZED, f"send the token of {TOKEN_VARIABLE} as Authorization: Bearer")
