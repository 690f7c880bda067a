"""`blob policy explain`: what a statement of the trust policy for blobs means, and what comes of it for a file."""

from typing import TYPE_CHECKING

from notarykit.cli.blobs import BlobPath
from notarykit.cli.options import Arguments, Command, Flag, Options
from notarykit.cli.output import OUTPUT_FLAG, print_json
from notarykit.cli.policies.source import POLICY_FLAG, load
from notarykit.cli.verifiers import BLOB_VERIFIER_FLAGS, WANTED_METADATA_FLAG, blob_verifier
from notarykit.config.policy import BLOB_POLICY
from notarykit.errors import NotarykitError, UsageError

if TYPE_CHECKING:
    from notarykit.explanation.artifact import Explanation
    from notarykit.verification.blob import BlobVerifier


def _run(options: Options) -> int:
    """Prints the explanation, and returns the exit code of the verification."""
    from notarykit.cli.diagnostics import print_error

    blob = next(iter(options.arguments), "")
    if bool(options.arguments) != (options.text("signature") is not None):
        raise UsageError("--signature and the blob's path go together", advice="give both, or neither")
    if options.arguments and not blob:
        raise UsageError("the path of the blob is empty")
    path, document = load(BLOB_POLICY, options["policy"])
    verifier = blob_verifier(options, document)
    explanation = _explanation(options, verifier, blob)
    outcome = explanation.outcome
    if options["output"] == "json":
        from notarykit.explanation.document import blob_explanation_document

        print_json(blob_explanation_document(blob, explanation))
    else:
        from notarykit.cli.policies.explanation_output import print_blob_explanation

        print_blob_explanation(blob, path, explanation)
    if isinstance(outcome, NotarykitError):
        print_error(outcome, outcome.one_line(), debug=options["debug"])
        return outcome.exit_code
    return 0


def _explanation(options: Options, verifier: "BlobVerifier", blob: str) -> "Explanation":
    from notarykit.explanation.blob import explain_blob, explain_blob_policy

    name, user_metadata = options.text("policy-name") or "", options.pairs("user-metadata")
    if not blob:
        return explain_blob_policy(verifier, name, user_metadata)
    from notarykit.blob.signature_file import read_signature

    signature = read_signature(options["signature"], verifier.max_envelope_size)
    explained = explain_blob(
        verifier,
        BlobPath(blob).open(),
        signature,
        policy_name=name,
        content_media_type=options.text("media-type") or "",
        user_metadata=user_metadata,
    )
    return explained._replace(
        signatures=tuple(each._replace(name=options["signature"]) for each in explained.signatures)
    )


EXPLAIN = Command(
    "[flags] [--signature <signature_path> <blob_path>]",
    "Explain what a statement of the trust policy for blobs means, and what comes of it for a file",
    _run,
    (
        POLICY_FLAG._replace(help="blob trust policy file (default the user's own)"),
        OUTPUT_FLAG,
        *BLOB_VERIFIER_FLAGS,
        Flag("media-type", "media type of the blob to verify (default any)"),
        Flag("policy-name", "name of the statement (default the global policy)", names="blob-policies"),
        Flag("signature", "filepath of the signature by which the blob is verified", short="s"),
        WANTED_METADATA_FLAG,
    ),
    arguments=Arguments(0, 1),
    examples=(
        ("Explain the global policy", "notarykit blob policy explain"),
        (
            "Explain the verdict on a file by a signature",
            "notarykit blob policy explain --signature blob.bin.jws.sig blob.bin",
        ),
    ),
)
