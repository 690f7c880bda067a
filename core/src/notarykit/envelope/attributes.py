"""Signed attributes, and their rules in both formats.

Signature specification, "Signed Attributes"; the header names are those of both envelope specifications.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from notarykit.errors import EnvelopeError
from notarykit.keys.spec import KeySpec

SigningScheme = Literal["notary.x509", "notary.x509.signingAuthority"]
X509: SigningScheme = "notary.x509"
SIGNING_AUTHORITY: SigningScheme = "notary.x509.signingAuthority"

SIGNING_SCHEME = "io.cncf.notary.signingScheme"
SIGNING_TIME = "io.cncf.notary.signingTime"
AUTHENTIC_SIGNING_TIME = "io.cncf.notary.authenticSigningTime"
EXPIRY = "io.cncf.notary.expiry"
VERIFICATION_PLUGIN = "io.cncf.notary.verificationPlugin"
VERIFICATION_PLUGIN_MIN_VERSION = "io.cncf.notary.verificationPluginMinVersion"
SIGNING_AGENT = "io.cncf.notary.signingAgent"
TIMESTAMP_SIGNATURE = "io.cncf.notary.timestampSignature"

STANDARD = frozenset({SIGNING_SCHEME, SIGNING_TIME, AUTHENTIC_SIGNING_TIME, EXPIRY})
TIMES = frozenset({SIGNING_TIME, AUTHENTIC_SIGNING_TIME, EXPIRY})

# Go's zero time, which the reference implementation writes for no time.
_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)

Label = str | int


class ExtendedAttribute(NamedTuple):
    """Extended signed attribute: not defined by the specification, or defined for verification plugins.

    Attributes:
        key: The name; in COSE also an integer.
        value: The value as decoded from JSON or CBOR.
        critical: True if verifiers must process it or reject the signature.
    """

    key: Label
    value: Any
    critical: bool


class SignedAttributes(NamedTuple):
    """Attributes signed with the payload.

    Attributes:
        key_spec: The key spec of the envelope's algorithm.
        content_type: The payload's media type.
        signing_scheme: The scheme, which determines the required attributes.
        signing_time: The time of the signer's clock (scheme `notary.x509`), in UTC; not trusted.
        authentic_signing_time: The signing authority's time (scheme `notary.x509.signingAuthority`), in UTC.
        expiry: The "best by" time, in UTC.
        extended: All other signed attributes.
    """

    key_spec: KeySpec
    content_type: str
    signing_scheme: SigningScheme
    signing_time: datetime | None
    authentic_signing_time: datetime | None
    expiry: datetime | None
    extended: tuple[ExtendedAttribute, ...] = ()

    @property
    def claimed_time(self) -> datetime:
        """The signing time of either scheme, each of which requires its own and excludes the other's."""
        claimed = self.signing_time or self.authentic_signing_time
        assert claimed is not None
        return claimed

    @property
    def verification_plugin(self) -> str | None:
        """The verification plugin that the signature requires, or None."""
        return self._text(VERIFICATION_PLUGIN)

    @property
    def verification_plugin_min_version(self) -> str | None:
        """The minimum version of that plugin, or None."""
        return self._text(VERIFICATION_PLUGIN_MIN_VERSION)

    def _text(self, key: str) -> str | None:
        return next((str(attribute.value) for attribute in self.extended if attribute.key == key), None)


def signed_attributes(
    key_spec: KeySpec,
    content_type: str,
    headers: Mapping[Label, Any],
    critical: Sequence[Label],
) -> SignedAttributes:
    """Builds the signed attributes from protected headers, and checks the rules of the signing scheme.

    Args:
        key_spec: The key spec of the algorithm.
        content_type: The content type header.
        headers: All other protected headers except `crit`; times as `datetime`.
        critical: The labels in `crit`.

    Raises:
        EnvelopeError: A header is absent, of a wrong type, or violates a rule.
    """
    scheme = headers.get(SIGNING_SCHEME)
    if scheme not in (X509, SIGNING_AUTHORITY):
        problem = "is absent" if SIGNING_SCHEME not in headers else f"{scheme!r} is not supported"
        raise EnvelopeError(f"{SIGNING_SCHEME} {problem}")
    _check_times(scheme, headers)
    crit = _check_critical(headers, critical)
    for key in (VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION):
        if key in headers and not (isinstance(headers[key], str) and headers[key] and key in crit):
            raise EnvelopeError(f"{key} must be a string that is not empty, and critical")
    return SignedAttributes(
        key_spec,
        content_type,
        scheme,
        headers.get(SIGNING_TIME),
        headers.get(AUTHENTIC_SIGNING_TIME),
        headers.get(EXPIRY),
        tuple(ExtendedAttribute(key, headers[key], key in crit) for key in headers if key not in STANDARD),
    )


def _check_times(scheme: str, headers: Mapping[Label, Any]) -> None:
    required, excluded = SIGNING_TIME, AUTHENTIC_SIGNING_TIME
    if scheme == SIGNING_AUTHORITY:
        required, excluded = excluded, required
    for name in TIMES:
        if name in headers and headers[name] <= _NO_TIME:
            raise EnvelopeError(f"{name} is the first moment of the year 1, which stands for no time")
    if required not in headers:
        raise EnvelopeError(f"{required} is absent, but the signing scheme {scheme} requires it")
    if excluded in headers:
        raise EnvelopeError(f"{excluded} is present, but it does not belong to the signing scheme {scheme}")
    if EXPIRY in headers and headers[EXPIRY] <= headers[required]:
        raise EnvelopeError(f"{EXPIRY} is not later than {required}")


def _check_critical(headers: Mapping[Label, Any], critical: Sequence[Label]) -> frozenset[Label]:
    for label in critical:
        if label not in headers:
            raise EnvelopeError(f"crit names {label!r}, which is not among the headers that it may name")
    crit = frozenset(critical)
    if len(crit) != len(critical):
        raise EnvelopeError("crit names a header twice")
    if SIGNING_TIME in crit:
        raise EnvelopeError(f"crit names {SIGNING_TIME}, which is informational")
    for label in (SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME, EXPIRY):
        if label in headers and label not in crit:
            raise EnvelopeError(f"crit does not name {label}")
    return crit
