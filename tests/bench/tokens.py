"""Signatures a second with keys on SoftHSM: in one process, by our executable, and by OpenSC's pkcs11-tool."""

import base64
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from notarykit.keys.spec import KEY_SPECS
from tests.servers.pkcs11 import softhsm
from tests.servers.pkcs11.executable import PRELUDE
from tests.servers.pkcs11.token import IDS, Token, fill
from tests.support.requirements import program

RUNS, LATER = 9, 300
_MECHANISMS = {
    "EC-256": ("ECDSA-SHA256", "--signature-format", "rs"),
    "RSA-2048": ("SHA256-RSA-PKCS-PSS",),
}
_CHILD = (
    PRELUDE
    + """
key, spec, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
request = GenerateSignatureRequest(key, spec, KEY_SPECS[spec].hash_name, b"payload")
plugin.generate_signature(request)
start = time.perf_counter()
for _ in range(count):
    plugin.generate_signature(request)
print(count / (time.perf_counter() - start))
"""
)


class Row(NamedTuple):
    """Signatures a second with a kind of key.

    Attributes:
        spec: The key spec.
        inside: In one process, after its first.
        executable: By `notation-pkcs11`, one process for each.
        tool: By `pkcs11-tool`, one process for each.
    """

    spec: str
    inside: float
    executable: float
    tool: float


def make_token(folder: Path) -> Token:
    """A token with a key of each spec that is measured."""
    return fill(replace(softhsm.make_token(softhsm.open_folder(folder)), specs=tuple(_MECHANISMS)))


def environment_of(token: Token) -> dict[str, str]:
    """What the plugin needs to use a token."""
    return {**token.environment, "PKCS11_MODULE_PATH": str(token.module), "PKCS11_PIN": token.pin}


def measure(folder: str) -> Iterator[Row]:
    """Signs in turns, each time from the same token."""
    token = make_token(Path(folder))
    environment = {**os.environ, **environment_of(token)}
    executable = os.path.join(os.path.dirname(sys.executable), "notation-pkcs11")
    payload = Path(folder, "payload")
    payload.write_bytes(b"payload")
    for spec, mechanism in _MECHANISMS.items():
        key_id = f"pkcs11:object={spec}"
        members = {"keySpec": spec, "hashAlgorithm": KEY_SPECS[spec].hash_name, "keyId": key_id}
        request = {"contractVersion": "1.0", **members, "payload": base64.b64encode(b"payload").decode()}
        # SoftHSM hashes for RSA alone; the tool hashes for the others as our plugin does.
        ways = ("ECDSA", *mechanism[1:]) if spec.startswith("EC") else mechanism
        tool = [program("pkcs11-tool"), "--module", str(token.module), "--slot", str(token.slot), "--login"]
        tool += ["--pin", "env:PKCS11_PIN", "--sign", "--id", IDS[spec].hex(), "--mechanism", *ways]
        tool += ["--input-file", str(payload), "--output-file", os.devnull]
        times: dict[str, list[float]] = {"executable": [], "tool": []}
        for turn in range(RUNS + 1):
            found = {
                "executable": _seconds([executable, "generate-signature"], json.dumps(request).encode(), environment),
                "tool": _seconds(tool, b"", environment),
            }
            if turn:
                for name, seconds in found.items():
                    times[name].append(seconds)
        child = [sys.executable, "-c", _CHILD, key_id, spec, str(LATER)]
        inside = float(subprocess.run(child, env=environment, check=True, capture_output=True).stdout)
        yield Row(spec, inside, *(1 / statistics.median(times[name]) for name in ("executable", "tool")))


def _seconds(command: list[str], content: bytes, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, input=content, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start
