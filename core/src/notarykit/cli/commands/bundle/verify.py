"""`notarykit bundle verify`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from notarykit.bundle.reading import open_bundle
from notarykit.bundle.verification import offline, verify_bundled
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.results import results_in
from notarykit.cli.batch.tally import Tally
from notarykit.cli.bundles import FOR_FLAG, PLUGIN_CONFIG_FLAG, TRUST_FLAGS, scope_of, verifier_for
from notarykit.cli.diagnostics import print_error, warnings_about
from notarykit.cli.options import ANY_NUMBER, Arguments, Command, Flag, Options
from notarykit.cli.output import RESULTS_FLAG
from notarykit.cli.revocation_flags import FILE_FLAGS, SIGNATURE_FLAGS, local_evidence, max_envelope_size
from notarykit.cli.spinner import progress
from notarykit.cli.verdict_output import VerdictOutput
from notarykit.errors import ArtifactNotFoundError, own_error
from notarykit.oci.reference import Digest, Tag, parse_reference
from notarykit.verification.document import verdict_members

if TYPE_CHECKING:
    from notarykit.bundle.bundle import SignatureBundle
    from notarykit.bundle.contents import BundledArtifact
    from notarykit.verification.artifact import VerifiedArtifact
    from notarykit.verification.verifier import Verifier


class _Verification:
    """Verifies the artifacts of a bundle, one after the other."""

    def __init__(self, options: Options, bundle: "SignatureBundle") -> None:
        self._options = options
        self._bundle = bundle
        self._user_metadata = options.pairs("user-metadata")
        self._output = VerdictOutput(options, "The artifact was signed with the following user metadata.")
        verifier = verifier_for(options, bundle)._replace(
            plugin_config=options.pairs("plugin-config"),
            max_signatures=options["max-signatures"],
            max_envelope_size=max_envelope_size(options),
        )
        self._verifier: Verifier = offline(verifier, bundle, local_evidence(options))
        self._tally = Tally()

    def run(self, artifacts: "Sequence[BundledArtifact]") -> int:
        """Verifies the artifacts and returns the gravest exit code."""
        results = results_in(self._options["output"], "reference")
        for artifact in artifacts:
            scope = scope_of(self._options, artifact)
            reference = f"{scope}@{artifact.artifact.digest}"
            with warnings_about(reference):
                result = self._verify(artifact, scope, reference)
            self._tally.add(reference, result)
            origin = {"platform": artifact.platform, "index": artifact.parent}
            results.add(reference, {**{name: text for name, text in origin.items() if text}, **result.members})
        results.end()
        return self._tally.exit_code

    def _verify(self, artifact: "BundledArtifact", scope: str, reference: str) -> Result:
        try:
            with progress(f"Verifying {reference}"):
                verified: VerifiedArtifact = verify_bundled(
                    self._bundle, artifact, self._verifier, scope=scope, user_metadata=self._user_metadata
                )
                self._bundle.check_content(artifact)
        except Exception as raised:  # noqa: BLE001 - the error of one artifact does not end the work on others
            error = own_error(raised)
            print_error(raised, self._output.failed(reference, error), debug=self._options["debug"])
            return Result(error.exit_code, verdict_members(error))
        signature = verified.signature.digest if verified.signature else ""
        self._output.accepted(reference, signature, verified.verdict, verified.failures)
        return Result(0, verdict_members(verified))


def _chosen(bundle: "SignatureBundle", references: list[str]) -> "Sequence[BundledArtifact]":
    """Returns the artifacts that the references name, or all of them without references.

    Raises:
        UsageError: A reference is malformed.
        ArtifactNotFoundError: The bundle has no such artifact.
    """
    if not references:
        return bundle.artifacts
    chosen: dict[int, BundledArtifact] = {}
    for text in references:
        reference = parse_reference(text)
        found = {
            position: artifact
            for position, artifact in enumerate(bundle.artifacts)
            if artifact.repository == reference.scope and _is_named(artifact, reference.identifier)
        }
        if not found:
            raise ArtifactNotFoundError(
                f"{bundle.name} does not contain {text}", advice="see 'notarykit bundle inspect'"
            )
        chosen.update(found)
    return list(chosen.values())


def _is_named(artifact: "BundledArtifact", identifier: Tag | Digest) -> bool:
    return identifier == (artifact.artifact.digest if isinstance(identifier, Digest) else artifact.tag)


def _run(options: Options) -> int:
    path, *references = options.arguments
    bundle = open_bundle(path)
    return _Verification(options, bundle).run(_chosen(bundle, references))


COMMAND = Command(
    "[flags] <file> [<reference>...]",
    "Verify the signatures in a bundle against the trust policy, without any network.",
    _run,
    (
        *TRUST_FLAGS,
        RESULTS_FLAG,
        *FILE_FLAGS,
        *SIGNATURE_FLAGS,
        FOR_FLAG,
        PLUGIN_CONFIG_FLAG,
        Flag("user-metadata", "{key}={value} pair that the signature must contain", "texts", "m"),
    ),
    arguments=Arguments(1, ANY_NUMBER, "missing path of the bundle"),
    examples=(
        ("Verify everything in a bundle", "notarykit bundle verify hello.tar"),
        (
            "Verify that a bundle contains an artifact",
            "notarykit bundle verify hello.tar registry.example.com/hello:v1",
        ),
        (
            "Verify with the trust that the bundle proposes, whose digest was told by another way",
            "notarykit bundle verify hello.tar --trust-from-bundle <digest>",
        ),
    ),
)
