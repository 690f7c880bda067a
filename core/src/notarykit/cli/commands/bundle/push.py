"""`notarykit bundle push`."""

from typing import TYPE_CHECKING, Any

from notarykit._internal.printable import printable
from notarykit.bundle.pushing import PushedArtifact, push_artifact, pushed_references
from notarykit.bundle.reading import open_bundle
from notarykit.bundle.verification import offline, verify_bundled
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.results import results_in
from notarykit.cli.batch.tally import Tally
from notarykit.cli.bundles import FOR_FLAG, PLUGIN_CONFIG_FLAG, TRUST_FLAGS, count, scope_of, verifier_for
from notarykit.cli.diagnostics import print_error, warnings_about
from notarykit.cli.options import Arguments, Command, Flag, Options
from notarykit.cli.output import RESULTS_FLAG
from notarykit.cli.references import REGISTRY_FLAGS, STORING_FLAGS
from notarykit.cli.registries import NamedRegistries
from notarykit.cli.spinner import progress
from notarykit.errors import own_error
from notarykit.oci.reference import Reference
from notarykit.oci.registry.repository import RegistryRepository

if TYPE_CHECKING:
    from notarykit.bundle.bundle import SignatureBundle
    from notarykit.bundle.contents import BundledArtifact
    from notarykit.verification.verifier import Verifier


class _Push:
    """Verifies and pushes the artifacts of a bundle, one after the other."""

    def __init__(self, options: Options, bundle: "SignatureBundle", destination: str) -> None:
        self._options = options
        self._bundle = bundle
        self._verifier: Verifier | None = None
        if not options["allow-unverified"]:
            verifier = verifier_for(options, bundle)._replace(plugin_config=options.pairs("plugin-config"))
            self._verifier = offline(verifier, bundle)
        self._references = pushed_references(bundle, destination)
        self._registries = NamedRegistries(options, [self._references[0].registry])
        self._tally = Tally()

    def run(self) -> int:
        """Pushes the artifacts and returns the gravest exit code."""
        results = results_in(self._options["output"], "reference")
        try:
            for artifact, reference in zip(self._bundle.artifacts, self._references, strict=True):
                scope = scope_of(self._options, artifact)
                with warnings_about(str(reference)):
                    result = self._push(artifact, reference, scope)
                self._tally.add(str(reference), result)
                results.add(str(reference), result.members)
        finally:
            self._registries.close()
        results.end()
        return self._tally.exit_code

    def _push(self, artifact: "BundledArtifact", reference: Reference, scope: str) -> Result:
        try:
            with progress(f"Pushing {reference}"):
                self._verify(artifact, scope)
                repository = self._registries.open(reference)
                assert isinstance(repository, RegistryRepository)
                pushed = push_artifact(self._bundle, artifact, repository)
        except Exception as raised:  # noqa: BLE001 - the error of one artifact does not end the work on others
            error = own_error(raised)
            line = f"{reference} was not pushed: {error.one_line()}"
            print_error(raised, line, debug=self._options["debug"])
            return Result(error.exit_code, {"pushed": False, "error": error.to_json()})
        if self._options["output"] == "text":
            print(f"Pushed {printable(str(reference))}: {_counts(pushed)}")
        return Result(0, _members(artifact, pushed))

    def _verify(self, artifact: "BundledArtifact", scope: str) -> None:
        """Refuses what is not accepted; the content is checked on its way."""
        if self._verifier is not None:
            verify_bundled(self._bundle, artifact, self._verifier, scope=scope)


def _counts(pushed: PushedArtifact) -> str:
    return f"{count(len(pushed.signatures), 'signature')}, {count(pushed.blobs, 'new blob')} of its content"


def _members(artifact: "BundledArtifact", pushed: PushedArtifact) -> dict[str, Any]:
    return {
        "pushed": True,
        "artifact": artifact.artifact.to_json(),
        **({"tag": artifact.tag} if pushed.is_tagged else {}),
        "blobs": pushed.blobs,
        "signatures": [signature.to_json() for signature in pushed.signatures],
    }


def _run(options: Options) -> int:
    path, destination = options.arguments
    return _Push(options, open_bundle(path), destination).run()


COMMAND = Command(
    "[flags] <file> <registry>[/<prefix>]",
    "Verify the artifacts in a bundle, and push them with their signatures into a registry.",
    _run,
    (
        *REGISTRY_FLAGS,
        *STORING_FLAGS,
        *TRUST_FLAGS,
        RESULTS_FLAG,
        Flag("allow-unverified", "push everything in the bundle, and verify nothing", "switch"),
        FOR_FLAG,
        PLUGIN_CONFIG_FLAG,
    ),
    arguments=Arguments(2, 2, "missing path of the bundle or registry"),
    examples=(
        (
            "Push into a registry, each artifact into the repository of its name there",
            "notarykit bundle push hello.tar registry.internal:5000",
        ),
    ),
)
