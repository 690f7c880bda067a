"""Requests and answers in JSON, on a plugin's side."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from notarykit.plugin import Command, DescribeKeyRequest, GetMetadataRequest
from notarykit.plugin.server import dispatch as responding
from notarykit.plugin.server.dispatch import respond
from tests.unit.plugin.server.served import Served

_HERE = "tests.unit.plugin.server.served"
_ASK = {"contractVersion": "1.0", "keyId": "k"}


@pytest.fixture(autouse=True)
def asked() -> Iterator[list[object]]:
    """What the plugin was asked."""
    Served.asked.clear()
    yield Served.asked
    Served.asked.clear()


def _said(request: bytes, *arguments: str, target: str = f"{_HERE}:Served") -> tuple[int, bytes]:
    return respond(target, list(arguments), lambda: request)


def _answer(command: str, request: dict[str, Any], **options: Any) -> dict[str, Any]:
    code, content = _said(json.dumps(request).encode(), command, **options)
    assert code == 0, content
    answer: dict[str, Any] = json.loads(content)
    return answer


def _error(command: str, request: dict[str, Any] | bytes, **options: Any) -> dict[str, Any]:
    content = request if isinstance(request, bytes) else json.dumps(request).encode()
    code, content = _said(content, command, **options)
    assert code == 1
    assert b"swordfish" not in content
    error: dict[str, Any] = json.loads(content)
    return error


@pytest.mark.requirement("plugin:metadata-command", "plugin:static-metadata")
@pytest.mark.parametrize("target", ["Served", "Unmade"])
@pytest.mark.parametrize("request_", [{}, {"later": 1}, {"contractVersion": "2.0"}])
def test_metadata(target: str, request_: dict[str, Any]) -> None:
    """Metadata is the class's own: no plugin is made for it, and nothing of the request but the settings counts."""
    assert _answer("get-plugin-metadata", request_, target=f"{_HERE}:{target}") == {
        "name": "served",
        "description": "For tests",
        "version": "1.2.3",
        "url": "https://example.com",
        "supportedContractVersions": ["1.0"],
        "capabilities": ["SIGNATURE_GENERATOR.ENVELOPE", "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB"],
    }


@pytest.mark.parametrize(
    ("config", "wanted"),
    [({"mode": "raw"}, {"mode": "raw"}), ({}, {}), (None, {})],
)
def test_the_configuration_for_metadata(
    config: dict[str, str] | None, wanted: dict[str, str], asked: list[object]
) -> None:
    """A plugin whose capabilities depend on its settings gets them with get-plugin-metadata."""
    answer = _answer("get-plugin-metadata", {"pluginConfig": config}, target=f"{_HERE}:Depending")
    assert asked == [GetMetadataRequest(wanted)]
    assert answer["capabilities"] == [f"SIGNATURE_GENERATOR.{'RAW' if wanted else 'ENVELOPE'}"]
    error = _error("get-plugin-metadata", {"pluginConfig": {"a": 1}}, target=f"{_HERE}:Depending")
    assert error["errorCode"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("request_", [b"", b"\n", b" \r\n"])
def test_nothing_on_standard_input(request_: bytes) -> None:
    """get-plugin-metadata has nothing to ask with, so it is answered without a request; other commands need one."""
    code, content = _said(request_, "get-plugin-metadata")
    assert (code, json.loads(content)["name"]) == (0, "served")
    error = _error("describe-key", request_)
    assert error == {
        "errorCode": "VALIDATION_ERROR",
        "errorMessage": "there is no request on standard input: hosts such as notation run this program and write one",
    }


@pytest.mark.requirement("plugin:unknown-members")
def test_a_command(asked: list[object]) -> None:
    """A request reaches the plugin typed, and its answer goes out; members of later versions are ignored."""
    request = {**_ASK, "pluginConfig": {"a": "b"}, "later": {"a": [1]}}
    assert _answer("describe-key", request) == {"keyId": "k", "keySpec": "EC-256"}
    assert asked == [DescribeKeyRequest("k", {"a": "b"})]


def test_a_request_of_a_program_in_go() -> None:
    """What is empty may be null."""
    request: dict[str, Any] = {
        "contractVersion": "1.0",
        "pluginConfig": None,
        "signature": {"criticalAttributes": {}, "unprocessedAttributes": None, "certificateChain": ["AA=="]},
        "trustPolicy": {"trustedIdentities": None, "signatureVerification": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]},
    }
    assert _answer("verify-signature", request) == {
        "verificationResults": {"SIGNATURE_VERIFIER.TRUSTED_IDENTITY": {"success": True, "reason": ""}},
        "processedAttributes": [],
    }


