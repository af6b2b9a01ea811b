"""What a page of somebody else can do in the browser of a person who can reach our servers."""

import http.client
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

LAUNCH = (
    'mutation { launchPartitionBackfill(backfillParams: {assetSelection: [{path: ["loud-chat", "hourly_series"]}], '
    'partitionNames: ["%s"]}) { __typename } }'
)
"""Launches a run, as the UI's button does."""
HANDSHAKE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "graphql-ws",
}  # fmt: skip
ATTACKS = """
async (aims) => {
  const body = aims.launch, found = {};
  const attempt = async (name, act) => { try { found[name] = await act(); } catch (error) { found[name] = String(error); } };
  const read = async (url, options) => { const answer = await fetch(url, options); return answer.type + answer.status; };
  const json = JSON.stringify({query: body});
  for (const kind of ["text/plain", "application/x-www-form-urlencoded"])
    await attempt(`post ${kind}`, () => read(aims.dagster + "/graphql",
      {method: "POST", mode: "no-cors", credentials: "include", headers: {"Content-Type": kind}, body: json}));
  await attempt("post application/json", () => read(aims.dagster + "/graphql",
    {method: "POST", headers: {"Content-Type": "application/json"}, body: json}));
  await attempt("get", () => read(aims.dagster + "/graphql?query=" + encodeURIComponent("{version}")));
  await attempt("mlflow", () => read(aims.mlflow + "/ajax-api/2.0/mlflow/experiments/search?max_results=5"));
  await attempt("reports", () => read(aims.reports + "/"));
  const socket = (url) => new Promise((resolve) => {
    const opened = new WebSocket(url.replace("http", "ws") + "/graphql", "graphql-ws");
    opened.onopen = () => resolve("open");
    opened.onerror = () => resolve("refused");
  });
  await attempt("websocket", () => socket(aims.dagster));
  const frame = document.createElement("iframe");
  frame.src = aims.dagster + "/";
  document.body.append(frame);
  const form = document.createElement("form");
  Object.assign(form, {method: "POST", action: aims.dagster + "/graphql", enctype: "text/plain", target: "hidden"});
  const hidden = document.createElement("iframe");
  hidden.name = "hidden";
  const field = document.createElement("input");
  field.name = json.slice(0, -1) + ', "ignored": "';
  field.value = '"}';
  form.append(field);
  document.body.append(hidden, form);
  form.submit();
  await new Promise((resolve) => { hidden.onload = resolve; setTimeout(resolve, 3000); });
  return found;
}
"""
"""Everything at once, run in a page; the names of what was tried -> what came of it."""


def ask(url: str, method="GET", body: str | None = None, host: str | None = None, **headers):
    """Send a request with any headers; gives status and body."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    connection.request(method, path, body, {"Host": host or address.netloc, **headers})
    answer = connection.getresponse()
    try:
        # A websocket that is open gives no more by itself.
        return answer.status, "" if answer.status == 101 else answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def requests_of_a_page(url: str, day: str):
    """Arguments of :func:`ask` by what is tried at the Dagster UI."""
    graphql, launch = f"{url}/graphql", json.dumps({"query": LAUNCH % day})
    foreign = {"Origin": "http://evil.example"}
    same = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    kind = "Content-Type"
    rebound = f"evil.example:{urlsplit(url).port}"
    return {
        "plain text": ([graphql, "POST", launch], {kind: "text/plain", **foreign}),
        "plain text without origin": ([graphql, "POST", launch], {kind: "text/plain"}),
        "plain text that names JSON": ([graphql, "POST", launch], {kind: "text/plain; application/json"}),
        "form": ([graphql, "POST", launch], {kind: "application/x-www-form-urlencoded", **foreign}),
        "graphql": ([graphql, "POST", LAUNCH % day], {kind: "application/graphql"}),
        "JSON from elsewhere": ([graphql, "POST", launch], {kind: "application/json", **foreign}),
        "JSON from nowhere": ([graphql, "POST", launch], {kind: "application/json", "Origin": "null"}),
        "JSON from a neighbour": ([graphql, "POST", launch], {kind: "application/json", "Sec-Fetch-Site": "same-site"}),
        "preflight": ([graphql, "OPTIONS"], {"Access-Control-Request-Method": "POST", **foreign}),
        "rebound": ([graphql, "POST", launch, rebound], {kind: "application/json", "Sec-Fetch-Site": "same-origin"}),
        "rebound page": ([f"{url}/", "GET", None, rebound], {}),
        "query in the address": ([f"{graphql}?query=%7Bversion%7D"], same),
        "mutation in the address": ([f"{graphql}?query=mutation", "POST"], same),
        "report of a materialisation": ([f"{url}/report_asset_materialization/a", "POST", "{}"], {kind: "text/plain"}),
        "websocket from elsewhere": ([graphql], {**HANDSHAKE, **foreign}),
        "websocket from nowhere": ([graphql], {**HANDSHAKE, "Origin": "null"}),
        "websocket rebound": ([graphql, "GET", None, rebound], {**HANDSHAKE, "Origin": f"http://{rebound}"}),
        "frame": ([f"{url}/"], {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
    }


@contextmanager
def hostile_site():
    """A page of somebody else, on a port of its own."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            content = b"<!doctype html><title>Free kittens</title><h1>Free kittens</h1>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
