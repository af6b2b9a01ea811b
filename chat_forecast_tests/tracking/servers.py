"""MLflow servers, and what stands in front of one: real processes and sockets on this machine."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def closed_port():
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def mlflow_server(folder):
    """A real MLflow server on a store of its own; yields its port."""
    port = closed_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", str(folder / "artifacts")]
    # Its jobs, of which none is used, have seven processes.
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0
    )
    try:
        assert any("startup complete" in line for line in process.stderr), "the MLflow server did not start"
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait()
        process.stderr.close()


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

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 - the names of http.server

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
