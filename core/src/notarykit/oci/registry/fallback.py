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

from notarykit import files
from notarykit.descriptor import Descriptor
from notarykit.errors import NetworkError, StorageError
from notarykit.net.budget import Budget
from notarykit.net.client import Response
from notarykit.oci.manifest import IMAGE_INDEX, LARGEST_MANIFEST
from notarykit.oci.registry.referrers import fallback_tag, read_index
from notarykit.strict_json import dumps, loads

Send = Callable[..., Response]

_OK, _CREATED, _NOT_FOUND, _TOO_LATE = 200, 201, 404, 412
_TRIES = 12
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 0.5
_STEADY = 1  # how often in a row nothing may be missing before it is believed


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
        StorageError: What is there is no index.
        NetworkError: It cannot be read.
    """
    tag = fallback_tag(digest)
    response = send("GET", f"manifests/{tag}", headers={"Accept": IMAGE_INDEX})
    if response.status == _NOT_FOUND:
        return FallbackIndex([], {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": []}, "")
    if response.status != _OK:
        raise NetworkError(f"fallback index {tag}: status {response.status}")
    entries = read_index(response.body, f"fallback index {tag}")
    members = loads(response.body)
    return FallbackIndex(entries, members, response.header("ETag"))


def add_to_fallback(
    send: Send,
    digest: str,
    entry: Descriptor,
    budget: Budget,
    lock: tuple[str, str],
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Adds an entry to the fallback index of a digest, so that neither it nor another signer's is lost.

    Args:
        send: Sends a request to the repository.
        digest: The digest of the artifact.
        entry: The descriptor of the signature manifest, with artifact type and annotations.
        budget: What may be spent.
        lock: The folder of locks, or an empty string, and the repository's full name.
        pause: Waits; tests take another.

    Raises:
        NetworkError: It could not be written, or was written over again and again.
    """
    wanted = {entry.digest: entry}
    is_written = False
    steady = 0
    for _ in range(_TRIES):
        with _turn(lock, digest):
            found = read_fallback(send, digest)
            present = {each.digest for each in found.entries}
            missing = [each for each in wanted.values() if each.digest not in present]
            wanted.update({each.digest: each for each in found.entries})
            if missing:
                is_written = _write(send, digest, found, missing)
                steady = 0
            else:
                is_written = True
                steady += 1
        if is_written and steady >= _STEADY:
            return
        pause(budget.seconds(random.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE)))  # noqa: S311 - no secret
    raise NetworkError(
        f"fallback index {fallback_tag(digest)}: others write over it again and again", advice="sign again"
    )


def _write(send: Send, digest: str, found: FallbackIndex, missing: list[Descriptor]) -> bool:
    """Writes the index with what is missing; whether the registry took it."""
    tag = fallback_tag(digest)
    items = found.members.get("manifests") or []
    content = dumps({**found.members, "manifests": [*items, *(each.to_json() for each in missing)]})
    if len(content) > LARGEST_MANIFEST:
        raise NetworkError(f"fallback index {tag} would be larger than {LARGEST_MANIFEST} bytes")
    headers = {"Content-Type": IMAGE_INDEX, **({"If-Match": found.etag} if found.etag else {})}
    response = send("PUT", f"manifests/{tag}", headers=headers, body=content, push=True)
    if response.status == _TOO_LATE:
        return False
    if response.status != _CREATED:
        raise NetworkError(f"fallback index {tag}: status {response.status}")
    return True


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
