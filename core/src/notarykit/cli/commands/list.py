"""`notarykit list`."""

from itertools import islice
from typing import NamedTuple

from notarykit._internal.printable import printable
from notarykit.batch.work import Work
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import RESULTS_FLAG, Node, tree
from notarykit.cli.reference_operation import SEVERAL_FLAGS, ReferenceOperation
from notarykit.cli.references import MAX_SIGNATURES_FLAG, REFERENCES, REGISTRY_FLAGS, Repositories, Target
from notarykit.envelope.descriptor import Descriptor
from notarykit.oci.manifest import SIGNATURE_TYPE
from notarykit.oci.repository import Repository


class Listed(NamedTuple):
    """Signatures of an artifact.

    Attributes:
        artifact: Descriptor of the artifact.
        manifests: Descriptors of the signature manifests, up to the limit.
        is_cut: True if there are more.
    """

    artifact: Descriptor
    manifests: list[Descriptor]
    is_cut: bool


class _ListingWork(Work[Target, Listed, Listed]):
    """Lists the signatures of an artifact."""

    def __init__(self, repositories: Repositories, limit: int) -> None:
        self._repositories = repositories
        self._limit = limit

    def begin(self, item: Target) -> Listed:
        return list_signatures(self._repositories.open(item.reference), item, self._limit)

    def close(self) -> None:
        self._repositories.close()


class _Listing(ReferenceOperation):
    """Lists the signatures of artifacts."""

    command = "list"
    activity = "Listing the signatures of"
    has_document = True

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.work = _ListingWork(self.repositories, options["max-signatures"])

    def announce(self, target: Target) -> None:
        target.warn_of_tag("list")

    def report(self, target: Target, outcome: Listed) -> Result:
        reference = target.resolved(outcome.artifact)
        if self.options["output"] == "text":
            if outcome.manifests:
                print_tree(reference, [(manifest.digest, []) for manifest in outcome.manifests])
            else:
                print_no_signature(reference)
        self.warn_of_limit(target, is_cut=outcome.is_cut)
        signatures = [manifest.to_json() for manifest in outcome.manifests]
        members = {"artifact": outcome.artifact.to_json(), "signatures": signatures}
        return Result(0, members, {"reference": reference, **members})


def _run(options: Options) -> int:
    return run_each(_Listing(options))


def list_signatures(repository: Repository, target: Target, limit: int) -> Listed:
    """Returns an artifact and its signature manifests, as many as the limit allows."""
    artifact = repository.resolve(target.identifier)
    manifests = list(islice(repository.signatures(artifact), limit + 1))
    return Listed(artifact, manifests[:limit], len(manifests) > limit)


def print_tree(reference: str, signatures: list[Node]) -> None:
    """Prints the tree of an artifact's signatures."""
    print(tree((reference, [(SIGNATURE_TYPE, signatures)])), end="")


def print_no_signature(reference: str) -> None:
    """Prints that an artifact has no signature."""
    print(f"{printable(reference)} has no associated signature")


COMMAND = Command(
    "[flags] (<reference>... | --from <file>)",
    "List all the signatures associated with a signed artifact.",
    _run,
    (
        *REGISTRY_FLAGS,
        RESULTS_FLAG,
        *SEVERAL_FLAGS,
        MAX_SIGNATURES_FLAG,
        Flag("oci-layout", "list signatures in an OCI image layout", "switch"),
    ),
    ("ls",),
    REFERENCES,
    (
        ("List the signatures of an artifact in a registry", "notarykit list registry.example.com/hello@<digest>"),
        ("List the signatures of an artifact in an image layout", "notarykit list --oci-layout hello@<digest>"),
    ),
)
