"""An S3-compatible store as a server of this machine: ``python -m chat_forecast_tests.object_store PORT FILE``.

While the file is there, every request is answered by 503, as a store does that is too busy or being repaired.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chat_forecast_tests.served import free_ports, wait_for

BUCKET = "chats"
LOG = "object-store.log"
REQUEST = re.compile(r"(GET|HEAD|PUT|POST|DELETE) /")
SECRET_KEY = "marked-secret-key-0815"  # noqa: S105 - it is searched for in logs
BUSY = b'<?xml version="1.0"?><Error><Code>ServiceUnavailable</Code><Message>Reduce your request rate.</Message></Error>'


@dataclass
class ObjectStore:
    """A running store with one bucket."""

    port: int
    busy: Path
    """The file that makes it answer 503."""

    @property
    def environment(self) -> dict[str, str]:
        """How programs find it."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "an-access-key",
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def root(self) -> str:
        """The URL of a folder in it."""
        return f"s3://{BUCKET}/home"

    def requests(self, name: str) -> list[str]:
        """The methods of the requests so far whose address holds a name."""
        lines = self.busy.with_name(LOG).read_text().splitlines()
        return [found[1] for line in lines if name in line and (found := REQUEST.search(line))]


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """Run a store while the block lasts."""
    store = ObjectStore(free_ports(1)[0], folder / "busy")
    command = [sys.executable, "-m", __name__, str(store.port), str(store.busy)]
    with (folder / LOG).open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_for(lambda: _has_bucket(store.port) or process.poll() is not None, 60, "the store to answer")
            assert process.poll() is None, (folder / LOG).read_text()
            yield store
        finally:
            process.kill()  # it has nothing to put away


def _has_bucket(port: int) -> bool:
    import urllib.request

    try:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def main() -> None:
    """Serve until ended."""
    os.environ.setdefault("MOTO_S3_CUSTOM_ENDPOINTS", "")
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    port, busy = int(sys.argv[1]), Path(sys.argv[2])
    store = DomainDispatcherApplication(create_backend_app)

    def answer(environ, start_response):
        if busy.exists():
            start_response(
                "503 Service Unavailable", [("Content-Type", "application/xml"), ("Content-Length", str(len(BUSY)))]
            )
            return [BUSY]
        return store(environ, start_response)

    run_simple("127.0.0.1", port, answer, threaded=True)


if __name__ == "__main__":
    main()
