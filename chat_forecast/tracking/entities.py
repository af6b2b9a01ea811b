"""MLflow's own values, made from ours.

Belongs here: tags, metrics, datasets and files in the form that ``MlflowClient`` takes.
Does not belong here: when they are logged, and what people read of them (:mod:`.descriptions`).
"""

import json
import math
import tempfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chat_forecast.masking import without_secrets
from chat_forecast.tracking.records import DataSpan

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Metric, Param, RunTag

TAG = "chat_forecast."
"""What the names of our tags begin with."""

DELETED = "deleted"
"""The tag ``model`` of a training's run whose model was superseded and deleted."""

SERIES_SCHEMA = json.dumps(
    {
        "mlflow_colspec": [
            {"type": "datetime", "name": "hour", "required": True},
            {"type": "long", "name": "messages", "required": False},
            {"type": "long", "name": "senders", "required": False},
        ]
    }
)


def own_tags(**values: object) -> dict[str, str]:
    """Our tags: named alike, without those that are None, booleans in words.

    >>> own_tags(kind="score", is_simulated=False, reason=None)
    {'chat_forecast.kind': 'score', 'chat_forecast.simulated': 'no'}
    """
    words = {True: "yes", False: "no"}
    return {
        f"{TAG}{name.removeprefix('is_')}": words[value] if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None
    }


def own_tag(tags: Mapping[str, str], name: str) -> str | None:
    """The value of one of our tags."""
    return tags.get(TAG + name)


def shown_files(files: Mapping[str, bytes]) -> dict[str, str]:
    """The tag by which MLflow shows a run's JSON files as tables."""
    tables = [{"path": name, "type": "table"} for name in files if name.endswith(".json")]
    return {"mlflow.loggedArtifacts": json.dumps(tables)}


def step_of(day: str) -> int:
    """The step of a day in every chart: its proleptic Gregorian ordinal."""
    return date.fromisoformat(day).toordinal()


def milliseconds(instant: datetime) -> int:
    """An aware instant since the epoch."""
    return int(instant.timestamp() * 1000)


def run_metrics(
    values: Mapping[str, float | None],
    day: str,
    timestamp: int,
    *,
    model: str | None = None,
    data: DataSpan | None = None,
    is_update: bool = False,
) -> "list[Metric]":
    """Metrics at the step of a day; linked to a logged model and a dataset where they are given.

    What is not known is left out; in an update it becomes NaN, since MLflow cannot forget what it may have been before.
    """
    from mlflow.entities import Metric

    dataset = {} if data is None else {"dataset_name": dataset_name(data), "dataset_digest": data.digest}
    step = step_of(day)
    wanted = {name: math.nan if value is None else value for name, value in values.items() if is_update or value is not None}
    return [Metric(name, value, timestamp, step, model_id=model, **dataset) for name, value in wanted.items()]


def run_params(values: Mapping[str, object]) -> "list[Param]":
    """Parameters, as text."""
    from mlflow.entities import Param

    return [Param(name, str(value)) for name, value in values.items()]


def run_tags(tags: Mapping[str, str]) -> "list[RunTag]":
    """Tags."""
    from mlflow.entities import RunTag

    return [RunTag(name, value) for name, value in tags.items()]


def dataset_name(data: DataSpan) -> str:
    """What a span of the series is called among a run's datasets."""
    return f"hourly_series {data.first.key}" + ("" if data.first == data.last else f" to {data.last.key}")


def dataset_input(data: DataSpan, context: str) -> "DatasetInput":
    """A span of the series as an input of a run; ``context`` says what it was used for."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=dataset_name(data),
        digest=data.digest,
        source_type="parquet",
        source=json.dumps({"uri": without_secrets(data.url)}),
        schema=SERIES_SCHEMA,
        profile=json.dumps({"num_rows": data.hours_known}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", context)])


def log_files(client: "MlflowClient", run_id: str, files: Mapping[str, bytes]) -> None:
    """Put files among a run's artifacts, replacing those of the same names."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        client.log_artifacts(run_id, folder)
