"""``python -m chat_forecast.presentation.vega_bundle``: prints the charts' JavaScript, put together by vl-convert.

Belongs here: what a process of its own does for :mod:`.reports.library`, and nothing else is imported for.
Does not belong here: keeping it, or making it safe inside a page.
"""

import sys


def main() -> None:
    """Print Vega, Vega-Lite and Vega-Embed in one piece, in UTF-8."""
    import vl_convert

    sys.stdout.buffer.write(str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")).encode())


if __name__ == "__main__":
    main()
