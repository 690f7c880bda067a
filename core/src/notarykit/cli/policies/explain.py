"""`policy explain`, and `verify --explain`: which statement applies, what it means, and what comes of it."""

from typing import TYPE_CHECKING

from notarykit.cli.options import Arguments, Command, Flag, Options
from notarykit.cli.output import OUTPUT_FLAG, print_json
from notarykit.cli.policies.source import POLICY_FLAG, load
from notarykit.cli.references import REGISTRY_FLAGS, check_scope, parse_target, repositories
from notarykit.cli.verifiers import VERIFIER_FLAGS, WANTED_METADATA_FLAG, artifact_verifier
from notarykit.config.policy import ARTIFACT_POLICY
from notarykit.errors import NotarykitError, UsageError
from notarykit.oci.reference import is_scope

if TYPE_CHECKING:
    from notarykit.explanation.artifact import Explanation
    from notarykit.verification.verifier import Verifier


def explain(options: Options) -> int:
    """Prints the explanation of the command's one reference, and returns the exit code of its verification."""
    from notarykit.cli.diagnostics import print_error, warnings_about
    from notarykit.cli.spinner import progress

    reference = options.arguments[0]
    path, document = load(ARTIFACT_POLICY, options.values.get("policy"))
    verifier = artifact_verifier(options, document)
    with warnings_about(reference), progress(f"Explaining {reference}"):
        explanation = _explanation(options, verifier)
    outcome = explanation.outcome
    if options["output"] == "json":
        from notarykit.explanation.document import explanation_document

        print_json(explanation_document(reference, explanation))
    else:
        from notarykit.cli.policies.explanation_output import print_explanation

        print_explanation(reference, path, explanation)
    if isinstance(outcome, NotarykitError):
        print_error(outcome, outcome.one_line(), debug=options["debug"])
        return outcome.exit_code
    return 0


def _explanation(options: Options, verifier: "Verifier") -> "Explanation":
    from notarykit.explanation.artifact import explain_artifact, explain_envelope, explain_repository

    text, user_metadata = options.arguments[0], options.pairs("user-metadata")
    signature_path = options.text("signature") if "signature" in options.values else None
    if not options["oci-layout"] and is_scope(text):
        if signature_path:
            raise UsageError("--signature is for a reference with tag or digest: it has to be for that artifact")
        return explain_repository(verifier, text, user_metadata)
    check_scope(options)
    target = parse_target(text, options)
    target.warn_of_tag("verify")
    opened = repositories(options, [target])
    try:
        if not signature_path:
            return explain_artifact(verifier, target.request(opened), user_metadata)
        from notarykit.blob.signature_file import read_signature
        from notarykit.verification.context import EnvelopeRequest

        signature = read_signature(signature_path, verifier.max_envelope_size)
        artifact = opened.open(target.reference).resolve(target.identifier)
        request = EnvelopeRequest(signature.envelope, signature.media_type, artifact, user_metadata)
        return explain_envelope(verifier, target.scope, request, signature_path)
    finally:
        opened.close()


EXPLAIN = Command(
    "[flags] (<repository> | <reference>)",
    "Explain which statement of the trust policy applies, what it means, and what comes of it",
    explain,
    (
        POLICY_FLAG,
        OUTPUT_FLAG,
        *REGISTRY_FLAGS,
        *VERIFIER_FLAGS,
        Flag("oci-layout", "explain an artifact in an OCI image layout", "switch"),
        Flag("scope", "trust policy scope of the artifact, registry/repository; required with --oci-layout"),
        Flag("signature", "file of a signature envelope that is explained in place of the artifact's signatures"),
        WANTED_METADATA_FLAG,
    ),
    arguments=Arguments(1, 1, "missing repository or reference"),
    examples=(
        (
            "Explain what holds for a repository, without contacting it",
            "notarykit policy explain registry.example.com/hello",
        ),
        ("Explain the verdict on an artifact", "notarykit policy explain registry.example.com/hello@<digest>"),
    ),
)
