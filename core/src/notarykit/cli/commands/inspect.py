"""`notarykit inspect`."""

import sys
from typing import NamedTuple

from notarykit._internal.printable import printable
from notarykit.batch.work import Work
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.commands.list import Listed, list_signatures, print_no_signature, print_tree
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import RESULTS_FLAG, Node
from notarykit.cli.reference_operation import SEVERAL_FLAGS, ReferenceOperation
from notarykit.cli.references import MAX_SIGNATURES_FLAG, REFERENCES, REGISTRY_FLAGS, Repositories, Target
from notarykit.cli.signature_description import Described, content_nodes, describe
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import LARGEST_ENVELOPE, UnverifiedEnvelope
from notarykit.errors import NotarykitError, VerificationError, own_error
from notarykit.oci.repository import Repository
from notarykit.verification.signatures import fetch_signatures


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
    return {"mediaType": envelope.media_type, "digest": digest, **describe(envelope)}


def _node(signature: Described) -> Node:
    return (
        signature["digest"],
        [
            (f"media type: {signature['mediaType']}", []),
            (f"signature algorithm: {signature['signatureAlgorithm']}", []),
            *content_nodes(signature),
        ],
    )


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
