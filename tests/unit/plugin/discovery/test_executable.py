"""A plugin that is an executable: its answers, its errors, and what is neither."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import (
    PluginAccessDeniedError,
    PluginContractVersionError,
    PluginError,
    PluginResponseError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.plugin import (
    DescribeKeyRequest,
    GeneratedEnvelope,
    GeneratedSignature,
    GenerateEnvelopeRequest,
    GenerateSignatureRequest,
    GetMetadataRequest,
    KeyDescription,
    Metadata,
    VerificationResult,
    VerifiedSignature,
    VerifySignatureRequest,
)
from notarykit.plugin.discovery.executable import ExecutablePlugin
from notarykit.plugin.time_limit import deadline
from tests.support.executables import add_executable, answering, failing, metadata, shell_plugin, write_program

_ASK = DescribeKeyRequest("k", {"a": "b"})


def _plugin(plugins: Path, *capabilities: str, **commands: str) -> ExecutablePlugin:
    path = add_executable(plugins, "acme", shell_plugin("acme", *capabilities, **commands))
    return ExecutablePlugin("acme", str(path))


def _failed(plugin: ExecutablePlugin) -> PluginError:
    """The error of describe-key, without the plugin and the command that its message begins with."""
    with pytest.raises(PluginError) as caught:
        plugin.describe_key(_ASK)
    prefix = "plugin acme: describe-key: "
    assert caught.value.message.startswith(prefix)
    assert str(caught.value) == caught.value.message
    return caught.value._copy(caught.value.message.removeprefix(prefix))


def test_metadata(tmp_path: Path) -> None:
    """The metadata is what the plugin answers."""
    found = _plugin(tmp_path, "A", "B").get_metadata()
    assert found == Metadata("acme", "A test", "1.0.0", "https://example.com", ("1.0",), ("A", "B"))


_COMMANDS: list[tuple[Any, dict[str, Any], Any]] = [
    (_ASK, {"keyId": "k", "keySpec": "EC-256", "later": 1}, KeyDescription("k", "EC-256")),
    (
        GenerateSignatureRequest("k", "EC-256", "SHA-256", b"\0\xff"),
        {"keyId": "k", "signature": "AP8=", "signingAlgorithm": "a", "certificateChain": ["AA=="]},
        GeneratedSignature("k", b"\0\xff", "a", (b"\0",)),
    ),
    (
        GenerateEnvelopeRequest("k", b"{}", "p", "e", 7),
        {"signatureEnvelope": "AP8=", "signatureEnvelopeType": "e", "annotations": None},
        GeneratedEnvelope(b"\0\xff", "e"),
    ),
    (
        VerifySignatureRequest({"a": 1}, ("x",), (b"\0",), ("*",), ("c",)),
        {"verificationResults": {"c": {"success": True}}, "processedAttributes": None},
        VerifiedSignature({"c": VerificationResult(success=True)}, ()),
    ),
]
_NAMES = ["describe-key", "generate-signature", "generate-envelope", "verify-signature"]


@pytest.mark.requirement("plugin:one-run-for-each-command")
@pytest.mark.parametrize(("command", "asked"), list(zip(_NAMES, _COMMANDS, strict=True)), ids=_NAMES)
def test_each_command(command: str, asked: tuple[Any, dict[str, Any], Any], tmp_path: Path) -> None:
    """The request goes to standard input, its command is the only argument, and the answer comes back typed."""
    request, answer, wanted = asked
    seen = tmp_path / "seen"
    lines = f'echo "$#" > "{seen}"; cat >> "{seen}"; {answering(answer)}'
    plugin = _plugin(tmp_path, **{command.replace("-", "_"): lines})
    assert getattr(plugin, command.replace("-", "_"))(request) == wanted
    count, _, document = seen.read_text().partition("\n")
    assert count == "1"
    assert json.loads(document) == request.to_json()


@pytest.mark.parametrize(("config", "wanted"), [({}, "{}"), ({"a": "1", "b": ""}, '{"pluginConfig":{"a":"1","b":""}}')])
def test_the_request_for_metadata(config: dict[str, str], wanted: str, tmp_path: Path) -> None:
    """get-plugin-metadata is asked with the settings, and nothing else; without any, with an empty object."""
    seen = tmp_path / "seen"
    plugin = _plugin(tmp_path, get_plugin_metadata=f'cat > "{seen}"; {answering(metadata("acme"))}')
    plugin.get_metadata(GetMetadataRequest(config))
    assert seen.read_text() == wanted


@pytest.mark.requirement("plugin:own-name")
def test_a_name_that_is_not_its_own(tmp_path: Path) -> None:
    """A plugin that names itself otherwise than its file is refused."""
    plugin = _plugin(tmp_path, get_plugin_metadata=answering(metadata("other")))
    with pytest.raises(PluginResponseError, match=r"^plugin acme: its metadata name it 'other'$"):
        plugin.get_metadata()


@pytest.mark.parametrize(("seconds", "shown"), [(12.7, "12"), (300.0, "299")])
def test_it_is_told_its_time(seconds: float, shown: str, tmp_path: Path) -> None:
    """How long an answer may take is in the plugin's environment, in whole seconds."""
    lines = answering({"keyId": "SECONDS", "keySpec": "x"}).replace("'END'", "END").replace(
        "SECONDS", "$NOTARYKIT_PLUGIN_SECONDS"
    )  # fmt: skip
    with deadline(seconds):
        told = int(_plugin(tmp_path, describe_key=lines).describe_key(_ASK).key_id)
    assert int(shown) - 5 <= told <= int(shown)


