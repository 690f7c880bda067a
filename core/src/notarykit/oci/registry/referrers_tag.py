"""The tag that stands in for the referrers API, read, and written by many at once.

distribution-spec 1.1, "Pushing Manifests with Subject" and "Unavailable Referrers API". The index under the tag is
read, changed and written, and registries offer no way to do that at once. Three things keep signers from writing over
each other: those on one machine take turns at a lock; a registry that honours `If-Match` refuses a write that came too
late; and everybody looks again after a pause of random length and writes again if anything is missing.
"""

import contextlib
import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from notarykit._internal import files
from notarykit._internal.strict_json import dumps, loads
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NetworkError, NotAnIndexError, StorageError
from notarykit.net.budget import Budget
from notarykit.net.messages import Response
from notarykit.oci.manifest import IMAGE_INDEX, LARGEST_MANIFEST
from notarykit.oci.registry.referrers import fallback_tag, read_index

Send = Callable[..., Response]

_OK, _CREATED, _NOT_FOUND, _TOO_LATE = 200, 201, 404, 412
_TRIES = 12
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 0.5


class FallbackIndex(NamedTuple):
    """The index under a fallback tag, as it was read.

    Attributes:
        entries: What it lists.
        members: The index's JSON object, of which everything is kept.
        etag: What the registry calls this version, or an empty string.
    """

    entries: list[Descriptor]
    members: dict[str, Any]
    etag: str


def read_fallback(send: Send, digest: str) -> FallbackIndex:
    """The index under the fallback tag of a digest; an empty one where there is none.

    Raises:
        NotAnIndexError: What is there is no index of referrers.
        NetworkError: It cannot be read.
    """
    tag = fallback_tag(digest)
    response = send("GET", f"manifests/{tag}", headers={"Accept": IMAGE_INDEX})
    if response.status == _NOT_FOUND:
        return FallbackIndex([], {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": []}, "")
    if response.status != _OK:
        raise NetworkError(f"fallback index {tag}: status {response.status}")
    if Descriptor("", digest, len(response.body)).describes(response.body):
        raise NotAnIndexError(f"fallback index {tag}: the registry has the artifact itself under this tag")
    entries = read_index(response.body, f"fallback index {tag}")
    members = loads(response.body)
    media_type = members.get("mediaType") or IMAGE_INDEX
    if media_type != IMAGE_INDEX:
        raise NotAnIndexError(f"fallback index {tag} is of the type {media_type!r}")
    return FallbackIndex(entries, members, response.header("ETag"))


def list_by_tag(send: Send, digest: str) -> list[Descriptor]:
    """What the index under the fallback tag of a digest lists.

    distribution-spec 1.1, "Listing Referrers": where "the tag schema does not return a valid image index, the client
    SHOULD assume there are no referrers".

    Raises:
        NetworkError: It cannot be read.
    """
    try:
        return read_fallback(send, digest).entries
    except NotAnIndexError:
        return []


class FallbackEntry:
    """An entry on its way into the fallback index of a digest, so that neither it nor another signer's is lost.

    Args:
        send: Sends a request to the repository.
        digest: The digest of the artifact.
        entry: The descriptor of the signature manifest, with artifact type and annotations.
        budget: What may be spent.
        lock: The folder of locks, or an empty string, and the repository's full name.
    """

    def __init__(self, send: Send, digest: str, entry: Descriptor, budget: Budget, lock: tuple[str, str]) -> None:
        self._send = send
        self._digest = digest
        self._wanted = {entry.digest: entry}
        self._budget = budget
        self._lock = lock
        self._looks = 0
        self._next_look = 0.0
        self._is_there = False

    def is_there(self, *, wait: bool = True) -> bool:
        """Whether the index has the entry, and had it when that was last looked at, a while after it was written.

        Args:
            wait: Whether to wait for the time of the next look; otherwise it may be too early to say.

        Raises:
            NotAnIndexError: What is under the tag is no index of referrers, and is not written over.
            StorageError: It could not be written, or was written over again and again.
        """
        while not self._is_there:
            early = self._next_look - time.monotonic()
            if early > 0 and not wait:
                return False
            if early > 0:
                time.sleep(self._budget.seconds(early))
            self._is_there = self._look()
            self._next_look = time.monotonic() + random.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE)  # noqa: S311 - no secret
        return True

    def _look(self) -> bool:
        """Reads the index and writes what is missing, the entries of others that were there before too."""
        if self._looks == _TRIES:
            raise NetworkError(f"fallback index {fallback_tag(self._digest)}: others write over it again and again")
        self._looks += 1
        with _turn(self._lock, self._digest):
            found = read_fallback(self._send, self._digest)
            present = {each.digest for each in found.entries}
            missing = [each for each in self._wanted.values() if each.digest not in present]
            self._wanted.update({each.digest: each for each in found.entries})
            if missing:
                _write(self._send, self._digest, found, missing)
        return not missing


def _write(send: Send, digest: str, found: FallbackIndex, missing: list[Descriptor]) -> None:
    """Writes the index with what is missing, unless the registry says that another has written it meanwhile."""
    tag = fallback_tag(digest)
    items = found.members.get("manifests") or []
    content = dumps({**found.members, "manifests": [*items, *(each.to_json() for each in missing)]})
    if len(content) > LARGEST_MANIFEST:
        raise NetworkError(f"fallback index {tag} would be larger than {LARGEST_MANIFEST} bytes")
    headers = {"Content-Type": IMAGE_INDEX, **({"If-Match": found.etag} if found.etag else {})}
    response = send("PUT", f"manifests/{tag}", headers=headers, body=content, push=True)
    if response.status not in (_CREATED, _TOO_LATE):
        raise NetworkError(f"fallback index {tag}: status {response.status}")


@contextlib.contextmanager
def _turn(lock: tuple[str, str], digest: str) -> Iterator[None]:
    """Holds this machine's lock for the index of a digest in a repository, where there is a place for locks."""
    folder, repository = lock
    name = hashlib.sha256(f"{repository}@{digest}".encode()).hexdigest()[:32]
    with contextlib.ExitStack() as stack:
        if folder:
            with contextlib.suppress(StorageError):  # a turn spares writes, and the second look is what keeps entries
                stack.enter_context(files.locked(os.path.join(folder, name)))
        yield
