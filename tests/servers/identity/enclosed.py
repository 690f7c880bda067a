"""Program that runs Fulcio in a network of its own: its metrics listen on every interface and cannot be turned off.

    unshare --net python enclosed.py SETTINGS.json PROGRAM ARGUMENT...

Inside, the issuers have the ports that they have outside, so that the same addresses lead to their published keys, and
a Unix socket leads to Fulcio's port.
"""

import ctypes
import fcntl
import http.server
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from typing import Any

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_PR_SET_PDEATHSIG = 1
_PART = 65536


def main() -> int:
    """Runs until the program ends, or whoever started this."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP))
    for port, pages in settings["issuers"].items():
        _serve(int(port), pages, settings["certificate"], settings["key"])
    threading.Thread(target=_relay, args=(settings["socket"], settings["port"]), daemon=True).start()
    environment = {**os.environ, "SSL_CERT_FILE": settings["ca"]}
    return subprocess.run(sys.argv[2:], env=environment, check=False).returncode


def _serve(port: int, pages: dict[str, Any], certificate: str, key: str) -> None:
    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(pages.get(self.path, {})).encode()
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _relay(path: str, port: int) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_connect, args=(client, port), daemon=True).start()


def _connect(client: socket.socket, port: int) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(_PART):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


if __name__ == "__main__":
    sys.exit(main())
