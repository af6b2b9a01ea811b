"""Somebody who can write where models are stored plants code in them: it does not run when the program reads them."""

import base64
import json
import pickle
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chat_forecast.forecasting import make_forecast
from chat_forecast.tracking.catch_up import catch_up
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.tracking.found import artifact_of, versions_of
from chat_forecast_tests.tracking.stored import FIRST, store_training


class Plant:
    """What a pickle of it does when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.fixture
def marker(tmp_path):
    """A file that stands for whatever planted code would do."""
    path = tmp_path / "planted-code-ran"
    yield path
    assert not path.exists()


@pytest.fixture
def plant(marker):
    """A pickle, of which it is seen that it works."""
    planted = pickle.dumps(Plant(marker))
    pickle.loads(planted)  # noqa: S301 - the proof
    marker.unlink()
    return planted


def test_a_stored_training_is_read_as_figures_and_text(storage, plant):
    model = store_training(storage, FIRST)
    series = make_series(FIRST.plus(-27), 28, lambda hour: hour.hour)
    text = base64.b64encode(plant).decode()
    for planted in (
        {"py/reduce": [{"py/type": "os.system"}, ["true"]], **model},
        {**model, "name": "os.system"},
        {**model, "name": text},
        dict.fromkeys(model, text),
        {**model, "name": "average", "curves": {"__main__.Plant": text}},
    ):
        record = storage.frame("trained_model", FIRST).assign(model=json.dumps(planted))
        storage.write("trained_model", FIRST, record)
        read = storage.frame("trained_model", FIRST)
        forecast = make_forecast(read.iloc[0], series, FIRST.plus(1).hours)
        assert len(forecast.table) == 24  # by the next best, where the model cannot be used


def test_a_column_that_brings_a_pickle_with_it_is_read_as_data(storage, plant):
    store_training(storage, FIRST)
    path = Path(storage.url("trained_model", FIRST))
    table = pq.read_table(path)
    extension = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": plant}
    metadata = {
        **(table.schema.metadata or {}),
        b"pandas": json.dumps({"columns": text_of(plant), "index_columns": []}).encode(),
    }
    fields = [pa.field(field.name, field.type, metadata=extension) for field in table.schema]
    pq.write_table(table.cast(pa.schema(fields)).replace_schema_metadata(metadata), path)
    assert list(storage.frame("trained_model", FIRST)["trained_through"]) == [FIRST.key]


def text_of(plant):
    return [{"name": "model", "pandas_type": "object", "numpy_type": "object", "metadata": base64.b64encode(plant).decode()}]


def test_code_in_mlflows_artifacts_runs_neither_while_logging_nor_while_forecasting(
    tracking, client, chat, storage, marker, plant
):
    store_training(storage, FIRST)
    assert catch_up(tracking, chat, storage).trainings == 1
    [version] = versions_of(client, chat)
    in_run = artifact_of(client.get_run(version.run_id), "model")  # where version 0.1.0 kept it
    for folder in (Path(version.source.removeprefix("file://")), in_run):
        plant_in(folder, plant, marker)
    # The ledger is lost, and the version is one of 0.1.0, whose model is looked into.
    Path(storage.root, chat.slug, "mlflow_ledger.json").unlink()
    client.delete_model_version_tag(version.name, version.version, "chat_forecast.digest")
    catch_up(tracking, chat, storage)
    assert "planted_loader" not in sys.modules
    assert len(versions_of(client, chat)) == 2  # the stored model is logged again


def plant_in(folder, plant, marker):
    """Put what MLflow itself would run into the folder of a model."""
    for part in ("code", "data"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "code" / "planted_loader.py").write_text(f"from pathlib import Path\nPath({str(marker)!r}).touch()\n")
    (folder / "python_model.pkl").write_bytes(plant)
    (folder / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: planted_loader\n    code: code\n    data: python_model.pkl\n"
    )
    (folder / "data" / "forecaster.json").write_bytes(plant)
