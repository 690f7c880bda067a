"""`notarykit verify`."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from notarykit._internal.rfc3339 import utc_now
from notarykit._internal.strict_json import dumps
from notarykit.batch.work import Work
from notarykit.cli.batch.items import FailedItem
from notarykit.cli.batch.operation import Record, Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import RESULTS_FLAG
from notarykit.cli.reference_operation import SEVERAL_FLAGS, ReferenceOperation
from notarykit.cli.references import (
    DASK_FLAG,
    INDEX_FLAGS,
    REFERENCES,
    REGISTRY_FLAGS,
    Repositories,
    Target,
    check_index_flags,
    check_scope,
)
from notarykit.cli.verdict_output import VerdictOutput
from notarykit.cli.verifiers import VERIFIER_FLAGS, WANTED_METADATA_FLAG, artifact_verifier
from notarykit.config.policy import ARTIFACT_POLICY, load_policy
from notarykit.errors import NoApplicablePolicyError, NotarykitError, TrustStoreError, UsageError
from notarykit.oci.reference import Digest
from notarykit.trust.policy import StoreReference
from notarykit.trust.store import TrustStore
from notarykit.verification.artifact import VerifiedArtifact
from notarykit.verification.document import verdict_members
from notarykit.verification.verifier import Verifier

# Longer ago, certificates may have been revoked.
_DAY = timedelta(days=1)


class _VerificationWork(Work[Target, VerifiedArtifact, VerifiedArtifact]):
    """Verifies an artifact against the trust policy."""

    def __init__(self, repositories: Repositories, verifier: Verifier, user_metadata: Mapping[str, str]) -> None:
        self._repositories = repositories
        self._verifier = verifier
        self._user_metadata = user_metadata

    def begin(self, item: Target) -> VerifiedArtifact:
        verified = self._verifier.artifact(item.request(self._repositories), user_metadata=self._user_metadata)
        if verified.artifact is not None:
            item.check(verified.artifact)
        return verified

    def close(self) -> None:
        self._repositories.close()


class _Verification(ReferenceOperation):
    """Verifies artifacts against the trust policy."""

    command = "verify"
    activity = "Verifying"

    def __init__(self, options: Options) -> None:
        check_scope(options)
        options.exclusive("dask", "debug")
        super().__init__(options)
        self.scheduler = options["dask"] or ""
        self._started_at = utc_now()
        self._output = VerdictOutput(options, "The artifact was signed with the following user metadata.")
        self._verifier = artifact_verifier(options, load_policy())
        self.work = _VerificationWork(self.repositories, self._verifier, options.pairs("user-metadata"))

    def prepare(self) -> None:
        """Reads the trust stores, which are the same for all artifacts then, in whichever process."""
        self._thumbprints()

    def _thumbprints(self) -> list[tuple[str, list[str]]]:
        """Returns the trust stores that the policy names, with the thumbprints of their certificates."""
        stores = {store for policy in self._verifier.policies.policies for store in policy.stores}
        return sorted((str(store), _thumbprints(self._verifier.store, store)) for store in stores)

    def identity(self) -> dict[str, Any]:
        """Returns digests of the trust policy and of the trust stores that it names."""
        return {"policy": _sha256(ARTIFACT_POLICY.read()[1]), "trustStores": _sha256(dumps(self._thumbprints()))}

    def accepts(self, record: Record, target: Target) -> bool:
        """Returns True for a verdict on a digest, of the last day, that has not ended; a tag may have been moved."""
        now = utc_now()
        is_current = now - _DAY < record.time <= now and (record.ends is None or now < record.ends)
        return isinstance(target.identifier, Digest) and record.is_private and is_current

    def is_expandable(self, target: Target) -> bool:
        """Returns False where the trust policy skips the artifact, or no statement applies to it."""
        try:
            return not self._verifier.policies.applicable(target.scope).level.is_skip
        except NoApplicablePolicyError:
            return False

    def announce(self, target: Target) -> None:
        target.warn_of_tag("verify")

    def report(self, target: Target, outcome: VerifiedArtifact) -> Result:
        verdict, artifact, signature, failures = outcome
        reference = target.text if artifact is None else target.resolved(artifact)
        self._output.accepted(reference, signature.digest if signature else "", verdict, failures)
        return Result(0, verdict_members(outcome), ends=verdict.next_end(self._started_at))

    def fail(self, target: Target | FailedItem, error: NotarykitError) -> dict[str, Any]:
        self.print_error(target, error, self._output.failed(target.text, error))
        return verdict_members(error)

    def pass_over(self, target: Target) -> dict[str, Any]:
        return {"verdict": "absent", **super().pass_over(target)}


def _run(options: Options) -> int:
    if options["explain"]:
        return _explain(options)
    check_index_flags(options)
    return run_each(_Verification(options))


def _explain(options: Options) -> int:
    """Explains the verification of one artifact."""
    options.exclusive("explain", "dask", "from", "jobs", "platform", "recursive", "resume")
    if len(options.arguments) != 1 or options["output"] == "jsonl":
        raise UsageError("--explain is for one reference, as text or json", advice="repeat the command for each")
    from notarykit.cli.policies.explain import explain

    return explain(options)


def _thumbprints(trust_store: TrustStore, store: StoreReference) -> list[str]:
    try:
        return sorted(map(_sha256, trust_store.certificates(store)))
    except TrustStoreError:  # reported when an artifact needs the store
        return []


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()


COMMAND = Command(
    "[flags] (<reference>... | --from <file>)",
    "Verify signatures associated with the artifact.",
    _run,
    (
        *REGISTRY_FLAGS,
        RESULTS_FLAG,
        *SEVERAL_FLAGS,
        *VERIFIER_FLAGS,
        *INDEX_FLAGS,
        DASK_FLAG,
        Flag("explain", "explain the verdict step by step, as 'policy explain' does; for one reference", "switch"),
        Flag("oci-layout", "verify an artifact in an OCI image layout", "switch"),
        Flag("scope", "trust policy scope of the artifact, registry/repository; required with --oci-layout"),
        WANTED_METADATA_FLAG,
    ),
    arguments=REFERENCES,
    examples=(
        ("Verify an artifact in a registry", "notarykit verify registry.example.com/hello@<digest>"),
        ("Verify an artifact in an image layout", "notarykit verify --oci-layout --scope local/hello hello@<digest>"),
        (
            "Verify without a network, with the files of 'notarykit revocation fetch'",
            "notarykit verify --oci-layout --scope local/hello --evidence <directory> hello@<digest>",
        ),
        (
            "Verify many artifacts; the same command goes on after an interruption",
            "notarykit verify --from references.txt --resume journal",
        ),
        ("Require signed metadata", "notarykit verify --oci-layout --scope local/hello -m build=123 hello@<digest>"),
    ),
)
