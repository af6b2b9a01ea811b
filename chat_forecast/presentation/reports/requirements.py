"""The packages that a report needs: the extra ``report``.

Belongs here: telling whether they are installed, and what to do if not.
Does not belong here: using them; this module and :mod:`.publish` are imported without them.
"""

from importlib.util import find_spec

from chat_forecast.errors import ChatForecastError

PACKAGES = {
    "babel": "babel",
    "jinja2": "jinja2",
    "markupsafe": "markupsafe",
    "vl_convert": "vl-convert-python",
}
"""Name to import -> name to install; the extra ``report`` of ``pyproject.toml`` has the same."""


class ReportUnavailable(ChatForecastError):
    """No report can be made: packages are not installed; the message says which, and how to install them."""


def what_is_missing() -> str | None:
    """Which packages of a report are not installed, and what to do, in words; None if all are there."""
    missing = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    if not missing:
        return None
    return (
        f"Reports need packages that are not installed ({', '.join(missing)}): pip install 'chat_forecast[report]', or in a "
        "checkout of the project pip install -c constraints.txt -e '.[report]'"
    )


def expect_packages() -> None:
    """See that all packages are there.

    Raises:
        ReportUnavailable: one is not installed.
    """
    if said := what_is_missing():
        raise ReportUnavailable(said)
