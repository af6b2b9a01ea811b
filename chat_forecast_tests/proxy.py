"""A reverse proxy before the three servers, with a password: nginx as the documentation has it, else a small one of ours."""

import asyncio
import base64
import os
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from chat_forecast_tests.served import free_ports, wait_for

PAGE = Path(__file__).parents[1] / "chat_forecast" / "docs" / "reverse-proxy.md"
NAME, PASSWORD = "ann", "open-sesame"
BASIC = "Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NGINX_FILE = """
{user}
pid {folder}/nginx.pid;
daemon off;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


@contextmanager
def nginx(folder: Path, port: int, servers: dict[int, str]):
    """nginx with the example of the documentation, without the certificate that only its owner has.

    ``servers`` says which address stands for each port of the example.
    """
    example = re.search(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    example = re.sub(r" *ssl_\w+ .*\n", "", example).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    example = example.replace("/etc/nginx/forecast.htpasswd", f"{folder}/htpasswd")
    for usual, url in servers.items():
        example = example.replace(f"http://127.0.0.1:{usual}", "http://" + urlsplit(url).netloc)
    user = "" if os.geteuid() else "user root;"  # else its workers are somebody else, who cannot read the folder
    (folder / "htpasswd").write_text(f"{NAME}:{{PLAIN}}{PASSWORD}\n")
    (folder / "nginx.conf").write_text(NGINX_FILE.format(folder=folder, server=example, user=user))
    with subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE) as process:
        try:
            wait_for(lambda: (folder / "nginx.pid").exists() or process.poll() is not None, 10, "nginx")
            assert process.poll() is None, process.stderr.read().decode()
            yield
        finally:
            process.terminate()


@contextmanager
def own_proxy(folder: Path, port: int, servers: dict[int, str]):
    """The same in this process: a connection a request, and whatever follows an upgrade."""
    places = {urlsplit(url).path: urlsplit(url).port for url in servers.values()}

    async def pump(source, target):
        try:
            while piece := await source.read(65536):
                target.write(piece)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    async def answer(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        path = head.split(" ", 2)[1]
        place = next((number for start, number in places.items() if path.startswith(start)), None)
        if f"authorization: {BASIC}".lower() not in head.lower() or place is None:
            writer.write(b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n')
            writer.write(b"Connection: close\r\n\r\n")
            writer.close()
            return
        if "upgrade: websocket" not in head.lower():
            head = re.sub(r"(?i)connection: .*\r\n", "", head).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
        head = re.sub(r"(?i)authorization: .*\r\n", "", head)
        behind, before = await asyncio.open_connection("127.0.0.1", place)
        before.write(head.encode("latin-1"))
        await asyncio.gather(pump(reader, before), pump(behind, writer))

    async def serve(ready, end):
        async with await asyncio.start_server(answer, "127.0.0.1", port):
            ready.set()
            await asyncio.to_thread(end.wait)

    ready, end = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve(ready, end)))
    thread.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        end.set()
        thread.join()


@contextmanager
def proxied(folder: Path, port: int, servers: dict[int, str]):
    """A proxy on a port while the block lasts."""
    with (nginx if NGINX else own_proxy)(folder, port, servers):
        yield


def free_port() -> int:
    """A port for the proxy."""
    return free_ports(4)[3]
