"""Signing with a plugin: every response is checked before it is used."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notarykit.errors import (
    NotarykitError,
    PluginAccessDeniedError,
    PluginError,
    PluginResponseError,
    PluginThrottledError,
)
from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import key_spec
from notarykit.plugin import (
    DescribeKeyRequest,
    GeneratedEnvelope,
    GeneratedSignature,
    GenerateEnvelopeRequest,
    GenerateSignatureRequest,
    KeyDescription,
    Metadata,
)
from notarykit.plugin.host.metadata import read_metadata
from notarykit.plugin.host.signer import PluginEnvelopeSigner, PluginSigner
from tests.support.ca import SPECS, Changes, key_usage, make_chain
from tests.support.envelopes import primitive
from tests.unit.plugin.clock import Clock
from tests.unit.plugin.plugins import KeyPlugin

_CHAIN = make_chain()
_OTHER = make_chain()
_CONFIG = {"region": "here"}
_COMMANDS = ["get-plugin-metadata", "describe-key", "generate-signature", "generate-envelope"]
_SECRET = "the passphrase is swordfish"


def _signer(plugin: Any) -> PluginSigner:
    return PluginSigner(plugin, "key 1", _CONFIG)


@pytest.mark.requirement("plugin:describe-key-request", "plugin:generate-signature-request")
@pytest.mark.parametrize("spec", SPECS)
def test_signs_with_each_spec(spec: str) -> None:
    """The plugin is asked for the key's spec, then for a signature of it, and both answers come back."""
    plugin = KeyPlugin(make_chain(spec))
    signature, chain, _ = _signer(plugin).sign(b"message")
    verify_raw(plugin.chain.leaf_key.public_key(), key_spec(spec), signature, b"message")
    assert chain == plugin.chain.ders
    hash_name = {
        "2048": "SHA-256",
        "3072": "SHA-384",
        "4096": "SHA-512",
        "256": "SHA-256",
        "384": "SHA-384",
        "521": "SHA-512",
    }
    assert plugin.requests == [
        DescribeKeyRequest("key 1", _CONFIG, "1.0"),
        GenerateSignatureRequest("key 1", spec, hash_name[spec.partition("-")[2]], b"message", _CONFIG, "1.0"),
    ]


def test_key_spec_is_requested_once() -> None:
    """However often it signs, a signer asks for the key's spec once."""
    plugin = KeyPlugin()
    signer = _signer(plugin)
    assert signer.key_spec() is signer.key_spec()
    for _ in range(3):
        signer.sign(b"message")
    assert [type(request) for request in plugin.requests] == [DescribeKeyRequest, *[GenerateSignatureRequest] * 3]


def _changed(kind: type[Any], **changes: Any) -> Callable[[Any], Any]:
    """Changes the answers of one kind."""

    def change(answer: Any) -> Any:
        return answer._replace(**changes) if type(answer) is kind else answer

    return change


@pytest.mark.requirement("plugin:same-key-id")
@pytest.mark.parametrize("kind", [KeyDescription, GeneratedSignature])
@pytest.mark.parametrize("key_id", ["key 2", "", "KEY 1", "key 1 "])
def test_response_for_another_key_is_refused(kind: type, key_id: str) -> None:
    """An answer about another key than the one that was asked for is refused."""
    plugin = KeyPlugin(_CHAIN, _changed(kind, key_id=key_id))
    with pytest.raises(PluginResponseError) as caught:
        _signer(plugin).sign(b"message")
    assert caught.value.message == f"the response is for key {key_id!r}, the request was for 'key 1'"


@pytest.mark.requirement("plugin:key-specs", "workflow:sign-algorithm")
@pytest.mark.parametrize("spec", ["", "RSA-1024", "rsa-2048", "EC-256 ", "ECDSA-SHA-256"])
def test_unsupported_key_spec_is_refused(spec: str) -> None:
    """A key spec that the specification does not have is refused before anything is signed."""
    plugin = KeyPlugin(_CHAIN, _changed(KeyDescription, key_spec=spec))
    with pytest.raises(PluginResponseError, match=r"^describe-key: key spec .* is not supported"):
        _signer(plugin).sign(b"message")
    assert len(plugin.requests) == 1


