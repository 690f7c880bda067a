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
from notarykit.blob.signature_file import read_signature
from notarykit.cli.batch.items import Items
from notarykit.cli.batch.operation import AnOperation, Operation, Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.blobs import SignaturePath
from notarykit.cli.options import Command, Flag, Group, Options
from notarykit.cli.output import OUTPUT_FLAG
from notarykit.cli.reference_operation import ReferenceOperation
from notarykit.cli.references import REFERENCES, REGISTRY_FLAGS, Repositories, Target, check_scope
from notarykit.cli.revocation_flags import LIMIT_FLAGS, SIGNATURE_FLAGS, limits, max_envelope_size
from notarykit.config.policy import load_blob_policy, load_policy
from notarykit.errors import NetworkError, NoSignatureError, NotarykitError, RevocationError, UsageError
from notarykit.revocation.evidence import evidence_file
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.blob import BlobVerifier
from notarykit.verification.verifier import Verifier

if TYPE_CHECKING:
    from notarykit.revocation.limits import Limits
    from notarykit.revocation.result import Evidence
    from notarykit.verification.collect import Collected

    _Files = list[tuple[str, Evidence]]
    _Outcome = tuple[Collected, _Files]

_NO_TRUSTED_SIGNER = "no signature of the artifact has a trusted signer"


class _EvidenceFolder:
    """Folder that evidence is written to.

    Args:
        path: Its path.

    Attributes:
        path: Its path.
        count: Number of files that were written.

    Raises:
        UsageError: There is something else at the path.
    """

    def __init__(self, path: str) -> None:
        if os.path.lexists(path) and not os.path.isdir(path):
            raise UsageError(f"--directory {path} is not a directory")
        self.path = path
        self.count = 0

    def write(self, collected: "Collected") -> "_Outcome":
        """Writes what was collected, a file each."""
        return collected, [(self._write(evidence), evidence) for evidence in collected.evidence]

    def _write(self, evidence: "Evidence") -> str:
        path = os.path.join(self.path, evidence_file(evidence.kind, evidence.der))
        files.write(path, evidence.der)
        self.count += 1
        return path


class _ArtifactWork(Work[Target, "_Outcome", "_Outcome"]):
    """Collects the revocation evidence for an artifact's signatures and writes it to files."""

    def __init__(
        self, repositories: Repositories, verifier: Verifier, requests: "Limits", folder: _EvidenceFolder
    ) -> None:
        self._repositories = repositories
        self._verifier = verifier
        self._limits = requests
        self._folder = folder

    def begin(self, item: Target) -> "_Outcome":
        return self._folder.write(self._verifier.collect_evidence(item.request(self._repositories), self._limits))

    def close(self) -> None:
        self._repositories.close()


class _SignatureWork(Work[SignaturePath, "_Outcome", "_Outcome"]):
    """Collects the revocation evidence for a blob's signature and writes it to files."""

    def __init__(self, verifier: BlobVerifier, policy_name: str, requests: "Limits", folder: _EvidenceFolder) -> None:
        self._verifier = verifier
        self._policy_name = policy_name
        self._limits = requests
        self._folder = folder

    def begin(self, item: SignaturePath) -> "_Outcome":
        signature = read_signature(item.text, self._verifier.max_envelope_size)
        return self._folder.write(
            self._verifier.collect_evidence(signature, self._limits, policy_name=self._policy_name, name=item.text)
        )


class _ArtifactCollection(ReferenceOperation):
    """Collects the revocation evidence for artifacts, one after the other."""

    command = "revocation fetch"
    activity = "Collecting evidence for"

    def __init__(self, options: Options, folder: _EvidenceFolder) -> None:
        check_scope(options)
        super().__init__(options)
        verifier = Verifier(
            load_policy(),
            DirectoryTrustStore(trust_store_root()),
            max_signatures=options["max-signatures"],
            max_envelope_size=max_envelope_size(options),
        )
        self.work = _ArtifactWork(self.repositories, verifier, limits(options), folder)
        self.is_local, self.jobs = True, 1

    def report(self, target: Target, outcome: "_Outcome") -> Result:
        return _report(self, target, target.resolved(outcome[0].artifact), outcome)


