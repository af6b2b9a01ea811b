"""The picture of an asset's newest day, on the first screen of its page in the Dagster UI.

Belongs here: putting its address into the description, which the UI shows above all else and reads as Markdown.
Does not belong here: drawing (:mod:`chat_forecast.presentation.plots`), or serving (:mod:`chat_forecast.app.report_server`).
"""

import dagster as dg

from chat_forecast.settings.links import NEWEST, plot_url


def with_picture(spec: dg.AssetSpec, reports_url: str) -> dg.AssetSpec:
    """An asset of a chat with the picture of its newest day below the first paragraph, with which lists show it."""
    chat, name = spec.key.path
    picture = f"![the newest day of {name}]({plot_url(reports_url, chat, name, NEWEST)})"
    first, blank, rest = (spec.description or name).partition("\n\n")
    return spec.replace_attributes(description=f"{first}\n\n{picture}{blank}{rest}")
