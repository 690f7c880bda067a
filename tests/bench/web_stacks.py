"""Web stacks beside each other: the same small answer over TLS 1.3 with a client certificate, one process each.

Only the first is a dependency of this project; the others are measured where they happen to be installed, for example
in a virtual environment beside it (`--python`).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.bench.provider import Provider, running
from tests.interop.go_peer import Peer, build
from tests.servers.registry.certificates import RegistryCA
from tests.support.ports import free_port

ROUNDS, REQUESTS, CLIENTS = 5, 2000, 8
_ANSWER = b'{"response":{"items":[{"key":"k","value":"verified"}],"systemError":""}}'

# Each program gets: port, certificate, key, client CA.
_COMMON = f"""
import sys
port, certificate, key, ca = int(sys.argv[1]), *sys.argv[2:]
ANSWER = {_ANSWER!r}
def context():
    import ssl
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certificate, key)
    found.load_verify_locations(ca)
    found.verify_mode = ssl.CERT_REQUIRED
    return found
async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}})
    await send({{"type": "http.response.body", "body": ANSWER}})
def wsgi(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]
"""
_AIOHTTP = """
import asyncio, uvloop
from aiohttp import web
async def answer(request):
    await request.read()
    return web.Response(body=ANSWER, content_type="application/json")
async def main():
    server = web.Server(answer, access_log=None)
    await asyncio.get_running_loop().create_server(server, "127.0.0.1", port, ssl=context())
    await asyncio.Event().wait()
uvloop.run(main())
"""
_UVICORN = """
import ssl, uvicorn
uvicorn.run(asgi, host="127.0.0.1", port=port, ssl_certfile=certificate, ssl_keyfile=key, ssl_ca_certs=ca,
            ssl_cert_reqs=ssl.CERT_REQUIRED, access_log=False, log_level="error", loop="uvloop",
            http="{http}", lifespan="off")
"""
_GRANIAN = """
from granian.server.embed import Server
from pathlib import Path
import asyncio
server = Server(asgi, address="127.0.0.1", port=port, interface="asginl", log_enabled=False,
                ssl_cert=Path(certificate), ssl_key=Path(key), ssl_ca=Path(ca), ssl_client_verify=True)
asyncio.run(server.serve())
"""
_HYPERCORN = """
import asyncio, ssl, uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
config = Config()
config.bind, config.certfile, config.keyfile, config.ca_certs = [f"127.0.0.1:{port}"], certificate, key, ca
config.verify_mode, config.accesslog, config.loglevel = ssl.CERT_REQUIRED, None, "CRITICAL"
uvloop.run(serve(asgi, config))
"""
_STDLIB = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version, wbufsize = "HTTP/1.1", 65536  # head and body in one write
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)
    def log_message(self, *_):
        pass
server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.socket = context().wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
STACKS = {
    "aiohttp's low-level server, uvloop": ("aiohttp", _AIOHTTP),
    "uvicorn, httptools, uvloop": ("uvicorn", _UVICORN.format(http="httptools")),
    "uvicorn, h11, uvloop": ("uvicorn", _UVICORN.format(http="h11")),
    "granian": ("granian", _GRANIAN),
    "hypercorn, uvloop": ("hypercorn", _HYPERCORN),
    "http.server with threads": ("http.server", _STDLIB),
}


class Run(NamedTuple):
    """What was seen of a stack.

    Attributes:
        start: Milliseconds from the process's start to its first connection.
        single: Requests a second of one client.
        several: Those of several clients.
        cpu: Microseconds of CPU for each of their requests.
        mebibytes: Largest resident set.
    """

    start: float
    single: float
    several: float
    cpu: float
    mebibytes: float


def _measure(python: str, code: str, folder: Path, peer: Peer) -> Run:
    folder.mkdir()
    ca = RegistryCA(str(folder))
    server, port = ca.server(), free_port()
    command = [python, "-c", _COMMON + code, str(port), server.certificate, server.key, ca.ca_file]
    begun = time.perf_counter()
    with running(command, os.environ, port, folder / "log") as pid:
        start = (time.perf_counter() - begun) * 1000
        provider = Provider(pid, f"https://127.0.0.1:{port}/", ca, ca.client())
        provider.ask(peer, ["k"], CLIENTS, REQUESTS // 3)
        single = provider.ask(peer, ["k"], 1, REQUESTS).rate
        before = provider.cpu_seconds()
        several = provider.ask(peer, ["k"], CLIENTS, REQUESTS).rate
        cpu = (provider.cpu_seconds() - before) / REQUESTS * 1e6
        return Run(start, single, several, cpu, provider.mebibytes())


def _has(python: str, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter with the libraries (%(default)s)")
    python = parser.parse_args().python
    present = {name: code for name, (module, code) in STACKS.items() if _has(python, module)}
    runs: dict[str, list[Run]] = {name: [] for name in present}
    with tempfile.TemporaryDirectory() as folder, Peer(build()) as peer:
        for turn in range(ROUNDS):
            for place, (name, code) in enumerate(present.items()):
                runs[name].append(_measure(python, code, Path(folder, f"{turn}-{place}"), peer))
    print(f"| stack | start, ms | one client, 1/s | {CLIENTS} clients, 1/s | CPU, us a request | peak MiB |")
    print("|---|---|---|---|---|---|")
    for name in STACKS:
        if name not in present:
            print(f"| {name} | not installed | - | - | - | - |")
            continue
        row = Run(*(statistics.median(figures) for figures in zip(*runs[name], strict=True)))
        print(
            f"| {name} | {row.start:.0f} | {row.single:.0f} | {row.several:.0f} | {row.cpu:.0f} | {row.mebibytes:.0f} |"
        )


if __name__ == "__main__":
    main()