def test_without_a_limit_it_has_five_minutes(tmp_path: Path) -> None:
    """Outside any limit an answer may take five minutes."""
    lines = 'cat > /dev/null; printf \'{"keyId":"%s","keySpec":"x"}\' $NOTARYKIT_PLUGIN_SECONDS'
    assert _plugin(tmp_path, describe_key=lines).describe_key(_ASK).key_id == "300"


def test_it_hangs(tmp_path: Path) -> None:
    """The limit of the call is that of the executable, which is named with the command."""
    with deadline(0.05), pytest.raises(PluginTimeoutError) as caught:
        _plugin(tmp_path, describe_key="exec sleep 600").describe_key(_ASK)
    assert caught.value.message == "plugin acme: describe-key: no answer within 0 seconds"


# Errors


@pytest.mark.requirement("plugin:error-codes", "plugin:other-exit-codes")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ERROR", PluginError),
        ("VALIDATION_ERROR", PluginValidationError),
        ("UNSUPPORTED_CONTRACT_VERSION", PluginContractVersionError),
        ("ACCESS_DENIED", PluginAccessDeniedError),
        ("TIMEOUT", PluginTimeoutError),
        ("THROTTLED", PluginThrottledError),
    ],
)
def test_errors_of_the_contract(name: str, kind: type[PluginError], tmp_path: Path) -> None:
    """Each code of the contract is an error of its own class; its code is shown."""
    found = _failed(_plugin(tmp_path, describe_key=failing(_error(name))))
    assert type(found) is kind
    assert found.message == ("no entry" if name == "ERROR" else f"no entry ({name})")
    assert found.metadata == {"id": "7"}


@pytest.mark.requirement("plugin:other-exit-codes")
@pytest.mark.parametrize("code", [2, 255])
@pytest.mark.parametrize("name", ["TIMEOUT", "ACCESS_DENIED"])
def test_error_codes_count_with_exit_code_1(name: str, code: int, tmp_path: Path) -> None:
    """With any other exit code it is a general error, which is not tried again; its text is shown."""
    found = _failed(_plugin(tmp_path, describe_key=failing(_error(name), code)))
    assert type(found) is PluginError
    assert found.message == f"no entry ({name})"
    assert found.metadata == {"id": "7"}


def _error(name: str) -> dict[str, Any]:
    return {"errorCode": name, "errorMessage": "no entry", "errorMetadata": {"id": "7", "count": 1}}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"errorCode": "Forbidden", "errorMessage": "no entry"}, "no entry (Forbidden)"),
        ({"errorCode": "error", "errorMessage": "no entry"}, "no entry (error)"),
        ({"errorCode": "ERROR"}, "no message"),
        ({"errorCode": "Forbidden"}, "no message (Forbidden)"),
        ({"errorMessage": "no entry"}, "no entry"),
        ({"errorCode": None, "errorMessage": "no entry", "errorMetadata": None, "later": 1}, "no entry"),
    ],
)
def test_errors_beside_the_contract(error: dict[str, Any], message: str, tmp_path: Path) -> None:
    """Codes that the contract does not have are shown, and members may be absent or null."""
    found = _failed(_plugin(tmp_path, describe_key=failing(error)))
    assert type(found) is PluginError
    assert found.message == message


@pytest.mark.requirement("plugin:other-exit-codes")
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (failing("panic: no token", 2), "panic: no token (exit code 2)"),
        (failing('{"errorCode": 7, "errorMessage": "x"}'), '{"errorCode": 7, "errorMessage": "x"} (exit code 1)'),
        (failing("{}"), "{} (exit code 1)"),
        (failing("[]"), "[] (exit code 1)"),
        (failing('warning\n{"errorCode": "ACCESS_DENIED"}'), 'warning\n{"errorCode": "ACCESS_DENIED"} (exit code 1)'),
        (failing("Traceback (most recent call last):\n  File 1\nValueError: no"), "ValueError: no (exit code 1)"),
        ("cat > /dev/null; echo no token; exit 1", "no token (exit code 1)"),
        ("cat > /dev/null; echo '{}'; exit 1", "it ended with exit code 1 and without output"),
        ("cat > /dev/null; printf 'a\\377b' >&2; exit 1", "a\ufffdb (exit code 1)"),
        ("cat > /dev/null; exit 5", "it ended with exit code 5 and without output"),
        ("cat > /dev/null; echo '  ' >&2; exit 1", "it ended with exit code 1 and without output"),
        ("cat > /dev/null; kill -KILL $$", "it ended with signal 9 and without output"),
        ("cat > /dev/null; echo oh >&2; kill -KILL $$", "oh (signal 9)"),
    ],
)
def test_errors_that_are_no_json(lines: str, message: str, tmp_path: Path) -> None:
    """What a plugin that failed wrote in another form is shown, with how it ended."""
    found = _failed(_plugin(tmp_path, describe_key=lines))
    assert type(found) is PluginError
    assert found.message == message


