"""Importing this module imports what a run needs and what takes long to import.

Belongs here: what a fork server imports once, for the runs (:mod:`.run_launcher`) and the workers
(:mod:`.worker_processes`) that are forked from it.
Does not belong here: the definitions, which each run reads for itself.
"""

import gc

import sklearn.linear_model  # noqa: F401 - imported for its effect, as everything here

import chat_forecast.pipeline.assets
import chat_forecast.pipeline.checks
import chat_forecast.pipeline.repository
import chat_forecast.presentation.plots
import chat_forecast.sources  # noqa: F401 - the same
from chat_forecast.forecasting.curves.prophet import silence
from chat_forecast.pipeline.compat import run_command
from chat_forecast.tracking.client import import_mlflow

with silence():
    import prophet  # noqa: F401 - the same
import_mlflow(with_models=True)
run_command()
gc.freeze()  # a collection in a forked process would touch, and so copy, the memory that all of them share