@pytest.mark.requirement("plugin:signature-algorithm")
@pytest.mark.parametrize("algorithm", ["", "ECDSA-SHA-384", "RSASSA-PSS-SHA-256", "ecdsa-sha-256", "ES256"])
def test_algorithm_of_another_spec_is_refused(algorithm: str) -> None:
    """An answer with another algorithm than that of the key's spec is refused."""
    plugin = KeyPlugin(_CHAIN, _changed(GeneratedSignature, signing_algorithm=algorithm))
    with pytest.raises(PluginResponseError) as caught:
        _signer(plugin).sign(b"message")
    assert caught.value.message == f"generate-signature: algorithm {algorithm!r} is not the ECDSA-SHA-256 of EC-256"


@pytest.mark.requirement("plugin:signature-holds")
@pytest.mark.parametrize(
    "signature",
    [
        primitive(_OTHER, b"message"),
        primitive(_CHAIN, b"Message"),
        bytes(64),
        b"",
        primitive(_CHAIN, b"message")[:-1],
        primitive(_CHAIN, b"message") + b"\0",
    ],
    ids=["another key's", "over another message", "nulls", "empty", "cut off", "longer"],
)
def test_invalid_signature_is_refused(signature: bytes) -> None:
    """A signature that does not hold over exactly what was sent under the chain's leaf is refused."""
    plugin = KeyPlugin(_CHAIN, _changed(GeneratedSignature, signature=signature))
    with pytest.raises(PluginResponseError, match=r"^generate-signature: signature "):
        _signer(plugin).sign(b"message")


def test_signature_in_der_is_refused() -> None:
    """An ECDSA signature as most services give it has another length than the contract's."""
    der = b"\x30\x44" + bytes(68)
    plugin = KeyPlugin(_CHAIN, _changed(GeneratedSignature, signature=der))
    with pytest.raises(PluginResponseError, match="signature is 70 bytes long, not the 64 of ES256"):
        _signer(plugin).sign(b"message")


@pytest.mark.requirement("plugin:signature-chain")
@pytest.mark.parametrize(
    "chain",
    [
        (),
        _CHAIN.ders[::-1],
        _CHAIN.ders[:2],
        (_CHAIN.ders[0], *_OTHER.ders[1:]),
        (*_CHAIN.ders, *_CHAIN.ders),
        (b"x",),
        make_chain(leaf=Changes(put=((key_usage("key_encipherment"), True),), key=_CHAIN.leaf_key)).ders,
    ],
    ids=["none", "turned", "no root", "unrelated", "twice", "no certificate", "rule"],
)
def test_invalid_chain_is_refused(chain: tuple[bytes, ...]) -> None:
    """A chain that is out of order, incomplete or against a rule is refused as the plugin's mistake."""
    plugin = KeyPlugin(_CHAIN, _changed(GeneratedSignature, certificate_chain=chain))
    with pytest.raises(PluginResponseError, match=r"^generate-signature: "):
        _signer(plugin).sign(b"message")


@pytest.mark.parametrize("other", ["EC-384", "RSA-2048"])
def test_certificate_of_another_spec_is_refused(other: str) -> None:
    """A leaf of another key spec than the described one is refused with both."""
    plugin = KeyPlugin(_CHAIN, _changed(GeneratedSignature, certificate_chain=make_chain(other).ders))
    with pytest.raises(PluginResponseError) as caught:
        _signer(plugin).sign(b"message")
    message = f"generate-signature: the signing certificate's key is {other}, describe-key returned EC-256"
    assert caught.value.message == message


