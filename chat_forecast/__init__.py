"""Nightly forecasts of a Telegram chat's hourly message counts, as Dagster assets.

Start reading at :mod:`chat_forecast.definitions`, the table of contents.
"""

import gc
import os

# Python looks for garbage whenever 700 more objects are there. The libraries of a run are a million that stay: a fifth of
# the time in which they are imported goes into looking at them again and again.
gc.set_threshold(10_000, 20, 20)
# Arrow's own allocator keeps what was freed: an import takes 50 MB more with it, and no time less.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
