"""Nightly forecasts of a Telegram chat's hourly message counts, as Dagster assets.

Start reading at :mod:`chat_forecast.definitions`, the table of contents.
"""
