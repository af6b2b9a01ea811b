"""The servers behind a reverse proxy with a password, as the documentation sets it up."""

import json

import pytest

from chat_forecast_tests.at_home import command
from chat_forecast_tests.hostile import HANDSHAKE, ask
from chat_forecast_tests.proxy import BASIC, free_port, proxied
from chat_forecast_tests.served import served

pytestmark = pytest.mark.sweep

NAME = "forecast.example.org"
PREFIX = "/forecast"
AUTHORISED = {"Authorization": BASIC}
LOOPBACK = "http://127.0.0.1"


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def system(tmp_path_factory, with_all_made, today, port):
    """A served home that is called by the proxy's name, below a prefix; one day of its chat is stored."""
    home, day = with_all_made(tmp_path_factory.mktemp("home")), today.plus(-1)
    settings = f'[chats.my-chat]\nsource = "simulated"\ntimezone = "{day.timezone}"\nfirst_day = {day.key}\n'
    (home / "chats.toml").write_text(f'[serve]\nallowed_hosts = ["{NAME}:{port}"]\n{settings}')
    with pytest.MonkeyPatch.context() as patch:
        for server in ("dagster", "mlflow", "reports"):
            patch.setenv(f"CHAT_FORECAST_{server.upper()}_URL", f"https://{NAME}:{port}{PREFIX}/{server}")
        done = command(home, "run", "my-chat")
        assert done.exit_code == 0, done.output
        with served(home, prefix=PREFIX) as running:
            folder = tmp_path_factory.mktemp("proxy")
            with proxied(folder, port, {3000: running.dagster, 5000: running.mlflow, 3001: running.reports}):
                yield running


@pytest.fixture
def through(system, port):
    """Ask the proxy for a path, as a browser does that calls it by its name."""

    def ask_proxy(path, *arguments, **headers):
        host = headers.pop("host", f"{NAME}:{port}")
        return ask(f"{LOOPBACK}:{port}{PREFIX}{path}", *arguments, host=host, **headers)

    return ask_proxy


def test_up_says_what_is_open_to_whom(system, port):
    assert f"Open through a proxy: whoever it lets in as {NAME}:{port} can start and delete runs" in system.said
    assert system.dagster.endswith("/forecast/dagster")


def test_nobody_comes_in_without_the_password(through):
    for path in ("/dagster/", "/dagster/graphql", "/mlflow/", "/reports/"):
        assert through(path)[0] == 401
    assert through("/dagster/graphql", **HANDSHAKE)[0] == 401


def test_all_three_servers_answer_below_the_prefix_and_lead_there(through, port):
    assert '"/forecast/dagster' in through("/dagster/assets", **AUTHORISED)[1]
    assert 'href="static-files/' in through("/mlflow/", **AUTHORISED)[1]
    status, index = through("/reports/", **AUTHORISED)
    assert (status, "my-chat" in index) == (200, True)
    assert through("/reports/my-chat.en.html", **AUTHORISED)[0] == 200
    for server in ("dagster", "mlflow", "reports"):
        assert through(f"/{server}", **AUTHORISED)[0] == 308


def test_pages_ask_for_data_and_open_a_websocket_under_the_proxys_name(through, port):
    own = {**AUTHORISED, "Origin": f"https://{NAME}:{port}", "Sec-Fetch-Site": "same-origin"}
    kind = {"Content-Type": "application/json"}
    query = json.dumps({"query": "{ assetNodes { assetKey { path } } }"})
    status, answer = through("/dagster/graphql", "POST", query, **own, **kind)
    assert (status, len(json.loads(answer)["data"]["assetNodes"])) == (200, 7)
    assert through("/dagster/graphql", **own, **HANDSHAKE)[0] == 101
    search = json.dumps({"max_results": 5})
    assert through("/mlflow/ajax-api/2.0/mlflow/experiments/search", "POST", search, **own, **kind)[0] == 200
    # MLflow's own check of origins follows the setting too.
    assert through("/mlflow/ajax-api/3.0/mlflow/assistant/config", **own)[0] == 404


def test_a_hostile_page_gets_no_further_with_the_password_that_the_browser_sends(through, port):
    foreign = {**AUTHORISED, "Origin": "https://evil.example", "Content-Type": "application/json"}
    query = json.dumps({"query": "{ version }"})
    assert through("/dagster/graphql", "POST", query, **foreign)[0] == 403
    assert through("/dagster/graphql", **HANDSHAKE, **foreign)[0] == 403
    assert through("/mlflow/ajax-api/2.0/mlflow/experiments/search", "POST", "{}", **foreign)[0] == 403
    assert through("/reports/", **foreign)[0] == 403
    for server in ("dagster", "mlflow", "reports"):
        assert through(f"/{server}/", host=f"evil.example:{port}", **AUTHORISED)[0] == 421


def test_links_that_a_run_leaves_behind_lead_through_the_proxy(system, port):
    query = """{ assetNodes { assetMaterializations(limit: 1) { metadataEntries { label
        ... on MarkdownMetadataEntry { mdStr } ... on UrlMetadataEntry { url } } } } }"""
    found = json.dumps(system.ask(query))
    assert f"https://{NAME}:{port}/forecast/reports/pictures/my-chat/raw_messages/" in found
    assert LOOPBACK not in found
