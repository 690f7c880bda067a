"""The Go side reads the errors of plugins made with notarykit."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.interop.our_plugin_host import LOCAL_FILE, Host, envelope_request, key_request, make_scene
from tests.interop.our_plugins.failing import ACCIDENTS, NO_ANSWER, REFUSALS, REQUEST_ID, SECRET
from tests.interop.plugin_scene import TRUSTED_IDENTITY
from tests.interop.scene import Scene
from tests.support.ca import pem_of
from tests.support.envelopes import PAYLOAD_TYPE


def _signature_request(scene: Scene) -> dict[str, Any]:
    payload = base64.b64encode(b"message").decode()
    return {**key_request(scene), "keySpec": "EC-256", "hashAlgorithm": "SHA-256", "payload": payload}


def _verification_request(scene: Scene) -> dict[str, Any]:
    return {
        "contractVersion": "1.0",
        "signature": {
            "criticalAttributes": {"contentType": PAYLOAD_TYPE, "signingScheme": "notary.x509"},
            "unprocessedAttributes": [],
            "certificateChain": [base64.b64encode(der).decode() for der in scene.chain.ders],
        },
        "trustPolicy": {"trustedIdentities": ["*"], "signatureVerification": [TRUSTED_IDENTITY]},
    }


REQUESTS = {
    "describe-key": key_request,
    "generate-signature": _signature_request,
    "generate-envelope": envelope_request,
    "verify-signature": _verification_request,
}


class Refusal(NamedTuple):
    """What the plugin for files refuses.

    Attributes:
        command: The command.
        changes: What is wrong in its request.
        code: The code that the host gets.
        shown: What the message names.
    """

    command: str
    changes: Mapping[str, Any]
    code: str
    shown: str


ANOTHER_VERSION = "UNSUPPORTED_CONTRACT_VERSION"
REFUSED = [
    *(Refusal(command, {"keyId": "/nothing"}, "VALIDATION_ERROR", "/nothing") for command in list(REQUESTS)[:3]),
    *(Refusal(command, {"contractVersion": "2.0"}, ANOTHER_VERSION, "'2.0'") for command in REQUESTS),
    Refusal("describe-key", {"contractVersion": "1.1"}, ANOTHER_VERSION, "'1.1'"),
    Refusal("describe-key", {"keyId": ""}, "VALIDATION_ERROR", "keyId"),
    Refusal("describe-key", {"pluginConfig": {"no_such": SECRET}}, "VALIDATION_ERROR", "no_such"),
    Refusal("generate-signature", {"keySpec": "EC-384"}, "VALIDATION_ERROR", "EC-384"),
    Refusal("generate-signature", {"hashAlgorithm": "SHA-512"}, "VALIDATION_ERROR", "SHA-512"),
    Refusal("generate-envelope", {"signatureEnvelopeType": "text/plain"}, "VALIDATION_ERROR", "text/plain"),
    Refusal("generate-envelope", {"payloadType": "text/plain"}, "VALIDATION_ERROR", "text/plain"),
    Refusal("generate-envelope", {"payload": ""}, "VALIDATION_ERROR", "payload"),
    Refusal("generate-envelope", {"expiryDurationInSeconds": 2**64 - 1}, "VALIDATION_ERROR", "9999"),
    Refusal("verify-signature", {}, "VALIDATION_ERROR", "verify-signature"),
]


@pytest.mark.requirement("plugin:validation-error")
@pytest.mark.parametrize("refusal", REFUSED, ids=lambda each: f"{each.command}-{each.shown}")
def test_go_reads_refusals(host: Host, tmp_path: Path, refusal: Refusal) -> None:
    """A request that is good but for one thing is refused under the protocol's code, with what is wrong."""
    request = {**REQUESTS[refusal.command](make_scene(tmp_path)), **refusal.changes}
    answer = host.call(LOCAL_FILE, refusal.command, request)
    assert not answer["ok"]
    assert answer["errorCode"] == refusal.code
    assert refusal.shown in answer["errorMessage"]
    assert SECRET not in str(answer)


@pytest.mark.parametrize("is_given", [True, False], ids=["a wrong one", "none"])
def test_passphrases_that_do_not_fit(host: Host, tmp_path: Path, *, is_given: bool) -> None:
    """A key whose passphrase is wrong or not there is a matter of access, and no passphrase is shown."""
    scene = make_scene(tmp_path)
    scene.key_file.write_bytes(pem_of(scene.chain.leaf_key, b"another"))
    (tmp_path / "passphrase").write_text(SECRET)
    config = {"passphrase_file": str(tmp_path / "passphrase")} if is_given else {}
    answer = host.sign(scene, LOCAL_FILE, config=config)
    assert not answer["ok"]
    assert answer["errorCode"] == "ACCESS_DENIED"
    assert str(scene.key_file) in answer["errorMessage"]
    assert SECRET not in str(answer)


@pytest.mark.requirement("plugin:error-codes")
@pytest.mark.parametrize("code", REFUSALS)
def test_go_reads_every_error_of_a_plugin(host: Host, code: str) -> None:
    """An error that a plugin raises arrives with its code, its message and its metadata."""
    answer = host.call("our-failing", "describe-key", {"contractVersion": "1.0", "keyId": code})
    assert not answer["ok"]
    assert answer["errorCode"] == code
    assert answer["errorMessage"] == f"refused: ü <&> {code}"
    assert answer["errorMetadata"] == REQUEST_ID


@pytest.mark.parametrize("accident", [*ACCIDENTS, NO_ANSWER])
def test_go_reads_no_secret_of_an_accident(host: Host, accident: str) -> None:
    """What a plugin raises by accident, and no answer at all, is the general error without any text of it."""
    answer = host.call("our-failing", "describe-key", {"contractVersion": "1.0", "keyId": accident})
    assert not answer["ok"]
    assert answer["errorCode"] == "ERROR"
    assert answer["errorMessage"]
    assert SECRET not in str(answer)
