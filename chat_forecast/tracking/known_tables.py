"""MLflow's own tables, to which rows are written directly if they are of the revision known here.

Belongs here: whether they are, and the rows of metrics and of points in charts.
Does not belong here: runs with all that is logged to them (:mod:`.new_runs`).

Where the tables are of another revision than :data:`TABLES`, or on a server, MLflow's client is used.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chat_forecast.tracking.client import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

TABLES = "dc11669786a5"
"""The revision of MLflow's tables that is known here: that of 3.17."""
AGE = ("step", "timestamp", "value")
"""MLflow takes the greater of two points by these as the newer one."""


@cache
def revision_of_tables() -> str:
    """The revision of the tables that the installed MLflow creates."""
    import mlflow.store.db.utils as databases

    return str(databases._get_latest_schema_revision())  # type: ignore[no-untyped-call]  # MLflow's


def known_store(tracking: Tracking, client: "MlflowClient") -> "SqlAlchemyStore | None":
    """The client's store, if its tables are known; None where the client has to write."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = client._tracking_client.store
    is_known = tracking.file is not None and type(store) is SqlAlchemyStore and revision_of_tables() == TABLES
    return store if is_known else None


def metric_rows(run_id: str, metrics: "Iterable[Metric]") -> list[dict[str, Any]]:
    """The rows of metrics that are finite or NaN; for a NaN MLflow stores 0 and a flag."""
    return [
        {
            "key": metric.key,
            "value": 0.0 if (is_nan := metric.value != metric.value) else metric.value,
            "timestamp": metric.timestamp,
            "step": metric.step,
            "is_nan": is_nan,
            "run_uuid": run_id,
        }
        for metric in metrics
    ]


def add_points(store: "SqlAlchemyStore", run_id: str, points: "Sequence[Metric]") -> None:
    """Add points to the charts of a run as MLflow's client does; points that are there already stay as they are.

    The client makes an object of each point, which takes 4 ms of processor time for a day of them.
    """
    from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric
    from sqlalchemy import tuple_
    from sqlalchemy.dialects.sqlite import insert

    rows = metric_rows(run_id, points)
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: [row[name] for name in AGE]):
        newest[row["key"]] = row
    new, old = insert(SqlLatestMetric), SqlLatestMetric.__table__.c
    is_newer = tuple_(*(new.excluded[name] for name in AGE)) > tuple_(*(old[name] for name in AGE))
    changed = {name: new.excluded[name] for name in (*AGE, "is_nan")}
    with store.ManagedSessionMaker(read_only=False) as session:
        run = store._get_run(run_uuid=run_id, session=session)  # type: ignore[no-untyped-call]  # MLflow's, as the next one
        store._check_run_is_active(run)  # type: ignore[no-untyped-call]  # likewise
        session.execute(insert(SqlMetric).on_conflict_do_nothing(), rows)
        session.execute(new.on_conflict_do_update(set_=changed, where=is_newer), list(newest.values()))
