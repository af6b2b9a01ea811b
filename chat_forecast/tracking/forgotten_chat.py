"""Taking a chat out of MLflow: its experiment, runs, models and their files.

Belongs here: what MLflow keeps of one chat, in its own SQLite file or at a server.
Does not belong here: models that a newer one supersedes (:mod:`.superseded`).
"""

import sqlite3

from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.links import experiment_name, registered_name

REGISTRY = ("registered_model", "model_version")
"""What the names of the tables begin with in which ``name`` is a registered model's."""


def forget_in_file(connection: sqlite3.Connection, chat: str) -> None:
    """Delete every row about a chat from MLflow's SQLite file: MLflow itself only marks an experiment as deleted."""
    tables = {
        name: {column[1] for column in connection.execute(f"PRAGMA table_info({name})")}
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    if "experiments" not in tables:
        return
    owned: dict[str, list[object]] = {
        "experiment_id": _ids(connection, "experiments", "experiment_id", "name = ?", experiment_name(chat)),
        "name": [registered_name(chat)],
    }
    of_experiment = f"experiment_id IN ({','.join('?' * len(owned['experiment_id']))})"
    runs = _ids(connection, "runs", "run_uuid", of_experiment, *owned["experiment_id"])
    models: list[object] = []
    if "logged_models" in tables:
        models = _ids(connection, "logged_models", "model_id", of_experiment, *owned["experiment_id"])
    owned |= {"run_uuid": runs, "run_id": runs, "model_id": models, "source_id": runs + models}
    if "inputs" in tables and "input_tags" in tables:
        of_source = f"source_id IN ({','.join('?' * len(owned['source_id']))})"
        owned["input_uuid"] = _ids(connection, "inputs", "input_uuid", of_source, *owned["source_id"])
    for table, columns in tables.items():
        wanted = [name for name in columns & owned.keys() if name != "name" or table.startswith(REGISTRY)]
        for column in wanted:
            rows = [(each,) for each in owned[column]]
            connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", rows)  # noqa: S608 - names of ours


def forget_at_server(tracking: Tracking, chat: str) -> None:
    """Delete a chat's model and experiment at a server, which keeps the experiment as deleted until ``mlflow gc``.

    Raises:
        TrackingUnavailable: MLflow could not be used.
    """
    with tracking.open(f"forget {chat}") as client:
        if client.search_registered_models(f"name = '{registered_name(chat)}'"):
            client.delete_registered_model(registered_name(chat))
        experiment = client.get_experiment_by_name(experiment_name(chat))
        if experiment is not None and experiment.lifecycle_stage == "active":
            client.delete_experiment(experiment.experiment_id)


def _ids(connection: sqlite3.Connection, table: str, column: str, condition: str, *values: object) -> list[object]:
    query = f"SELECT {column} FROM {table} WHERE {condition}"  # noqa: S608 - names of ours
    return [found for (found,) in connection.execute(query, values)]
