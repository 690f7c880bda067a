"""Raw HTTP requests to the servers of the tests, and what a registry is filled with."""

import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.faults import OCI_MANIFEST
from tests.servers.registry.http_server import RecordingServer
from tests.servers.registry.running import Credentials, Registry

EMPTY = b"{}"
NO_HEADERS: Mapping[str, str] = {}


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(
    server: Registry | RecordingServer,
    method: str,
    target: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = NO_HEADERS,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """Send one request on a connection of its own."""
    if context is None:
        connection = http.client.HTTPConnection(server.address, timeout=10)
    else:
        connection = http.client.HTTPSConnection(server.host, timeout=10, context=context)
    with closing(connection):
        connection.request(method, target, body, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


def digest_of(data: bytes) -> str:
    """Name bytes by their hash."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def descriptor(data: bytes, media_type: str) -> dict[str, Any]:
    """Describe bytes."""
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def manifest(artifact_type: str, subject: bytes | None = None) -> bytes:
    """Make a manifest of an empty config and an empty layer."""
    empty = descriptor(EMPTY, "application/vnd.oci.empty.v1+json")
    content = {
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": artifact_type, "config": empty,
        "layers": [empty],
    }  # fmt: skip
    if subject is not None:
        content["subject"] = descriptor(subject, OCI_MANIFEST)
    return json.dumps(content).encode()


class Pushed(NamedTuple):
    """A repository with an image and something that refers to it."""

    image: bytes
    referrer: bytes
    answer: Answer


def push(
    registry: Registry | RecordingServer,
    repository: str,
    headers: Mapping[str, str] = NO_HEADERS,
    context: ssl.SSLContext | None = None,
) -> Pushed:
    """Push a blob, an image with the tag `v1` and a manifest that has the image for its subject."""
    started = ask(registry, "POST", f"/v2/{repository}/blobs/uploads/", b"", headers, context)
    assert started.status == 202
    place = urlsplit(started.headers["Location"])
    query = "&".join(filter(None, [place.query, urlencode({"digest": digest_of(EMPTY)})]))
    octets = {"Content-Type": "application/octet-stream", **headers}
    assert ask(registry, "PUT", f"{place.path}?{query}", EMPTY, octets, context).status == 201
    kind = {"Content-Type": OCI_MANIFEST, **headers}
    image = manifest("application/image")
    assert ask(registry, "PUT", f"/v2/{repository}/manifests/v1", image, kind, context).status == 201
    referrer = manifest("application/signature", image)
    answer = ask(registry, "PUT", f"/v2/{repository}/manifests/{digest_of(referrer)}", referrer, kind, context)
    assert answer.status == 201
    return Pushed(image, referrer, answer)


def bearer(token: str) -> dict[str, str]:
    """Show a token."""
    return {"Authorization": f"Bearer {token}"}


def basic(credentials: Credentials) -> dict[str, str]:
    """Show a name and a password."""
    return {"Authorization": credentials.basic}


def trusting(registry: Registry | RecordingServer, ca: RegistryCA) -> ssl.SSLContext:
    """Trust the certificate authority, and show the client's certificate where the registry has one for it."""
    context = ssl.create_default_context(cafile=ca.ca_file)
    if isinstance(registry, Registry) and registry.client is not None:
        context.load_cert_chain(*registry.client)
    return context
