"""Artifacts in registries for tests, pushed request by request, so that none of the code that is tested has a hand."""

import hashlib
import http.client
import json
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

from notarykit.oci.reference import Digest
from tests.support.layouts import INDEX_TYPE, MANIFEST_TYPE

SIGNATURE_TYPE = "application/vnd.cncf.notary.signature"
_EMPTY = b"{}"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"


def push_artifacts(
    address: str,
    repository: str,
    tags: Iterable[str],
    context: ssl.SSLContext | None = None,
    authorization: str = "",
) -> list[Digest]:
    """Pushes an artifact of its own for each tag, and returns their digests.

    Args:
        address: The host and port of a registry.
        repository: The repository's name.
        tags: The tags; each is all that tells its artifact from the others.
        context: What to do about certificates, where the registry speaks TLS.
        authorization: What the registry wants to see, where it does not let anyone in.
    """
    empty = {"mediaType": _EMPTY_TYPE, "digest": _digest(_EMPTY), "size": len(_EMPTY)}
    allowed = {"Authorization": authorization} if authorization else {}
    digests = []
    with closing(_connection(address, context)) as connection:
        _push_blob(connection, repository, _EMPTY, allowed)
        for tag in tags:
            content = json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": MANIFEST_TYPE,
                    "artifactType": "application/vnd.example.thing",
                    "config": empty,
                    "layers": [empty],
                    "annotations": {"io.example.tag": tag},
                }
            ).encode()
            headers = {"Content-Type": MANIFEST_TYPE, **allowed}
            _ask(connection, 201, "PUT", f"/v2/{repository}/manifests/{tag}", content, headers)
            digests.append(Digest(_digest(content)))
    return digests


def tag_artifact(address: str, repository: str, digest: str, tag: str) -> None:
    """Gives a tag to an artifact, whatever had it before.

    Args:
        address: The host and port of a registry that speaks plain HTTP and lets anyone in.
        repository: The repository's name.
        digest: The artifact's digest.
        tag: The tag.
    """
    with closing(_connection(address, None)) as connection:
        connection.request("GET", f"/v2/{repository}/manifests/{digest}", headers={"Accept": MANIFEST_TYPE})
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200
        _ask(connection, 201, "PUT", f"/v2/{repository}/manifests/{tag}", content, {"Content-Type": MANIFEST_TYPE})


def push_referrer(
    address: str, repository: str, subject: str, envelope: bytes, layers: Sequence[Mapping[str, Any]]
) -> str:
    """Attaches to an artifact what says that it is a signature, whatever it holds, and returns its digest.

    Args:
        address: The host and port of a registry that speaks plain HTTP and lets anyone in.
        repository: The repository's name.
        subject: The artifact's digest.
        envelope: What is stored as a blob.
        layers: For each layer, what is not as in a descriptor of that blob.
    """
    with closing(_connection(address, None)) as connection:
        connection.request("GET", f"/v2/{repository}/manifests/{subject}", headers={"Accept": MANIFEST_TYPE})
        answer = connection.getresponse()
        size = len(answer.read())
        assert answer.status == 200
        for blob in (_EMPTY, envelope):
            _push_blob(connection, repository, blob, {})
        described = {"mediaType": "application/jose+json", "digest": _digest(envelope), "size": len(envelope)}
        content = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "artifactType": SIGNATURE_TYPE,
                "config": {"mediaType": _EMPTY_TYPE, "digest": _digest(_EMPTY), "size": len(_EMPTY)},
                "layers": [{**described, **layer} for layer in layers],
                "subject": {"mediaType": MANIFEST_TYPE, "digest": subject, "size": size},
            }
        ).encode()
        headers = {"Content-Type": MANIFEST_TYPE}
        _ask(connection, 201, "PUT", f"/v2/{repository}/manifests/{_digest(content)}", content, headers)
    return _digest(content)


def push_index(address: str, repository: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Pushes an image index, whatever it says of its manifests, and returns its descriptor's members.

    Args:
        address: The host and port of a registry that speaks plain HTTP and lets anyone in.
        repository: The repository's name.
        entries: The entries.
    """
    content = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": list(entries)}).encode()
    with closing(_connection(address, None)) as connection:
        headers = {"Content-Type": INDEX_TYPE}
        _ask(connection, 201, "PUT", f"/v2/{repository}/manifests/{_digest(content)}", content, headers)
    return {"mediaType": INDEX_TYPE, "digest": _digest(content), "size": len(content)}


def fallback_entries(address: str, repository: str, digest: str) -> list[dict[str, Any]]:
    """Returns the entries of the index under a digest's referrers tag, none without an index."""
    with closing(http.client.HTTPConnection(address, timeout=30)) as connection:
        path = f"/v2/{repository}/manifests/{digest.replace(':', '-')}"
        connection.request("GET", path, headers={"Accept": INDEX_TYPE})
        answer = connection.getresponse()
        content = answer.read()
    if answer.status == 404:
        return []
    assert answer.status == 200
    entries: list[dict[str, Any]] = json.loads(content)["manifests"]
    return entries


def _connection(address: str, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    if context is None:
        return http.client.HTTPConnection(address, timeout=30)
    return http.client.HTTPSConnection(address, timeout=30, context=context)


def _push_blob(
    connection: http.client.HTTPConnection, repository: str, content: bytes, allowed: Mapping[str, str]
) -> None:
    started = _ask(connection, 202, "POST", f"/v2/{repository}/blobs/uploads/", b"", allowed)
    place = urlsplit(started["Location"])
    query = "&".join(filter(None, [place.query, urlencode({"digest": _digest(content)})]))
    headers = {"Content-Type": "application/octet-stream", **allowed}
    _ask(connection, 201, "PUT", f"{place.path}?{query}", content, headers)


def _ask(
    connection: http.client.HTTPConnection,
    status: int,
    method: str,
    target: str,
    body: bytes,
    headers: Mapping[str, str],
) -> http.client.HTTPMessage:
    connection.request(method, target, body, dict(headers))
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status == status, (method, target, answer.status, content)
    return answer.headers


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
