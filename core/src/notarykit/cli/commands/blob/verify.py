"""`notarykit blob verify`."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from notarykit._internal.paths import trust_store_root
from notarykit.blob.content import Blob
from notarykit.blob.signature_file import SignatureFile, is_signature_name, read_signature, signature_path
from notarykit.cli.batch.items import FailedItem
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.blobs import BLOB_FLAGS, BLOBS, BlobOperation, BlobPath, BlobWork, SignaturePlace
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.revocation_flags import (
    FILE_FLAGS,
    LIMIT_FLAGS,
    MAX_ENVELOPE_FLAG,
    max_envelope_size,
    revocation_checker,
)
from notarykit.cli.verdict_output import VerdictOutput
from notarykit.config.policy import load_blob_policy
from notarykit.envelope.unverified import MEDIA_TYPES
from notarykit.errors import NoSignatureError, NotarykitError, VerificationError
from notarykit.trust.policy import TrustPolicy
from notarykit.trust.store import DirectoryTrustStore, read_once
from notarykit.verification.artifact import Failures, not_accepted
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from notarykit.verification.document import accepted_members, verdict_members
from notarykit.verification.signatures import unprocessed
from notarykit.verification.verdict import Audited, Skipped


class _Verified(NamedTuple):
    """Blob that was accepted, or was not to be verified.

    Attributes:
        outcome: The verdict, and the blob's descriptor.
        signature: Path of the signature that was accepted, or an empty string.
        failures: Path and error of each signature that was tried before and not accepted.
    """

    outcome: VerifiedBlob
    signature: str = ""
    failures: Failures = ()


class _Request(NamedTuple):
    """What is asked of each blob.

    Attributes:
        place: Where the signatures are.
        policy_name: Name of the trust policy statement, or an empty string for the global policy.
        media_type: Media type that must have been signed, or an empty string for any.
        user_metadata: Metadata that the signature must carry.
    """

    place: SignaturePlace
    policy_name: str
    media_type: str
    user_metadata: Mapping[str, str]


class _VerificationWork(BlobWork[_Verified]):
    """Verifies a blob against the trust policy, by the signature that is named, or by those beside it."""

    def __init__(self, verifier: BlobVerifier, request: _Request) -> None:
        self._verifier = verifier
        self._request = request

    def begin(self, item: BlobPath) -> _Verified:
        policy = self._verifier.policies.applicable(self._request.policy_name)
        blob = self.opened(item)
        blob.size()  # where there is no blob, its signature is no question
        place = self._request.place
        if place.path:
            signature = read_signature(place.path, self._verifier.max_envelope_size)
            try:
                return _Verified(self._verify(blob, signature), place.path)
            except VerificationError as error:
                raise _not_accepted(policy, ((place.path, error),)) from error
        if policy.level.is_skip:
            return _Verified(VerifiedBlob(Skipped(policy.name)))
        return self._verify_by_one_of(blob, _signatures_of(item, place, policy), policy)

    def _verify_by_one_of(self, blob: Blob, paths: list[str], policy: TrustPolicy) -> _Verified:
        """Verifies a blob by the first signature of a trusted signer, else by the first that passes."""
        failures: Failures = ()
        passable: _Verified | None = None
        for path in paths:
            try:
                signature = read_signature(path, self._verifier.max_envelope_size)
            except NotarykitError as error:
                failures = (*failures, (path, error))
                continue
            try:
                accepted = _Verified(self._verify(blob, signature), path, failures)
            except VerificationError as error:
                failures = (*failures, (path, error))
                continue
            if not isinstance(accepted.outcome.verdict, Audited):
                return accepted
            passable = passable or accepted
        if passable is None:
            raise _not_accepted(policy, failures)
        return passable

    def _verify(self, blob: Blob, signature: SignatureFile) -> VerifiedBlob:
        request = self._request
        try:
            return self._verifier.blob(
                blob,
                signature,
                policy_name=request.policy_name,
                content_media_type=request.media_type,
                user_metadata=request.user_metadata,
            )
        except NotarykitError:
            raise
        except Exception as error:  # whatever one signature does, the other is tried
            raise unprocessed(error) from error


def _signatures_of(blob: BlobPath, place: SignaturePlace, policy: TrustPolicy) -> list[str]:
    """Returns the paths of a blob's signatures that are there, by the names that `blob sign` gives them.

    Raises:
        NoSignatureError: There is none.
    """
    paths = [signature_path(blob.text, media_type, place.directory) for media_type in MEDIA_TYPES]
    present = [path for path in paths if os.path.lexists(path)]
    if not present:
        is_signature = is_signature_name(blob.text)  # as a pattern such as `dist/*` brings them
        raise NoSignatureError(
            f"there is no signature: neither {' nor '.join(paths)} exists",
            advice="leave signatures out, which need none" if is_signature else "name it with --signature",
        ).under(policy.name, policy.level.name)
    return present


def _not_accepted(policy: TrustPolicy, failures: Failures) -> VerificationError:
    return not_accepted(failures).under(policy.name, policy.level.name)


class _Verification(BlobOperation):
    """Verifies blobs against the trust policy."""

    command = "blob verify"
    activity = "Verifying"

    def __init__(self, options: Options) -> None:
        request = _Request(
            SignaturePlace.of(options),
            options.text("policy-name") or "",
            options.text("media-type") or "",
            options.pairs("user-metadata"),
        )
        super().__init__(options)
        self._output = VerdictOutput(options, "The signature contains the following user metadata:")
        verifier = BlobVerifier(
            load_blob_policy(),
            read_once(DirectoryTrustStore(trust_store_root())),
            plugin_config=options.pairs("plugin-config"),
            max_envelope_size=max_envelope_size(options),
            revocation=revocation_checker(options),
        )
        self.work = _VerificationWork(verifier, request)

    def report(self, item: BlobPath, outcome: _Verified) -> Result:
        (verdict, blob), signature, failures = outcome
        self._output.accepted(item.name, signature, verdict, failures)
        return Result(0, accepted_members(verdict, blob, signature, failures))

    def fail(self, item: BlobPath | FailedItem, error: NotarykitError) -> dict[str, Any]:
        subject = item.name if isinstance(item, BlobPath) else item.text
        self.print_error(item, error, self._output.failed(subject, error))
        return verdict_members(error)


def _run(options: Options) -> int:
    return run_each(_Verification(options))


COMMAND = Command(
    "[flags] [--signature <signature_path>] (<blob_path>... | --from <file>)",
    "Verify a signature associated with a blob.",
    _run,
    (
        *BLOB_FLAGS,
        *FILE_FLAGS,
        *LIMIT_FLAGS,
        MAX_ENVELOPE_FLAG._replace(help="maximum size of an envelope in MiB"),
        Flag("media-type", "media type of the blob to verify (default any)"),
        Flag("plugin-config", "{key}={value} pair that is passed as it is to a verification plugin", "texts"),
        Flag("policy-name", "policy name to verify against (default the global policy)", names="blob-policies"),
        Flag(
            "signature",
            "filepath of the signature to be verified (default <blob_path>.jws.sig and <blob_path>.cose.sig)",
            short="s",
        ),
        Flag("signature-directory", "directory of the signatures (default that of each blob)"),
        Flag("user-metadata", "{key}={value} pair that the signature must contain", "texts", "m"),
    ),
    arguments=BLOBS,
    examples=(
        ("Verify a blob by a signature", "notarykit blob verify --signature blob.bin.jws.sig blob.bin"),
        (
            "Verify several blobs by the signatures beside them, under a policy that is not the global one",
            "notarykit blob verify --policy-name acme dist/*.tar.gz",
        ),
        ("Verify what another program writes", "curl -s <url> | notarykit blob verify --signature src.tar.jws.sig -"),
        (
            "Verify without a network, with the files of 'notarykit revocation fetch'",
            "notarykit blob verify --evidence <directory> blob.bin",
        ),
        ("Require signed metadata", "notarykit blob verify -m build=123 blob.bin"),
    ),
)
