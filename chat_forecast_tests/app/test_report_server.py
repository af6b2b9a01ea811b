import http.client
import io
import threading
from datetime import date

import pyarrow.parquet as pq
import pytest

from chat_forecast.app.plot_drawer import KEPT_SECONDS, PlotDrawer
from chat_forecast.app.report_server import ReportServer
from chat_forecast.app.serving.endpoint import Endpoint
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.tracking.stored import store_scored_day


def plot_of_one_day(chat: str, asset: str, day: str) -> bytes | None:
    if day == "2026-01-02":
        raise StoredFileError("my-chat/daily_score/2026-01-02.parquet is damaged <script>alert(1)</script>")
    return b"a plot" if (chat, asset, day) == ("my-chat", "daily_score", "2026-01-01") else None


@pytest.fixture
def prefix():
    """The path below which everything is served: none, if a test does not say otherwise."""
    return ""


@pytest.fixture
def ask(tmp_path, prefix):
    """Ask a running server for a path, over a real socket; gives status, headers and body."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "index.html").write_text("the index")
    (folder / "my-chat.ru.html").write_text("страница", encoding="utf-8")
    (folder / ".charts-1.js").write_text("kept")
    (tmp_path / "pseudonym.key").write_text("secret")
    (tmp_path / "secret.html").write_text("secret")
    with ReportServer(folder, Endpoint(0, prefix=prefix), plot_of_one_day) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def ask(path: str, method: str = "GET", host: str | None = None, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.server_port}", **headers})
            answer = connection.getresponse()
            found = answer.status, dict(answer.getheaders()), answer.read().decode()
            connection.close()
            return found

        yield ask
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """The server logs every answer to standard error, which is its log file in operation."""
    monkeypatch.setattr("sys.stderr", io.StringIO())


def test_pages_are_given_with_headers_that_keep_them_to_themselves(ask):
    assert ask("/")[2] == ask("/index.html")[2] == "the index"
    status, headers, body = ask("/my-chat.ru.html?from=mail")
    assert (status, body) == (200, "страница")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in headers["Server"]
    assert ask("/my-chat.ru.html", "HEAD")[::2] == (200, "")


@pytest.mark.parametrize(
    "path",
    ["/other.en.html", "/../secret.html", "/%2e%2e/secret.html", "/..%2fpseudonym.key", "/.charts-1.js"],
)
def test_nothing_else_is_given_out(ask, path):
    assert ask(path)[0] == 404


def test_other_methods_and_a_foreign_name_for_this_machine_are_refused(ask):
    assert ask("/", "POST")[0] == 501
    assert ask("/", host="evil.example")[0] == 421
    assert ask("/", host="evil.example")[1]["X-Frame-Options"] == "DENY"


def test_a_page_of_another_site_may_lead_here_and_read_nothing(ask):
    assert ask("/", Origin="http://evil.example")[0] == 403
    assert ask("/", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"})[0] == 403
    assert ask("/", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"})[0] == 200


@pytest.mark.parametrize("prefix", ["/forecast/reports"])
def test_everything_is_below_the_prefix_of_a_proxy(ask, prefix):
    assert ask(f"{prefix}/")[2] == ask(f"{prefix}/index.html")[2] == "the index"
    status, headers, _ = ask(prefix)
    assert (status, headers["Location"]) == (308, f"{prefix}/")
    picture = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert ask(f"{prefix}/pictures/my-chat/daily_score/2026-01-01.png", **picture)[::2] == (200, "a plot")
    for path in ("/", "/index.html", "/forecast/reportsindex.html", "/pictures/my-chat/daily_score/2026-01-01.png"):
        assert ask(path)[0] == 404


def test_a_plot_is_shown_by_pages_of_this_machine_alone_and_a_damaged_file_is_named(ask):
    status, headers, body = ask("/pictures/my-chat/daily_score/2026-01-01.png")
    assert (status, body, headers["Content-Type"]) == (200, "a plot", "image/png")
    # Chromium's "same-site" would keep it from Dagster's page on another port of 127.0.0.1 (see test_pages.py).
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert ask("/pictures/my-chat/daily_score/2026-01-01.png", **foreign)[0] == 403
    assert ask("/")[1]["Cross-Origin-Resource-Policy"] == "same-origin"
    assert ask("/plots/my-chat/daily_score/2026-01-01.png")[::2] == (200, "a plot"), "stored metadata links to it"
    assert ask("/pictures/my-chat/daily_score/2026-01-09.png")[0] == 404
    assert ask("/pictures/my-chat/../2026-01-01.png")[0] == 404
    status, _, body = ask("/pictures/my-chat/daily_score/2026-01-02.png")
    assert status == 500
    assert "2026-01-02.parquet is damaged &lt;script&gt;" in body


def test_a_stored_day_is_drawn_and_drawn_again_once_it_is_stored_again(tmp_path):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    first = LocalDay.parse("2026-01-01", "Europe/Moscow")
    (tmp_path / "chats.toml").write_text(
        '[chats.my-chat]\nsource = "simulated"\ntimezone = "Europe/Moscow"\nfirst_day = 2026-01-01\n'
    )
    (chat,) = load_chats(home.chats_file, date(2026, 2, 1))
    now = [0.0]
    storage, draw = resources_of(home).storages.of(chat), PlotDrawer(home, clock=lambda: now[0])
    assert draw("my-chat", "hourly_series", "2026-01-01") is None
    assert draw("my-chat", "hourly_series", "newest") is None
    storage.write("hourly_series", first, make_series(first, 1))
    plot = draw("my-chat", "hourly_series", "2026-01-01")
    assert plot.startswith(b"\x89PNG")
    assert draw("my-chat", "hourly_series", "2026-01-01") is plot
    assert draw("my-chat", "hourly_series", "newest") is plot
    storage.write("hourly_series", first.plus(1), make_series(first.plus(1), 1))
    newest = draw("my-chat", "hourly_series", "newest")
    assert newest == draw("my-chat", "hourly_series", "2026-01-02") != plot
    storage.write("hourly_series", first, make_series(first, 1, lambda hour: hour.hour))
    assert draw("my-chat", "hourly_series", "2026-01-01") != plot
    assert draw("my-chat", "hourly_series", "2026-01-02") is newest, "its own day is as it was"
    now[0] += KEPT_SECONDS
    assert draw("my-chat", "hourly_series", "2026-01-02") != newest, "it shows the day before too"
    assert draw("other", "hourly_series", "2026-01-01") is None
    assert draw("my-chat", "secrets", "2026-01-01") is None
    assert draw("my-chat", "hourly_series", "2026-13-01") is None


def test_a_day_whose_values_cannot_be_drawn_is_named_instead_of_an_answer_that_never_comes(tmp_path):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    (tmp_path / "chats.toml").write_text(
        '[chats.my-chat]\nsource = "simulated"\ntimezone = "Europe/Moscow"\nfirst_day = 2026-01-01\n'
    )
    (chat,) = load_chats(home.chats_file, date(2026, 2, 1))
    storage, day = resources_of(home).storages.of(chat), LocalDay.parse("2026-01-02", "Europe/Moscow")
    store_scored_day(storage, day)
    path = storage.url("daily_score", day)
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    named = r"my-chat/daily_score of 2026-01-02 .*IndexError.* backfill my-chat --from 2026-01-02 --to 2026-01-02"
    with pytest.raises(StoredFileError, match=named):
        PlotDrawer(home)("my-chat", "daily_score", "2026-01-02")
