"""`notarykit revocation`: fetch."""

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from notarykit._internal import files
from notarykit._internal.paths import trust_store_root
from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.batch.work import Work
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.options import Command, Flag, Group, Options
from notarykit.cli.output import OUTPUT_FLAG
from notarykit.cli.reference_operation import ReferenceOperation
from notarykit.cli.references import REFERENCES, REGISTRY_FLAGS, Repositories, Target, check_scope
from notarykit.cli.revocation_flags import LIMIT_FLAGS, SIGNATURE_FLAGS, limits, max_envelope_size
from notarykit.config.policy import load_policy
from notarykit.errors import NetworkError, NoSignatureError, NotarykitError, RevocationError, UsageError
from notarykit.revocation.evidence import evidence_file
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.verifier import Verifier

if TYPE_CHECKING:
    from notarykit.revocation.limits import Limits
    from notarykit.revocation.result import Evidence
    from notarykit.verification.collect import Collected

    _Files = list[tuple[str, Evidence]]


class _CollectionWork(Work[Target, "tuple[Collected, _Files]", "tuple[Collected, _Files]"]):
    """Collects the revocation evidence for an artifact's signatures and writes it to files."""

    def __init__(self, repositories: Repositories, verifier: Verifier, requests: "Limits", folder: str) -> None:
        self._repositories = repositories
        self._verifier = verifier
        self._limits = requests
        self._folder = folder

    def begin(self, item: Target) -> "tuple[Collected, _Files]":
        collected = self._verifier.collect_evidence(item.request(self._repositories), self._limits)
        return collected, [(self._write(evidence), evidence) for evidence in collected.evidence]

    def _write(self, evidence: "Evidence") -> str:
        path = os.path.join(self._folder, evidence_file(evidence.kind, evidence.der))
        files.write(path, evidence.der)
        return path

    def close(self) -> None:
        self._repositories.close()


class _Collection(ReferenceOperation):
    """Collects the revocation evidence for artifacts, one after the other."""

    command = "revocation fetch"
    activity = "Collecting evidence for"

    def __init__(self, options: Options) -> None:
        options.required("directory")
        self.folder = options["directory"]
        if os.path.lexists(self.folder) and not os.path.isdir(self.folder):
            raise UsageError(f"--directory {self.folder} is not a directory")
        check_scope(options)
        super().__init__(options)
        verifier = Verifier(
            load_policy(),
            DirectoryTrustStore(trust_store_root()),
            max_signatures=options["max-signatures"],
            max_envelope_size=max_envelope_size(options),
        )
        self.work = _CollectionWork(self.repositories, verifier, limits(options), self.folder)
        self.is_local, self.jobs = True, 1
        self.file_count = 0

    def report(self, target: Target, outcome: "tuple[Collected, _Files]") -> Result:
        collected, written = outcome
        self.file_count += len(written)
        if self.options["output"] == "text":
            _print(printable(target.resolved(collected.artifact)), collected, written)
        for digest, problem in collected.problems:
            text = problem.message if isinstance(problem, RevocationError) else problem.one_line()
            print(f"Warning: {digest}: {printable(text)}", file=sys.stderr)
        members = _json(collected, written)
        if collected.is_complete:
            return Result(0, members)
        error = _incomplete(collected)
        self.print_error(target, error, f"{target.text}: {error.one_line()}")
        return Result(error.exit_code, {**members, "error": error.to_json()})


def _fetch(options: Options) -> int:
    collection = _Collection(options)
    code = run_each(collection)
    if options["output"] == "text" and collection.file_count:
        print(f"On the machine without a network, verify with --evidence {shlex.quote(collection.folder)}")
    return code


def _print(reference: str, collected: "Collected", written: "_Files") -> None:
    print(f"Collected {len(written)} file(s) for {reference}")
    for path, evidence in written:
        print(f"  {printable(path)}  valid until {format_rfc3339(evidence.until)}  {printable(evidence.url)}")
    if written:
        print(f"  All valid until {format_rfc3339(min(evidence.until for _, evidence in written))}")
    elif collected.is_complete:
        print("No certificate names an OCSP responder or a CRL")


def _incomplete(collected: "Collected") -> NotarykitError:
    if collected.requested:
        return NetworkError(
            "the revocation evidence is incomplete", advice="see the warnings above, and run the command again"
        )
    return NoSignatureError(
        "no signature of the artifact has a trusted signer, so nothing was collected",
        advice="see the warnings above, and the trust policy",
    )


def _json(collected: "Collected", written: "_Files") -> dict[str, Any]:
    return {
        "artifact": collected.artifact.to_json(),
        "files": [
            {"path": path, "kind": evidence.kind, "url": evidence.url, "until": format_rfc3339(evidence.until)}
            for path, evidence in written
        ],
        "isComplete": collected.is_complete,
        "problems": [{"signature": digest, "error": error.to_json()} for digest, error in collected.problems],
    }


COMMAND = Group(
    "Collect the revocation evidence for a verification without a network.",
    {
        "fetch": Command(
            "[flags] --directory <directory> <reference>...",
            "Fetch the OCSP responses and CRLs for the signatures of artifacts",
            _fetch,
            (
                *REGISTRY_FLAGS,
                OUTPUT_FLAG,
                *LIMIT_FLAGS,
                Flag("directory", "directory for the files"),
                *SIGNATURE_FLAGS,
                Flag("oci-layout", "the artifact is in an OCI image layout", "switch"),
                Flag("scope", "trust policy scope of the artifact, registry/repository; required with --oci-layout"),
            ),
            arguments=REFERENCES,
            examples=(
                (
                    "Collect for an artifact in a registry",
                    "notarykit revocation fetch --directory evidence registry.example.com/hello@<digest>",
                ),
                (
                    "Collect for an artifact in an image layout",
                    "notarykit revocation fetch --directory evidence --oci-layout --scope local/hello hello@<digest>",
                ),
            ),
        )
    },
)
