"""MLflow's page with the choices of a first visitor; that it opens the runs then is seen in ``test_pages.py``."""

import asyncio
from pathlib import Path

import mlflow
import pytest

from chat_forecast.app.serving.mlflow_page import CHOICES, WithChoices, with_choices

BUILD = Path(mlflow.__file__).parent / "server/js/build"


async def _application(_scope, _receive, send):
    await send({"type": "http.response.body", "body": b"MLflow's own"})


def answer(prefix, method, path):
    """What is answered: its headers and its body."""
    told = []

    async def send(message):
        told.append(message)

    app = WithChoices(_application, BUILD / "index.html", prefix)
    asyncio.run(app({"type": "http", "method": method, "path": path}, None, send))
    return dict(told[0].get("headers", ())), told[-1]["body"]


@pytest.mark.parametrize("prefix", ["", "/forecast/mlflow"])
def test_the_page_makes_the_choices_before_mlflow_s_own_script_runs(prefix):
    headers, body = answer(prefix, "GET", f"{prefix}/")
    page = (BUILD / "index.html").read_text()
    assert body.decode() == with_choices(page) != page
    assert body.index(b"mlflow.workflowType_v1") < body.index(b"static-files/static/js/")
    assert headers[b"content-length"] == str(len(body)).encode()


@pytest.mark.parametrize(("method", "path"), [("GET", "/static-files/x.js"), ("HEAD", "/"), ("GET", "/ajax-api/2.0/x")])
def test_all_else_is_answered_by_mlflow(method, path):
    assert answer("", method, path) == ({}, b"MLflow's own")


def test_the_choices_have_the_names_that_mlflow_reads():
    scripts = "".join(path.read_text() for path in (BUILD / "static/js").glob("*.js"))
    for key in CHOICES:
        name, version = key.rsplit("_v", 1)
        assert f'"{name}"' in scripts
        assert version == "1"
