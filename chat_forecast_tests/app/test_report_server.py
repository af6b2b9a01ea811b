import http.client
import threading

import pytest

from chat_forecast.app.report_server import ReportServer


@pytest.fixture
def ask(tmp_path):
    """Ask a running server for a path, over a real socket; gives status, headers and body."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "index.html").write_text("the index")
    (folder / "my-chat.ru.html").write_text("страница", encoding="utf-8")
    (folder / ".charts-1.js").write_text("kept")
    (tmp_path / "pseudonym.key").write_text("secret")
    (tmp_path / "secret.html").write_text("secret")
    with ReportServer(folder, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def ask(path: str, method: str = "GET", host: str | None = None):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.server_port}"})
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
    monkeypatch.setattr("sys.stderr", open("/dev/null", "w"))  # noqa: PTH123, SIM115


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
