"""Signers on plugins: requests, and the checks of each response before it is used.

Plugin specification, "Signing workflow using plugin", steps 4 of both interfaces.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from notarykit._internal.version import signing_agent
from notarykit.envelope import payload as payloads
from notarykit.envelope.signer import EnvelopeSigner, SignedPayload
from notarykit.errors import CertificateError, PluginResponseError, SigningKeyError
from notarykit.keys import signature as signatures
from notarykit.keys.chain import check_chain
from notarykit.keys.signature import RawSignature
from notarykit.keys.spec import KeySpec, key_spec
from notarykit.plugin.host.metadata import SelfDescribing, read_metadata
from notarykit.plugin.host.retry import ask
from notarykit.plugin.protocol import signing
from notarykit.plugin.protocol.fields import Capability, Command
from notarykit.plugin.protocol.metadata import Metadata
from notarykit.plugin.time_limit import SIGNING_SECONDS


class SigningPlugin(SelfDescribing, Protocol):
    """Plugin with the commands that signing uses."""

    def describe_key(self, request: signing.DescribeKeyRequest) -> signing.KeyDescription:
        """The command describe-key."""

    def generate_signature(self, request: signing.GenerateSignatureRequest) -> signing.GeneratedSignature:
        """The command generate-signature."""

    def generate_envelope(self, request: signing.GenerateEnvelopeRequest) -> signing.GeneratedEnvelope:
        """The command generate-envelope."""


def plugin_signer(
    plugin: SigningPlugin,
    key_id: str,
    config: Mapping[str, str],
    *,
    metadata: Metadata | None = None,
    for_blob: bool = False,
    seconds: float = SIGNING_SECONDS,
) -> "PluginSigner | PluginEnvelopeSigner":
    """Returns the signer for a plugin's key; SIGNATURE_GENERATOR.RAW is preferred if the plugin has both capabilities.

    Args:
        plugin: The plugin.
        key_id: The key's identifier, in the plugin's own form.
        config: Settings for the plugin.
        metadata: The plugin's metadata, if they have been read already.
        for_blob: True to sign a blob, False to sign an artifact.
        seconds: Time limit of each command, retries included.

    Raises:
        PluginError: The plugin failed.
        PluginContractVersionError: It does not list the contract version 1.0.
        PluginResponseError: It cannot sign, or not this.
    """
    metadata = metadata or read_metadata(plugin, config)
    if Capability.RAW in metadata.capabilities:
        agent = signing_agent(metadata.name, metadata.version)
        return PluginSigner(plugin, key_id, config, agent, seconds=seconds)
    envelope = Capability.ENVELOPE_FOR_BLOB if for_blob else Capability.ENVELOPE
    if envelope in metadata.capabilities:
        return PluginEnvelopeSigner(plugin, key_id, config, seconds=seconds)
    what = "blobs" if for_blob else "artifacts"
    raise PluginResponseError(f"plugin {metadata.name} cannot sign {what}", advice="choose a plugin that does")


class _KeyOfPlugin:
    """Key of a plugin."""

    def __init__(
        self, plugin: SigningPlugin, key_id: str, config: Mapping[str, str], *, seconds: float = SIGNING_SECONDS
    ) -> None:
        self._plugin = plugin
        self._key_id = key_id
        self._config = config
        self._seconds = seconds
        self._spec: KeySpec | None = None

    def key_spec(self) -> KeySpec:
        """Returns the key's spec; describe-key is called once.

        Raises:
            PluginResponseError: The answer is about another key, or names a spec that does not exist.
        """
        if self._spec is None:
            request = signing.DescribeKeyRequest(self._key_id, self._config)
            answer = ask(Command.DESCRIBE_KEY, lambda: self._plugin.describe_key(request), self._seconds)
            _check_kind("describe-key", answer, signing.KeyDescription)
            self._check_key_id(answer.key_id)
            try:
                self._spec = key_spec(answer.key_spec)
            except SigningKeyError as error:
                raise PluginResponseError(f"describe-key: {error.message}") from None
        return self._spec

    def _check_key_id(self, key_id: str) -> None:
        if key_id != self._key_id:
            raise PluginResponseError(f"the response is for key {key_id!r}, the request was for {self._key_id!r}")


class PluginSigner(_KeyOfPlugin):
    """Signer on a plugin with the capability SIGNATURE_GENERATOR.RAW.

    Args:
        plugin: The plugin.
        key_id: Identifier of the key, in the plugin's own form.
        config: Settings for the plugin.
        agent: Signing agent that the envelopes name, or an empty string for this library's own.
        seconds: Time limit of each of the plugin's answers, retries included.
    """

    def __init__(
        self,
        plugin: SigningPlugin,
        key_id: str,
        config: Mapping[str, str],
        agent: str = "",
        *,
        seconds: float = SIGNING_SECONDS,
    ) -> None:
        super().__init__(plugin, key_id, config, seconds=seconds)
        self._agent = agent

    def sign(self, to_be_signed: bytes) -> RawSignature:
        """Returns the signature over the bytes, and the chain in DER, leaf first.

        Raises:
            PluginResponseError: The answer is about another key, of another algorithm, its chain breaks a rule, or its
                signature does not hold over exactly the bytes that were sent.
        """
        spec = self.key_spec()
        request = signing.GenerateSignatureRequest(self._key_id, spec.name, spec.hash_name, to_be_signed, self._config)
        answer = ask(Command.GENERATE_SIGNATURE, lambda: self._plugin.generate_signature(request), self._seconds)
        _check_kind("generate-signature", answer, signing.GeneratedSignature)
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
                    f"describe-key returned {spec.name}"
                )
            signatures.verify_raw(chain.public_key, spec, answer.signature, to_be_signed)
        except CertificateError as error:
            raise PluginResponseError(f"generate-signature: {error.message}", advice=error.advice) from None
        except ValueError as error:
            is_der = not spec.is_rsa and answer.signature[:1] == b"\x30"
            advice = "it looks like DER: the protocol wants r and s side by side" if is_der else ""
            raise PluginResponseError(f"generate-signature: {error}", advice=advice) from None
        return RawSignature(answer.signature, chain.ders, self._agent)


class PluginEnvelopeSigner(_KeyOfPlugin, EnvelopeSigner):
    """Signer on a plugin with the capability SIGNATURE_GENERATOR.ENVELOPE or ENVELOPE_FOR_BLOB.

    Its `key_spec`, by which the digest of a blob is chosen, is for the latter: only those plugins have describe-key.
    """

    def sign_payload(self, payload: bytes, media_type: str, expires_in: timedelta | None) -> SignedPayload:
        """Returns an envelope around a payload.

        Raises:
            PluginResponseError: The answer is of another format.
        """
        seconds = None if expires_in is None else int(expires_in.total_seconds())
        request = signing.GenerateEnvelopeRequest(
            self._key_id, payload, payloads.MEDIA_TYPE, media_type, seconds, self._config
        )
        answer = ask(Command.GENERATE_ENVELOPE, lambda: self._plugin.generate_envelope(request), self._seconds)
        _check_kind("generate-envelope", answer, signing.GeneratedEnvelope)
        if not isinstance(answer.signature_envelope, bytes):
            raise PluginResponseError("generate-envelope: the envelope must be bytes")
        if answer.signature_envelope_type != media_type:
            raise PluginResponseError(
                f"generate-envelope: format {answer.signature_envelope_type!r} is not the "
                f"{media_type!r} that was requested"
            )
        return SignedPayload(answer.signature_envelope, answer.annotations)


def _check_kind(command: str, answer: object, kind: type) -> None:
    """Checks the type of a response; plugins in this process can return any object."""
    if not isinstance(answer, kind):
        raise PluginResponseError(
            f"{command}: the plugin returned {type(answer).__name__}, not with a notarykit.plugin.{kind.__name__}"
        )


def _are_bytes(chain: object) -> bool:
    return isinstance(chain, tuple | list) and all(isinstance(der, bytes) for der in chain)
