"""What programs read of the chats: over a real socket, from a home with a simulated chat."""

import http.client
import io
import json
import shutil
import threading
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chat_forecast.app.api.access import TOKEN_VARIABLE
from chat_forecast.app.api.answers import answer
from chat_forecast.app.api.dispatch import ApiDispatcher
from chat_forecast.app.api.metrics import GAUGES, exposition
from chat_forecast.app.api.models import Forecast, Now, Scores
from chat_forecast.app.live_page import LivePages
from chat_forecast.app.report_server import ReportServer
from chat_forecast.app.serving.endpoint import Endpoint
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.watching import watch
from chat_forecast.settings.editing import add_chat
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast_tests.damage import cut_in_half
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat, store_whole_chat

CHAT = make_chat("lively", source="simulated")
OLD = Chat(slug="old", source="export", timezone="UTC", first_day=date(2026, 3, 1))
CHATS = {chat.slug: chat for chat in (CHAT, OLD)}
TOKEN = "a-long-token"  # noqa: S105 - opens nothing
NOW = (FIRST.plus(80).start + timedelta(hours=9.5)).to_pydatetime()


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    root = tmp_path_factory.mktemp("stored")
    store_whole_chat(resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(root)})).storages.of(CHAT))
    return root


@pytest.fixture
def stores(stored, tmp_path):
    """Of a home with everything of a chat stored, whose day was looked at."""
    shutil.copytree(stored, tmp_path / "home")
    stores = resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path / "home")}))
    watch(CHAT, stores, NOW)
    return stores


def ask(stores, name, chat="lively"):
    content = answer(f"/api/v1/chats/{chat}/{name}", CHATS, stores, NOW)
    return None if content is None else json.loads(content)


def test_now_is_what_the_command_says(stores):
    said = ask(stores, "now")
    assert Now.model_validate(said).day.isoformat() == FIRST.plus(80).key
    assert len(said["hours"]) == 24
    assert said["read_until"].startswith(f"{FIRST.plus(80).key}T09:30:00")
    assert sum(hour["is_over"] for hour in said["hours"]) == 9
    assert said["total"]["low"] <= said["total"]["expected"] <= said["total"]["high"]


def test_the_forecast_has_its_hours_and_its_week(stores):
    said = Forecast.model_validate(ask(stores, "forecast"))
    assert len(said.hours) == 24
    assert said.expected == pytest.approx(sum(hour.expected for hour in said.hours))
    assert said.week.days[0].day == said.day
    assert len(said.week.days) == 7


def test_scores_have_their_verdicts(stores):
    scores = Scores.model_validate(ask(stores, "scores")).scores
    assert [score.day for score in scores] == sorted(score.day for score in scores)
    assert {score.passed for score in scores} <= {True, False, None}
    assert scores[-1].rmse is not None


@pytest.mark.parametrize("name", ["forecast", "now"])
def test_a_chat_without_it_has_no_answer(stores, name):
    assert ask(stores, name, "old") is None
    assert ask(stores, name, "unknown") is None
    assert ask(stores, "../now") is None


def test_every_answer_is_described_by_the_schema(stores):
    schema = json.loads(answer("/api/v1/schema", CHATS, stores, NOW))
    for name in ("now", "forecast", "scores"):
        described = schema["$defs"][name.capitalize()]
        assert set(ask(stores, name)) == set(described["properties"])
    assert json.loads(answer("/api/v1/chats", CHATS, stores, NOW)) == {"chats": ["lively", "old"]}


