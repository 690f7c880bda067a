"""Conformance session: each request is sent once, and keys are used as often as allowed."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from cryptography import x509

from notarykit.envelope import payload as payloads
from notarykit.errors import CertificateError, PluginError, PluginTimeoutError
from notarykit.keys.certificate import load_certificate, why_not_issued
from notarykit.keys.spec import KEY_SPECS, KeySpec, key_spec_of
from notarykit.plugin.conformance.response import Response, bytes_of, forms_of
from notarykit.plugin.conformance.target import Target, runner
from notarykit.plugin.protocol.fields import CONTRACT_VERSION, Capability, Command, encode

_PATIENCE = 2
"""Number of timeouts after which a command is not run again."""

SAMPLES = (
    b"eyJhbGciOiJQUzI1NiJ9.eyJ0YXJnZXRBcnRpZmFjdCI6e319",
    b"\x84\x6aSignature1\x43\xa1\x01\x26\x40" + bytes(range(256)),
    b"\0",
    b"\xff" * 4096,
)
"""Payloads of the kinds that hosts send, JWS and COSE, and two that are neither."""

NO_KEY = "no key id was given"


class DoesNotApply(Exception):  # noqa: N818 - not an error of the plugin
    """The plugin lacks the feature that the rule is about."""


class NotRun(Exception):  # noqa: N818 - not an error of the plugin
    """The rule would exceed the allowed signatures, or wait for a command that does not respond."""


class Key:
    """Key of the plugin under test; each request about it is sent once."""

    def __init__(self, session: "Session", id_: str) -> None:
        self.id = id_
        self._session = session
        self._signatures: dict[bytes, Response] = {}
        self._envelopes: dict[object, Response] = {}

    def request(self, **members: Any) -> dict[str, Any]:
        """Returns the members of a request about the key."""
        return self._session.request(keyId=self.id, **members)

    @cached_property
    def description(self) -> Response:
        """Response to describe-key."""
        return self._session.ask(Command.DESCRIBE_KEY, self.request())

    @cached_property
    def request_spec(self) -> KeySpec:
        """Key spec for generate-signature: that of describe-key, else the first that the plugin accepts."""
        said = KEY_SPECS.get(str(self.description.members.get("keySpec")))
        for spec in (*([said] if said else []), *KEY_SPECS.values()):
            response = self._ask_signature(SAMPLES[0], spec)
            if not response.failed:
                self._signatures[SAMPLES[0]] = response
                return spec
            if said and response.code != "VALIDATION_ERROR":
                break
        return said or KEY_SPECS["RSA-2048"]

    def signature(self, payload: bytes) -> Response:
        """Returns the response to generate-signature."""
        spec = self.request_spec  # may have brought the first of them
        if payload not in self._signatures:
            self._signatures[payload] = self._ask_signature(payload, spec)
        return self._signatures[payload]

    def successful_signature(self, payload: bytes) -> Response:
        """Returns the response to generate-signature; raises `DoesNotApply` if the command fails."""
        response = self.signature(payload)
        if response.failed:
            raise DoesNotApply("generate-signature failed")
        return response

    def _ask_signature(self, payload: bytes, spec: KeySpec) -> Response:
        return self._session.use_key(Command.GENERATE_SIGNATURE, self.signature_request(payload, spec))

    def signature_request(self, payload: bytes, spec: KeySpec) -> dict[str, Any]:
        """Returns the request of generate-signature."""
        return self.request(keySpec=spec.name, hashAlgorithm=spec.hash_name, payload=encode(payload))

    @cached_property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Certificates of a signature, in the plugin's order; none if one of them cannot be parsed."""
        chain = self.signature(SAMPLES[0]).members.get("certificateChain")
        try:
            return tuple(load_certificate(bytes_of(text)) for text in (chain if isinstance(chain, list) else []))
        except CertificateError:
            return ()

    @cached_property
    def ordered(self) -> tuple[x509.Certificate, ...]:
        """The longest chain that the certificates form, leaf first."""
        rest = list(dict.fromkeys(self.certificates))
        leaves = [one for one in rest if not any(issued(other, one) for other in rest if other is not one)]
        return max((_upwards(leaf, rest) for leaf in leaves or rest), key=len, default=())

    @cached_property
    def leaf_spec(self) -> KeySpec:
        """Key spec of the signing certificate."""
        if not self.ordered:
            raise DoesNotApply("there is no signing certificate to look at")
        try:
            return key_spec_of(self.ordered[0].public_key())
        except Exception:  # noqa: BLE001 - another rule says so
            raise DoesNotApply("the signing certificate's key is of no supported kind") from None

    def envelope(self, media_type: str, payload: bytes, expiry: int | None = None) -> Response:
        """Returns the response to generate-envelope."""
        asked = (media_type, payload, expiry)
        if asked not in self._envelopes:
            request = self.envelope_request(media_type, payload)
            if expiry is not None:
                request["expiryDurationInSeconds"] = expiry
            self._envelopes[asked] = self._session.use_key(Command.GENERATE_ENVELOPE, request)
        return self._envelopes[asked]

    def envelope_request(self, media_type: str, payload: bytes) -> dict[str, Any]:
        """Returns the request of generate-envelope."""
        return self.request(payloadType=payloads.MEDIA_TYPE, signatureEnvelopeType=media_type, payload=encode(payload))


