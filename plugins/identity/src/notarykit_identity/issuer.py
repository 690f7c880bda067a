"""Issuers: discovery, and a token's signature under the issuer's keys (OpenID Connect Discovery 1.0, section 4)."""

import base64
import json
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from notarykit.plugin import PluginAccessDeniedError, PluginError, ServiceClient, reject_malformed
from notarykit_identity.address import check_address, split_address
from notarykit_identity.token import IdentityToken, shown
from notarykit_identity.token_source import TokenSource

_OK = 200
# Kubernetes answers 406 where its type for keys is not accepted.
_ACCEPTED = "application/json, application/jwk-set+json"
_RSA_HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}
_CURVES: dict[str, tuple[str, ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "ES256": ("P-256", ec.SECP256R1(), hashes.SHA256()),
    "ES384": ("P-384", ec.SECP384R1(), hashes.SHA384()),
    "ES512": ("P-521", ec.SECP521R1(), hashes.SHA512()),
}


class Configuration(NamedTuple):
    """Configuration that an issuer publishes.

    Attributes:
        issuer: Its own name.
        jwks_uri: URL of its keys.
        token_endpoint: URL that issues tokens, or an empty string.
    """

    issuer: str
    jwks_uri: str
    token_endpoint: str


def discover(issuer: str, source: TokenSource) -> Configuration:
    """Returns the configuration of an issuer, which must be at its own address and name it exactly.

    Raises:
        PluginError: It cannot be fetched, is malformed, or is another issuer's.
        PluginValidationError: The issuer or what it names is no https URL.
    """
    check_address("issuer", issuer, is_plain_allowed=source.is_plain_allowed)
    members = _fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration", source, f"the issuer {shown(issuer)}")
    found = members.get("issuer")
    if found != issuer:
        raise PluginAccessDeniedError(
            f"the configuration at {issuer} is of the issuer {shown(str(found))}", advice="check issuer, to the letter"
        )
    urls = {name: members.get(name) for name in ("jwks_uri", "token_endpoint")}
    for name, url in urls.items():
        if url is not None:
            check_address(f"the issuer's {name}", str(url), is_plain_allowed=source.is_plain_allowed)
    return Configuration(issuer, str(urls["jwks_uri"] or ""), str(urls["token_endpoint"] or ""))


def check_signature(token: IdentityToken, source: TokenSource) -> None:
    """Checks a token's signature under the keys that its issuer publishes, as the certificate authority will.

    Raises:
        PluginError: The keys cannot be had, or none of them made the signature.
    """
    configuration = discover(token.issuer, source)
    keys = _fetch(configuration.jwks_uri, source, f"the keys of the issuer {shown(token.issuer)}").get("keys")
    signed, _, signature = token.reveal().rpartition(".")
    with reject_malformed(f"{token.source} has a malformed header", advice="get a new one"):
        header = json.loads(_decode(signed.partition(".")[0]))
        raw = _decode(signature)
        algorithm, name = header["alg"], header.get("kid")
    if algorithm not in (*_RSA_HASHES, *_CURVES):
        raise PluginAccessDeniedError(f"{token.source} is signed by {shown(str(algorithm))}, which is not supported")
    for key in keys if isinstance(keys, list) else []:
        if isinstance(key, dict) and name in (None, key.get("kid")) and _verifies(key, algorithm, raw, signed.encode()):
            return
    raise PluginAccessDeniedError(
        f"none of the keys that {token.issuer} publishes made the signature of {token.source}",
        advice="get a new token; the certificate authority will refuse this one",
    )


def _verifies(key: dict[str, Any], algorithm: str, signature: bytes, signed: bytes) -> bool:
    """RFC 7518, sections 3.3, 3.4 and 6."""
    try:
        if algorithm in _RSA_HASHES:
            public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
            public.verify(signature, signed, padding.PKCS1v15(), _RSA_HASHES[algorithm])
            return True
        name, curve, hash_algorithm = _CURVES[algorithm]
        size = (curve.key_size + 7) // 8
        if key["crv"] != name or len(signature) != 2 * size:
            return False
        point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), curve).public_key()
        halves = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
        point.verify(utils.encode_dss_signature(*halves), signed, ec.ECDSA(hash_algorithm))
    except (KeyError, ValueError, TypeError, AttributeError, InvalidSignature):
        return False
    return True


def _fetch(url: str, source: TokenSource, what: str) -> dict[str, Any]:
    advice = "check that this machine reaches the issuer, and issuer_tls_ca"
    origin, path = split_address(url)
    with ServiceClient(
        origin, ca_file=source.tls_ca, is_plain_allowed=source.is_plain_allowed, advice=advice
    ) as client:
        response = client.get(path, {"Accept": _ACCEPTED})
    if response.status != _OK:
        raise PluginError(f"{what} is not at {url}: status {response.status}", advice=advice)
    with reject_malformed(f"{what} is malformed", advice=advice):
        members = json.loads(response.body)
        if not isinstance(members, dict):
            raise TypeError
        return members


def _number(text: str) -> int:
    return int.from_bytes(_decode(text), "big")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
