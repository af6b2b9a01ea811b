"""Programs of tests as processes of their own, forked from one that has imported the libraries for all of them.

Belongs here: what is killed on its way, or works beside another one. Whatever is about imports, or about how a program
starts, is started by :mod:`subprocess`.

One process serves all that run tests (``conftest.py``). It imports when the first program is asked for, and ends with them.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
ADDRESS = "TESTS_FORKED_FROM"
"""The variable that tells the processes of the tests where the one to be forked listens."""
PRELOADED = ("chat_forecast.pipeline.preload_run", "chat_forecast.app.importing", "chat_forecast.app.pruning")
COMMAND = "import sys; from chat_forecast.cli import main; main(sys.argv[1:])"
"""The program ``chat-forecast``."""
LENGTH_BYTES = 8


@contextmanager
def fork_server():
    """Have the process that others are forked from while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="chat-forks-") as folder:
        address = f"{folder}/socket"
        command = [sys.executable, "-m", __spec__.name, address]
        server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True)
        os.environ[ADDRESS] = address
        try:
            yield
        finally:
            server.stdin.close()
            server.wait(60)


class Forked:
    """A process that executes a program, as one of :class:`subprocess.Popen` does ``python -c``."""

    def __init__(self, program, *arguments, env=None, cwd=None):
        self.arguments = [str(argument) for argument in arguments]
        self.returncode = None
        self._said = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115 - closed when it has ended
        self._connection = _connected(os.environ[ADDRESS])
        request = [program, self.arguments, dict(os.environ if env is None else env), str(cwd or Path.cwd())]
        body = json.dumps(request).encode()
        streams = [stream.fileno() for stream in self._said]
        socket.send_fds(self._connection, [len(body).to_bytes(LENGTH_BYTES)], streams)
        self._connection.sendall(body)
        self._answers = self._connection.makefile()
        self.pid = int(self._answers.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.wait()
        for stream in self._said:
            stream.close()

    def ended(self, timeout=None):
        """Wait for its end; gives its exit code and what it said."""
        self.wait(timeout)
        said = []
        for stream in self._said:
            with stream:
                stream.seek(0)
                said.append(stream.read().decode())
        return subprocess.CompletedProcess(self.arguments, self.returncode, *said)

    def poll(self):
        """Its exit code, as :meth:`subprocess.Popen.poll` gives it."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self._end()
        return self.returncode

    def wait(self, timeout=None):
        """Wait for its end; gives its exit code."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            self._end()
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def _end(self):
        self.returncode = int(self._answers.readline())
        self._answers.close()
        self._connection.close()


def run(program, *arguments, env=None, cwd=None, timeout=600):
    """Execute a program to its end; gives its exit code and what it said."""
    with Forked(program, *arguments, env=env, cwd=cwd) as process:
        return process.ended(timeout)


def _connected(address):
    deadline = time.monotonic() + 60
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(address)
        except OSError:  # it has just been started
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return connection


def _serve(address):
    """Fork a process for each that asks, until whoever started this one is gone; returns in the forked ones."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        while True:
            ready, _, _ = select.select([listener, 0], [], [])
            if 0 in ready:
                sys.exit()
            connection, _ = listener.accept()
            length, streams, _, _ = socket.recv_fds(connection, LENGTH_BYTES, 2)
            if len(length) < LENGTH_BYTES:  # whoever asked is gone
                connection.close()
                continue
            with connection.makefile("rb") as body:
                request = json.loads(body.read(int.from_bytes(length)))
            for name in PRELOADED:
                import_module(name)
            signal.signal(signal.SIGCHLD, _reap)
            if not os.fork():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return request, connection, streams
            for stream in streams:
                os.close(stream)
            connection.close()


def _reap(_number, _frame):
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _follow(connection):
    """Fork once more, and tell of the process's beginning and end; returns in it alone."""
    if pid := os.fork():
        connection.sendall(f"{pid}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(BrokenPipeError):
            connection.sendall(f"{code}\n".encode())
        os._exit(0)
    connection.close()


def _execute(program, arguments, variables, folder, streams):
    """Be the process that ``python -c`` starts."""
    for number, stream in zip((1, 2), streams, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv, sys.path[0] = ["-c", *arguments], ""
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(program, "<string>", "exec"), main.__dict__)  # noqa: S102 - a test's


if __name__ == "__main__":
    request, connection, streams = _serve(sys.argv[1])
    _follow(connection)
    code = 0
    try:
        _execute(*request, streams)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    with suppress(BaseException):
        threading._shutdown()
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)
