"""The pages in a real headless Chromium: on a desktop and a phone, in both themes and every language, on paper.

Screenshots go to ``test-artifacts/screenshots``.
"""

import shutil
from pathlib import Path

import pytest

from chat_forecast.presentation.reports import Reports
from chat_forecast_tests.presentation.reports.stored import make_chat, store_series, usual

SCREENSHOTS = Path(__file__).parents[3] / "test-artifacts" / "screenshots"
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CHARTS = 7
CHAT = make_chat()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: the program `chromium` is not installed")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory, library, whole_chat):
    """A folder with the pages of a chat with everything, of a young one, of one no longer read, and the index."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / library.name).symlink_to(library)
    reports = Reports(folder, whole_chat)
    for language in ("en", "ru"):
        reports.make(CHAT, language)
    young = make_chat("young")
    store_series(whole_chat.of(young), 1)
    reports.make(young)
    ended = make_chat("ended")
    store_series(whole_chat.of(ended), 120, lambda day, hour: usual(day, hour) if day < 80 else None)
    reports.make(ended)
    reports.make_index([CHAT, young, ended])
    return folder


@pytest.fixture
def opened(browser, pages):
    """Open a page of the folder; at the end nothing may have gone wrong and nothing may have been asked of the network."""
    contexts, faults = [], []

    def open_page(name: str, viewport, theme: str = "light"):
        context = browser.new_context(viewport=viewport, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)

        def ask(route):
            if route.request.url.startswith("file:"):
                route.continue_()
            else:
                faults.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", ask)
        page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((pages / name).as_uri())
        if name != "index.html":
            page.wait_for_function("document.documentElement.dataset.drawn")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def serious_faults(page) -> list[str]:
    """What axe-core finds that bars somebody from the page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize(
    ("name", "device", "theme"),
    [
        ("my-chat.en.html", "desktop", "light"),
        ("my-chat.en.html", "phone", "dark"),
        pytest.param("my-chat.ru.html", "desktop", "dark", marks=pytest.mark.sweep),
        pytest.param("my-chat.ru.html", "phone", "light", marks=pytest.mark.sweep),
        ("young.en.html", "phone", "light"),
        ("index.html", "desktop", "light"),
        ("index.html", "phone", "dark"),
    ],
)
def test_a_page_fits_its_screen_and_bars_nobody(opened, name, device, theme):
    page = opened(name, {"desktop": DESKTOP, "phone": PHONE}[device], theme)
    page.screenshot(path=SCREENSHOTS / f"report-{name.removesuffix('.html')}-{device}-{theme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if name.startswith("my-chat"):
        assert page.locator(".chart svg").count() == CHARTS
        # Nothing is clipped: every chart lies within its box.
        clipped = page.evaluate(
            """[...document.querySelectorAll('.chart')].flatMap(box => {
                const outer = box.getBoundingClientRect();
                return [...box.querySelectorAll('text')].filter(text => {
                    const inner = text.getBoundingClientRect();
                    if (getComputedStyle(text).opacity === '0') return false; // left out for want of room
                    return inner.left < outer.left - 1 || inner.right > outer.right + 1;
                }).map(text => `${box.id}: ${text.textContent}`);
            })"""
        )
        assert clipped == []
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_faults(page) == []


def test_the_figures_of_an_hour_are_shown_where_the_pointer_is(opened):
    page = opened("my-chat.en.html", DESKTOP)
    chart = page.locator("#chart-yesterday svg")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.53, box["y"] + box["height"] / 2)
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert "12:00–13:00" in tooltip.inner_text()
    assert "90" in tooltip.inner_text()


def test_a_range_of_the_history_is_chosen_with_the_pointer_or_the_keyboard(opened):
    page = opened("my-chat.en.html", DESKTOP)

    def months() -> list[str]:
        return page.locator("#chart-history .role-axis-label text").all_text_contents()

    whole, overview = months(), page.locator("#chart-overview svg")
    assert page.locator("[aria-pressed=true]").inner_text() == "all"
    assert page.locator(".range_brush path").bounding_box()["width"] > 800  # the choice is shown from the start
    page.locator("[data-days='30']").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('[aria-pressed=true]').innerText === '30 days'")
    assert months() != whole
    overview.scroll_into_view_if_needed()
    box = overview.bounding_box()
    # Beside the chosen range, which a drag inside would move.
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_function("!document.querySelector('[aria-pressed=true]')")
    assert "Mar" in " ".join(months())


def test_a_range_of_which_nothing_was_read_is_drawn_without_warnings(opened):
    page = opened("ended.en.html", DESKTOP)  # what the console says is a fault at the end of the test
    page.locator("[data-days='30']").click()
    page.wait_for_function("document.querySelector('[aria-pressed=true]').innerText === '30 days'")
    assert page.locator("#chart-history .role-axis-label text").first.is_visible()


def test_the_first_tab_stop_skips_to_the_forecast(opened):
    page = opened("my-chat.ru.html", DESKTOP)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Перейти к прогнозу"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.url.endswith("#tomorrow")


def test_on_paper_the_page_is_light_whole_and_without_controls(opened):
    page = opened("my-chat.en.html", DESKTOP, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert not page.locator("[data-days]").first.is_visible()
    page.set_viewport_size({"width": 700, "height": 900})  # about a sheet's width; drawn for a wider screen
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=SCREENSHOTS / "report-print.png", full_page=True)
