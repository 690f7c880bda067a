"""Functions for artifacts: they take a reference, and everything else from the user's settings."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from notarykit.api.settings import used_signer, with_format
from notarykit.api.time_limit import within
from notarykit.errors import UsageError
from notarykit.loading import load_registries, load_verifier
from notarykit.oci.reference import LayoutReference, Reference, as_reference

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from notarykit.batch.ordered import Outcomes
    from notarykit.envelope.descriptor import Descriptor
    from notarykit.envelope.signer import EnvelopeSigner, Signer
    from notarykit.oci.registry.registries import Registries
    from notarykit.signing.artifact import SignedArtifact
    from notarykit.signing.options import SignOptions
    from notarykit.verification.artifact import VerifiedArtifact
    from notarykit.verification.verifier import Verifier


def resolve(
    reference: str | Reference | LayoutReference,
    *,
    registries: "Registries | None" = None,
    timeout: float | None = None,
) -> "Descriptor":
    """Looks up an artifact where it is: which one a tag names now, or whether one of this digest is there.

    Args:
        reference: Reference of the artifact; see `verify`.
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).
        timeout: Seconds after which the call ends; see `verify`.

    Returns:
        The artifact's descriptor.

    Raises:
        UsageError: The reference is malformed.
        ConfigurationError: The user's settings cannot be used.
        StorageError: The artifact cannot be found, or the registry does not say so in time.
    """
    parsed = as_reference(reference)

    def work() -> "Descriptor":
        with nullcontext(registries) if registries else load_registries() as opened:
            return opened.open(parsed).resolve(parsed.identifier)

    return within(timeout, work)


def verify(
    reference: str | Reference | LayoutReference,
    *,
    verifier: "Verifier | None" = None,
    registries: "Registries | None" = None,
    scope: str = "",
    user_metadata: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> "VerifiedArtifact":
    """Verifies an artifact where it is, as `notarykit verify` does.

    Args:
        reference: `registry/repository@digest` or `registry/repository:tag`, or a reference that was parsed; an image
            layout's is `parse_layout_reference("path@digest")`.
        verifier: Trust policy and trust stores; by default the user's own (`load_verifier`).
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).
        scope: `registry/repository`, by which the policy statement for an artifact in an image layout is chosen.
        user_metadata: Metadata that the signature must carry.
        timeout: Seconds after which the call ends, whatever it is waiting for; without it, each part of the work
            has its own limit (two minutes for the registry). It costs a thread, unlike `deadline`.

    Returns:
        The verdict, the artifact's descriptor and the signature's.

    Raises:
        UsageError: The reference is malformed.
        ConfigurationError: The user's settings, policy or trust stores cannot be used.
        StorageError: The artifact, or the list of its signatures, cannot be read in time.
        VerificationError: No signature was accepted, there is none, or no policy statement applies.
    """
    parsed = as_reference(reference)
    policy_scope = parsed.policy_scope(scope)

    def work() -> "VerifiedArtifact":
        from notarykit.verification.artifact import ArtifactRequest

        used = verifier or load_verifier()
        with nullcontext(registries) if registries else load_registries() as opened:
            request = ArtifactRequest(partial(opened.open, parsed), parsed.identifier, policy_scope)
            return used.artifact(request, user_metadata=user_metadata)

    return within(timeout, work)


def sign(
    reference: str | Reference | LayoutReference,
    signer: "Signer | EnvelopeSigner | str" = "",
    options: "SignOptions | None" = None,
    *,
    registries: "Registries | None" = None,
    timeout: float | None = None,
) -> "SignedArtifact":
    """Signs an artifact where it is and stores the signature beside it, as `notarykit sign` does.

    Args:
        reference: Reference of the artifact; see `verify`. A digest is better than a tag, which others can move.
        signer: Name of a key on the user's list of signing keys, or an object that signs; the list's default key by
            default.
        options: Options of signing.
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).
        timeout: Seconds after which the call ends; see `verify`. A person may have to enter a PIN within them.

    Raises:
        UsageError: The reference or another argument is malformed.
        SigningKeyError: The key is not on the list, or cannot be used.
        PluginError: The key's plugin failed.
        StorageError: The artifact cannot be found, or the signature cannot be stored.
    """
    parsed = as_reference(reference)

    def work() -> "SignedArtifact":
        from notarykit.signing.artifact import sign_artifact

        used, settings = used_signer(signer), with_format(options)
        with nullcontext(registries) if registries else load_registries() as opened:
            return sign_artifact(opened.open(parsed), parsed.identifier, used, settings)

    return within(timeout, work)


def verify_artifacts(
    references: Iterable[str | Reference | LayoutReference],
    *,
    verifier: "Verifier | None" = None,
    registries: "Registries | None" = None,
    scope: str = "",
    user_metadata: Mapping[str, str] | None = None,
    executor: "Executor | None" = None,
) -> "Outcomes[str | Reference | LayoutReference, VerifiedArtifact]":
    """Verifies many artifacts side by side, as `notarykit verify` does with several references.

    Args:
        references: References of the artifacts, of any number; see `verify`. An iterator is read as the work goes on.
        verifier: Trust policy and trust stores; by default the user's own. The stores are read once.
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).
        scope: `registry/repository`, by which the policy statement for artifacts in image layouts is chosen.
        user_metadata: Metadata that the signatures must carry.
        executor: Executor of the interface of `concurrent.futures`: a `ThreadPoolExecutor`, `process_pool()`, or
            `distributed.Client(…).get_executor(pure=False)`. By default threads of this process, as many as there are
            cores.

    Returns:
        An iterator of an `Outcome` for each reference, in their order: its verdict or its error. An artifact that is
        not accepted does not keep the others from their verdicts. Use it up, or `close` it.

    Raises:
        UsageError: An argument cannot be sent to the processes of the executor, or is one reference and not several.
        ConfigurationError: The user's settings or policy cannot be used.
    """
    from notarykit.batch.ordered import map_ordered
    from notarykit.trust.store import read_once
    from notarykit.verification.many import ReferenceVerification

    _check_several(references)
    used = verifier or load_verifier()
    opened = registries or load_registries()
    work = ReferenceVerification(used._replace(store=read_once(used.store)), opened, scope, user_metadata)
    outcomes = map_ordered(work, references, executor=executor)
    if registries is None:
        outcomes.resources.callback(opened.close)
    return outcomes


def sign_artifacts(
    references: Iterable[str | Reference | LayoutReference],
    signer: "Signer | EnvelopeSigner | str" = "",
    options: "SignOptions | None" = None,
    *,
    registries: "Registries | None" = None,
    executor: "Executor | None" = None,
) -> "Outcomes[str | Reference | LayoutReference, SignedArtifact]":
    """Signs many artifacts side by side, as `notarykit sign` does with several references.

    An artifact whose worker process died is tried once more, and its new signature is stored only if none by the same
    certificate and of the same content has been stored since the start. Executors of others, such as Dask's, may do a
    task again without saying so: there, an artifact can get two signatures if a worker dies.

    Args:
        references: References of the artifacts; see `verify_artifacts`.
        signer: Name of a key on the user's list of signing keys, or an object that signs, from several threads at once;
            the list's default key by default. Processes need the name: private keys are not sent.
        options: Options of signing.
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).
        executor: Executor; see `verify_artifacts`.

    Returns:
        An iterator of an `Outcome` for each reference, in their order: its signature, which is listed, or its error.

    Raises:
        UsageError: An argument cannot be sent to the processes of the executor, such as a key, or is one reference and
            not several.
        ConfigurationError: The user's settings cannot be used.
        SigningKeyError: The key is not on the list, or cannot be used.
    """
    from notarykit.batch.ordered import map_ordered
    from notarykit.signing.many import ReferenceSigning

    _check_several(references)
    settings = with_format(options)
    opened = registries or load_registries()
    work = ReferenceSigning(partial(used_signer, signer), opened, settings)
    outcomes = map_ordered(work, references, executor=executor)
    if registries is None:
        outcomes.resources.callback(opened.close)
    return outcomes


def _check_several(references: object) -> None:
    """Refuses one reference, whose characters or parts would be taken for references."""
    if isinstance(references, str | Reference | LayoutReference):
        raise UsageError(f"{str(references)!r} is one reference, and not several", advice="give a list of references")
