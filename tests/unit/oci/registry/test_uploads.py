"""Where uploads go, and which are started again."""

import json
from collections.abc import Callable

import pytest

from notarykit.envelope.descriptor import digest_of
from notarykit.errors import NetworkError, StorageError
from notarykit.net.budget import Budget
from notarykit.oci.manifest import IMAGE_MANIFEST
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.uploads import upload_blob
from tests.servers.registry.http_server import Reply
from tests.support.pauses import noted_pauses
from tests.unit.net.server import Answer, Server

_CONTENT = json.dumps({"mediaType": IMAGE_MANIFEST}).encode()
_DIGEST = digest_of(_CONTENT)
_TO_SESSION = Reply(202, (("Location", "/session?state=x"),))


def _push(server: Server, *plain: str) -> list[float]:
    """Pushes a blob and returns the pauses that were asked for.

    Args:
        server: The registry.
        plain: Further hosts that the user allows to be without TLS.
    """
    host = RegistryHost(
        server.host, RegistrySettings(frozenset(plain), credentials=lambda _: Credentials("me", "secret"))
    )
    pauses = noted_pauses(host._client)
    try:
        upload_blob(RepositoryEndpoint(host, "a/b", Budget()), _DIGEST, _CONTENT)
    finally:
        host.close()
    return pauses


def test_blob_is_uploaded_by_post_and_put(start: Callable[..., Server]) -> None:
    """An upload goes where the registry says, with what the registry gave along and the digest."""
    server = start(_TO_SESSION, Reply(201))
    assert _push(server) == []
    assert [(seen.method, seen.target, seen.body) for seen in server.seen] == [
        ("POST", "/v2/a/b/blobs/uploads/", b""),
        ("PUT", f"/session?state=x&digest={_DIGEST.replace(':', '%3A')}", _CONTENT),
    ]


def test_upload_at_another_host_gets_no_credentials(start: Callable[..., Server]) -> None:
    """An upload that goes on elsewhere needs TLS or the user's word, and has none of the registry's secrets."""
    elsewhere = start(Reply(201))
    location = ("Location", f"http://{elsewhere.host}/session")
    answers = (Reply(401, (("WWW-Authenticate", "Basic"),)), Reply(202, (location,)))
    with pytest.raises(NetworkError, match=f"^plain HTTP to {elsewhere.host} is not permitted$"):
        _push(start(*answers))
    assert elsewhere.seen == []
    server = start(*answers)
    _push(server, elsewhere.host)
    assert [(seen.path, seen.authorization) for seen in elsewhere.seen] == [("/session", None)]
    assert server.seen[-1].authorization


@pytest.mark.parametrize("status", [429, 500, 502, 503, 404, 416])
def test_transient_fault_starts_a_new_session(status: int, start: Callable[..., Server]) -> None:
    """A session that failed, or of which the registry does not know, is left behind for a new one, after a pause."""
    failed: list[Answer] = [_TO_SESSION, Reply(status, (("Retry-After", "3"),))]
    server = start(*failed, *failed, _TO_SESSION, Reply(201))
    assert _push(server) == [3, 3]
    assert [seen.method for seen in server.seen] == ["POST", "PUT"] * 3


@pytest.mark.parametrize("status", [400, 403, 405, 413])
def test_refused_upload_is_an_error(status: int, start: Callable[..., Server]) -> None:
    """A refusal that stands is told, and nothing is sent again."""
    server = start(_TO_SESSION, Reply(status))
    with pytest.raises(StorageError, match=rf"status {status}|denies PUT"):
        _push(server)
    assert len(server.seen) == 2


@pytest.mark.parametrize("location", [None, "", "ftp://host/", "http://[", "http://me:secret@host/", "/\u00e9"])
def test_upload_without_valid_location_is_an_error(location: str | None, start: Callable[..., Server]) -> None:
    """A registry that does not say where, or says what is no address, is refused."""
    server = start(Reply(202).with_header("Location", location))
    with pytest.raises(
        NetworkError, match=r"upload: the response has no Location|malformed URL|is not a URL"
    ) as caught:
        _push(server)
    assert ":secret" not in caught.value.one_line()
    assert len(server.seen) == 1
