"""Signing with a plugin: what is asked, and how the answers are checked before anything is made of them.

Plugin specification, "Signing workflow using plugin", steps 4 of both interfaces.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple, Protocol

from notarykit.envelope import payload as payloads
from notarykit.errors import (
    CertificateError,
    NotarykitError,
    PluginContractVersionError,
    PluginError,
    PluginResponseError,
    SigningKeyError,
)
from notarykit.keys import signature as signatures
from notarykit.keys.chain import check_chain
from notarykit.keys.spec import KeySpec, key_spec
from notarykit.plugin.messages import (
    CONTRACT_VERSION,
    Capability,
    DescribeKeyRequest,
    GeneratedEnvelope,
    GeneratedSignature,
    GenerateEnvelopeRequest,
    GenerateSignatureRequest,
    KeyDescription,
    Metadata,
)


class SigningPlugin(Protocol):
    """The commands that signing asks of a plugin, wherever it runs."""

    def get_metadata(self) -> Metadata:
        """The command get-plugin-metadata."""

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        """The command describe-key."""

    def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
        """The command generate-signature."""

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        """The command generate-envelope."""


def signing_metadata(plugin: SigningPlugin) -> Metadata:
    """The metadata of a plugin that can sign under the contract that is spoken here.

    Raises:
        PluginContractVersionError: It does not list the contract version 1.0.
        PluginResponseError: It cannot sign.
    """
    with _called("get-plugin-metadata"):
        metadata = plugin.get_metadata()
    if CONTRACT_VERSION not in metadata.supported_contract_versions:
        raise PluginContractVersionError(
            f"plugin {metadata.name} supports contract versions {', '.join(metadata.supported_contract_versions)}, "
            f"not {CONTRACT_VERSION}"
        )
    if not {Capability.RAW, Capability.ENVELOPE} & set(metadata.capabilities):
        raise PluginResponseError(f"plugin {metadata.name} cannot sign", advice="choose a plugin that signs")
    return metadata


class PluginSigner:
    """Signs with a plugin of the capability SIGNATURE_GENERATOR.RAW.

    Attributes:
        agent: What its envelopes name as the software that made them, or an empty string.
    """

    def __init__(self, plugin: SigningPlugin, key_id: str, config: Mapping[str, str], agent: str = "") -> None:
        self.agent = agent
        self._plugin = plugin
        self._key_id = key_id
        self._config = config
        self._spec: KeySpec | None = None

    def key_spec(self) -> KeySpec:
        """The key's spec; the plugin is asked once.

        Raises:
            PluginResponseError: The answer is about another key, or names a spec that does not exist.
        """
        if self._spec is None:
            with _called("describe-key"):
                answer = self._plugin.describe_key(DescribeKeyRequest(self._key_id, self._config))
            _check_kind("describe-key", answer, KeyDescription)
            self._check_key_id(answer.key_id)
            try:
                self._spec = key_spec(answer.key_spec)
            except SigningKeyError as error:
                raise PluginResponseError(f"describe-key: {error.message}") from None
        return self._spec

    def sign(self, to_be_signed: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        """The signature over the bytes, and the chain in DER, leaf first.

        Raises:
            PluginResponseError: The answer is about another key, of another algorithm, its chain breaks a rule, or its
                signature does not hold over exactly the bytes that were sent.
        """
        spec = self.key_spec()
        request = GenerateSignatureRequest(self._key_id, spec.name, spec.hash_name, to_be_signed, self._config)
        with _called("generate-signature"):
            answer = self._plugin.generate_signature(request)
        _check_kind("generate-signature", answer, GeneratedSignature)
        self._check_key_id(answer.key_id)
        if not isinstance(answer.signature, bytes) or not _are_bytes(answer.certificate_chain):
            raise PluginResponseError("generate-signature: the signature must be bytes, the chain a sequence of bytes")
        if answer.signing_algorithm != spec.signing_algorithm:
            raise PluginResponseError(
                f"generate-signature: algorithm {answer.signing_algorithm!r} is not the "
                f"{spec.signing_algorithm} of {spec.name}"
            )
        try:
            chain = check_chain(answer.certificate_chain)
            if chain.key_spec != spec:
                raise PluginResponseError(
                    f"generate-signature: the signing certificate's key is {chain.key_spec.name}, "
                    f"describe-key said {spec.name}"
                )
            signatures.check(chain.public_key, spec, answer.signature, to_be_signed)
        except CertificateError as error:
            raise PluginResponseError(f"generate-signature: {error.message}", advice=error.advice) from None
        except ValueError as error:
            raise PluginResponseError(f"generate-signature: {error}") from None
        return answer.signature, chain.ders

    def _check_key_id(self, key_id: str) -> None:
        if key_id != self._key_id:
            raise PluginResponseError(f"the plugin answered for key {key_id!r} when asked for {self._key_id!r}")


class EnvelopeAnswer(NamedTuple):
    """An envelope that a plugin made; nothing of it has been checked but its format.

    Attributes:
        envelope: Its bytes.
        annotations: For the signature manifest.
    """

    envelope: bytes
    annotations: Mapping[str, str]


class PluginEnvelopeSigner:
    """Signs with a plugin of the capability SIGNATURE_GENERATOR.ENVELOPE."""

    def __init__(self, plugin: SigningPlugin, key_id: str, config: Mapping[str, str]) -> None:
        self._plugin = plugin
        self._key_id = key_id
        self._config = config

    def sign_payload(self, payload: bytes, media_type: str, expires_in: timedelta | None) -> EnvelopeAnswer:
        """An envelope around a payload.

        Raises:
            PluginResponseError: The answer is of another format.
        """
        seconds = None if expires_in is None else int(expires_in.total_seconds())
        request = GenerateEnvelopeRequest(self._key_id, payload, payloads.MEDIA_TYPE, media_type, seconds, self._config)
        with _called("generate-envelope"):
            answer = self._plugin.generate_envelope(request)
        _check_kind("generate-envelope", answer, GeneratedEnvelope)
        if not isinstance(answer.signature_envelope, bytes):
            raise PluginResponseError("generate-envelope: the envelope must be bytes")
        if answer.signature_envelope_type != media_type:
            raise PluginResponseError(
                f"generate-envelope: format {answer.signature_envelope_type!r} is not the "
                f"{media_type!r} that was asked for"
            )
        return EnvelopeAnswer(answer.signature_envelope, answer.annotations)


def _check_kind(command: str, answer: object, kind: type) -> None:
    """Refuses an answer of another type than the command's; plugins in this process can return anything."""
    if not isinstance(answer, kind):
        raise PluginResponseError(
            f"{command}: the plugin answered with {type(answer).__name__}, not with a notarykit.plugin.{kind.__name__}"
        )


def _are_bytes(chain: object) -> bool:
    return isinstance(chain, tuple | list) and all(isinstance(der, bytes) for der in chain)


class _called:  # noqa: N801 - used like a function
    """Names the command in errors, and turns what a plugin raises by accident into an error of the protocol."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, NotarykitError):
            # The text may hold what a plugin's SDK saw; its kind is enough to look it up with --debug.
            raise PluginError(f"{self._command}: the plugin failed with {type(error).__name__}") from error
