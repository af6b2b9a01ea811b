"""Everything Dagster: assets, checks, jobs, schedules, sensors, the instance.

Belongs here: whatever imports Dagster to describe the graph or act on it.
Does not belong here: computing anything. An asset or a sensor calls a function of another room.
"""
