"""MLflow: scores, models and the stored model's code.

Belongs here: whatever imports MLflow.
Does not belong here: what the pipeline needs to go on. MLflow holds a copy of stored partitions, never the original.
"""
