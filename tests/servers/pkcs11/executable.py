"""Runs of the plugin on a token: as an executable, like a host, and by a script in a process of its own."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from notarykit._internal.strict_json import loads
from notarykit.keys.certificate import load_certificate
from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS, key_spec_of

_SECONDS = 300.0

PRELUDE = """
import base64, json, os, sys, threading, time
from notarykit.errors import NotarykitError
from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest
from notarykit_pkcs11.plugin import PKCS11Plugin

plugin = PKCS11Plugin()

def sign(key_id, spec, payload=b"payload", **config):
    request = GenerateSignatureRequest(key_id, spec, KEY_SPECS[spec].hash_name, payload, config)
    answer = plugin.generate_signature(request)
    from notarykit.keys.certificate import load_certificate
    verify_raw(load_certificate(answer.certificate_chain[0]).public_key(), KEY_SPECS[spec], answer.signature, payload)
    return answer

def refusal(key_id, spec, **config):
    try:
        sign(key_id, spec, **config)
    except NotarykitError as error:
        return error.one_line()
    return None
"""


class Answer(NamedTuple):
    """Response of the executable.

    Attributes:
        code: Exit code.
        members: JSON on standard output, or on standard error after a failure.
        text: All output.
    """

    code: int
    members: dict[str, Any]
    text: str

    @property
    def refusal(self) -> str:
        """Code and message of the error; empty after a success."""
        return f"{self.members['errorCode']} {self.members['errorMessage']}" if self.code else ""


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Returns the current environment without the plugin's own variables, with the given ones."""
    left = {name: value for name, value in os.environ.items() if not name.startswith("PKCS11_")}
    return {**left, **variables}


def ask(variables: Mapping[str, str], command: str, key_id: str, **members: Any) -> Answer:
    """Returns the response of `notation-pkcs11` to a request."""
    request = {"contractVersion": "1.0", "keyId": key_id, **members}
    done = subprocess.run(
        [sys.executable, "-m", "notarykit_pkcs11", command],
        input=json.dumps(request).encode(), env=environment(variables), capture_output=True, check=False,
        timeout=_SECONDS,
    )  # fmt: skip
    output = done.stderr if done.returncode else done.stdout
    try:
        found = loads(output)
    except ValueError as error:
        raise AssertionError(output) from error
    assert isinstance(found, dict)
    return Answer(done.returncode, found, (done.stdout + done.stderr).decode())


def describe(variables: Mapping[str, str], key_id: str, **config: str) -> Answer:
    """Returns the response to describe-key."""
    return ask(variables, "describe-key", key_id, pluginConfig=config)


def sign(
    variables: Mapping[str, str], key_id: str, spec: str, config: Mapping[str, str] = {}, payload: bytes = b"payload"
) -> Answer:
    """Returns the response to generate-signature, after a check of the signature with the leaf."""
    members = {"keySpec": spec, "hashAlgorithm": KEY_SPECS[spec].hash_name}
    answer = ask(
        variables, "generate-signature", key_id, pluginConfig=dict(config),
        payload=base64.b64encode(payload).decode(), **members,
    )  # fmt: skip
    if not answer.code:
        leaf = load_certificate(base64.b64decode(answer.members["certificateChain"][0]))
        assert key_spec_of(leaf.public_key()).name == spec
        verify_raw(leaf.public_key(), KEY_SPECS[spec], base64.b64decode(answer.members["signature"]), payload)
    return answer


def run(variables: Mapping[str, str], script: str) -> Any:
    """Returns the JSON that a script prints last; the script may use `plugin`, `sign` and `refusal`."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script],
        env=environment(variables), capture_output=True, text=True, check=False,
        timeout=_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
