"""Signing of many artifacts: the work on one, for `notarykit.batch`."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from notarykit._internal.rfc3339 import utc_now
from notarykit.batch.work import Work
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.signer import EnvelopeSigner, Signer
from notarykit.errors import NotarykitError
from notarykit.oci.reference import Digest, LayoutReference, Reference, Tag, as_reference
from notarykit.oci.registry.registries import Registries
from notarykit.oci.repository import ListedSignature, PushedSignature, Repository, StoredSignature
from notarykit.signing.artifact import SignedArtifact, begin_signing, begin_storing
from notarykit.signing.envelope import SignedEnvelope, sign_descriptor
from notarykit.signing.options import DEFAULT_OPTIONS, SignOptions
from notarykit.verification.options import MAX_SIGNATURES
from notarykit.verification.signatures import fetch_signatures

# Clocks of workers on several machines, and times in envelopes, which have whole seconds.
CLOCK_SKEW = timedelta(minutes=5)

_Begun = tuple[SignedArtifact, PushedSignature]


class ReferenceSigning(Work[str | Reference | LayoutReference, _Begun, SignedArtifact]):
    """Signs artifacts by their references, and waits until the signatures are listed while others are signed.

    An artifact whose worker died may be signed already. It is signed once more, and before that signature is stored,
    the artifact's signatures are searched for one by the same certificate, of the same content and of this run: where
    there is one, it is the result.

    Args:
        open_signer: Returns the signer; called once in each process. For processes it is pickled, so that it is the
            function `notarykit.load_signer` with the name of a key (`functools.partial`), and not the key itself.
        registries: Registries; each process has connections of its own.
        options: Options of signing.
    """

    def __init__(
        self,
        open_signer: Callable[[], Signer | EnvelopeSigner],
        registries: Registries,
        options: SignOptions = DEFAULT_OPTIONS,
    ) -> None:
        self._open_signer = open_signer
        self._registries = registries
        self._options = options
        self._since = (options.now or utc_now()) - CLOCK_SKEW
        self._lock = threading.Lock()
        self._opened: Signer | EnvelopeSigner | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling, without the signer that was opened."""
        return _unpickled, (self._open_signer, self._registries, self._options, self._since)

    def begin(self, item: str | Reference | LayoutReference) -> _Begun:
        """Signs an artifact and stores the signature."""
        reference = as_reference(item)
        return begin_signing(self._registries.open(reference), reference.identifier, self._signer(), self._options)

    def begin_again(self, item: str | Reference | LayoutReference) -> _Begun:
        """Signs an artifact unless the signature of the first try is there."""
        reference = as_reference(item)
        repository = self._registries.open(reference)
        return sign_again(repository, reference.identifier, self._signer(), self._options, self._since)

    def finish(self, begun: _Begun) -> SignedArtifact:
        """Waits until the signature is listed."""
        signed, pushed = begun
        pushed.is_listed()
        return signed

    def close(self) -> None:
        """Closes the connections."""
        self._registries.close()

    def _signer(self) -> Signer | EnvelopeSigner:
        with self._lock:
            self._opened = self._opened or self._open_signer()
            return self._opened


def _unpickled(
    open_signer: Callable[[], Signer | EnvelopeSigner], registries: Registries, options: SignOptions, since: datetime
) -> ReferenceSigning:
    signing = ReferenceSigning(open_signer, registries, options)
    signing._since = since  # noqa: SLF001 - of the run, not of this process
    return signing


def sign_again(
    repository: Repository,
    identifier: Tag | Digest,
    signer: Signer | EnvelopeSigner,
    options: SignOptions,
    since: datetime,
) -> _Begun:
    """Signs an artifact like `begin_signing`, unless a signature of the same content was made since a time."""
    artifact = repository.resolve(identifier)
    signature = sign_descriptor(artifact, signer, options)
    present = find_signed(repository, artifact, signature.content, since)
    return present or begin_storing(repository, artifact, signature)


def find_signed(
    repository: Repository, artifact: Descriptor, content: IntactEnvelope, since: datetime
) -> _Begun | None:
    """Returns the first signature of an artifact with the same signed content and certificates, made since a time."""
    for manifest, stored in fetch_signatures(repository, repository.signatures(artifact), MAX_SIGNATURES):
        intact = None if isinstance(stored, NotarykitError) else _intact(stored)
        if intact is None or intact.target != content.target or intact.chain.ders != content.chain.ders:
            continue
        if intact.attributes.claimed_time >= since:
            assert isinstance(stored, StoredSignature)
            signed = SignedEnvelope(stored.envelope, stored.media_type, intact, {})
            return SignedArtifact(artifact, manifest, signed), ListedSignature(manifest)
    return None


def _intact(stored: StoredSignature) -> IntactEnvelope | None:
    try:
        return check_integrity(parse_envelope(stored.envelope, stored.media_type))
    except Exception:  # noqa: BLE001 - whatever a stranger's signature does, the others are looked at
        return None
