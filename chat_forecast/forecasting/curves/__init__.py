"""Curves of hourly means: one way to learn a chat's week and trend a module.

Belongs here: fitting one kind of curve to a series, and its means for coming hours.
Does not belong here: the level of the last days, or the distribution of counts around the means.
"""
