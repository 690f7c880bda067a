"""Referrers tag schema, the substitute for the referrers API, with concurrent writers.

distribution-spec 1.1, "Pushing Manifests with Subject" and "Unavailable Referrers API". The index under the tag is
read, changed and written back, which registries do not offer as one step. Three measures keep writers from overwriting
each other: those on one machine use a lock; registries that honour `If-Match` refuse stale writes; and each writer
reads the index again after a random pause, and writes again if an entry is missing.
"""

import contextlib
import hashlib
import os
import random
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from notarykit._internal import locks
from notarykit._internal.strict_json import dumps, loads
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NetworkError, NotAnIndexError, StorageError
from notarykit.oci.manifest import IMAGE_INDEX, LARGEST_MANIFEST, parse_index
from notarykit.oci.registry.endpoint import RepositoryEndpoint

_OK, _CREATED, _NOT_FOUND, _PRECONDITION_FAILED = 200, 201, 404, 412
_MAX_READS = 12
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 0.5


def referrers_tag(digest: str) -> str:
    """Returns the tag of a digest's referrers index: `algorithm-hex`, both parts truncated as specified."""
    algorithm, _, encoded = digest.partition(":")
    return f"{algorithm[:32]}-{encoded[:64]}"


class ReferrersIndex(NamedTuple):
    """The index under a referrers tag, as read.

    Attributes:
        entries: Its entries.
        members: The index's JSON object, all of which is kept.
        etag: The registry's name of this version, or an empty string.
    """

    entries: list[Descriptor]
    members: dict[str, Any]
    etag: str


def read_referrers_index(endpoint: RepositoryEndpoint, digest: str) -> ReferrersIndex:
    """Reads the index under the referrers tag of a digest; an absent one is empty.

    Raises:
        NotAnIndexError: The tag is of something else than an index of referrers.
        NetworkError: It cannot be read.
    """
    name = f"referrers index {referrers_tag(digest)}"
    response = endpoint.send("GET", f"manifests/{referrers_tag(digest)}", {"Accept": IMAGE_INDEX})
    if response.status == _NOT_FOUND:
        return ReferrersIndex([], {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": []}, "")
    if response.status != _OK:
        raise NetworkError(f"{name}: status {response.status}")
    if Descriptor("", digest, len(response.body)).describes(response.body):
        raise NotAnIndexError(f"{name}: the registry returns the artifact itself for this tag")
    entries = parse_index(response.body, name)
    members = loads(response.body)
    media_type = members.get("mediaType") or IMAGE_INDEX
    if media_type != IMAGE_INDEX:
        raise NotAnIndexError(f"{name} is of the type {media_type!r}")
    return ReferrersIndex(entries, members, response.header("ETag"))


def list_by_tag(endpoint: RepositoryEndpoint, digest: str) -> list[Descriptor]:
    """Returns the entries of the index under the referrers tag of a digest.

    distribution-spec 1.1, "Listing Referrers": where "the tag schema does not return a valid image index, the client
    SHOULD assume there are no referrers".

    Raises:
        NetworkError: It cannot be read.
    """
    try:
        return read_referrers_index(endpoint, digest).entries
    except NotAnIndexError:
        return []


class IndexUpdate:
    """Addition of an entry to the referrers index of a digest, safe against concurrent writers.

    Args:
        endpoint: The repository.
        digest: The digest of the artifact.
        entry: The descriptor of the signature manifest, with artifact type and annotations.
    """

    def __init__(self, endpoint: RepositoryEndpoint, digest: str, entry: Descriptor) -> None:
        self._endpoint = endpoint
        self._digest = digest
        self._wanted = {entry.digest: entry}
        self._reads = 0
        self._next_read = 0.0
        self._is_stable = False

    def is_stable(self, *, wait: bool = True) -> bool:
        """Writes the entry, and returns True once it was still there at a later read.

        Args:
            wait: False to return False before the next read is due, instead of waiting for it.

        Raises:
            NotAnIndexError: The tag is of something else than an index of referrers, which is not overwritten.
            StorageError: It could not be written, or was overwritten too often.
        """
        while not self._is_stable:
            early = self._next_read - time.monotonic()
            if early > 0 and not wait:
                return False
            if early > 0:
                time.sleep(self._endpoint.budget.seconds(early))
            self._is_stable = self._add_missing()
            self._next_read = time.monotonic() + random.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE)  # noqa: S311 - no secret
        return True

    def _add_missing(self) -> bool:
        """Reads the index and writes missing entries, those of others included; True if none was missing."""
        if self._reads == _MAX_READS:
            tag = referrers_tag(self._digest)
            raise NetworkError(f"referrers index {tag}: overwritten by other writers again and again")
        self._reads += 1
        with self._lock():
            index = read_referrers_index(self._endpoint, self._digest)
            present = {entry.digest: entry for entry in index.entries}
            missing = [entry for entry in self._wanted.values() if entry.digest not in present]
            self._wanted.update(present)
            if missing:
                self._write(index, missing)
        return not missing

    def _write(self, index: ReferrersIndex, missing: list[Descriptor]) -> None:
        """Writes the index with missing entries, unless the registry detects that it has changed since."""
        tag = referrers_tag(self._digest)
        items = index.members.get("manifests") or []
        content = dumps({**index.members, "manifests": [*items, *(entry.to_json() for entry in missing)]})
        if len(content) > LARGEST_MANIFEST:
            raise NetworkError(f"referrers index {tag} would exceed {LARGEST_MANIFEST} bytes")
        headers = {"Content-Type": IMAGE_INDEX, **({"If-Match": index.etag} if index.etag else {})}
        response = self._endpoint.send("PUT", f"manifests/{tag}", headers, content)
        if response.status not in (_CREATED, _PRECONDITION_FAILED):
            raise NetworkError(f"referrers index {tag}: status {response.status}")

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Holds this machine's lock for the index, if there is a folder of locks."""
        folder = self._endpoint.host.settings.lock_folder
        name = hashlib.sha256(f"{self._endpoint.place}@{self._digest}".encode()).hexdigest()[:32]
        with contextlib.ExitStack() as stack:
            if folder:
                with contextlib.suppress(StorageError):  # the lock spares writes; the later read keeps entries
                    stack.enter_context(locks.locked(os.path.join(folder, name)))
            yield