def metrics(stores):
    text = exposition(CHATS.values(), stores, NOW).decode()
    return {
        (sample.name, sample.labels["chat"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_tell_of_the_day_and_of_the_nights(stores):
    said, seen = metrics(stores), watch(CHAT, stores, NOW)
    assert said["chat_forecast_day_messages", "lively"] == seen.today.so_far
    assert said["chat_forecast_day_expected", "lively"] == pytest.approx(seen.total[0])
    assert said["chat_forecast_hour_messages", "lively"] == seen.today.under_way["messages"]
    assert said["chat_forecast_alarm_busy", "lively"] in (0, 1)
    assert said["chat_forecast_read_until_timestamp_seconds", "lively"] == NOW.timestamp()
    assert said["chat_forecast_forecast_age_seconds", "lively"] == 9.5 * 3600
    trained = stores.storages.of(CHAT).days("trained_model")[-1]
    assert said["chat_forecast_model_age_seconds", "lively"] == (NOW - trained.end).total_seconds()
    assert said["chat_forecast_verdict_passed", "lively"] in (0, 1)
    assert ("chat_forecast_day_messages", "old") not in said
    assert said["chat_forecast_readable", "old"] == 1


def test_one_unreadable_chat_keeps_no_metric_of_another_away(stores):
    storage = stores.storages.of(CHAT)
    cut_in_half(stores_path(storage, "daily_score"))
    said = metrics(stores)
    assert said["chat_forecast_readable", "lively"] == 0
    assert said["chat_forecast_readable", "old"] == 1


def stores_path(storage, asset):
    return Path(storage.url(asset, storage.days(asset)[-1]))


def test_the_dashboard_asks_for_metrics_that_there_are():
    dashboard = json.loads(files("chat_forecast.app.api").joinpath("grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = json.dumps(dashboard)
    assert all(f"chat_forecast_{name}" in asked for name in GAUGES)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@pytest.fixture
def served(stored, tmp_path, monkeypatch):
    """Serve a home; gives a function that asks it for a path."""
    monkeypatch.setattr("sys.stderr", io.StringIO())
    shutil.copytree(stored, tmp_path / "home")
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path / "home")})
    add_chat(home.chats_file, "lively", source="simulated", timezone=CHAT.timezone, first_day=FIRST.date)
    started = []

    def serve(endpoint=None, token=""):
        server = ReportServer(home.reports, endpoint or Endpoint(0), lambda *_: None, ApiDispatcher(home), token)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))

        def ask(path, method="GET", **headers):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
            connection.request(method, path, headers={"Host": f"127.0.0.1:{server.server_port}", **headers})
            response = connection.getresponse()
            found = response.status, dict(response.getheaders()), response.read().decode()
            connection.close()
            return found

        return ask

    yield serve
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_server_answers_in_json_with_the_guard_s_headers(served):
    ask = served()
    status, headers, body = ask("/api/v1/chats/lively/scores")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(body)["chat"] == "lively"
    assert ask("/api/v1/chats/lively/scores", "HEAD")[2] == ""
    assert ask("/metrics")[1]["Content-Type"].startswith("text/plain; version=0.0.4")


def test_what_is_not_there_is_said_in_json(served):
    ask = served()
    for path in ("/api/v1/chats/other/now", "/api/v2/chats", "/api/"):
        status, headers, body = ask(path)
        assert (status, headers["Content-Type"]) == (404, "application/json")
        assert "error" in json.loads(body)


def test_pages_of_others_are_refused_as_for_pages(served):
    ask = served()
    assert ask("/api/v1/chats", Origin="http://evil.example")[0] == 403
    assert ask("/metrics", **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert ask("/api/v1/chats", "POST")[0] == 501


def test_a_token_that_is_set_is_asked_for(served):
    ask = served(None, TOKEN)
    status, headers, body = ask("/api/v1/chats")
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert TOKEN not in body
    assert ask("/metrics", Authorization="Bearer another")[0] == 401
    assert ask("/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200


def test_a_server_open_to_others_answers_programs_only_with_a_token(served):
    open_endpoint = Endpoint(0, "0.0.0.0")  # noqa: S104 - as a user may ask for
    status, _, body = served(open_endpoint)("/api/v1/chats")
    assert status == 403
    assert TOKEN_VARIABLE in body
    assert served(open_endpoint, TOKEN)("/api/v1/chats", Authorization=f"Bearer {TOKEN}")[0] == 200


def test_a_served_page_shows_the_day_that_is_not_over_and_the_file_does_not(served, tmp_path):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path / "home")})
    served()
    page = b"<title>lively</title><!-- the day that is not over -->"
    page_with_today = LivePages(home)("lively.en.html", page).decode()
    assert "Nothing of today was read yet." in page_with_today
    for name in ("index.html", "other.en.html", "lively.xx.html"):
        assert LivePages(home)(name, page) == page
