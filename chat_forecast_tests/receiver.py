"""A real HTTP server on loopback that takes what Apprise's ``json://`` sends."""

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "s3cret-t0ken"  # noqa: S105 - of a server that is made for a test


@dataclass
class Receiver:
    """What arrived, and what is answered."""

    port: int = 0
    status: int = 200
    messages: list[dict] = field(default_factory=list)
    """What was sent, whether it was taken or not."""
    arrived: list[float] = field(default_factory=list)
    """When each of them came, in Unix seconds."""

    @property
    def url(self) -> str:
        """Its address for Apprise, with a password in it."""
        return f"json://user:{SECRET}@127.0.0.1:{self.port}/hook"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]


@contextmanager
def receiving():
    """Receive while the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            receiver.arrived.append(time.time())
            receiver.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
