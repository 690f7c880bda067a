"""`notarykit inspect`."""

import sys
from datetime import datetime
from typing import Any

from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.cli.commands.list import find_signatures, warn_of_more
from notarykit.cli.diagnostics import print_error
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import OUTPUT_FLAG, Node, error_json, print_json, tree
from notarykit.cli.references import MAX_SIGNATURES_FLAG, REFERENCES, REGISTRY_FLAGS, single_target
from notarykit.cli.spinner import progress
from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.payload import read_payload
from notarykit.envelope.unverified import LARGEST_ENVELOPE, UnverifiedEnvelope
from notarykit.errors import NotarykitError, VerificationError, own_error
from notarykit.keys.certificate import issuer_of, load_certificate, subject_of
from notarykit.oci.manifest import SIGNATURE_TYPE
from notarykit.oci.repository import Repository
from notarykit.verification.signatures import fetch_signatures

Described = dict[str, Any]


def _run(options: Options) -> int:
    target, repositories = single_target(options, "inspect")
    limit = options["max-signatures"]
    with progress(f"Fetching the signatures of {target.text}"):
        repository = repositories.open(target.reference)
        artifact, manifests = find_signatures(repository, target, limit)
        described, skipped = _describe_all(repository, manifests[:limit])
    if options["output"] == "json":
        print_json({"mediaType": artifact.media_type, "signatures": described, "skipped": skipped})
    elif not manifests:
        print(f"{printable(target.resolved(artifact))} has no associated signature")
    else:
        print("Inspecting all signatures for signed artifact")
        nodes = [_node(signature) for signature in described]
        print(tree((target.resolved(artifact), [(SIGNATURE_TYPE, nodes)])), end="")
    warn_of_more(len(manifests), limit)
    if skipped:
        error = VerificationError("at least one signature was skipped and not displayed")
        print_error(error, error.one_line(), debug=options["debug"])
    return 1 if skipped else 0


def _describe_all(repository: Repository, manifests: list[Descriptor]) -> tuple[list[Described], list[Described]]:
    """Returns the descriptions of readable signatures and the errors of the others, in the repository's order."""
    described: list[Described] = []
    skipped: list[Described] = []
    for manifest, signature in fetch_signatures(repository, iter(manifests), len(manifests), LARGEST_ENVELOPE):
        try:
            if isinstance(signature, NotarykitError):
                raise signature
            described.append(_describe(manifest.digest, parse_envelope(signature.envelope, signature.media_type)))
        except Exception as raised:  # noqa: BLE001 - an unreadable signature does not hide the others
            error = own_error(raised)
            text = printable(error.one_line())
            print(f"Warning: Skipping signature {manifest.digest} because of error: {text}", file=sys.stderr)
            skipped.append({"digest": manifest.digest, "error": error_json(error)})
    positions = {manifest.digest: number for number, manifest in enumerate(manifests)}
    for members in (described, skipped):
        members.sort(key=lambda member: positions[member["digest"]])
    return described, skipped


def _describe(digest: str, envelope: UnverifiedEnvelope) -> Described:
    """Returns an envelope's unverified claims in the members of notation's JSON output."""
    target_artifact = read_payload(envelope.unverified_payload)
    unsigned: Described = {}
    if envelope.timestamp_signature is not None:
        unsigned["timestampSignature"] = _timestamp(envelope.timestamp_signature, envelope.signature)
    if envelope.signing_agent:
        unsigned["signingAgent"] = envelope.signing_agent
    return {
        "mediaType": envelope.media_type,
        "digest": digest,
        "signatureAlgorithm": envelope.unverified_attributes.key_spec.signing_algorithm,
        "signedAttributes": _attributes(envelope.unverified_attributes),
        "userDefinedAttributes": dict(target_artifact.annotations),
        "unsignedAttributes": unsigned,
        "certificates": [_certificate(der) for der in envelope.unverified_chain],
        "signedArtifact": target_artifact._replace(annotations={}).to_json(),
    }


def _timestamp(token: bytes, signature: bytes) -> Described:
    from notarykit.timestamp.token import unverified_claims

    try:
        info, certificates = unverified_claims(token, signature)
        described = [_certificate(der) for der in certificates]
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


def _certificate(der: bytes) -> Described:
    from hashlib import sha256

    certificate = load_certificate(der)
    return {
        "SHA256Fingerprint": sha256(der).hexdigest(),
        "issuedTo": subject_of(certificate),
        "issuedBy": issuer_of(certificate),
        "expiry": format_rfc3339(certificate.not_valid_after_utc),
    }


_TIMES = ("signingTime", "authenticSigningTime", "expiry")
_LABELS = {
    "contentType": "content type",
    "signingScheme": "signing scheme",
    "signingTime": "signing time",
    "authenticSigningTime": "authentic signing time",
    "signingAgent": "signing agent",
}


def _node(signature: Described) -> Node:
    unsigned = {key: value for key, value in signature["unsignedAttributes"].items() if key != "timestampSignature"}
    timestamp = signature["unsignedAttributes"].get("timestampSignature")
    below = _pairs(unsigned, always=timestamp is None)
    if timestamp is not None:
        below.insert(0, ("timestamp signature", _timestamp_nodes(timestamp)))
    artifact = signature["signedArtifact"]
    return (
        signature["digest"],
        [
            (f"media type: {signature['mediaType']}", []),
            (f"signature algorithm: {signature['signatureAlgorithm']}", []),
            ("signed attributes", _pairs(signature["signedAttributes"])),
            ("user defined attributes", _pairs(signature["userDefinedAttributes"])),
            ("unsigned attributes", below),
            ("certificates", _certificate_nodes(signature["certificates"])),
            (
                "signed artifact",
                [
                    (f"media type: {artifact['mediaType']}", []),
                    (f"digest: {artifact['digest']}", []),
                    (f"size: {artifact['size']}", []),
                ],
            ),
        ],
    )


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


COMMAND = Command(
    "[flags] <reference>",
    "Inspect all signatures associated with the signed artifact. Nothing that is shown has been verified.",
    _run,
    (
        *REGISTRY_FLAGS,
        OUTPUT_FLAG,
        MAX_SIGNATURES_FLAG,
        Flag("oci-layout", "inspect an artifact in an OCI image layout", "switch"),
    ),
    (),
    REFERENCES._replace(most=1),
    (
        (
            "Inspect the signatures of an artifact in a registry",
            "notarykit inspect registry.example.com/hello@<digest>",
        ),
        ("Inspect the signatures of an artifact in an image layout", "notarykit inspect --oci-layout hello@<digest>"),
        ("Print JSON", "notarykit inspect --output json --oci-layout hello@<digest>"),
    ),
)
