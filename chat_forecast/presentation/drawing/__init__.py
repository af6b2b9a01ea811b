"""Plots drawn from plain numbers, by a process that has little else in memory.

Belongs here: the style of all plots, and what is drawn without pandas, so that a small process can do it (:mod:`.beside`).
Does not belong here: tables, and which plots there are (:mod:`chat_forecast.presentation.plots`).
"""
