"""`notarykit bundle refresh`."""

from notarykit.bundle.evidence import BundledEvidence
from notarykit.bundle.reading import open_bundle
from notarykit.bundle.refreshing import collect_again, refreshed_bundle
from notarykit.cli.bundle_writing import WRITING_FLAGS, BundleWriting
from notarykit.cli.bundles import BUNDLE, TRUST_FLAGS, verifier_for
from notarykit.cli.diagnostics import print_error, warnings_about
from notarykit.cli.options import Command, Options
from notarykit.cli.revocation_flags import LIMIT_FLAGS, SIGNATURE_FLAGS, limits, max_envelope_size
from notarykit.cli.spinner import progress
from notarykit.errors import own_error
from notarykit.revocation.result import Evidence


def _run(options: Options) -> int:
    (path,) = options.arguments
    new_path = options.text("output-file") or path
    bundle = open_bundle(path)
    verifier = verifier_for(options, bundle)._replace(
        plugin_config=options.pairs("plugin-config"),
        max_signatures=options["max-signatures"],
        max_envelope_size=max_envelope_size(options),
    )
    writing, requests = BundleWriting(options, verifier), limits(options)
    evidence: list[Evidence] = []
    for artifact in bundle.artifacts:
        try:
            with warnings_about(artifact.reference), progress(f"Collecting evidence for {artifact.reference}"):
                collected = collect_again(bundle, artifact, verifier, requests)
        except Exception as raised:  # noqa: BLE001 - the error of one artifact does not end the work on others
            error = own_error(raised).within(artifact.reference)
            writing.add_error(artifact.reference, error)
            print_error(raised, error.one_line(), debug=options["debug"])
            continue
        evidence += collected.evidence
        for digest, problem in collected.problems:
            writing.add_problem(artifact.reference, digest, problem)
    if writing.has_failed:
        return writing.failed()
    new = refreshed_bundle(bundle, BundledEvidence.of(evidence))
    return writing.write(new, new_path, "Successfully refreshed the bundle")


COMMAND = Command(
    "[flags] <file> [-o <file>]",
    "Collect the revocation evidence in a bundle anew; everything else in it stays as it is.",
    _run,
    (*TRUST_FLAGS, *WRITING_FLAGS, *LIMIT_FLAGS, *SIGNATURE_FLAGS),
    arguments=BUNDLE,
    examples=(("Refresh a bundle in place, on a machine with a network", "notarykit bundle refresh hello.tar"),),
)
