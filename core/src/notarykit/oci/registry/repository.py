"""Repository of a registry: artifacts, and the signatures attached to them.

Content is verified against its digest before it is returned.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from urllib.parse import quote

from notarykit._internal.strict_json import DocumentError, GoMembers
from notarykit.envelope.descriptor import Descriptor, StreamCheck, digest_of
from notarykit.envelope.unverified import LARGEST_ENVELOPE, USUAL_ENVELOPE
from notarykit.errors import ArtifactNotFoundError, ContentError, StorageError
from notarykit.net.budget import DEFAULT_SECONDS, Budget
from notarykit.net.messages import Response, StreamedContent
from notarykit.oci import manifest as manifests
from notarykit.oci.reference import Digest, Tag, refuse_identifier
from notarykit.oci.registry import referrers
from notarykit.oci.registry.catalog import list_tags
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.host import RegistryHost
from notarykit.oci.registry.pushed import PushedSignature
from notarykit.oci.registry.referrers_tag import IndexUpdate, list_by_tag
from notarykit.oci.registry.uploads import is_present, upload_blob, upload_config
from notarykit.oci.repository import Repository, StoredSignature, check_size

_ACCEPT = {"Accept": ", ".join(manifests.MANIFEST_TYPES)}
_OK, _CREATED, _NOT_FOUND = 200, 201, 404
# Room for an error response in place of small content.
_ERROR_BYTES = 64 * 1024
# For content of any size: room for header fields and responses of other kinds, and bytes a second.
_OVERHEAD = 32 * 1024 * 1024
_SLOWEST = 256 * 1024


class _Manifest:
    """Manifest whose digest was checked; parsed once, when its members are first needed.

    Attributes:
        descriptor: The descriptor.
        content: The bytes.
    """

    def __init__(self, descriptor: Descriptor, content: bytes) -> None:
        self.descriptor = descriptor
        self.content = content

    @cached_property
    def members(self) -> GoMembers:
        """The members.

        Raises:
            DocumentError: The manifest is malformed.
        """
        return manifests.parse_manifest(self.content)


class RegistryRepository(Repository):
    """Repository of a registry, thread-safe.

    Args:
        host: The registry.
        name: The repository's name, without the registry.
        budget: Limits of bytes and seconds for all requests; by default those for one artifact.
        form: The form of new signature manifests.
        force_referrers_tag: True to write the referrers tag even if the registry has the referrers API.
    """

    def __init__(
        self,
        host: RegistryHost,
        name: str,
        *,
        budget: Budget | None = None,
        form: manifests.ManifestForm = "current",
        force_referrers_tag: bool = False,
    ) -> None:
        self._endpoint = RepositoryEndpoint(host, name, budget or Budget())
        self._form: manifests.ManifestForm = form
        self._force_referrers_tag = force_referrers_tag

    # Reading

    def resolve(self, identifier: Tag | Digest) -> Descriptor:
        """Returns the descriptor of an artifact by tag or digest."""
        return self._manifest(identifier).descriptor

    def resolve_with_signatures(self, identifier: Tag | Digest) -> tuple[Descriptor, Iterator[Descriptor]]:
        """Combines `resolve` and `signatures`; for a digest, the referrers are requested before the manifest.

        The requests overlap only after a first response of the registry, which may still demand authentication.
        """
        is_cached = self._endpoint.cached("manifests", identifier) is not None
        if is_cached or isinstance(identifier, Tag):
            artifact = self.resolve(identifier)
            return artifact, self.signatures(artifact)
        started = referrers.start_listing(self._endpoint, identifier)
        try:
            artifact = self.resolve(identifier)
        except BaseException:
            if started is not None:
                started.abandon()
            raise
        if started is None:
            return artifact, self.signatures(artifact)
        first = self._endpoint.host.finish(started)
        return artifact, self._signatures(artifact, first)

    def _manifest(self, identifier: Tag | Digest, limit: int = 0) -> _Manifest:
        cached = self._endpoint.cached("manifests", identifier)
        if cached is not None:
            return _Manifest(Descriptor(cached[0], identifier, len(cached[1])), cached[1])
        path = f"manifests/{identifier if isinstance(identifier, Digest) else quote(identifier, safe='')}"
        response = self._endpoint.send("GET", path, _ACCEPT, limit=limit)
        if response.status == _NOT_FOUND:
            raise ArtifactNotFoundError(
                f"{self._endpoint.place} has no artifact {identifier!r}", advice="check the reference"
            )
        self._endpoint.expect_status(response, _OK, f"manifest {identifier}")
        match identifier:
            case Digest():
                digest: str = identifier
            case Tag():
                digest = digest_of(response.body)
            case _:
                refuse_identifier(identifier)
        media_type = response.header("Content-Type").partition(";")[0].strip()
        manifest = _Manifest(Descriptor(media_type, digest, len(response.body)), response.body)
        self._check(manifest.descriptor, response.body)
        _check_media_type(manifest)
        self._endpoint.keep("manifests", digest, media_type, response.body)
        return manifest

    def fetch_manifest(self, identifier: Tag | Digest) -> tuple[Descriptor, bytes]:
        """Returns the descriptor and the content of a manifest, up to 4 MiB."""
        manifest = self._manifest(identifier)
        return manifest.descriptor, manifest.content

    def _check(self, descriptor: Descriptor, content: bytes) -> None:
        if not descriptor.describes(content):
            raise ContentError(f"{self._endpoint.place}: the content of {descriptor.digest} has another digest or size")

    def tags(self) -> Iterator[str]:
        """Yields the tags, which may be malformed; see `list_tags`."""
        return list_tags(self._endpoint)

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        """Yields the signature manifests of an artifact, in the registry's order."""
        return self._signatures(subject, None)

    def _signatures(self, subject: Descriptor, first: Response | None) -> Iterator[Descriptor]:
        pages = referrers.list_by_api(self._endpoint, subject.digest, first)
        if pages is None:
            entries = list_by_tag(self._endpoint, subject.digest)
            pages = iter([[entry for entry in entries if referrers.may_be_signature(entry)]])
        seen: dict[str, Descriptor] = {}
        for entry in (entry for page in pages for entry in page):
            if seen.setdefault(entry.digest, entry) is entry and entry.artifact_type == manifests.SIGNATURE_TYPE:
                yield entry
        # Entries without an artifact type have to be read; they come last, so that the others have the budget first.
        untyped = [entry for entry in seen.values() if entry.artifact_type != manifests.SIGNATURE_TYPE]
        yield from filter(self._is_signature, sorted(untyped, key=lambda entry: entry.size))

    def _is_signature(self, entry: Descriptor) -> bool:
        """Reads a manifest whose index entry has no artifact type; True if it is a signature manifest.

        A manifest that cannot be read counts as one: the caller gets the error on fetching it, after all others.
        """
        try:
            check_size("manifest", entry, USUAL_ENVELOPE)
            return manifests.is_signature_manifest(self._referrer(entry).members)
        except (DocumentError, StorageError):
            return True

    def _referrer(self, entry: Descriptor) -> _Manifest:
        """Reads a listed manifest, up to its size in the list."""
        manifest = self._manifest(Digest(entry.digest), max(entry.size, _ERROR_BYTES))
        if manifest.descriptor.size != entry.size:
            raise ContentError(f"manifest {entry.digest} has another size than the index says")
        return manifest

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        """Returns a signature's envelope after checking digest and size."""
        check_size("manifest", manifest, min(largest, manifests.LARGEST_MANIFEST))
        layer = manifests.read_signature_manifest(self._referrer(manifest).members, manifest.digest).envelope
        check_size("envelope", layer, largest)
        return StoredSignature(manifest, layer.media_type, self.fetch_blob(layer, largest))

    def fetch_blob(self, descriptor: Descriptor, largest: int) -> bytes:
        """Returns the content of a blob after checking digest and size."""
        if descriptor.size > largest:
            raise StorageError(
                f"{descriptor.digest} has {descriptor.size} bytes, more than the {largest} that are read"
            )
        cached = self._endpoint.cached("blobs", descriptor.digest)
        content = cached[1] if cached else b""
        if cached is None:
            limit = max(descriptor.size, _ERROR_BYTES)
            response = self._endpoint.send("GET", f"blobs/{descriptor.digest}", limit=limit)
            self._endpoint.expect_status(response, _OK, f"blob {descriptor.digest}")
            content = response.body
        self._check(descriptor, content)
        self._endpoint.keep("blobs", descriptor.digest, descriptor.media_type, content)
        return content

    def stream_blob(self, descriptor: Descriptor, sink: Callable[[bytes], object]) -> None:
        """Passes the content of a blob to a sink, piece by piece; see `Repository.stream_blob`.

        The budget of the artifact, which is for small content, does not count.
        """
        endpoint = self._endpoint_for(descriptor.size)
        check = StreamCheck(descriptor, sink)
        response = endpoint.download(f"blobs/{descriptor.digest}", descriptor.size, check.add)
        endpoint.expect_status(response, _OK, f"blob {descriptor.digest}")
        if not check.end():
            raise ContentError(f"{endpoint.place}: the content of {descriptor.digest} has another digest or size")

    def _endpoint_for(self, size: int) -> RepositoryEndpoint:
        """Returns the repository's endpoint with a budget for content of a size."""
        budget = Budget(size + _OVERHEAD, DEFAULT_SECONDS + size / _SLOWEST)
        return RepositoryEndpoint(self._endpoint.host, self._endpoint.name, budget)

    # Writing

    def push_blob(self, descriptor: Descriptor, content: bytes | StreamedContent) -> bool:
        """Stores a blob unless the repository has it; returns True if it was stored.

        The budget of the artifact, which is for small content, does not count.

        Raises:
            StorageError: The registry refuses it.
        """
        endpoint = self._endpoint_for(descriptor.size)
        if is_present(endpoint, descriptor.digest):
            return False
        upload_blob(endpoint, descriptor.digest, content)
        return True

    def push_manifest(self, manifest: Descriptor, content: bytes, tag: str = "") -> None:
        """Stores a manifest, whose blobs are there, and gives it a tag if one is named.

        Raises:
            StorageError: The registry refuses it.
        """
        endpoint = self._endpoint_for(manifest.size)
        path = f"manifests/{quote(tag, safe='') if tag else manifest.digest}"
        response = endpoint.send("PUT", path, {"Content-Type": manifest.media_type}, content)
        endpoint.expect_status(response, _CREATED, f"manifest {manifest.digest}")

    def push_signature(
        self, subject: Descriptor, media_type: str, envelope: bytes, annotations: Mapping[str, str]
    ) -> Descriptor:
        """Stores a signature and waits until it is listed for good; see `begin_push`."""
        pushed = self.begin_push(subject, media_type, envelope, annotations)
        pushed.is_listed()
        return pushed.manifest

    def begin_push(
        self, subject: Descriptor, media_type: str, envelope: bytes, annotations: Mapping[str, str]
    ) -> PushedSignature:
        """Stores a signature: blobs, manifest, and the referrers index if the registry lacks the referrers API.

        Each step can be repeated, so that signing again completes an interrupted push.

        Raises:
            UnlistedSignatureError: The manifest is stored, but the referrers index cannot be written.
            StorageError: The registry refuses a blob or the manifest.
        """
        layer = Descriptor(media_type, digest_of(envelope), len(envelope))
        content = manifests.make_signature_manifest(subject, layer, annotations, form=self._form)
        manifest = Descriptor(manifests.IMAGE_MANIFEST, digest_of(content), len(content))
        is_config_assumed = upload_config(self._endpoint)
        upload_blob(self._endpoint, layer.digest, envelope)
        response = self._put_manifest(manifest, content)
        if response.status != _CREATED and is_config_assumed:
            upload_blob(self._endpoint, manifests.EMPTY_CONFIG_DIGEST, manifests.EMPTY_CONFIG)
            response = self._put_manifest(manifest, content)
        self._endpoint.expect_status(response, _CREATED, "signature manifest")
        update = None
        # distribution-spec 1.1, "Pushing Manifests with Subject": where "the OCI-Subject header was not set, the client
        # MUST" update the index under the referrers tag, even if the registry seems to have the API.
        if self._force_referrers_tag or response.header("OCI-Subject") != subject.digest:
            entry = manifest._replace(
                artifact_type=manifests.SIGNATURE_TYPE,
                annotations=dict(annotations),
            )
            update = IndexUpdate(self._endpoint, subject.digest, entry)
        pushed = PushedSignature(manifest, self._endpoint, update)
        pushed.is_listed(wait=False)
        return pushed

    def _put_manifest(self, manifest: Descriptor, content: bytes) -> Response:
        headers = {"Content-Type": manifest.media_type}
        return self._endpoint.send("PUT", f"manifests/{manifest.digest}", headers, content)


def _check_media_type(manifest: _Manifest) -> None:
    """Refuses a manifest whose `mediaType` differs from the Content-Type of the response."""
    descriptor = manifest.descriptor
    if not descriptor.media_type:
        raise ContentError(f"manifest {descriptor.digest} has no Content-Type")
    try:
        manifests.check_media_type(descriptor, manifest.members, "its Content-Type")
    except DocumentError as error:
        raise ContentError(f"manifest {descriptor.digest} is malformed: {error}") from None
