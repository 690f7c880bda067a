"""Artifacts in registries for tests, pushed request by request, so that none of the code that is tested has a hand."""

import hashlib
import http.client
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

from support.layouts import INDEX_TYPE, MANIFEST_TYPE

_EMPTY = b"{}"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"


def push_artifacts(address: str, repository: str, tags: Iterable[str]) -> list[str]:
    """Pushes an artifact of its own for each tag, and returns their digests.

    Args:
        address: The host and port of a registry that speaks plain HTTP and lets anyone in.
        repository: The repository's name.
        tags: The tags; each is all that tells its artifact from the others.
    """
    empty = {"mediaType": _EMPTY_TYPE, "digest": _digest(_EMPTY), "size": len(_EMPTY)}
    digests = []
    with closing(http.client.HTTPConnection(address, timeout=30)) as connection:
        _push_blob(connection, repository, _EMPTY)
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
            headers = {"Content-Type": MANIFEST_TYPE}
            _ask(connection, 201, "PUT", f"/v2/{repository}/manifests/{tag}", content, headers)
            digests.append(_digest(content))
    return digests


def fallback_entries(address: str, repository: str, digest: str) -> list[dict[str, Any]]:
    """What the index under the fallback tag of a digest lists; nothing, where there is none."""
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


def _push_blob(connection: http.client.HTTPConnection, repository: str, content: bytes) -> None:
    place = urlsplit(_ask(connection, 202, "POST", f"/v2/{repository}/blobs/uploads/", b"", {})["Location"])
    query = "&".join(filter(None, [place.query, urlencode({"digest": _digest(content)})]))
    _ask(connection, 201, "PUT", f"{place.path}?{query}", content, {"Content-Type": "application/octet-stream"})


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