@pytest.mark.requirement("plugin:error-answer", "plugin:error-codes")
@pytest.mark.parametrize(
    ("key_id", "code", "message"),
    [
        ("validation", "VALIDATION_ERROR", "no"),
        ("advice", "VALIDATION_ERROR", "no such key: look again"),
        ("certificate", "VALIDATION_ERROR", "no"),
        ("passphrase", "ACCESS_DENIED", "no"),
        ("denied", "ACCESS_DENIED", "no"),
        ("timeout", "TIMEOUT", "no"),
        ("metadata", "THROTTLED", "later"),
        ("response", "ERROR", "no"),
        ("storage", "ERROR", "no"),
        ("accident", "ERROR", "the plugin failed with ValueError"),
        ("exit", "ERROR", "the plugin failed with SystemExit"),
        ("interrupt", "ERROR", "the plugin failed with KeyboardInterrupt"),
        ("none", "ERROR", "the plugin failed with AttributeError"),
        ("bytes", "ERROR", "the plugin failed with TypeError"),
    ],
)
def test_errors(key_id: str, code: str, message: str) -> None:
    """What is raised on purpose keeps its text; of anything else its kind alone is said."""
    error = _error("describe-key", {**_ASK, "keyId": key_id})
    assert error.pop("errorMetadata", None) == ({"id": "7"} if key_id == "metadata" else None)
    assert error == {"errorCode": code, "errorMessage": message}


@pytest.mark.requirement("plugin:unsupported-contract-version")
@pytest.mark.parametrize("command", [each for each in Command if each is not Command.GET_METADATA])
@pytest.mark.parametrize("version", ["1.1", "2.0", "1", "1.0 "])
def test_other_versions_of_the_contract(command: str, version: str, asked: list[object]) -> None:
    """A request of another version is refused before anything else of it is looked at."""
    assert _error(command, {"contractVersion": version}) == {
        "errorCode": "UNSUPPORTED_CONTRACT_VERSION",
        "errorMessage": f"contract version {version!r} is not supported, only 1.0",
    }
    assert not asked


@pytest.mark.requirement("plugin:validation-error")
@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "request must be an object"),
        (b"{}{}", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"{}", "no member 'contractVersion'"),
        (b'{"contractVersion":1.0,"keyId":"k"}', "'contractVersion' must be a string"),
        (b'{"contractVersion":"1.0"}', "no member 'keyId'"),
        (b'{"contractVersion":"1.0","keyId":""}', "'keyId' must not be empty"),
        (b'{"contractVersion":"1.0","keyId":"k","keyId":"j"}', "'keyId' occurs twice"),
        (b'{"contractVersion":"1.0","keyId":"k","pluginConfig":{"a":1}}', "'pluginConfig': 'a' must be a string"),
    ],
)
def test_malformed_requests(request_: bytes, message: str, asked: list[object]) -> None:
    """A request that cannot be understood is the host's mistake, and the plugin does not see it."""
    error = _error("describe-key", request_)
    assert error["errorCode"] == "VALIDATION_ERROR"
    assert error["errorMessage"].startswith("malformed request: ")
    assert message in error["errorMessage"]
    assert not asked


def test_the_limit_of_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may be as long as the contract's limit, and not a byte longer."""
    content = json.dumps(_ASK).encode()
    monkeypatch.setattr(responding, "LARGEST_MESSAGE", len(content))
    assert _said(content, "describe-key")[0] == 0
    assert _error("describe-key", content + b" ") == {
        "errorCode": "VALIDATION_ERROR",
        "errorMessage": f"the request is larger than {len(content)} bytes",
    }


@pytest.mark.parametrize("command", ["sign", "", "DESCRIBE-KEY", "describe_key", "get_metadata", "--x"])
def test_unknown_commands(command: str) -> None:
    """A command that the contract does not have is refused, without reading a request."""
    code, content = respond(f"{_HERE}:Served", [command], lambda: pytest.fail("read"))
    assert code == 1
    error = json.loads(content)
    assert error["errorCode"] == "VALIDATION_ERROR"
    assert error["errorMessage"].startswith(f"command {command!r} is not one of get-plugin-metadata, describe-key, ")


@pytest.mark.parametrize("command", ["generate-signature", "generate-envelope"])
def test_commands_that_the_plugin_does_not_have(command: str) -> None:
    """A command that the plugin does not implement is refused, or fails for want of an answer."""
    request = {
        **_ASK, "keySpec": "EC-256", "hashAlgorithm": "SHA-256", "payload": "AA==", "payloadType": "p",
        "signatureEnvelopeType": "e",
    }  # fmt: skip
    error = _error(command, request)
    if command == "generate-signature":
        assert error["errorMessage"] == "plugin served does not implement generate-signature"
        assert error["errorCode"] == "VALIDATION_ERROR"
    else:
        assert error["errorMessage"] == "the plugin failed with AttributeError"


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"], ["-h"], ["version"], ["--version"]])
def test_a_person_at_the_terminal(arguments: list[str]) -> None:
    """A person who runs the executable is told what it is, without being asked for input."""
    code, content = respond(f"{_HERE}:Served", arguments, lambda: pytest.fail("read"))
    assert code == 1
    text = content.decode()
    assert text.startswith("notation-served 1.2.3: For tests\n")
    assert "describe-key" in text
    assert "https://example.com" in text


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "no_such_module_anywhere:Served",
            "the plugin failed with ModuleNotFoundError: No module named 'no_such_module_anywhere'",
        ),
        (f"{_HERE}:Absent", "the plugin failed with AttributeError"),
        (_HERE, "the plugin failed with AttributeError"),
        (f"{_HERE}:NO_PLUGIN", f"{_HERE}:NO_PLUGIN is no subclass of notarykit.plugin.Plugin"),
    ],
)
def test_a_class_that_is_not_there(target: str, message: str) -> None:
    """A target that leads to no plugin is an error of the protocol too."""
    assert _error("get-plugin-metadata", {}, target=target) == {"errorCode": "ERROR", "errorMessage": message}