class _FailingPlugin(KeyPlugin):
    """Raises one error in every command."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def get_metadata(self, *_: object) -> Metadata:  # type: ignore[override]
        raise self.error

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        raise self.error

    def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
        raise self.error

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        raise self.error


def _commands(error: BaseException) -> dict[str, Callable[[], object]]:
    plugin = _FailingPlugin(error)
    signer = _signer(plugin)
    signer._spec = key_spec("EC-256")
    enveloping = PluginEnvelopeSigner(plugin, "key 1", _CONFIG)
    return {
        "get-plugin-metadata": lambda: read_metadata(plugin),
        "describe-key": lambda: _signer(plugin).sign(b"message"),
        "generate-signature": lambda: signer.sign(b"message"),
        "generate-envelope": lambda: enveloping.sign_payload(b"{}", "application/jose+json", None),
    }


@pytest.mark.parametrize("command", _COMMANDS)
@pytest.mark.parametrize(
    "error", [ValueError(_SECRET), KeyError(_SECRET), OSError(5, _SECRET), AssertionError(_SECRET)]
)
def test_unexpected_exception_is_named_without_its_text(command: str, error: Exception) -> None:
    """What a plugin raises by accident is named by command and kind; its text, which may be a secret, is not shown."""
    with pytest.raises(PluginError) as caught:
        _commands(error)[command]()
    assert caught.value.message == f"{command}: the plugin failed with {type(error).__name__}"
    assert "swordfish" not in caught.value.one_line()
    assert "swordfish" not in str(caught.value)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("command", _COMMANDS)
@pytest.mark.parametrize("error", [PluginAccessDeniedError("no"), PluginThrottledError("later"), NotarykitError("x")])
def test_contract_errors_are_raised_unchanged(command: str, error: NotarykitError, clock: Clock) -> None:
    """The contract's own errors reach the caller as they were raised."""
    with pytest.raises(type(error)) as caught:
        _commands(error)[command]()
    assert caught.value is error
    assert len(clock.pauses) == (4 if isinstance(error, PluginThrottledError) else 0)


def test_interruption_is_raised_unchanged() -> None:
    """A person's interruption goes through."""
    with pytest.raises(KeyboardInterrupt):
        _commands(KeyboardInterrupt())["describe-key"]()


class _EnvelopePlugin(KeyPlugin):
    """Answers generate-envelope with what it is told."""

    def __init__(self, answer: GeneratedEnvelope) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[GenerateEnvelopeRequest] = []

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        self.asked.append(request)
        return self.answer


@pytest.mark.requirement("plugin:envelope-expiry", "plugin:envelope-request")
@pytest.mark.parametrize(("expires_in", "seconds"), [(None, None), (timedelta(hours=24), 86400)])
def test_envelope_is_requested_and_returned(expires_in: timedelta | None, seconds: int | None) -> None:
    """The request carries payload, formats and expiry, and the answer's envelope and annotations come back."""
    plugin = _EnvelopePlugin(GeneratedEnvelope(b"made", "application/cose", {"a": "b"}))
    signer = PluginEnvelopeSigner(plugin, "key 1", _CONFIG)
    assert signer.sign_payload(b"{}", "application/cose", expires_in) == (b"made", {"a": "b"})
    kind = "application/vnd.cncf.notary.payload.v1+json"
    assert plugin.asked == [GenerateEnvelopeRequest("key 1", b"{}", kind, "application/cose", seconds, _CONFIG, "1.0")]


@pytest.mark.requirement("plugin:same-envelope-type")
@pytest.mark.parametrize("media_type", ["", "application/jose+json", "application/COSE"])
def test_envelope_of_another_format_is_refused(media_type: str) -> None:
    """An answer of another format than the one that was asked for is refused."""
    signer = PluginEnvelopeSigner(_EnvelopePlugin(GeneratedEnvelope(b"made", media_type)), "key 1", {})
    with pytest.raises(PluginResponseError) as caught:
        signer.sign_payload(b"{}", "application/cose", None)
    message = f"generate-envelope: format {media_type!r} is not the 'application/cose' that was requested"
    assert caught.value.message == message
