"""What MLflow holds of a chat, for tests to look at."""

import json
from pathlib import Path

import pandas as pd


def experiment_of(client, chat):
    return client.get_experiment_by_name(f"chat_forecast/{chat.slug}")


def runs_of(client, chat, kind):
    """The runs of a kind, by day; the chat's own under ''."""
    runs = client.search_runs([experiment_of(client, chat).experiment_id], f"tags.`chat_forecast.kind` = '{kind}'")
    tags = [run.data.tags for run in runs]
    days = [each.get("chat_forecast.day") or each.get("chat_forecast.trained_through", "") for each in tags]
    assert len(set(days)) == len(days), f"a day has two runs: {sorted(days)}"
    return dict(zip(days, runs, strict=True))


def chat_run_of(client, chat):
    [run] = runs_of(client, chat, "chat").values()
    return run


def versions_of(client, chat):
    return sorted(client.search_model_versions(f"name = 'chat_forecast-{chat.slug}'"), key=lambda each: int(each.version))


def champion_of(client, chat):
    return client.get_model_version_by_alias(f"chat_forecast-{chat.slug}", "champion")


def line_of(client, chat, metric):
    """The value shown at each day of a metric's chart, by the day that its time falls on."""
    points = client.get_metric_history(chat_run_of(client, chat).info.run_id, metric)
    shown = {}
    for point in sorted(points, key=lambda each: each.timestamp):
        shown[point.step] = (pd.Timestamp(point.timestamp, unit="ms", tz="UTC").tz_convert(chat.timezone), point.value)
    return {time.date().isoformat(): value for time, value in shown.values()}


def artifact_of(run, name):
    return Path(run.info.artifact_uri.removeprefix("file://")) / name


def table_of(run, name):
    """A table that the run's page shows."""
    assert {"path": name, "type": "table"} in json.loads(run.data.tags["mlflow.loggedArtifacts"])
    stored = json.loads(artifact_of(run, name).read_text())
    return pd.DataFrame(stored["data"], columns=stored["columns"])
