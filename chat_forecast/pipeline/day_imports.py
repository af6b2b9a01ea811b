"""Importing this module imports what days are made with, where none is trained: see :mod:`.side_process`.

Belongs here: what takes long to import and is needed by processes that make, check and copy days, and draw the newest one.
Does not belong here: what trains (:mod:`.warm_imports`), which takes half as long again.
"""

import gc
from importlib import import_module

import chat_forecast.pipeline.assets
import chat_forecast.pipeline.checks
import chat_forecast.sources  # noqa: F401 - imported to be there, as all of them
from chat_forecast.tracking.client import import_mlflow

LOADED_LATE = ("matplotlib.backends.backend_agg", "matplotlib.figure", "pyarrow.pandas_compat", "scipy.special")
"""What is only imported by the functions that use it."""

import_mlflow()
for name in LOADED_LATE:
    import_module(name)
gc.freeze()  # what is there stays: the collector of a process would only copy the memory that all of them share
