"""The rules of the guard, one request at a time; real servers are asked in ``test_pages.py``, ``test_reverse_proxy.py``."""

import re

import pytest

from chat_forecast.app.serving.endpoint import Endpoint
from chat_forecast.app.serving.exposure import exposure
from chat_forecast.app.serving.guard import WEBSOCKET, Guard, Request
from chat_forecast.app.serving.mlflow_ui import CLOSED

HOST = "127.0.0.1:3000"
JSON = {"content-type": "application/json"}
ENDPOINT = Endpoint(3000, names=("forecast.example.org", "other.example.org:8443"))
DAGSTER = Guard(ENDPOINT.hosts, is_json_only=True)
REPORTS = Guard(ENDPOINT.hosts, images=re.compile("/pictures/.*"))
LINK = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def ask(guard=DAGSTER, method="GET", path="/", query="", host=HOST, **headers):
    """The status with which a request is refused; None if it is let in. Names of headers have _ for -."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    refusal = guard.refusal(Request(method, path, query, (("Host", host), *named)))
    return refusal and int(refusal.status)


def from_page(site, **more):
    return {"sec_fetch_site": site, **{name.replace("-", "_"): value for name, value in more.items()}}


@pytest.mark.parametrize(
    "host",
    [
        HOST,
        "localhost:3000",
        "LOCALHOST:3000",
        "forecast.example.org",
        "forecast.example.org:3000",
        "other.example.org:8443",
    ],
)
def test_a_server_answers_to_its_own_names(host):
    assert ask(host=host) is None
    assert ask(host=host, method=WEBSOCKET, path="/graphql", origin=f"https://{host}") is None


@pytest.mark.parametrize(
    "host",
    [
        "", "127.0.0.1", "127.0.0.1:3001", "localhost.:3000", "evil.example:3000", "evil.example", "0.0.0.0:3000",
        "forecast.example.org:443", "other.example.org", "127.0.0.1:3000.evil.example", "127.0.0.1:3000@evil.example",
        "xforecast.example.org", "127.0.0.1:3000, evil.example",
    ],
)  # fmt: skip
def test_any_other_name_is_refused_as_it_may_be_rebound(host):
    for method in ("GET", "POST", WEBSOCKET):
        assert ask(method=method, host=host) == 421


def test_a_request_with_two_names_or_none_is_refused():
    both = (("host", HOST), ("host", "evil.example"))
    assert DAGSTER.refusal(Request("GET", "/", "", both)).status == 421
    assert DAGSTER.refusal(Request("GET", "/", "", (("host", HOST), ("Host", HOST)))).status == 421
    assert DAGSTER.refusal(Request("GET", "/", "", ())).status == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:5000", "http://localhost:3000", "http://127.0.0.1:3000.evil.example",
     "ftp://127.0.0.1:3000", "chrome-extension://abc", "", "http://127.0.0.1:3000/"],
)  # fmt: skip
def test_another_origin_is_refused_by_whatever_method(origin):
    for method in ("GET", "POST", "PUT", "OPTIONS", WEBSOCKET):
        assert ask(method=method, path="/graphql", origin=origin, content_type="application/json") == 403
    assert ask(REPORTS, origin=origin) == 403


def test_the_servers_own_pages_and_programs_may_do_everything():
    assert ask(method="POST", path="/graphql", content_type="application/json") is None
    same = from_page("same-origin", origin=f"http://{HOST}")
    assert ask(method="POST", path="/graphql", content_type="application/json; charset=utf-8", **same) is None
    assert ask(**from_page("none")) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something-new"])
def test_pages_of_other_sites_may_lead_here_by_a_link_and_no_other_way(site):
    assert ask(**from_page(site, **LINK)) is None
    assert ask(method="POST", content_type="application/json", **from_page(site, **LINK)) == 403
    assert ask(**from_page(site, **{**LINK, "sec-fetch-dest": "iframe"})) == 403
    assert ask(**from_page(site, **{"sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"})) == 403
    assert ask(method=WEBSOCKET, **from_page(site, **{"sec-fetch-mode": "websocket"})) == 403


def test_pages_of_the_same_site_may_show_plots_and_nothing_else():
    image = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert ask(REPORTS, path="/pictures/a/b.png", **from_page("same-site", **image)) is None
    assert ask(REPORTS, path="/pictures/a/b.png", **from_page("cross-site", **image)) == 403
    assert ask(REPORTS, path="/index.html", **from_page("same-site", **image)) == 403
    assert ask(REPORTS, path="/pictures/a/b.png", **from_page("same-site", **{**image, "sec-fetch-dest": "script"})) == 403
    assert ask(DAGSTER, path="/pictures/a/b.png", **from_page("same-site", **image)) == 403


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/graphql",
     "text/plain; application/json", "application/json, text/plain", "application/jsonx"],
)  # fmt: skip
def test_what_a_form_can_send_changes_nothing_in_dagster(kind):
    assert ask(method="POST", path="/graphql", content_type=kind) == 415
    assert ask(method="POST", path="/report_asset_materialization/a", content_type=kind) == 415
    assert ask(REPORTS, method="POST", content_type=kind) is None  # there is nothing to change


def test_graphql_is_not_asked_by_an_address():
    assert ask(path="/graphql", query="query={version}") == 403
    assert ask(path="/forecast/dagster/graphql/", query="query={version}") == 403
    assert ask(method="HEAD", path="/graphql", query="query={version}", **from_page("cross-site", **LINK)) == 403
    assert ask(path="/graphql") is None
    assert ask(path="/assets/demo", query="view=partitions") is None


def test_the_parts_of_mlflow_that_run_programs_are_closed():
    mlflow = Guard(ENDPOINT.hosts, closed=CLOSED)
    for path in ("/ajax-api/3.0/mlflow/assistant/config", "/gateway/x/mlflow/invocations", "/ajax-api/3.0/jobs"):
        assert ask(mlflow, path=path) == ask(mlflow, path=f"/forecast/mlflow{path}") == 404
    assert ask(mlflow, path="/ajax-api/2.0/mlflow/runs/get") is None


def test_what_is_open_is_said():
    assert exposure([Endpoint(3000), Endpoint(5000), Endpoint(3001)]) == []
    (through,) = exposure([ENDPOINT])
    assert through.startswith("Open through a proxy: whoever it lets in as forecast.example.org, other.example.org:8443 can")
    wide, whom = exposure([Endpoint(port, "0.0.0.0") for port in (3000, 5000, 3001)])  # noqa: S104 - what it warns of
    assert wide.startswith("Open to others: whoever reaches 0.0.0.0 on port 3000, 5000 or 3001 can start and delete runs")
    assert "allowed_hosts in [serve] of chats.toml" in whom
    assert Endpoint(3000, "192.168.1.5").hosts == {HOST, "localhost:3000", "192.168.1.5:3000"}
    assert Endpoint(3000, "::").hosts == {HOST, "localhost:3000"}
    assert Endpoint(3000, "::1").url == "http://[::1]:3000"
