"""Importing this module imports what workers need to make, check, copy and draw days where no model is trained.

Belongs here: what takes long to import and is needed for that (:mod:`.worker_processes`).
Does not belong here: what trains (:mod:`.preload_run`), which takes half as long again.
"""

import gc
from importlib import import_module

import chat_forecast.pipeline.assets
import chat_forecast.pipeline.checks
import chat_forecast.sources  # noqa: F401 - imported for its effect, as all of them
from chat_forecast.tracking.client import import_mlflow

LOADED_LATE = ("matplotlib.backends.backend_agg", "matplotlib.figure", "pyarrow.pandas_compat", "scipy.special")
"""Imported elsewhere only by the functions that use them."""

import_mlflow()
for name in LOADED_LATE:
    import_module(name)
gc.freeze()  # a collection in a forked process would touch, and so copy, the memory that all of them share
