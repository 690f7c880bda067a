"""Description of a signature's unverified content, as JSON and as a tree, in notation's members and labels."""

from datetime import datetime
from typing import Any

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.cli.output import Node
from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.payload import read_payload
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.errors import NotarykitError
from notarykit.keys.certificate import issuer_of, load_certificate, subject_of

Described = dict[str, Any]
_TIMES = ("signingTime", "authenticSigningTime", "expiry")
_LABELS = {
    "contentType": "content type",
    "signingScheme": "signing scheme",
    "signingTime": "signing time",
    "authenticSigningTime": "authentic signing time",
    "signingAgent": "signing agent",
}


def describe(envelope: UnverifiedEnvelope) -> Described:
    """Returns an envelope's unverified claims in the members of notation's JSON output, without its name and format.

    Raises:
        EnvelopeError: The payload is malformed.
    """
    target_artifact = read_payload(envelope.unverified_payload)
    unsigned: Described = {}
    if envelope.signing_agent:
        unsigned["signingAgent"] = envelope.signing_agent
    if envelope.timestamp_signature is not None:
        unsigned["timestampSignature"] = _timestamp(envelope.timestamp_signature, envelope.signature)
    return {
        "signatureAlgorithm": envelope.unverified_attributes.key_spec.signing_algorithm,
        "signedAttributes": _attributes(envelope.unverified_attributes),
        "userDefinedAttributes": dict(target_artifact.annotations),
        "unsignedAttributes": unsigned,
        "certificates": [describe_certificate(der) for der in envelope.unverified_chain],
        "signedArtifact": target_artifact._replace(annotations={}).to_json(),
    }


def _timestamp(token: bytes, signature: bytes) -> Described:
    from notarykit.timestamp.token import unverified_claims

    try:
        info, certificates = unverified_claims(token, signature)
        described = [describe_certificate(der) for der in certificates]
    except NotarykitError as error:
        return {"error": f"failed to parse timestamp countersignature: {error.message}"}
    limits = (format_rfc3339(info.earliest), format_rfc3339(info.latest))
    return {"timestamp": f"[{limits[0]}, {limits[1]}]", "certificates": described}


def _attributes(attributes: SignedAttributes) -> Described:
    members: Described = {"contentType": attributes.content_type, "signingScheme": attributes.signing_scheme}
    for name, time in (
        ("signingTime", attributes.signing_time),
        ("authenticSigningTime", attributes.authentic_signing_time),
        ("expiry", attributes.expiry),
    ):
        if time is not None:
            members[name] = format_rfc3339(time)
    for extended in attributes.extended:
        key = str(extended.key)
        members[f"{key} (extended)" if key in _LABELS or key in _TIMES else key] = str(extended.value)
    return members


def describe_certificate(der: bytes) -> Described:
    """Returns the members of a certificate."""
    from hashlib import sha256

    certificate = load_certificate(der)
    return {
        "SHA256Fingerprint": sha256(der).hexdigest(),
        "issuedTo": subject_of(certificate),
        "issuedBy": issuer_of(certificate),
        "expiry": format_rfc3339(certificate.not_valid_after_utc),
    }


def content_nodes(described: Described) -> list[Node]:
    """Returns the nodes of what `describe` returned, for a tree."""
    unsigned = {key: value for key, value in described["unsignedAttributes"].items() if key != "timestampSignature"}
    timestamp = described["unsignedAttributes"].get("timestampSignature")
    below = _pairs(unsigned, always=timestamp is None)
    if timestamp is not None:
        below.append(("timestamp signature", _timestamp_nodes(timestamp)))
    artifact = described["signedArtifact"]
    return [
        ("signed attributes", _pairs(described["signedAttributes"])),
        ("user defined attributes", _pairs(described["userDefinedAttributes"])),
        ("unsigned attributes", below),
        ("certificates", _certificate_nodes(described["certificates"])),
        (
            "signed artifact",
            [
                (f"media type: {artifact['mediaType']}", []),
                (f"digest: {artifact['digest']}", []),
                (f"size: {artifact['size']}", []),
            ],
        ),
    ]


def _timestamp_nodes(timestamp: Described) -> list[Node]:
    if "error" in timestamp:
        return [(f"error: {timestamp['error']}", [])]
    earliest, _, latest = timestamp["timestamp"].strip("[]").partition(", ")
    return [
        (f"timestamp: [{_human(earliest)}, {_human(latest)}]", []),
        ("certificates", _certificate_nodes(timestamp["certificates"])),
    ]


def _certificate_nodes(certificates: list[Described]) -> list[Node]:
    return [
        (
            f"SHA256 fingerprint: {certificate['SHA256Fingerprint']}",
            [
                (f"issued to: {certificate['issuedTo']}", []),
                (f"issued by: {certificate['issuedBy']}", []),
                (f"expiry: {_human(certificate['expiry'])}", []),
            ],
        )
        for certificate in certificates
    ]


def _pairs(members: Described, *, always: bool = True) -> list[Node]:
    nodes: list[Node] = [
        (f"{_LABELS.get(key, key)}: {_human(value) if key in _TIMES else value}", []) for key, value in members.items()
    ]
    return nodes or ([("(empty)", [])] if always else [])


def _human(time: str) -> str:
    """Formats a time of RFC 3339 as notation prints it."""
    moment = datetime.fromisoformat(time)
    return f"{moment:%a %b} {moment.day:>2} {moment:%H:%M:%S %Y}"