class Session:
    """Plugin under test, with its responses.

    Attributes:
        target: The plugin.
        responses: All responses so far.
        keys: Its keys.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.responses: list[Response] = []
        self.keys = [Key(self, each) for each in target.key_ids]
        self._run = target.run or runner(target.name, target.seconds)
        self._unanswered: Counter[str] = Counter()
        self._left = target.max_signatures

    def request(self, **members: Any) -> dict[str, Any]:
        """Returns the members of a request, with the target's plugin configuration."""
        config = {"pluginConfig": dict(self.target.plugin_config)} if self.target.plugin_config else {}
        return {"contractVersion": CONTRACT_VERSION, **config, **members}

    def ask(self, command: str, request: Mapping[str, Any] | bytes) -> Response:
        """Runs a command with a request, or with bytes that are none.

        Raises:
            NotRun: The command did not answer in time before.
        """
        content = request if isinstance(request, bytes) else json.dumps(request).encode()
        if self._unanswered[command] >= _PATIENCE:
            raise NotRun(f"{command} did not answer in time before")
        try:
            response = Response(command, self._run(command, content), hide=self.hide)
        except PluginError as error:
            if isinstance(error, PluginTimeoutError):
                self._unanswered[command] += 1
            response = Response(command, None, self.hide(error.message))
        self.responses.append(response)
        return response

    def hide(self, text: str) -> str:
        """Replaces the target's secrets in a text."""
        for secret in filter(None, self.target.secrets):
            for form in forms_of(secret):
                text = text.replace(form.decode("utf-8", "replace"), "***")
        return text

    def use_key(self, command: str, request: Mapping[str, Any]) -> Response:
        """Runs a command that makes a signature.

        Raises:
            NotRun: The keys have been used as often as is allowed.
        """
        self.reserve(1)
        return self.ask(command, request)

    def reserve(self, count: int) -> None:
        """Takes a number of signatures from those that are allowed.

        Raises:
            NotRun: There are not as many left.
        """
        if self._left is not None:
            if self._left < count:
                raise NotRun(f"the keys have been used {self.target.max_signatures} times, as often as is allowed")
            self._left -= count

    @cached_property
    def metadata(self) -> Response:
        """Response to get-plugin-metadata, with the target's plugin configuration."""
        return self.ask(Command.GET_METADATA, self.metadata_request)

    @property
    def metadata_request(self) -> dict[str, Any]:
        """Request of get-plugin-metadata, which has no contract version."""
        return {name: value for name, value in self.request().items() if name != "contractVersion"}

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """Capabilities in the metadata."""
        found = self.metadata.members.get("capabilities")
        return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()

    def needs(self, *capabilities: Capability) -> None:
        """Skips a rule if the plugin has none of the capabilities.

        Raises:
            DoesNotApply: It has none of them.
        """
        if self.capabilities.isdisjoint(capabilities):
            raise DoesNotApply(f"it does not have the capability {' or '.join(capabilities)}")

    def keys_with(self, *capabilities: Capability) -> list[Key]:
        """Returns the keys to test a capability with.

        Raises:
            DoesNotApply: The plugin does not have it, or no key was given.
        """
        self.needs(*capabilities)
        if not self.keys:
            raise DoesNotApply(NO_KEY)
        return self.keys

    def each(self, check: Callable[[Key], str | None], *capabilities: Capability) -> str | None:
        """Returns the problem of the first key that has one, or None.

        Raises:
            DoesNotApply: No key is one that the rule is about.
            NotRun: Nothing is wrong with the keys that could be looked at, and others may not be used any more.
        """
        reasons: list[DoesNotApply | NotRun] = []
        for key in self.keys_with(*capabilities):
            try:
                problem = check(key)
            except (DoesNotApply, NotRun) as reason:
                reasons.append(reason)
                continue
            if problem:
                return f"key {key.id!r}: {problem}"
        reasons.sort(key=lambda reason: isinstance(reason, DoesNotApply))
        if len(reasons) == len(self.keys) or isinstance(next(iter(reasons), None), NotRun):
            raise reasons[0]
        return None


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Returns True if a certificate was issued by another; by name alone for SHA-1, whose signature cannot be verified.

    That it is, is another rule's matter.
    """
    try:
        algorithm = certificate.signature_hash_algorithm
        if algorithm and algorithm.name == "sha1":
            return certificate.issuer == issuer.subject
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for algorithms and names that it cannot read
        return False
    return why_not_issued(certificate, issuer) is None


def _upwards(leaf: x509.Certificate, certificates: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Returns a certificate and its issuers, as far as they are present."""
    chain = [leaf]
    while not issued(chain[-1], chain[-1]):
        issuer = next((each for each in certificates if each not in chain and issued(chain[-1], each)), None)
        if issuer is None:
            break
        chain.append(issuer)
    return tuple(chain)
