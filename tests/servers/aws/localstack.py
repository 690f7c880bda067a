"""LocalStack's AWS KMS: another implementation, as it is, in a Python environment of its own.

It is built once and kept in the cache. The pins are the last versions of what it does not pin itself and cannot have
newer.
"""

import contextlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.servers.registry.running import started
from tests.support import cache
from tests.support.requirements import require_build

PINS = (
    "localstack-core[runtime]==4.9.2", "cbor2<5.8", "pyopenssl<25.2", "cryptography<46", "service_identity<24.3",
    "psutil<7.1",
)  # fmt: skip


def build() -> str:
    """Return the path of the environment's Python, built first where the cache has none and that is asked for."""
    place = cache.place("localstack", (PINS, sys.version))
    require_build("localstack", is_built=place.exists(), needs=[])
    return str(cache.cached(place, lambda folder: _install(folder / "environment")) / "bin" / "python")


def _install(folder: Path) -> Path:
    uv, python = str(Path(sysconfig.get_path("scripts"), "uv")), str(folder / "bin" / "python")
    settings = os.environ | {"UV_SYSTEM_CERTS": "1"}
    for command in (
        [uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *PINS],
    ):
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"LocalStack cannot be installed:\n{done.stderr}")
    return folder


@contextlib.contextmanager
def running(python: str) -> Iterator[str]:
    """Run the service by a Python until the context is left; yield its address. Its files go to a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "GATEWAY_LISTEN": "127.0.0.1:0",
            "GATEWAY_SERVER": "hypercorn",  # the usual one listens on every address, whatever it is told
            "SERVICES": "kms",
            "STRICT_SERVICE_LOADING": "1",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
            "OVERRIDE_IN_DOCKER": "0",
            "FILESYSTEM_ROOT": folder,
            "HOME": folder,
        }
        with started([python, "-m", "localstack.runtime.main"], settings, "Running on https://") as (port, _):
            yield f"http://127.0.0.1:{port}"
