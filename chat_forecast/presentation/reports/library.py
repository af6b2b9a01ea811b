"""The charts' JavaScript: Vega, Vega-Lite and Vega-Embed in one piece, from the installed vl-convert.

Belongs here: getting it without the network, and keeping it, since putting it together takes seconds.
Does not belong here: the charts.
"""

from functools import cache
from importlib.metadata import version
from pathlib import Path

from chat_forecast.whole_files import replace_file


@cache
def javascript(folder: Path) -> str:
    """The libraries' text, safe inside a ``<script>``; kept in ``folder`` under the name of its version."""
    kept = folder / f".charts-{version('vl-convert-python')}.js"
    try:
        return kept.read_text(encoding="utf-8")
    except FileNotFoundError:
        import vl_convert

        # Neither may stand in a script element; both mean the same in JavaScript's texts when written so.
        text = (
            str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
            .replace("</script", "<\\/script")
            .replace("<!--", "<\\!--")
        )
        replace_file(kept, text.encode())
        return text
