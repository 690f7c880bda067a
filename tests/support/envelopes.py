"""Envelopes for tests: good ones made by the code itself, and any others made without it.

The builders take a decoded protected header and payload as they come and sign them with the leaf's key, so that an
envelope can be malformed and still carry a signature that holds.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from notarykit.envelope.attributes import X509, ExtendedAttribute, SignedAttributes, SigningScheme
from notarykit.envelope.builder import attributes_for, prepare, with_timestamp
from notarykit.keys.signature import sign_raw
from notarykit.keys.spec import key_spec
from tests.support.ca import TestChain

JWS: Final = "application/jose+json"
COSE: Final = "application/cose"
FORMATS: Final = (JWS, COSE)
PAYLOAD_TYPE: Final = "application/vnd.cncf.notary.payload.v1+json"
SCHEME: Final = "io.cncf.notary.signingScheme"
TIME: Final = "io.cncf.notary.signingTime"
AUTHENTIC_TIME: Final = "io.cncf.notary.authenticSigningTime"
EXPIRY: Final = "io.cncf.notary.expiry"
AGENT: Final = "io.cncf.notary.signingAgent"
TIMESTAMP: Final = "io.cncf.notary.timestampSignature"
PLUGIN: Final = "io.cncf.notary.verificationPlugin"
PLUGIN_VERSION: Final = "io.cncf.notary.verificationPluginMinVersion"

# A member with this value is left out.
ABSENT: Final = object()

DIGEST: Final = "sha256:73c803930ea3ba1e54bc25c2bdc53edd0284c62ed651fe7b00369da519a3c333"
TARGET: Final = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": DIGEST, "size": 16724}
PAYLOAD: Final = json.dumps({"targetArtifact": TARGET}, separators=(",", ":")).encode()

# RFC 7518, sections 3.4 and 3.5; RFC 9053, section 2.1; RFC 8230, section 2.
ALGORITHMS: Final[Mapping[str, tuple[str, int, hashes.HashAlgorithm, int]]] = {
    "RSA-2048": ("PS256", -37, hashes.SHA256(), 32),
    "RSA-3072": ("PS384", -38, hashes.SHA384(), 48),
    "RSA-4096": ("PS512", -39, hashes.SHA512(), 64),
    "EC-256": ("ES256", -7, hashes.SHA256(), 32),
    "EC-384": ("ES384", -35, hashes.SHA384(), 48),
    "EC-521": ("ES512", -36, hashes.SHA512(), 66),
}


def url64(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_url64(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def primitive(chain: TestChain, message: bytes) -> bytes:
    """The leaf's signature over a message in the form that envelopes carry."""
    key = chain.leaf_key
    _, _, algorithm, size = ALGORITHMS[chain.spec]
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PSS(padding.MGF1(algorithm), size), algorithm)
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(algorithm)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def changed(members: Mapping[Any, Any], changes: Mapping[Any, Any]) -> dict[Any, Any]:
    """The members with some changed, added, or (`ABSENT`) left out."""
    return {name: value for name, value in {**members, **changes}.items() if value is not ABSENT}


def jws_header(chain: TestChain, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The decoded protected header of a good JWS envelope, with changes."""
    good = {
        "alg": ALGORITHMS[chain.spec][0],
        "cty": PAYLOAD_TYPE,
        "crit": [SCHEME],
        SCHEME: "notary.x509",
        TIME: "2022-04-06T07:01:20Z",
    }
    return changed(good, changes or {})


def build_jws(
    chain: TestChain,
    protected: Mapping[str, Any] | bytes,
    payload: bytes = PAYLOAD,
    *,
    unprotected: Mapping[str, Any] | None = None,
    top: Mapping[str, Any] | None = None,
) -> bytes:
    """A JWS envelope around a header and a payload, signed by the leaf's key; changes apply to what is not signed."""
    header = protected if isinstance(protected, bytes) else json.dumps(protected).encode()
    signed = f"{url64(header)}.{url64(payload)}"
    x5c = [base64.b64encode(der).decode() for der in chain.ders]
    members = {
        "payload": url64(payload),
        "protected": url64(header),
        "header": changed({"x5c": x5c, AGENT: "tests/1.0"}, unprotected or {}),
        "signature": url64(primitive(chain, signed.encode())),
    }
    return json.dumps(changed(members, top or {})).encode()


def cose_header(chain: TestChain, changes: Mapping[Any, Any] | None = None) -> dict[Any, Any]:
    """The decoded protected header of a good COSE envelope, with changes."""
    good = {
        1: ALGORITHMS[chain.spec][1],
        2: [SCHEME],
        3: PAYLOAD_TYPE,
        SCHEME: "notary.x509",
        TIME: epoch(1649228480),
    }
    return changed(good, changes or {})


def epoch(seconds: object) -> cbor2.CBORTag:
    """An epoch-based time, or what stands in its place."""
    return cbor2.CBORTag(1, seconds)


def build_cose(
    chain: TestChain,
    protected: Mapping[Any, Any] | bytes,
    payload: bytes = PAYLOAD,
    *,
    unprotected: Mapping[Any, Any] | None = None,
    parts: Mapping[int, Any] | None = None,
    tag: int | None = 18,
) -> bytes:
    """A COSE envelope around a header and a payload, signed by the leaf's key; changes apply to what is not signed."""
    header = protected if isinstance(protected, bytes) else cbor2.dumps(protected)
    signature = primitive(chain, cbor2.dumps(["Signature1", header, b"", payload]))
    outer = changed({33: list(chain.ders), AGENT: "tests/1.0"}, unprotected or {})
    members = changed({0: header, 1: outer, 2: payload, 3: signature}, parts or {})
    return cbor2.dumps(list(members.values()) if tag is None else cbor2.CBORTag(tag, list(members.values())))


def build(
    chain: TestChain, media_type: str, changes: Mapping[Any, Any] | None = None, payload: bytes = PAYLOAD
) -> bytes:
    """An envelope of a format from the good header with changes, signed by the leaf's key."""
    if media_type == JWS:
        return build_jws(chain, jws_header(chain, changes), payload)
    return build_cose(chain, cose_header(chain, changes), payload)


def sign_envelope(
    chain: TestChain,
    media_type: str = JWS,
    payload: bytes | None = None,
    *,
    now: datetime | None = None,
    expires_in: timedelta | None = None,
    scheme: SigningScheme = X509,
    extended: tuple[ExtendedAttribute, ...] = (),
    attributes: SignedAttributes | None = None,
    agent: str = "tests/1.0",
    timestamp: bytes | None = None,
) -> bytes:
    """An envelope made the way in which the code makes it, signed by the leaf's key."""
    if attributes is None:
        attributes = attributes_for(
            key_spec(chain.spec), now or datetime.now(UTC), expires_in=expires_in, scheme=scheme, extended=extended
        )
    unsigned = prepare(media_type, PAYLOAD if payload is None else payload, attributes)
    signature = sign_raw(chain.leaf_key, key_spec(chain.spec), unsigned.to_be_signed)
    envelope = unsigned.finish(signature, chain.ders, agent)
    return envelope if timestamp is None else with_timestamp(envelope, media_type, timestamp)
