"""Importing this module imports what days are made with, where none is trained: see :mod:`.side_process`.

Belongs here: what takes long to import and is needed by processes that make, check and copy days, and draw the newest one.
Does not belong here: what trains (:mod:`.warm_imports`), which takes half as long again.
"""

import gc

import matplotlib.backends.backend_agg  # imported to be there, as all of them
import matplotlib.figure  # noqa: F401 - the same

import chat_forecast.pipeline.assets
import chat_forecast.pipeline.checks
import chat_forecast.sources  # noqa: F401 - the same
from chat_forecast.tracking.client import import_mlflow

import_mlflow()
gc.freeze()  # what is there stays: the collector of a process would only copy the memory that all of them share
