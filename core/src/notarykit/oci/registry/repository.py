"""A repository of a registry, as a place of artifacts and signatures.

Everything that is read by digest is checked against it before anyone else sees it.
"""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.envelope.unverified import LARGEST_ENVELOPE, USUAL_ENVELOPE
from notarykit.errors import ArtifactNotFoundError, ContentError, StorageError
from notarykit.net.budget import Budget
from notarykit.net.messages import Response
from notarykit.oci import manifest as manifests
from notarykit.oci.registry import referrers
from notarykit.oci.registry.host import RegistryHost, expect
from notarykit.oci.registry.pushed import PushedSignature
from notarykit.oci.registry.referrers_tag import FallbackEntry, list_by_tag
from notarykit.oci.registry.uploads import Uploads
from notarykit.oci.repository import StoredSignature, check_size

_MANIFEST_TYPES = (
    manifests.IMAGE_MANIFEST,
    manifests.IMAGE_INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.artifact.manifest.v1+json",
)
_ACCEPT = ", ".join(_MANIFEST_TYPES)
_OK, _CREATED, _NOT_FOUND = 200, 201, 404
# What may come in place of something small, and say why it is not there.
_ERROR_BYTES = 64 * 1024


class RegistryRepository:
    """A repository of a registry. May be used from several threads.

    Args:
        host: The registry.
        name: The repository's name, without the registry's.
        budget: What may be spent in all; one artifact's worth, if it is not given.
        form: In which form new signature manifests are written.
        force_referrers_tag: Whether the fallback tag is written even where the registry has the referrers API.
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
        self._host = host
        self._name = name
        self._place = f"{host.host}/{name}"
        self._budget = budget or Budget()
        self._form: manifests.ManifestForm = form
        self._force_referrers_tag = force_referrers_tag
        self._pull = f"repository:{name}:pull"
        self._push = f"repository:{name}:pull,push"

    def _send(
        self,
        method: str,
        path: str,
        *,
        limit: int = 0,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        again: bool = True,
        push: bool = False,
    ) -> Response:
        return self._host.send(
            method,
            path if "://" in path else self._host.url(f"{self._name}/{path}"),
            scope=self._push if push else self._pull,
            budget=self._budget,
            limit=limit or manifests.LARGEST_MANIFEST,
            headers=headers,
            body=body,
            again=again,
        )

    # Reading

    def resolve(self, tag_or_digest: str) -> Descriptor:
        """The descriptor of an artifact, by its tag or by its digest."""
        descriptor, _ = self._manifest(tag_or_digest)
        return descriptor

    def resolve_with_signatures(self, tag_or_digest: str) -> tuple[Descriptor, Iterator[Descriptor]]:
        """What `resolve` and `signatures` say; where a digest is given, the list is on its way before the manifest is.

        Only once the registry has answered something: its second connection is then worth its while.
        """
        is_known = self._host.remembered.get(f"{self._name}/manifests", tag_or_digest) is not None
        if is_known or ":" not in tag_or_digest:
            artifact = self.resolve(tag_or_digest)
            return artifact, self.signatures(artifact)
        started = referrers.start_list(self._host, self._name, tag_or_digest, self._pull, self._budget)
        try:
            artifact = self.resolve(tag_or_digest)
        except BaseException:
            if started is not None:
                started.abandon()
            raise
        if started is None:
            return artifact, self.signatures(artifact)
        first = self._host.finish(started, limit=manifests.LARGEST_MANIFEST)
        return artifact, self._signatures(artifact, first)

    def _manifest(self, reference: str, limit: int = manifests.LARGEST_MANIFEST) -> tuple[Descriptor, bytes]:
        known = self._host.remembered.get(f"{self._name}/manifests", reference)
        if known is not None:
            return Descriptor(known[0], reference, len(known[1])), known[1]
        response = self._send(
            "GET", f"manifests/{quote(reference, safe=':')}", limit=limit, headers={"Accept": _ACCEPT}
        )
        if response.status == _NOT_FOUND:
            raise ArtifactNotFoundError(f"{self._place} has no artifact {reference!r}", advice="check the reference")
        self._expect(response, _OK, f"manifest {reference}")
        digest = reference if ":" in reference else digest_of(response.body)
        media_type = response.header("Content-Type").partition(";")[0].strip()
        descriptor = Descriptor(media_type, digest, len(response.body))
        self._check(descriptor, response.body)
        _check_media_type(descriptor, response.body)
        self._host.remembered.put(f"{self._name}/manifests", digest, media_type, response.body)
        return descriptor, response.body

    def _check(self, descriptor: Descriptor, content: bytes) -> None:
        if not descriptor.describes(content):
            raise ContentError(f"{self._place}: the content of {descriptor.digest} has another digest or size")

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        """The signature manifests of an artifact, in the registry's order."""
        return self._signatures(subject, None)

    def _signatures(self, subject: Descriptor, first: Response | None) -> Iterator[Descriptor]:
        pages = referrers.list_by_api(self._host, self._name, subject.digest, self._pull, self._budget, first)
        if pages is None:
            entries = list_by_tag(self._send, subject.digest)
            pages = iter([[entry for entry in entries if referrers.may_be_signature(entry)]])
        seen: dict[str, Descriptor] = {}
        for entry in (entry for page in pages for entry in page):
            if seen.setdefault(entry.digest, entry) is entry and entry.artifact_type == manifests.SIGNATURE_TYPE:
                yield entry
        # What only may be a signature has to be read to know; what is read for others never costs the sure ones theirs.
        unsure = [each for each in seen.values() if each.artifact_type != manifests.SIGNATURE_TYPE]
        yield from filter(self._says_it_is_signature, sorted(unsure, key=lambda each: each.size))

    def _says_it_is_signature(self, entry: Descriptor) -> bool:
        """Whether a manifest is a signature by its own account, where the index does not say what it is.

        One that cannot be read counts as one, so that the others are tried and whoever fetches it hears why.
        """
        try:
            check_size("manifest", entry, USUAL_ENVELOPE)
            return manifests.is_signature_manifest(GoMembers(loads(self._referrer(entry)), "manifest"))
        except (DocumentError, StorageError):
            return True

    def _referrer(self, entry: Descriptor) -> bytes:
        """A manifest that a list names, which is read no further than the list says that it goes."""
        descriptor, content = self._manifest(entry.digest, max(entry.size, _ERROR_BYTES))
        if descriptor.size != entry.size:
            raise ContentError(f"manifest {entry.digest} has another size than the index says")
        return content

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        """A signature's envelope, its digest and size checked."""
        check_size("manifest", manifest, min(largest, manifests.LARGEST_MANIFEST))
        content = self._referrer(manifest)
        layer = manifests.read_signature_manifest(content, manifest.digest).envelope
        check_size("envelope", layer, largest)
        return StoredSignature(manifest, layer.media_type, self._blob(layer))

    def _blob(self, descriptor: Descriptor) -> bytes:
        known = self._host.remembered.get(f"{self._name}/blobs", descriptor.digest)
        content = known[1] if known else b""
        if known is None:
            response = self._send("GET", f"blobs/{descriptor.digest}", limit=max(descriptor.size, _ERROR_BYTES))
            self._expect(response, _OK, f"blob {descriptor.digest}")
            content = response.body
        self._check(descriptor, content)
        self._host.remembered.put(f"{self._name}/blobs", descriptor.digest, descriptor.media_type, content)
        return content

    def _expect(self, response: Response, status: int, what: str) -> None:
        expect(response, status, f"{self._place}: {what}")

    # Writing

    def push_signature(
        self,
        subject: Descriptor,
        media_type: str,
        envelope: bytes,
        thumbprints: Sequence[str],
        created: str,
        annotations: Mapping[str, str],
    ) -> Descriptor:
        """Stores a signature and waits until it is listed to stay; see `begin_push`."""
        pushed = self.begin_push(subject, media_type, envelope, thumbprints, created, annotations)
        pushed.is_listed()
        return pushed.manifest

    def begin_push(
        self,
        subject: Descriptor,
        media_type: str,
        envelope: bytes,
        thumbprints: Sequence[str],
        created: str,
        annotations: Mapping[str, str],
    ) -> PushedSignature:
        """Stores a signature: its blobs, its manifest, and the fallback index where there is no referrers API.

        Each step can be done again, so a push that was cut off is completed by signing again.

        Raises:
            UnlistedSignatureError: The manifest is stored, and the fallback index cannot be written.
            StorageError: The registry does not take a blob or the manifest.
        """
        layer = Descriptor(media_type, digest_of(envelope), len(envelope))
        content = manifests.make_signature_manifest(
            subject, layer, thumbprints, created, form=self._form, annotations=annotations
        )
        manifest = Descriptor(manifests.IMAGE_MANIFEST, digest_of(content), len(content))
        uploads = Uploads(self._host, self._name, self._send, self._budget)
        is_taken_for_granted = uploads.push_config()
        uploads.push(layer.digest, envelope)
        response = self._put_manifest(manifest, content)
        if response.status != _CREATED and is_taken_for_granted:
            uploads.push(manifests.EMPTY_CONFIG_DIGEST, manifests.EMPTY_CONFIG)
            response = self._put_manifest(manifest, content)
        self._expect(response, _CREATED, "signature manifest")
        entry = None
        # distribution-spec 1.1, "Pushing Manifests with Subject": where "the OCI-Subject header was not set, the client
        # MUST" list it under the tag, whatever the API seems to be able to.
        if self._force_referrers_tag or response.header("OCI-Subject") != subject.digest:
            described = manifest._replace(
                artifact_type=manifests.SIGNATURE_TYPE,
                annotations=manifests.read_signature_manifest(content, manifest.digest).annotations,
            )
            lock = (self._host.settings.lock_folder, self._place)
            entry = FallbackEntry(self._send, subject.digest, described, self._budget, lock)
        pushed = PushedSignature(manifest, self._place, self._budget, entry)
        pushed.is_listed(wait=False)
        return pushed

    def _put_manifest(self, manifest: Descriptor, content: bytes) -> Response:
        return self._send(
            "PUT",
            f"manifests/{manifest.digest}",
            headers={"Content-Type": manifest.media_type},
            body=content,
            push=True,
        )


def _check_media_type(descriptor: Descriptor, content: bytes) -> None:
    """A manifest that says what it is must be what the registry says that it is."""
    if not descriptor.media_type:
        raise ContentError(f"manifest {descriptor.digest} came without a media type")
    try:
        own = GoMembers(loads(content), "manifest").text("mediaType", descriptor.media_type)
    except DocumentError as error:
        raise ContentError(f"manifest {descriptor.digest} is malformed: {error}") from None
    if own != descriptor.media_type:
        raise ContentError(f"manifest {descriptor.digest} is of another media type than the registry says")
