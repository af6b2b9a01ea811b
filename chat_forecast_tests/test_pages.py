"""What people see: the pages of the Dagster UI and of MLflow in a real headless Chromium.

Screenshots go to ``test-artifacts/screenshots``.
"""

import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from chat_forecast.jobs import ALL_ASSETS
from chat_forecast_tests.served import served

SCREENSHOTS = Path(__file__).parents[1] / "test-artifacts" / "screenshots"
CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
LAST = date.today() - timedelta(days=2)  # noqa: DTZ011 - a day that has ended in every time zone
PATIENCE_MS = 60_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: the program `chromium` is not installed")


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A served home with one chat of ten days."""
    home = tmp_path_factory.mktemp("home")
    first = LAST - timedelta(days=9)
    (home / "chats.toml").write_text(
        f'[chats.loud-chat]\nsource = "simulated"\ntimezone = "Europe/Moscow"\nfirst_day = {first}\n'
    )
    command = [sys.executable, "-m", "chat_forecast.cli", "backfill", "loud-chat", "--to", LAST.isoformat()]
    subprocess.run(
        command, env={**os.environ, "CHAT_FORECAST_HOME": str(home)}, check=True, capture_output=True, timeout=200
    )
    with served(home) as system:
        yield system


@pytest.fixture(scope="module")
def page():
    """A page of a headless Chromium."""
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 950})
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


def test_the_pages_show_a_chats_lineage_and_a_days_figures_with_its_picture(system, page):
    page.goto(f"{system.dagster}/locations/chat_forecast.definitions/asset-groups/loud_chat")
    for asset in ALL_ASSETS:
        page.get_by_text(asset, exact=True).first.wait_for()
    page.screenshot(path=SCREENSHOTS / "lineage.png")

    for asset in ALL_ASSETS:
        page.goto(f"{system.dagster}/assets/loud-chat/{asset}?view=partitions&partition={LAST}")
        page.get_by_text("simulated chat: no real messages").first.wait_for()
        page.get_by_text("[Show Markdown]").first.click()
        picture = page.locator("img[src^='data:image/png']").first
        picture.wait_for()
        assert picture.evaluate("image => image.naturalWidth") > 400
        page.screenshot(path=SCREENSHOTS / f"{asset}.png")

    page.goto(f"{system.dagster}/automation")
    page.get_by_text("loud_chat_day_at_00_01").first.wait_for()
    page.get_by_text("retraining", exact=True).first.wait_for()
    page.screenshot(path=SCREENSHOTS / "automation.png")

    page.goto(f"{system.mlflow}/#/experiments")
    page.get_by_text("chat_forecast/loud-chat").first.wait_for()
    page.screenshot(path=SCREENSHOTS / "mlflow.png")
