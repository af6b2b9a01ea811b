"""What people see: the pages of the Dagster UI and of MLflow in a real headless Chromium, and the notifications.

One served system, shared by the tests. Screenshots go to ``test-artifacts/screenshots``, in the light and the dark theme.
"""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chat_forecast.app.serving.commands import LOCATION
from chat_forecast.app.serving.quick_webserver import OPERATION, QUESTION
from chat_forecast.pipeline.runs import ALL_ASSETS
from chat_forecast.settings.editing import add_chat
from chat_forecast.settings.links import DAGSTER_URL
from chat_forecast.settings.reading import load_chats
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.links import chat_links
from chat_forecast_tests.at_home import command
from chat_forecast_tests.hostile import ATTACKS, HANDSHAKE, LAUNCH, ask, hostile_site, requests_of_a_page
from chat_forecast_tests.receiver import SECRET, receiving
from chat_forecast_tests.served import served, wait_for

SCREENSHOTS = Path(__file__).parents[2] / "test-artifacts" / "screenshots"
CHROMIUM = shutil.which("chromium")
REBOUND = "rebound.example"
FLAGS = [
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1, MAP evil.example 127.0.0.1",
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DAYS = 4
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
PATIENCE_MS = 60_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: the program `chromium` is not installed")


@pytest.fixture(scope="module")
def last(today):
    """The day that ended last."""
    return today.plus(-1)


@pytest.fixture(scope="module")
def receiver():
    """Where notifications go."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def system(tmp_path_factory, with_all_made, receiver, last):
    """A served home with one chat of some days, up to yesterday."""
    home = with_all_made(tmp_path_factory.mktemp("home"))
    settings = f'source = "simulated"\ntimezone = "{last.timezone}"\nfirst_day = {last.plus(1 - DAYS).key}\n'
    (home / "chats.toml").write_text(f"[chats.loud-chat]\n{settings}")
    done = command(home, "backfill", "loud-chat", "--to", last.key)
    assert done.exit_code == 0, done.output
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAT_FORECAST_NOTIFY_URL", receiver.url)
        with served(home) as system:
            system.home = home
            yield system


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def theme(request):
    """The theme of the pages: the light one, but for the tests that look at both."""
    return getattr(request, "param", "light")


@pytest.fixture(scope="module")
def context(browser, theme, system):
    """What the pages of a theme share: its settings, and what was loaded before."""
    context = browser.new_context(viewport={"width": 1500, "height": 950}, color_scheme=theme)
    settings = {
        "dagster-theme": f'"{theme.capitalize()}"',
        "_mlflow_dark_mode_toggle_enabled": "true" if theme == "dark" else "false",
        "databricks-dark-mode-pref": theme,
    }
    script = "".join(f"localStorage.setItem({name!r}, {value!r});" for name, value in settings.items())
    context.add_init_script(script)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context):
    """A page in one of the themes; closed after its test, since it would go on asking the servers."""
    page = context.new_page()
    yield page
    page.close()


def shoot(page, theme, name):
    page.screenshot(path=SCREENSHOTS / f"{name}-{theme}.png")


IN_BOTH_THEMES = pytest.mark.parametrize("theme", ["light", "dark"], indirect=True, scope="module")


@IN_BOTH_THEMES
def test_the_lineage_page_shows_the_chats_six_assets(system, page, theme):
    page.goto(f"{system.dagster}/locations/chat_forecast/asset-groups/loud_chat")
    for asset in ALL_ASSETS:
        page.get_by_text(asset, exact=True).first.wait_for()
    shoot(page, theme, "lineage")


def test_a_page_asks_about_all_assets_in_the_words_that_the_webserver_answers_quickly(system, browser):
    context = browser.new_context()  # which has kept no answer
    page = context.new_page()
    with page.expect_request(lambda request: f'"{OPERATION}"' in (request.post_data or "")) as asked:
        page.goto(f"{system.dagster}/locations/chat_forecast/asset-groups/loud_chat")
    assert asked.value.post_data_json["query"] == QUESTION
    assert asked.value.post_data_json["variables"] == {"name": LOCATION}
    context.close()


def test_dagsters_pages_show_a_plot_of_the_report_server_as_the_browser_lets_them(system, page, last):
    page.goto(f"{system.dagster}/assets")
    width = page.evaluate(
        """async address => { const image = new Image(); image.src = address;
        await image.decode(); return image.naturalWidth; }""",
        f"{system.reports}/pictures/loud-chat/next_day_forecast/{last.key}.png",
    )
    assert width == 760


def test_an_assets_page_shows_the_picture_of_its_newest_day_first(system, page, theme):
    page.goto(f"{system.dagster}/assets/loud-chat/next_day_forecast")
    plot = page.locator(f"img[src='{system.reports}/pictures/loud-chat/next_day_forecast/newest.png']").first
    plot.wait_for()
    page.wait_for_function("document.querySelector(\"img[src*='newest']\").naturalWidth > 0")
    shoot(page, theme, "newest")
    assert plot.bounding_box()["y"] < 400


@pytest.mark.parametrize(
    ("theme", "asset"),
    [*(("light", asset) for asset in ALL_ASSETS), ("dark", "next_day_forecast")],
    indirect=["theme"],
    scope="module",
)
def test_a_days_page_of_each_asset_shows_its_picture_and_figures(system, page, theme, last, asset):
    page.goto(f"{system.dagster}/assets/loud-chat/{asset}?view=partitions&partition={last.key}")
    page.get_by_text("simulated chat: no real messages").first.wait_for()
    shoot(page, theme, f"{asset}-figures")
    plot = page.locator(f"img[src*='/pictures/loud-chat/{asset}/{last.key}.png']").first
    plot.wait_for()
    page.wait_for_function("document.querySelector(\"img[src*='/pictures/']\").naturalWidth > 0")
    assert plot.evaluate("image => image.naturalWidth") == 760
    shoot(page, theme, asset)


def test_the_backfill_dialog_offers_the_chats_days_as_a_range(system, page, theme, last):
    page.goto(f"{system.dagster}/locations/chat_forecast/asset-groups/loud_chat")
    page.get_by_text("daily_score", exact=True).first.wait_for()
    page.get_by_role("button", name=re.compile("Materialize")).first.click()
    page.get_by_text("Partition selection").first.wait_for()
    page.get_by_role("button", name="All", exact=True).first.click()
    page.get_by_text(f"{DAYS} partitions", exact=True).first.wait_for()
    page.get_by_text("Loading pipeline and partition sets").first.wait_for(state="detached")
    shoot(page, theme, "backfill-dialog")
    days = page.get_by_role("dialog").locator("input").evaluate_all("inputs => inputs.map(input => input.value)")
    assert f"[{last.plus(1 - DAYS).key}...{last.key}]" in days


def test_the_checks_page_tells_each_day(system, page, theme):
    page.goto(f"{system.dagster}/assets/loud-chat/daily_score?view=checks&checkDetail=forecast_good_enough")
    page.get_by_text("forecast_good_enough").first.wait_for()
    page.get_by_text(re.compile("same-hour mean")).first.wait_for()
    shoot(page, theme, "check")


@IN_BOTH_THEMES
def test_a_scores_mlflow_run_has_its_figure_and_leads_back_to_the_day_in_dagster(system, page, theme, last):
    page.goto(f"{system.dagster}/assets/loud-chat/daily_score?view=partitions&partition={last.key}")
    # The run was made by the command line, which supposes the usual ports.
    link = page.locator(f"a[href^='{system.mlflow}/#/experiments/']").first
    link.wait_for()
    page.goto(link.get_attribute("href"))
    figure = page.locator("img[src*='get-artifact']").first
    figure.wait_for()
    page.wait_for_function("document.querySelector(\"img[src*='get-artifact']\").naturalWidth > 0")
    assert figure.evaluate("image => image.naturalWidth") == 760
    shoot(page, theme, "mlflow-run")
    back = page.locator(f"a[href^='{DAGSTER_URL}/assets/loud-chat/daily_score']").first
    assert f"partition={last.key}" in back.get_attribute("href")


def test_a_first_visitor_of_mlflow_finds_the_runs_of_a_chat(system, page):
    page.goto(system.mlflow)
    page.get_by_text("chat_forecast/loud-chat").first.click()
    page.get_by_text("all days").first.wait_for()
    assert "usage data" not in page.content()


def test_a_figure_is_one_line_over_all_days_in_mlflow_and_a_model_says_why_it_was_chosen(system, page, theme, last):
    [chat] = load_chats(system.home / "chats.toml", last.date)
    storage = Storages(str(system.home), Locks(system.home / "locks")).of(chat)
    links = chat_links(Tracking(f"sqlite:///{system.home}/mlflow/mlflow.db", ui_url=system.mlflow), storage)
    page.goto(links.metrics())
    page.get_by_placeholder("Search metric charts").fill("smape")
    page.locator(".js-plotly-plot .scatterlayer path").first.wait_for(state="attached")
    shoot(page, theme, "mlflow-all-days")
    page.goto(links.score(last))
    page.get_by_text("all days").first.wait_for()  # the run above it
    page.goto(links.model(storage.days("trained_model")[-1].key))
    page.get_by_text("Why this method:").first.wait_for()
    shoot(page, theme, "mlflow-version")


def test_no_request_that_a_foreign_page_can_make_is_answered(system, last):
    runs = len(system.runs())
    for name, (arguments, headers) in requests_of_a_page(system.dagster, last.key).items():
        status, body = ask(*arguments, **headers)
        assert status in (403, 415, 421), f"{name}: {status} {body[:200]}"
    for url in (system.mlflow, system.reports):
        assert ask(f"{url}/", host="evil.example:5000")[0] == 421
        assert ask(f"{url}/", Origin="http://evil.example")[0] == 403
        assert ask(f"{url}/", Origin=system.dagster)[0] == 403
        assert ask(f"{url}/", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0] == 403
        assert ask(f"{url}/", **{"Sec-Fetch-Site": "cross-site", **LINK})[0] == 200
    assert ask(f"{system.mlflow}/ajax-api/3.0/mlflow/assistant/config")[0] == 404
    assert len(system.runs()) == runs


def test_programs_and_the_servers_own_pages_are_answered(system):
    query, kind = json.dumps({"query": "{ version }"}), {"Content-Type": "application/json"}
    own = {"Origin": system.dagster, "Sec-Fetch-Site": "same-origin"}
    for headers in ({}, own):
        assert ask(f"{system.dagster}/graphql", "POST", query, **kind, **headers)[0] == 200
        assert ask(f"{system.dagster}/graphql", **HANDSHAKE, **headers)[0] == 101
    localhost = f"localhost:{urlsplit(system.dagster).port}"
    assert ask(f"{system.dagster}/", host=localhost)[0] == 200
    search = json.dumps({"max_results": 5})
    assert ask(f"{system.mlflow}/api/2.0/mlflow/experiments/search", "POST", search, **kind)[0] == 200


def test_a_page_of_another_site_can_launch_nothing_and_read_nothing_in_a_real_browser(system, browser, last):
    runs = len(system.runs())
    with hostile_site() as port:
        context = browser.new_context()
        page = context.new_page()
        for site in (f"http://evil.example:{port}", f"http://127.0.0.1:{port}"):
            page.goto(site)
            aims = {"dagster": system.dagster, "mlflow": system.mlflow, "reports": system.reports}
            found = page.evaluate(ATTACKS, {**aims, "launch": LAUNCH % last.key})
            assert found.pop("websocket") == "refused"
            # The form's answer is not told to the page; the runs below tell whether it was heard.
            assert set(found.values()) == {"TypeError: Failed to fetch"}, found
        # Its own name leads here after a while: DNS rebinding.
        rebound = system.dagster.replace("127.0.0.1", REBOUND)
        page.goto(f"{rebound}/")
        page.get_by_text("Misdirected Request").wait_for()
        socket = (
            "url => new Promise(done => { const opened = new WebSocket(url, 'graphql-ws'); "
            "opened.onopen = () => done('open'); opened.onerror = () => done('refused'); })"
        )
        assert page.evaluate(socket, f"{rebound.replace('http', 'ws')}/graphql") == "refused"
        context.close()
    assert len(system.runs()) == runs


def test_the_ui_launches_a_run_and_follows_its_log_over_the_websocket(system, page, theme, last):
    before, heard = len(system.runs()), []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    page.goto(f"{system.dagster}/assets/loud-chat/hourly_series?view=partitions&partition={last.key}")
    page.get_by_role("button", name=re.compile("Materialize")).first.click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Launch 1 run")).click()
    (run, *_) = wait_for(lambda: (runs := system.runs())[: len(runs) - before], 60, "the run")
    page.goto(f"{system.dagster}/runs/{run['runId']}")
    page.get_by_text("Success", exact=True).first.wait_for()
    wait_for(lambda: page.wait_for_timeout(100) or any("RunSuccessEvent" in frame for frame in heard), 20, "its last event")
    shoot(page, theme, "run-log")


def test_a_chat_that_is_added_appears_by_itself_and_the_daemon_looks_at_its_day(system, today):
    # It begins today: no night of it is over, so that no run is made.
    add_chat(system.home / "chats.toml", "added", source="simulated", timezone=today.timezone, first_day=today.date)
    wait_for((system.home / ".today" / "added").is_dir, 120, "the daemon's look at the day of the chat that was added")
    shown = [node["assetKey"]["path"] for node in system.ask("{ assetNodes { assetKey { path } } }")["assetNodes"]]
    assert {name for slug, name in shown if slug == "added"} >= set(ALL_ASSETS)


def test_the_daemon_sends_the_forecast_once_and_no_secret_is_in_its_log(system, receiver):
    """The last one: while the others were tried, the daemon has looked again and again."""
    sent = wait_for(lambda: receiver.titles, 150, "the digest")
    assert any("loud-chat (simulated): " in title and "messages expected on" in title for title in sent)
    first = receiver.arrived[0]
    # A tick tells when it began; one that began after the first message was sent by a tick before.
    wait_for(lambda: max(system.ticks("notify")) > first, 150, "another tick")
    assert len(receiver.titles) == len(set(receiver.titles))
    logs = "".join(path.read_text() for path in (system.home / "logs").glob("*.log"))
    assert SECRET not in logs
    assert SECRET not in (system.home / "notified.json").read_text()