class _BlobCollection(Operation[SignaturePath]):
    """Collects the revocation evidence for signatures of blobs, one after the other."""

    command = "revocation fetch"
    noun = "signature"
    activity = "Collecting evidence for"

    def __init__(self, options: Options, folder: _EvidenceFolder) -> None:
        options.exclusive("signature", "oci-layout")
        options.exclusive("signature", "scope")
        policy_name = options.text("policy-name") or ""
        named = Options(options.values, options["signature"], options.written)
        super().__init__(named, Items(named, SignaturePath, "path of a signature"))
        verifier = BlobVerifier(
            load_blob_policy(), DirectoryTrustStore(trust_store_root()), max_envelope_size=max_envelope_size(options)
        )
        self.work = _SignatureWork(verifier, policy_name, limits(options), folder)
        self.is_local, self.jobs = True, 1

    def report(self, item: SignaturePath, outcome: "_Outcome") -> Result:
        return _report(self, item, item.text, outcome)


def _fetch(options: Options) -> int:
    options.required("directory")
    folder = _EvidenceFolder(options["directory"])
    if options.arguments and options["signature"]:
        raise UsageError("--signature is for blobs, which have no reference", advice="collect for artifacts apart")
    if not options["signature"]:
        _check_artifacts(options)
    collection = _BlobCollection(options, folder) if options["signature"] else _ArtifactCollection(options, folder)
    code = run_each(collection)
    if options["output"] == "text" and folder.count:
        print(f"On the machine without a network, verify with --evidence {shlex.quote(folder.path)}")
    return code


def _check_artifacts(options: Options) -> None:
    """Refuses a command line that names neither artifacts nor signatures, or has flags for the latter alone."""
    if not options.arguments:
        raise UsageError(REFERENCES.missing, advice="or name the signatures of blobs with --signature")
    if options["policy-name"] is not None:
        raise UsageError("--policy-name requires --signature", advice="the policy of artifacts is found by their scope")


def _report(operation: AnOperation, item: Any, name: str, outcome: "_Outcome") -> Result:
    collected, written = outcome
    if operation.options["output"] == "text":
        _print(printable(name), collected, written)
    for signature, problem in collected.problems:
        text = problem.message if isinstance(problem, RevocationError) else problem.one_line()
        print(f"Warning: {printable(signature)}: {printable(text)}", file=sys.stderr)
    members = _json(collected, written)
    if collected.is_complete:
        return Result(0, members)
    error = _incomplete(collected, operation.noun)
    operation.print_error(item, error, f"{item.text}: {error.one_line()}")
    return Result(error.exit_code, {**members, "error": error.to_json()})


def _print(reference: str, collected: "Collected", written: "_Files") -> None:
    print(f"Collected {len(written)} file(s) for {reference}")
    for path, evidence in written:
        print(f"  {printable(path)}  valid until {format_rfc3339(evidence.until)}  {printable(evidence.url)}")
    if written:
        print(f"  All valid until {format_rfc3339(min(evidence.until for _, evidence in written))}")
    elif collected.is_complete:
        print("No certificate names an OCSP responder or a CRL: verify without --evidence")


def _incomplete(collected: "Collected", noun: str) -> NotarykitError:
    if collected.requested:
        return NetworkError(
            "the revocation evidence is incomplete", advice="see the warnings above, and run the command again"
        )
    whose = "the signature has no trusted signer" if noun == "signature" else _NO_TRUSTED_SIGNER
    return NoSignatureError(
        f"{whose}, so nothing was collected",
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
            "[flags] --directory <directory> (<reference>... | --signature <signature_path>)",
            "Fetch the OCSP responses and CRLs for the signatures of artifacts, or of blobs",
            _fetch,
            (
                *REGISTRY_FLAGS,
                OUTPUT_FLAG,
                *LIMIT_FLAGS,
                Flag("directory", "directory for the files"),
                *SIGNATURE_FLAGS,
                Flag("oci-layout", "the artifact is in an OCI image layout", "switch"),
                Flag("policy-name", "trust policy of the blobs (default the global policy)", names="blob-policies"),
                Flag("signature", "filepath of a blob's signature, in place of references; repeatable", "texts", "s"),
                Flag("scope", "trust policy scope of the artifact, registry/repository; required with --oci-layout"),
            ),
            arguments=REFERENCES._replace(least=0),
            examples=(
                (
                    "Collect for an artifact in a registry",
                    "notarykit revocation fetch --directory evidence registry.example.com/hello@<digest>",
                ),
                (
                    "Collect for an artifact in an image layout",
                    "notarykit revocation fetch --directory evidence --oci-layout --scope local/hello hello@<digest>",
                ),
                (
                    "Collect for a blob",
                    "notarykit revocation fetch --directory evidence --signature blob.bin.jws.sig",
                ),
            ),
        )
    },
)
