"""`notarykit bundle create`."""

import os
import warnings
from typing import TYPE_CHECKING, Any

from notarykit.batch.ordered import map_ordered
from notarykit.batch.work import Outcome, Work
from notarykit.bundle.contents import Content
from notarykit.bundle.creation import CollectedArtifact, collect_artifact, new_bundle
from notarykit.cli.batch.items import FailedItem
from notarykit.cli.bundle_writing import WRITING_FLAGS, BundleWriting
from notarykit.cli.bundles import policy_of
from notarykit.cli.diagnostics import warnings_about
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.policies.source import POLICY_FLAG
from notarykit.cli.reference_operation import SEVERAL_FLAGS, ReferenceOperation
from notarykit.cli.references import (
    INDEX_FLAGS,
    REFERENCES,
    REGISTRY_FLAGS,
    Repositories,
    Target,
    check_index_flags,
    check_scope,
)
from notarykit.cli.revocation_flags import LIMIT_FLAGS, SIGNATURE_FLAGS, limits, max_envelope_size
from notarykit.cli.spinner import progress
from notarykit.cli.verifiers import trust_stores
from notarykit.errors import ArtifactNotFoundError, NotarykitError, UsageError
from notarykit.verification.verifier import Verifier

if TYPE_CHECKING:
    from notarykit.revocation.limits import Limits


class _CollectionWork(Work[Target, CollectedArtifact, CollectedArtifact]):
    """Collects what a bundle holds of an artifact."""

    def __init__(self, repositories: Repositories, verifier: Verifier, content: Content, requests: "Limits") -> None:
        self._repositories = repositories
        self._verifier = verifier
        self._content = content
        self._limits = requests

    def begin(self, item: Target) -> CollectedArtifact:
        collected = collect_artifact(
            self._verifier,
            item.request(self._repositories),
            self._content,
            limits=self._limits,
            platform=item.platform,
            parent=item.member.parent if item.member else "",
        )
        item.check(collected.artifact.artifact)
        return collected


class _Creation(ReferenceOperation):
    """Makes a bundle of artifacts."""

    command = "bundle create"
    activity = "Collecting"

    def __init__(self, options: Options) -> None:
        options.required("output-file")
        if os.path.isdir(options["output-file"]):
            raise UsageError(f"--output-file {options['output-file']} is a directory", advice="name a file in it")
        check_scope(options)
        check_index_flags(options)
        super().__init__(options)
        self._verifier = Verifier(
            policy_of(options),
            trust_stores(),
            plugin_config=options.pairs("plugin-config"),
            max_signatures=options["max-signatures"],
            max_envelope_size=max_envelope_size(options),
        )
        self._content = Content(options["content"])
        self._writing = BundleWriting(options, self._verifier)
        self.work = _CollectionWork(self.repositories, self._verifier, self._content, limits(options))

    def run(self) -> int:
        """Collects and writes the bundle, and returns the exit code."""
        collected = self._collected()
        if self._writing.has_failed:
            return self._writing.failed()
        new = new_bundle(self._content, self._verifier, collected)
        return self._writing.write(new, self.options["output-file"], "Successfully created the bundle")

    def _collected(self) -> list[CollectedArtifact]:
        outcomes = map_ordered(self.work, map(_settled, self.each()), jobs=self.jobs or None, collects_warnings=True)
        named = self.items.arguments[0].text if self.items.is_one else "artifacts"
        try:
            with progress(f"{self.activity} {named}"):
                return [artifact for artifact in map(self._taken, outcomes) if artifact is not None]
        finally:
            outcomes.close()

    def _taken(self, outcome: Outcome[Any, CollectedArtifact]) -> CollectedArtifact | None:
        item = outcome.item
        try:
            with warnings_about(item.text):
                for warning in outcome.warnings:
                    warnings.warn(warning, stacklevel=1)
                if isinstance(item, Target):
                    item.warn_of_tag("bundle")
                artifact = outcome.value()
        except ArtifactNotFoundError as error:
            if isinstance(item, Target) and item.may_be_absent:
                self.pass_over(item)
            else:
                self._add_error(item, error)
            return None
        except NotarykitError as error:
            self._add_error(item, error)
            return None
        for digest, problem in artifact.problems:
            self._writing.add_problem(item.text, digest, problem)
        return artifact

    def _add_error(self, item: Target | FailedItem, error: NotarykitError) -> None:
        self._writing.add_error(item.text, error)
        self.print_error(item, error, error.one_line())


def _settled(item: Target | FailedItem) -> Target | Outcome[FailedItem, CollectedArtifact]:
    return item if isinstance(item, Target) else Outcome(item, error=item.error)


def _run(options: Options) -> int:
    creation = _Creation(options)
    try:
        return creation.run()
    finally:
        creation.repositories.close()


COMMAND = Command(
    "[flags] (<reference>... | --from <file>) -o <file>",
    "Put signatures, and all that their verification needs, into one file.",
    _run,
    (
        *REGISTRY_FLAGS,
        POLICY_FLAG,
        *SEVERAL_FLAGS[:2],
        *LIMIT_FLAGS,
        *SIGNATURE_FLAGS,
        *INDEX_FLAGS,
        *WRITING_FLAGS,
        Flag(
            "content",
            "what of the artifacts goes along: full, manifest, or none (the digests suffice to verify)",
            default="full",
            choices=tuple(Content),
        ),
        Flag("oci-layout", "bundle an artifact in an OCI image layout", "switch"),
        Flag("scope", "trust policy scope of the artifact, registry/repository; required with --oci-layout"),
    ),
    arguments=REFERENCES,
    examples=(
        ("Bundle an artifact with its content", "notarykit bundle create registry.example.com/hello:v1 -o hello.tar"),
        (
            "Bundle what is needed to verify several artifacts, without their content",
            "notarykit bundle create --content none --from references.txt -o signatures.tar",
        ),
        (
            "Bundle an artifact in an image layout",
            "notarykit bundle create --oci-layout --scope local/hello hello:v1 -o hello.tar",
        ),
    ),
)
