"""The servers of a deployment, as processes of this machine, each in a folder of its own and on a port of its own.

Belongs here: starting, stopping and killing PostgreSQL and Redis, and seeing that what is needed is installed.
Does not belong here: what is done with them (:mod:`.deployment`).
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from chat_forecast_tests.object_store import SECRET_KEY
from chat_forecast_tests.served import wait_for

PASSWORD = "marked-password-4711"  # noqa: S105 - it is searched for in logs
SECRETS = (PASSWORD, SECRET_KEY)
NEEDED_MODULES = {"celery": "distributed", "dagster_celery": "distributed", "dagster_postgres": "distributed"}
"""Module -> the extra that installs it."""


def postgres_folder() -> Path | None:
    """Where PostgreSQL's programs are, which Debian does not put on the PATH; the newest ones."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


def missing() -> list[str]:
    """What has to be installed first, a sentence each."""
    lacking = []
    if postgres_folder() is None:
        lacking.append("PostgreSQL is not installed: apt-get install postgresql")
    if shutil.which("redis-server") is None:
        lacking.append("Redis is not installed: apt-get install redis-server")
    for module, extra in NEEDED_MODULES.items():
        if find_spec(module) is None:
            lacking.append(f"{module} is not installed: pip install -c constraints.txt -e '.[dev,{extra}]'")
    return lacking


def answers(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as each:
        return each.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Postgres:
    """A PostgreSQL server, which refuses to run as root: there it runs as another user."""

    folder: Path
    port: int
    user: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.user = next((name for name in ("postgres", "nobody") if _exists(name)), None) if os.getuid() == 0 else None
        self.folder.mkdir(mode=0o700)
        if self.user:
            shutil.chown(self.folder, self.user)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self.user:
            shutil.chown(secret, self.user)
        self._run(
            "initdb", "-D", str(self.data), "-U", "chats", "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8"
        )

    @property
    def data(self) -> Path:
        """Its files."""
        return self.folder / "data"

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg2://chats:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        sockets = "-c unix_socket_directories="  # none: their paths are limited to a hundred characters
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} {sockets} -c max_connections=200 -c fsync=off"
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop it as a shutdown of its machine does: whoever is connected is thrown out."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", "fast", "stop")

    def create(self, database: str) -> None:
        """Make a database."""
        import psycopg2

        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="chats", password=PASSWORD, dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{database}"')
        connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        folder = postgres_folder()
        assert folder is not None
        command = [str(folder / program), *arguments]
        with (self.folder.parent / "postgres.log").open("ab") as log:
            subprocess.run(
                command, check=True, user=self.user, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None, extra_groups=[] if self.user else None,
            )  # fmt: skip


@dataclass
class Redis:
    """A Redis server that keeps what it is told."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "redis.conf").write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {PASSWORD}\ndir {self.folder}\nappendonly yes\n"
        )
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(["redis-server", str(self.folder / "redis.conf")], stdout=log, stderr=log)
        wait_for(lambda: answers(self.port), 30, "Redis to answer")

    def stop(self) -> None:
        """End it."""
        end(self.process)

    def clear(self) -> None:
        """Let it forget everything, as one without a disk does when it is started again."""
        for path in self.folder.glob("appendonlydir/*"):
            path.unlink()
        with suppress(FileNotFoundError):
            (self.folder / "dump.rdb").unlink()


def end(process: subprocess.Popen[bytes] | None) -> None:
    """End a process of ours, politely at first."""
    if process is not None and process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
