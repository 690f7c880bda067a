"""`notarykit inspect`."""

import sys
from datetime import datetime
from typing import Any, NamedTuple

from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.batch.work import Work
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.commands.list import Listed, list_signatures, print_no_signature, print_tree
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import RESULTS_FLAG, Node
from notarykit.cli.reference_operation import SEVERAL_FLAGS, ReferenceOperation
from notarykit.cli.references import MAX_SIGNATURES_FLAG, REFERENCES, REGISTRY_FLAGS, Repositories, Target
from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.payload import read_payload
from notarykit.envelope.unverified import LARGEST_ENVELOPE, UnverifiedEnvelope
from notarykit.errors import NotarykitError, VerificationError, own_error
from notarykit.keys.certificate import issuer_of, load_certificate, subject_of
from notarykit.oci.repository import Repository
from notarykit.verification.signatures import fetch_signatures

Described = dict[str, Any]


class _Inspected(NamedTuple):
    """Signatures of an artifact with their unverified content.

    Attributes:
        listed: The artifact and its signature manifests.
        described: Descriptions of the signatures that can be read, in the repository's order.
        skipped: Digest and error of each of the others.
    """

    listed: Listed
    described: list[Described]
    skipped: list[tuple[str, NotarykitError]]


class _InspectionWork(Work[Target, _Inspected, _Inspected]):
    """Describes the signatures of an artifact."""

    def __init__(self, repositories: Repositories, limit: int) -> None:
        self._repositories = repositories
        self._limit = limit

    def begin(self, item: Target) -> _Inspected:
        repository = self._repositories.open(item.reference)
        listed = list_signatures(repository, item, self._limit)
        return _Inspected(listed, *_describe_all(repository, listed.manifests))

    def close(self) -> None:
        self._repositories.close()


class _Inspection(ReferenceOperation):
    """Inspects the signatures of artifacts."""

    command = "inspect"
    activity = "Fetching the signatures of"
    has_document = True

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.work = _InspectionWork(self.repositories, options["max-signatures"])

    def announce(self, target: Target) -> None:
        target.warn_of_tag("inspect")

    def report(self, target: Target, outcome: _Inspected) -> Result:
        (artifact, manifests, is_cut), described, skipped = outcome
        for digest, error in skipped:
            text = printable(error.one_line())
            print(f"Warning: Skipping signature {digest} because of error: {text}", file=sys.stderr)
        if self.options["output"] == "text":
            if manifests:
                print("Inspecting all signatures for signed artifact")
                print_tree(target.resolved(artifact), [_node(signature) for signature in described])
            else:
                print_no_signature(target.resolved(artifact))
        self.warn_of_limit(target, is_cut=is_cut)
        if skipped:
            incomplete = VerificationError("at least one signature was skipped and not displayed")
            self.print_error(target, incomplete, incomplete.one_line())
        content: Described = {
            "signatures": described,
            "skipped": [{"digest": digest, "error": error.to_json()} for digest, error in skipped],
        }
        members = {"artifact": artifact.to_json(), **content}
        return Result(1 if skipped else 0, members, {"mediaType": artifact.media_type, **content})


def _run(options: Options) -> int:
    return run_each(_Inspection(options))


def _describe_all(
    repository: Repository, manifests: list[Descriptor]
) -> tuple[list[Described], list[tuple[str, NotarykitError]]]:
    """Returns the descriptions of readable signatures and the errors of the others, in the repository's order."""
    described: list[Described] = []
    skipped: list[tuple[str, NotarykitError]] = []
    for manifest, signature in fetch_signatures(repository, iter(manifests), len(manifests), LARGEST_ENVELOPE):
        try:
            if isinstance(signature, NotarykitError):
                raise signature
            described.append(_describe(manifest.digest, parse_envelope(signature.envelope, signature.media_type)))
        except Exception as raised:  # noqa: BLE001 - an unreadable signature does not hide the others
            skipped.append((manifest.digest, own_error(raised)))
    positions = {manifest.digest: number for number, manifest in enumerate(manifests)}
    described.sort(key=lambda members: positions[members["digest"]])
    skipped.sort(key=lambda signature: positions[signature[0]])
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
    "[flags] (<reference>... | --from <file>)",
    "Inspect all signatures associated with the signed artifact. Nothing that is shown has been verified.",
    _run,
    (
        *REGISTRY_FLAGS,
        RESULTS_FLAG,
        *SEVERAL_FLAGS,
        MAX_SIGNATURES_FLAG,
        Flag("oci-layout", "inspect an artifact in an OCI image layout", "switch"),
    ),
    (),
    REFERENCES,
    (
        (
            "Inspect the signatures of an artifact in a registry",
            "notarykit inspect registry.example.com/hello@<digest>",
        ),
        ("Inspect the signatures of an artifact in an image layout", "notarykit inspect --oci-layout hello@<digest>"),
        ("Print JSON", "notarykit inspect --output json --oci-layout hello@<digest>"),
    ),
)
