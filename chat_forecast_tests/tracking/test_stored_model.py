"""Models in MLflow, of this version and of 0.1.0, loaded by a process that knows nothing but their files."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from chat_forecast import forecasting
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.tracking.client import import_mlflow
from chat_forecast.tracking.stored_model import model_input, read_forecaster, write_model
from chat_forecast_tests.factories import make_series

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY / "chat_forecast_tests" / "samples" / "v0_1_0"
ZONE = "Europe/Berlin"
COMING = LocalDay.parse("2026-10-25", ZONE)  # 25 hours
TRAINED_DAYS = sorted((SAMPLES / "old-chat" / "trained_model").glob("*.parquet"))


@pytest.fixture(scope="module")
def series():
    return make_series(COMING.plus(-28), 28, counts=lambda hour: None if hour.hour == 3 else hour.hour + hour.day)


def forecast_elsewhere(model: Path, series: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """What a new process forecasts with the model in a folder; a warning ends it."""
    model_input(series, COMING.hours).to_parquet(folder / "input.parquet")
    code = (
        f"import pandas; from mlflow.pyfunc import load_model; model = load_model({str(model)!r});"
        "model.predict(pandas.read_parquet('input.parquet')).to_parquet('forecast.parquet')"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "MLFLOW_DISABLE_TELEMETRY": "true"}
    process = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return pd.read_parquet(folder / "forecast.parquet")


def function_of(model: Path) -> dict:
    """What MLflow reads of a model to load it."""
    import_mlflow()
    from mlflow.models import Model

    return Model.load(str(model / "MLmodel")).flavors["python_function"]


def stored_json(path: Path) -> dict:
    return json.loads(pq.read_table(path).column("model")[0].as_py())


@pytest.mark.parametrize("path", TRAINED_DAYS, ids=lambda path: path.stem)
def test_a_model_in_a_partition_of_version_0_1_0_is_loaded(path, series):
    fitted = forecasting.load(stored_json(path))
    forecast = fitted.forecast(series, COMING.hours)
    assert len(forecast) == 25
    assert (forecast["expected"] > 0).all()


def test_a_model_that_version_0_1_0_registered_forecasts_in_a_new_process_what_its_partition_does(series, tmp_path):
    model = SAMPLES / "mlflow-model"
    assert function_of(model)["loader_module"] == "chat_forecast.resources.tracking"
    stored = stored_json(SAMPLES / "old-chat" / "trained_model" / "2026-04-02.parquet")
    assert read_forecaster(model / "data" / "forecaster.json") == stored
    expected = forecasting.load(stored).forecast(series, COMING.hours)
    pd.testing.assert_frame_equal(forecast_elsewhere(model, series, tmp_path), expected)


def test_a_model_written_now_forecasts_in_a_new_process_what_its_json_does(series, tmp_path):
    training = forecasting.train(series)
    stored = json.loads(json.dumps(training.fitted.to_dict()))
    write_model(tmp_path / "model", stored, ZONE)
    expected = forecasting.load(stored).forecast(series, COMING.hours)
    pd.testing.assert_frame_equal(forecast_elsewhere(tmp_path / "model", series, tmp_path), expected)


def test_new_models_name_the_module_that_never_moves(tmp_path):
    write_model(tmp_path / "model", {"name": "same_hour"}, ZONE)
    function = function_of(tmp_path / "model")
    assert function["loader_module"] == "chat_forecast.tracking.stored_model"
    assert function["data"] == "data/forecaster.json"


def test_a_model_is_small_and_has_no_pickles(tmp_path):
    write_model(tmp_path / "model", {"name": "same_hour"}, ZONE)
    files = [path for path in (tmp_path / "model").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {"", ".json", ".yaml", ".txt"}
    assert sum(path.stat().st_size for path in files) < 10_000


def test_a_model_declares_what_it_takes_gives_and_needs(tmp_path):
    from mlflow.models import Model

    write_model(tmp_path / "model", {"name": "same_hour"}, ZONE)
    signature = Model.load(str(tmp_path / "model" / "MLmodel")).signature
    assert signature.inputs.input_names() == ["hour", "messages", "is_coming"]
    assert "expected" in signature.outputs.input_names()
    requirements = (tmp_path / "model" / "requirements.txt").read_text().splitlines()
    assert f"pandas=={pd.__version__}" in requirements
    environments = Model.load(str(tmp_path / "model" / "MLmodel")).flavors["python_function"]["env"]
    conda, virtualenv = [(tmp_path / "model" / environments[each]).read_text() for each in ("conda", "virtualenv")]
    assert all(f"  - {each}\n" in conda for each in requirements)
    assert "- -r requirements.txt\n" in virtualenv


def test_the_path_that_0_1_0_named_holds_nothing_of_its_own():
    folder = REPOSITORY / "chat_forecast" / "resources"
    assert {path.name for path in folder.glob("*.py")} == {"__init__.py", "tracking.py"}
    for path in folder.glob("*.py"):
        kept = (ast.Expr, ast.ImportFrom, ast.Assign)  # a docstring, what is led to, __all__
        assert all(isinstance(node, kept) for node in ast.parse(path.read_text()).body)
