"""What the command line prints, a module for each thing that is printed.

Belongs here: layout and wording on a terminal, and the same as figures for ``--json``.
Does not belong here: finding out what to print (:mod:`chat_forecast.app`).
"""
