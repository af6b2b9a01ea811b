"""What the pipeline computes: pandas in, pandas out.

Belongs here: every calculation on messages, hours, forecasts and scores.
Does not belong here: files, the clock, the environment, the network, Dagster, MLflow.
"""