def test_an_error_that_floods(tmp_path: Path) -> None:
    """An error's text is cut to what a person reads."""
    found = _failed(_plugin(tmp_path, describe_key="head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1"))
    assert len(found.message) < 1100


def test_an_error_on_standard_output(tmp_path: Path) -> None:
    """A plugin that says it failed has failed, though it ended with 0 and used the other stream."""
    lines = answering({"errorCode": "ACCESS_DENIED", "errorMessage": "no entry"})
    found = _failed(_plugin(tmp_path, describe_key=lines))
    assert type(found) is PluginAccessDeniedError
    assert found.message == "no entry (ACCESS_DENIED)"


def test_standard_error_of_a_success_is_nobodys(tmp_path: Path) -> None:
    """What a plugin that did well wrote to standard error does not matter."""
    lines = 'echo \'{"errorCode":"ERROR"}\' >&2; ' + answering({"keyId": "k", "keySpec": "EC-256"})
    assert _plugin(tmp_path, describe_key=lines).describe_key(_ASK) == KeyDescription("k", "EC-256")


_GOOD = '{"keyId":"k","keySpec":"EC-256"}'


@pytest.mark.requirement("plugin:answers-metadata")
@pytest.mark.parametrize(
    "output",
    [
        "", "\n", "{", "null", "[]", "{}", '{"keyId":"k"}', '{"keyId":"","keySpec":"x"}', '{"keyId":1,"keySpec":"x"}',
        f"{_GOOD}{_GOOD}", f"{_GOOD}\n{_GOOD}", f"Loading...\n{_GOOD}", f"{_GOOD}\ndone", f"\ufeff{_GOOD}",
        '{"keyId":"k","keyId":"k","keySpec":"x"}', '{"keyId":"k","keySpec":"\\ud800"}', '{"keyId":"k","keySpec":NaN}',
        '{"errorCode":null}', _GOOD[:-1], "[" * 100000,
    ],
)  # fmt: skip
def test_what_is_no_answer(output: str, tmp_path: Path) -> None:
    """Anything but exactly one JSON document with the answer's members is malformed."""
    (tmp_path / "output").write_text(output)
    found = _failed(_plugin(tmp_path, describe_key=f'cat > /dev/null; cat "{tmp_path / "output"}"'))
    assert type(found) is PluginResponseError
    assert found.message.startswith("the answer is malformed: ")


def test_no_error_in_an_answer(tmp_path: Path) -> None:
    """An answer whose error is null, as some programs write it, is no error."""
    answer = json.dumps({**json.loads(_GOOD), "errorCode": None, "errorMessage": None})
    (tmp_path / "output").write_text(answer)
    plugin = _plugin(tmp_path, describe_key=f'cat > /dev/null; cat "{tmp_path / "output"}"')
    assert plugin.describe_key(_ASK) == KeyDescription("k", "EC-256")


@pytest.mark.parametrize("white", ["\n", " \r\n\t"])
def test_white_space_around_an_answer(white: str, tmp_path: Path) -> None:
    """White space around the document is part of JSON."""
    (tmp_path / "output").write_text(f"{white}{_GOOD}{white}", newline="")
    plugin = _plugin(tmp_path, describe_key=f'cat > /dev/null; cat "{tmp_path / "output"}"')
    assert plugin.describe_key(_ASK) == KeyDescription("k", "EC-256")


def test_a_passphrase_is_for_signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key's passphrase and a token's PIN reach a plugin that signs, and none that says what it is or verifies."""
    monkeypatch.setenv("NOTARYKIT_KEY_PASSPHRASE", "swordfish")
    monkeypatch.setenv("PKCS11_PIN", "-mackerel")
    script = 'cat > /dev/null; echo "$1 $NOTARYKIT_KEY_PASSPHRASE${PKCS11_PIN-}" >> "$(dirname "$0")/seen"; exit 1'
    path = write_program(tmp_path / "notation-acme", f"#!/bin/sh\n{script}\n")
    plugin = ExecutablePlugin("acme", str(path))
    request = VerifySignatureRequest({}, (), (), (), ())
    for call in (
        plugin.get_metadata,
        lambda: plugin.verify_signature(request),
        lambda: plugin.describe_key(DescribeKeyRequest("k")),
    ):
        with pytest.raises(PluginError):
            call()
    seen = (tmp_path / "seen").read_text()
    assert seen.splitlines() == ["get-plugin-metadata ", "verify-signature ", "describe-key swordfish-mackerel"]
