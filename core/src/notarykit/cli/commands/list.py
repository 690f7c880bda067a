"""`notarykit list`."""

import sys
from itertools import islice

from notarykit._internal.printable import printable
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import OUTPUT_FLAG, Node, print_json, tree
from notarykit.cli.references import MAX_SIGNATURES_FLAG, REFERENCES, REGISTRY_FLAGS, Target, single_target
from notarykit.cli.spinner import progress
from notarykit.envelope.descriptor import Descriptor
from notarykit.oci.manifest import SIGNATURE_TYPE
from notarykit.oci.repository import Repository


def _run(options: Options) -> int:
    target, repositories = single_target(options, "list")
    limit = options["max-signatures"]
    with progress(f"Listing the signatures of {target.text}"):
        artifact, manifests = find_signatures(repositories.open(target.reference), target, limit)
    if options["output"] == "json":
        signatures = [manifest.to_json() for manifest in manifests[:limit]]
        print_json({"reference": target.resolved(artifact), "artifact": artifact.to_json(), "signatures": signatures})
    elif not manifests:
        print(f"{printable(target.resolved(artifact))} has no associated signature")
    else:
        below: list[Node] = [(manifest.digest, []) for manifest in manifests[:limit]]
        print(tree((target.resolved(artifact), [(SIGNATURE_TYPE, below)])), end="")
    warn_of_more(len(manifests), limit)
    return 0


def find_signatures(repository: Repository, target: Target, limit: int) -> tuple[Descriptor, list[Descriptor]]:
    """Returns an artifact and its signature manifests, one above the limit if there are more."""
    artifact = repository.resolve(target.identifier)
    return artifact, list(islice(repository.signatures(artifact), limit + 1))


def warn_of_more(count: int, limit: int) -> None:
    """Warns that an artifact has more signatures than the limit."""
    if count > limit:
        print(f"Warning: there are more signatures than the limit of {limit}: see --max-signatures", file=sys.stderr)


COMMAND = Command(
    "[flags] <reference>",
    "List all the signatures associated with a signed artifact.",
    _run,
    (
        *REGISTRY_FLAGS,
        OUTPUT_FLAG,
        MAX_SIGNATURES_FLAG,
        Flag("oci-layout", "list signatures in an OCI image layout", "switch"),
    ),
    ("ls",),
    REFERENCES._replace(most=1),
    (
        ("List the signatures of an artifact in a registry", "notarykit list registry.example.com/hello@<digest>"),
        ("List the signatures of an artifact in an image layout", "notarykit list --oci-layout hello@<digest>"),
    ),
)
