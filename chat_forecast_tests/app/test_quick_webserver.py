"""Dagster's webserver as it is served, asked about all assets; that its pages ask so is seen in ``test_pages.py``."""

import json
from http import HTTPStatus

import dagster as dg
import pytest
from dagster_webserver.graphql import GraphQLServer

from chat_forecast.app.serving.commands import LOCATION
from chat_forecast.app.serving.dagster_ui import POLL_MILLISECONDS
from chat_forecast.app.serving.quick_webserver import QUESTION, QuickWebserver, by_manifest
from chat_forecast.app.serving.stored_links import ServedAddresses
from chat_forecast.pipeline.compat import WorkspaceFileTarget, WorkspaceProcessContext
from chat_forecast.pipeline.runs import ALL_ASSETS
from chat_forecast.settings.links import MLFLOW_URL, REPORTS_URL
from chat_forecast.settings.paths import Home
from chat_forecast_tests.at_home import at_home

CHAT = '[chats.{slug}]\nsource = "simulated"\ntimezone = "{zone}"\nfirst_day = 2026-01-01\n'
BY_DAGSTER = f"{QUESTION}\n"
"""The same question as another text, which is answered as Dagster answers any."""
WORKSPACE = f"load_from:\n  - python_module: {{module_name: chat_forecast.definitions, location_name: {LOCATION}}}\n"


class Asked:
    """A webserver over a home, asked in this process."""

    def __init__(self, home, context):
        self.chats = home.chats_file
        self._context = context
        self.server = QuickWebserver(context, "", POLL_MILLISECONDS, ServedAddresses(REPORTS_URL, MLFLOW_URL))

    def response(self, question, **variables):
        variables = variables or {"name": LOCATION}
        return self.server.graphql_execution_thread(None, question, variables, None)

    def answer(self, question, **variables):
        return json.loads(self.response(question, **variables).body)

    def load(self, text):
        """Let the definitions be those of a settings file."""
        self.chats.write_text(text)
        self._context.reload_code_location(LOCATION)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    root = tmp_path_factory.mktemp("home")
    (root / "chats.toml").write_text(CHAT.format(slug="loud", zone="UTC") + CHAT.format(slug="quiet", zone="Asia/Tokyo"))
    (root / "workspace.yaml").write_text(WORKSPACE)
    target = WorkspaceFileTarget([str(root / "workspace.yaml")])
    with (
        at_home(root) as home,
        dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance,
        WorkspaceProcessContext(instance, version="", workspace_load_target=target) as context,
    ):
        yield Asked(home, context)


def repository(answer):
    return answer["data"]["workspaceLocationEntryOrError"]["locationOrLoadError"]["repositories"][0]


def test_the_traits_of_all_assets_are_asked_for_as_one_value():
    question = by_manifest(QUESTION)
    assert "assetNodes: assetManifest\n" in question
    assert "on AssetNode" not in question


def test_all_assets_are_told_as_dagster_tells_them(asked):
    answer = asked.answer(QUESTION)
    assert {node["assetKey"]["path"][1] for node in repository(answer)["assetNodes"]} >= set(ALL_ASSETS)
    assert answer == asked.answer(BY_DAGSTER)


def test_the_answer_is_found_once_and_again_when_other_definitions_were_loaded(asked):
    before = asked.response(QUESTION)
    assert asked.response(QUESTION) is before
    asked.load(CHAT.format(slug="added", zone="UTC"))
    answer = asked.answer(QUESTION)
    assert {node["groupName"] for node in repository(answer)["assetNodes"]} >= {"added"}
    assert answer == asked.answer(BY_DAGSTER)


def test_it_is_found_before_anybody_asks(asked, monkeypatch):
    asked.load(CHAT.format(slug="early", zone="UTC"))
    asked.server.look_ahead().join()
    monkeypatch.delattr(GraphQLServer, "gen_graphql_response")
    assert asked.response(QUESTION).status_code == HTTPStatus.OK
    with pytest.raises(AttributeError):
        asked.response(BY_DAGSTER)


@pytest.mark.filterwarnings("ignore:Error loading repository location:UserWarning")
def test_definitions_that_cannot_be_loaded_are_told_as_dagster_tells_them(asked):
    asked.load("[chats.loud\n")
    answer = asked.answer(QUESTION)
    assert answer["data"]["workspaceLocationEntryOrError"]["locationOrLoadError"]["__typename"] == "PythonError"
    assert "chats.toml" in json.dumps(answer)
    assert answer == asked.answer(BY_DAGSTER)


def test_a_question_about_another_location_is_dagsters(asked):
    assert asked.answer(QUESTION, name="elsewhere") == asked.answer(BY_DAGSTER, name="elsewhere")
    assert asked.response(QUESTION, name="elsewhere") is not asked.response(QUESTION, name="elsewhere")


def test_plots_of_stored_days_are_those_that_are_served_now_whatever_the_ports_were(asked):
    asked.load(CHAT.format(slug="loud", zone="UTC"))
    question = "{ assetNodes { description } }"  # the newest day's plot is in it, as in the events of a day
    before = asked.response(question)
    asked.server = QuickWebserver(
        asked.server._process_context, "", POLL_MILLISECONDS, ServedAddresses("http://127.0.0.1:4001", None)
    )
    found = asked.response(question)
    assert before.body.count(f"{REPORTS_URL}/pictures/loud/".encode()) >= len(ALL_ASSETS)
    assert found.body == before.body.replace(REPORTS_URL.encode(), b"http://127.0.0.1:4001")
    assert found.headers["content-length"] == str(len(found.body))


def test_links_of_this_machine_lead_to_what_is_served_and_others_stay():
    below = ServedAddresses("https://forecast.example.org/reports/", "http://127.0.0.1:5100")
    links = (
        b"http://127.0.0.1:3001/forecast/reports/pictures/a/daily_score/2026-05-12.png "
        b"http://127.0.0.1:3001/plots/a/daily_score/2026-05-11.png "
        b"http://127.0.0.1:5000/#/experiments/2/runs/x http://127.0.0.1:5000/#/models/chat_forecast-a/versions/1 "
        b"http://127.0.0.1:3000/assets/a https://elsewhere.example/pictures/a.png"
    )
    assert below.led_here(links) == (
        b"https://forecast.example.org/reports/pictures/a/daily_score/2026-05-12.png "
        b"https://forecast.example.org/reports/plots/a/daily_score/2026-05-11.png "
        b"http://127.0.0.1:5100/#/experiments/2/runs/x http://127.0.0.1:5100/#/models/chat_forecast-a/versions/1 "
        b"http://127.0.0.1:3000/assets/a https://elsewhere.example/pictures/a.png"
    )
    server = Home.from_environment(
        {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}
    )  # of MLflow's own, which stays where it is
    assert b"http://127.0.0.1:5000/#/experiments/2/runs/x" in ServedAddresses.of(server).led_here(links)
