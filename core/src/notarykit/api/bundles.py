"""Functions for bundles, which carry signatures and what their verification needs over an air gap, in one file."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from notarykit.errors import ArtifactNotFoundError, UsageError
from notarykit.loading import load_registries, load_verifier
from notarykit.oci.reference import Digest, LayoutReference, Reference, as_reference

if TYPE_CHECKING:
    from notarykit.bundle.bundle import SignatureBundle
    from notarykit.bundle.contents import BundledArtifact
    from notarykit.bundle.creation import CollectedArtifact
    from notarykit.bundle.pushing import PushedArtifact
    from notarykit.bundle.writing import NewBundle
    from notarykit.oci.registry.registries import Registries
    from notarykit.revocation.limits import Limits
    from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
    from notarykit.verification.verifier import Verifier


class BundleOptions(NamedTuple):
    """Options of making a bundle.

    Attributes:
        content: What the bundle holds of the artifacts: `full`, `manifest` or `none`; digests suffice to verify.
        recursive: True for every manifest below an image index, too.
        limits: Limits of requests for evidence.
        allow_unverified: True for a bundle even if an artifact would not be verified with it.
    """

    content: str = "full"
    recursive: bool = False
    limits: "Limits | None" = None
    allow_unverified: bool = False


DEFAULT_OPTIONS = BundleOptions()


def create_bundle(
    path: str | os.PathLike[str],
    references: Iterable[str | Reference | LayoutReference],
    options: BundleOptions = DEFAULT_OPTIONS,
    *,
    scope: str = "",
    verifier: "Verifier | None" = None,
    registries: "Registries | None" = None,
) -> "SignatureBundle":
    """Makes a bundle of artifacts, as `notarykit bundle create` does.

    Args:
        path: Path of the bundle; another file of that name is replaced once the bundle is whole.
        references: References of the artifacts; see `notarykit.verify`.
        options: Options of the bundle.
        scope: `registry/repository`, by which the policy statement for artifacts in image layouts is chosen, and under
            which the bundle knows them.
        verifier: Trust policy and trust stores, which become the bundle's proposal; by default the user's own.
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).

    Returns:
        The bundle, opened.

    Raises:
        UsageError: An argument is malformed, or the policy skips an artifact.
        ConfigurationError: The user's settings, policy or trust stores cannot be used.
        StorageError: An artifact cannot be read, or the bundle cannot be written.
        VerificationError: An artifact would not be verified with the bundle.
    """
    from notarykit.bundle.contents import Content
    from notarykit.bundle.creation import new_bundle
    from notarykit.verification.artifact import ArtifactRequest

    if isinstance(references, str | Reference | LayoutReference):
        raise UsageError(f"{str(references)!r} is one reference, and not several", advice="give a list of references")
    if options.content not in list(Content):
        raise UsageError(f"content {options.content!r} is not one of {', '.join(Content)}")
    used = verifier or load_verifier()
    with nullcontext(registries) if registries else load_registries() as opened:
        collected: list[CollectedArtifact] = []
        for reference in map(as_reference, references):
            policy_scope = reference.policy_scope(scope)
            request = ArtifactRequest(partial(opened.open, reference), reference.identifier, policy_scope)
            collected += _collected(request, used, options)
        new = new_bundle(Content(options.content), used, collected)
        return _written(new, used, os.fspath(path), allow_unverified=options.allow_unverified)


def _collected(
    request: "ArtifactRequest", verifier: "Verifier", options: BundleOptions
) -> "Iterator[CollectedArtifact]":
    from notarykit.bundle.contents import Content
    from notarykit.bundle.creation import collect_artifact
    from notarykit.oci.index import index_members

    content = Content(options.content)
    if not options.recursive:
        yield collect_artifact(verifier, request, content, limits=options.limits)
        return
    for member in index_members(request.open_repository(), request.identifier):
        if member.error is not None:
            raise member.error
        below = request._replace(identifier=Digest(member.descriptor.digest)) if member.parent else request
        platform = str(member.platform or "")
        try:
            collected = collect_artifact(
                verifier, below, content, limits=options.limits, platform=platform, parent=member.parent
            )
        except ArtifactNotFoundError:
            if not member.parent:
                raise
            continue  # an index may be of more than its repository holds
        member.check(collected.artifact.artifact)
        yield collected


def verify_bundle(
    bundle: "str | os.PathLike[str] | SignatureBundle",
    artifacts: "Iterable[BundledArtifact] | None" = None,
    *,
    verifier: "Verifier | None" = None,
    trust_digest: str = "",
    destination: str = "",
    user_metadata: Mapping[str, str] | None = None,
) -> "Sequence[tuple[BundledArtifact, VerifiedArtifact]]":
    """Verifies the artifacts of a bundle without any network, as `notarykit bundle verify` does.

    Args:
        bundle: Path of the bundle, or the bundle that `open_bundle` has opened.
        artifacts: Some of its artifacts; all of them by default.
        verifier: Trust policy and trust stores; by default the user's own. Its `revocation` is not used.
        trust_digest: Digest of the bundle's proposal of trust, told by another way, which is used then.
        destination: `registry` or `registry/prefix` where the artifacts will be, by whose names policy statements are
            chosen.
        user_metadata: Metadata that the signatures must carry.

    Returns:
        Each artifact with its verdict.

    Raises:
        UsageError: An argument is malformed.
        ConfigurationError: A policy or trust store cannot be used, or the proposal of trust has another digest.
        StorageError: The bundle cannot be read, or is none; `ContentError` where a part is not what it should be.
        VerificationError: An artifact was not accepted; the first one that is not ends the call.
    """
    from notarykit.bundle.verification import offline, scope_in, verify_bundled

    opened = _opened(bundle)
    used = offline(_verifier(opened, verifier, trust_digest), opened)
    verdicts = []
    for artifact in opened.artifacts if artifacts is None else artifacts:
        scope = scope_in(artifact.repository, destination) if destination else artifact.repository
        verified = verify_bundled(opened, artifact, used, scope=scope, user_metadata=user_metadata)
        opened.check_content(artifact)
        verdicts.append((artifact, verified))
    return verdicts


def refresh_bundle(
    path: str | os.PathLike[str],
    new_path: str | os.PathLike[str] = "",
    *,
    verifier: "Verifier | None" = None,
    trust_digest: str = "",
    limits: "Limits | None" = None,
    allow_unverified: bool = False,
) -> "SignatureBundle":
    """Collects the evidence in a bundle anew, as `notarykit bundle refresh` does; everything else stays as it is.

    Args:
        path: Path of the bundle.
        new_path: Path of the new bundle; by default it replaces the present one once it is whole.
        verifier: Trust policy and trust stores; by default the user's own.
        trust_digest: Digest of the bundle's proposal of trust, told by another way, which is used then.
        limits: Limits of requests for evidence.
        allow_unverified: True for a bundle even if an artifact would not be verified with it.

    Returns:
        The new bundle, opened.

    Raises:
        NotarykitError: As `verify_bundle` and `create_bundle`.
    """
    from notarykit.bundle.evidence import BundledEvidence
    from notarykit.bundle.reading import open_bundle
    from notarykit.bundle.refreshing import collect_again, refreshed_bundle

    bundle = open_bundle(os.fspath(path))
    used = _verifier(bundle, verifier, trust_digest)
    collected = [collect_again(bundle, artifact, used, limits) for artifact in bundle.artifacts]
    evidence = BundledEvidence.of(evidence for each in collected for evidence in each.evidence)
    new = refreshed_bundle(bundle, evidence)
    return _written(new, used, os.fspath(new_path) or os.fspath(path), allow_unverified=allow_unverified)


def push_bundle(
    bundle: "str | os.PathLike[str] | SignatureBundle",
    destination: str,
    *,
    verifier: "Verifier | None" = None,
    trust_digest: str = "",
    allow_unverified: bool = False,
    registries: "Registries | None" = None,
) -> "Sequence[tuple[BundledArtifact, PushedArtifact]]":
    """Verifies the artifacts of a bundle, and pushes them with their signatures, as `notarykit bundle push` does.

    It may be called again after a failure.

    Args:
        bundle: Path of the bundle, or the bundle that `open_bundle` has opened.
        destination: `registry` or `registry/prefix`; each artifact goes into the repository of its own name below it.
        verifier: Trust policy and trust stores; by default the user's own. Statements are chosen by the repositories
            that the artifacts come from.
        trust_digest: Digest of the bundle's proposal of trust, told by another way, which is used then.
        allow_unverified: True to push everything that is in the bundle, and verify nothing.
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).

    Returns:
        Each artifact with what was pushed of it.

    Raises:
        UsageError: The destination is malformed, or two artifacts would have one tag there.
        ConfigurationError: The user's settings, a policy or a trust store cannot be used, or the proposal of trust has
            another digest.
        StorageError: The bundle cannot be read, or the registry refuses something.
        VerificationError: An artifact was not accepted; nothing is pushed then.
    """
    from notarykit.bundle.pushing import push_artifact, pushed_references
    from notarykit.bundle.verification import offline, verify_bundled

    opened = _opened(bundle)
    references = pushed_references(opened, destination)
    if not allow_unverified:
        used = offline(_verifier(opened, verifier, trust_digest), opened)
        for artifact in opened.artifacts:
            verify_bundled(opened, artifact, used)
    pushed = []
    with nullcontext(registries) if registries else load_registries() as used_registries:
        for artifact, reference in zip(opened.artifacts, references, strict=True):
            pushed.append((artifact, push_artifact(opened, artifact, used_registries.repository(reference))))
    return pushed


def _opened(bundle: "str | os.PathLike[str] | SignatureBundle") -> "SignatureBundle":
    from notarykit.bundle.reading import open_bundle

    return open_bundle(os.fspath(bundle)) if isinstance(bundle, str | os.PathLike) else bundle


def _verifier(bundle: "SignatureBundle", verifier: "Verifier | None", trust_digest: str) -> "Verifier":
    from notarykit.verification.verifier import Verifier

    if not trust_digest:
        return verifier or load_verifier()
    trust = bundle.trusted(trust_digest)
    if verifier is not None:
        return verifier._replace(policies=trust.policies, store=trust.store)
    return Verifier(trust.policies, trust.store)


def _written(new: "NewBundle", verifier: "Verifier", path: str, *, allow_unverified: bool) -> "SignatureBundle":
    """Verifies as the other side will, writes the bundle, and opens it."""
    from notarykit.bundle.reading import open_bundle
    from notarykit.bundle.verification import offline, verify_bundled

    if not allow_unverified:
        used = offline(verifier, new.bundle)
        for artifact in new.bundle.artifacts:
            verify_bundled(new.bundle, artifact, used, is_new=True)
    new.write(path)
    return open_bundle(path)
