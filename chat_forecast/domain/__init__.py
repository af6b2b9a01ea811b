"""What the pipeline knows about days, messages, hours and scores: pandas in, pandas out.

Belongs here: every rule on messages, hours and scores that is no forecasting method.
Does not belong here: forecasting (:mod:`chat_forecast.forecasting`), files, the clock, the environment, the network,
Dagster, MLflow.
"""
