"""A registered model: its files, its input, and the code that loads it.

Belongs here: what a model in MLflow needs to be written and loaded, whichever version wrote it.
Does not belong here: registering it (:mod:`.model_registry`), or its forecasts (:mod:`chat_forecast.forecasting`).

This module never moves and :func:`_load_pyfunc` is never renamed: every model in MLflow names both as its loader. Models of
version 0.1.0 name :mod:`chat_forecast.resources.tracking`, which leads here.
"""

import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.forecasting.base import FittedForecaster
from chat_forecast.tracking.client import import_mlflow

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

DATA = "data/forecaster.json"
MODEL_LIBRARIES = ("mlflow", "chat_forecast", "numpy", "pandas", "prophet", "scipy")


class RegisteredForecaster:
    """A registered model as ``mlflow.pyfunc`` uses it."""

    def __init__(self, forecaster: FittedForecaster, timezone: str) -> None:
        self.forecaster = forecaster
        self.timezone = timezone

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Forecast from what :func:`model_input` makes; the columns are those of every forecast, ``hour`` is local."""
        hours = pd.to_datetime(model_input["hour"], utc=True).dt.tz_convert(self.timezone)
        is_coming = model_input["is_coming"].astype(bool)
        series = pd.DataFrame({"hour": hours, "messages": model_input["messages"].astype("Int64")})
        return self.forecaster.forecast(
            series[~is_coming].reset_index(drop=True), pd.DatetimeIndex(hours[is_coming], name="hour")
        )


def model_input(series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
    """Make what a registered model is given, to forecast the coming ``hours`` from the ``series`` before them.

    ``hours`` and the series' ``hour`` are aware, its ``messages`` are ``Int64``. Returns one row an hour: ``hour`` (ISO
    8601 text with an offset), ``messages`` (float; NaN for a missing or a coming hour), ``is_coming``.
    """
    known = pd.DataFrame({"hour": series["hour"], "messages": series["messages"], "is_coming": False})
    coming = pd.DataFrame({"hour": hours, "messages": pd.array([pd.NA] * len(hours), "Int64"), "is_coming": True})
    return pd.concat(
        [
            part.assign(hour=[hour.isoformat() for hour in part["hour"]], messages=part["messages"].astype(float))
            for part in (known, coming)
        ],
        ignore_index=True,
    )


def write_model(folder: Path, forecaster: Mapping[str, object], timezone: str, model_id: str | None = None) -> None:
    """Write a model without pickles into a new folder: JSON, and the name of this module, which loads it.

    ``forecaster`` is what a fitted model's ``to_dict`` gave; ``timezone`` is the chat's.
    """
    import_mlflow(with_models=True)
    import mlflow.pyfunc
    from mlflow.models import Model

    content = json.dumps({"timezone": timezone, "forecaster": forecaster}).encode()
    # Not mlflow.pyfunc.save_model, which takes a second to find out what is known: which libraries are installed.
    for name, each in {**_environment_files(), DATA: content}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(each)
    model = Model(signature=_signature(), model_id=model_id, model_size_bytes=len(content))
    environment = {"conda_env": "conda.yaml", "python_env": "python_env.yaml"}
    mlflow.pyfunc.add_to_model(model, loader_module=__name__, data=DATA, **environment)
    model.save(str(folder / "MLmodel"))


@cache
def _environment_files() -> Mapping[str, bytes]:
    """The files by which MLflow can make an environment for the model: this Python, these libraries."""
    requirements = [f"{name}=={version}" for name, version in _installed()]
    python = platform.python_version()
    conda = ["channels:", "- conda-forge", "dependencies:", f"- python={python}", "- pip", "- pip:"]
    virtualenv = [f"python: {python}", "build_dependencies:", "- pip", "- setuptools", "- wheel"]
    files = {
        "requirements.txt": requirements,
        "conda.yaml": [*conda, *(f"  - {each}" for each in requirements), "name: mlflow-env"],
        "python_env.yaml": [*virtualenv, "dependencies:", "- -r requirements.txt"],
    }
    return {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in files.items()}


def read_forecaster(path: Path) -> Mapping[str, object]:
    """Read the forecaster of a model's file :data:`DATA`, as it was given to :func:`write_model`."""
    stored: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8"))["forecaster"]
    return stored


def _load_pyfunc(data_path: str) -> RegisteredForecaster:
    """Load a registered model; MLflow calls this by its name, from any process."""
    from chat_forecast import forecasting

    stored = json.loads(Path(data_path).read_text(encoding="utf-8"))
    return RegisteredForecaster(forecasting.load(stored["forecaster"]), stored["timezone"])


@cache
def _signature() -> "ModelSignature":
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    return ModelSignature(
        Schema([ColSpec("string", "hour"), ColSpec("double", "messages"), ColSpec("boolean", "is_coming")]),
        Schema([ColSpec("datetime" if name == "hour" else "double", name) for name in FORECAST_COLUMNS]),
    )


def _installed() -> Iterator[tuple[str, str]]:
    """The installed versions of what a model needs to be loaded."""
    for name in MODEL_LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # run from a source tree, or without an optional method
