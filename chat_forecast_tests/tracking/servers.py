"""MLflow servers, and what stands in front of one: real processes and sockets on this machine."""

import os
import socket
import threading
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chat_forecast_tests import forked

SERVER = """
import sys, uvicorn
from mlflow.server.fastapi_app import app
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]))
"""
"""What MLflow's own command starts, with the variables below, but for its jobs, of which there are none."""


def closed_port():
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def mlflow_server(folder):
    """A real MLflow server on a store of its own; yields its port."""
    port = closed_port()
    environment = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/m.db",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    }
    with forked.Forked(SERVER, port, env=environment) as process:
        wait_until(lambda: process.poll() is not None or is_listening(port), 120)
        assert process.returncode is None, process.ended().stderr
        yield port


def is_listening(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def faltering(port, fails):
    """A server in front of another one that answers 500 to the requests whose number ``fails`` says, and passes on the rest.

    Yields its address and the list of the requests so far.
    """
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            requests.append(f"{self.command} {self.path.partition('?')[0]}")
            if fails(len(requests)):
                self.send_error(500)
                return
            with closing(HTTPConnection("127.0.0.1", port)) as behind:
                behind.request(self.command, self.path, body, dict(self.headers))
                answer = behind.getresponse()
                content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as front:
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{front.server_port}", requests
        finally:
            front.shutdown()
            thread.join()


@contextmanager
def dripping(seconds_between_bytes=0.05):
    """A server that never ends its answer, but sends a byte of it now and then; yields its address."""
    is_over = threading.Event()

    def answer(connection):
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
                while not is_over.wait(seconds_between_bytes):
                    connection.sendall(b" ")
            except OSError:
                return

    def serve(listening):
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            is_over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def wait_until(holds, seconds=30):
    """Wait for something that another thread or process does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.05)
