"""The charts' JavaScript: Vega, Vega-Lite and Vega-Embed in one piece, from the installed vl-convert.

Belongs here: getting it without the network, and keeping it, since putting it together takes seconds.
Does not belong here: the charts.

It is put together by a process of its own: vl-convert brings a whole JavaScript engine, 90 MB that whoever loads it
keeps, and is needed once for each of its versions.
"""

from functools import cache
from importlib.metadata import version
from pathlib import Path

from chat_forecast.errors import ChatForecastError
from chat_forecast.presentation.programs import run_program
from chat_forecast.whole_files import replace_file

PUT_TOGETHER = "chat_forecast.presentation.vega_bundle"


class NoChartsError(ChatForecastError):
    """The charts' JavaScript could not be put together."""


@cache
def javascript(folder: Path) -> str:
    """The libraries' text, safe inside a ``<script>``; kept in ``folder`` under the name of its version.

    Raises:
        NoChartsError: vl-convert did not give it.
        OSError: it could not be kept.
    """
    kept = folder / f".charts-{version('vl-convert-python')}.js"
    try:
        return kept.read_text(encoding="utf-8")
    except FileNotFoundError:
        # Neither may stand in a script element; both mean the same in JavaScript's texts when written so.
        text = _put_together().replace("</script", "<\\/script").replace("<!--", "<\\!--")
        replace_file(kept, text.encode())
        return text


def _put_together() -> str:
    done = run_program(PUT_TOGETHER)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise NoChartsError(
            f"vl-convert {version('vl-convert-python')} could not put the charts' JavaScript together (exit code "
            f"{done.returncode}{f': {said}' if said else ''}). See that there is memory for it (120 MB), or install it "
            "again with pip install 'chat_forecast[report]', and make the report again."
        )
    return done.stdout.decode()
