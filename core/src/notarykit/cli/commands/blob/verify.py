"""`notarykit blob verify`."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from notarykit.blob.signature_file import NamedSignature, read_signature, read_signatures
from notarykit.cli.batch.items import FailedItem
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.blobs import BLOB_FLAGS, BLOBS, BlobOperation, BlobPath, BlobWork, SignaturePlace
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.verdict_output import VerdictOutput
from notarykit.cli.verifiers import BLOB_VERIFIER_FLAGS, WANTED_METADATA_FLAG, blob_verifier
from notarykit.config.policy import load_blob_policy
from notarykit.errors import NotarykitError
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from notarykit.verification.document import verdict_members


class _Request(NamedTuple):
    """What is asked of each blob.

    Attributes:
        place: Where the signatures are.
        policy_name: Name of the trust policy statement, or an empty string for the global policy.
        content_media_type: Media type that must have been signed, or an empty string for any.
        user_metadata: Metadata that the signature must carry.
    """

    place: SignaturePlace
    policy_name: str
    content_media_type: str
    user_metadata: Mapping[str, str]


class _VerificationWork(BlobWork[VerifiedBlob]):
    """Verifies a blob against the trust policy, by the signature that is named, or by those beside it."""

    def __init__(self, verifier: BlobVerifier, request: _Request) -> None:
        self._verifier = verifier
        self._request = request

    def begin(self, item: BlobPath) -> VerifiedBlob:
        place, policy_name, content_media_type, user_metadata = self._request
        largest = self._verifier.max_envelope_size
        signatures: Iterable[NamedSignature]
        if place.path:
            signatures = [(place.path, read_signature(place.path, largest))]
        else:
            signatures = read_signatures(item.text, place.directory, largest)
        return self._verifier.blob_by_any(
            self.opened(item),
            signatures,
            policy_name=policy_name,
            content_media_type=content_media_type,
            user_metadata=user_metadata,
        )


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
        self.work = _VerificationWork(blob_verifier(options, load_blob_policy()), request)

    def report(self, item: BlobPath, outcome: VerifiedBlob) -> Result:
        verdict, _, signature, failures = outcome
        self._output.accepted(item.name, signature, verdict, failures)
        return Result(0, verdict_members(outcome))

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
        *BLOB_VERIFIER_FLAGS,
        Flag("media-type", "media type of the blob to verify (default any)"),
        Flag("policy-name", "policy name to verify against (default the global policy)", names="blob-policies"),
        Flag(
            "signature",
            "filepath of the signature to be verified (default <blob_path>.jws.sig and <blob_path>.cose.sig)",
            short="s",
        ),
        Flag("signature-directory", "directory of the signatures (default that of each blob)"),
        WANTED_METADATA_FLAG,
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
