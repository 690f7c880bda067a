"""Where uploads go, and which are started again."""

import contextlib
import json
from collections.abc import Callable

import pytest

from notarykit.envelope.descriptor import digest_of
from notarykit.errors import AccessError, NetworkError, StorageError
from notarykit.net.budget import Budget
from notarykit.oci.manifest import IMAGE_MANIFEST
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.uploads import upload_blob
from tests.servers.registry.http_server import Reply
from tests.support.pauses import noted_pauses
from tests.unit.net.server import Answer, Server, cut

_CONTENT = json.dumps({"mediaType": IMAGE_MANIFEST}).encode()
_DIGEST = digest_of(_CONTENT)
_QUERY = f"digest={_DIGEST.replace(':', '%3A')}"
_TO_SESSION = Reply(202, (("Location", "/session?state=x"),))
_SINGLE = ("POST", f"/v2/a/b/blobs/uploads/?{_QUERY}", _CONTENT)
_HEAD = ("HEAD", f"/v2/a/b/blobs/{_DIGEST}", b"")
_POST = ("POST", "/v2/a/b/blobs/uploads/", b"")
_PUT = ("PUT", f"/session?state=x&{_QUERY}", _CONTENT)

Start = Callable[..., Server]


class _Client:
    """A client of a registry.

    Attributes:
        host: The registry.
        pauses: The pauses that were asked for.
    """

    def __init__(self, server: Server, *plain: str, single_post: bool | None = None) -> None:
        """Takes the registry, further hosts that the user allows to be without TLS, and what is known of it."""
        credentials = Credentials("me", "secret")
        self.host = RegistryHost(server.host, RegistrySettings(frozenset(plain), credentials=lambda _: credentials))
        self.host.single_post = single_post
        self.pauses = noted_pauses(self.host._client)

    def push(self, content: bytes = _CONTENT) -> None:
        """Pushes a blob."""
        with contextlib.closing(self.host):
            upload_blob(RepositoryEndpoint(self.host, "a/b", Budget()), digest_of(content), content)


def _requests(server: Server) -> list[tuple[str, str, bytes]]:
    return [(seen.method, seen.target, seen.body) for seen in server.seen]


class TestSinglePost:
    """Small blobs, which a registry may take with the first request."""

    def test_the_first_blob_is_checked(self, start: Start) -> None:
        """That a registry keeps what it says to have created is seen once."""
        server = start(Reply(201), Reply(200), Reply(201))
        client = _Client(server)
        client.push()
        client.push()
        assert _requests(server) == [_SINGLE, _HEAD, _SINGLE]
        assert server.seen[0].headers["Content-Type"] == "application/octet-stream"
        assert (client.host.single_post, client.pauses) == (True, [])

    def test_a_session_instead(self, start: Start) -> None:
        """Where the registry begins a session, the upload goes on there, and the next begins without content."""
        server = start(_TO_SESSION, Reply(201), _TO_SESSION, Reply(201))
        client = _Client(server)
        client.push()
        client.push()
        assert _requests(server) == [_SINGLE, _PUT, _POST, _PUT]
        assert (client.host.single_post, client.pauses) == (False, [])

    @pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
    @pytest.mark.parametrize("status", [200, 202, 204, 400, 404, 405, 413, 415, 501])
    def test_a_refusal_is_remembered(self, status: int, start: Start, *, is_known: bool) -> None:
        """Whatever is neither the blob nor a session is left for an upload in a session, now and later."""
        server = start(Reply(status), _TO_SESSION, Reply(201), _TO_SESSION, Reply(201))
        client = _Client(server, single_post=is_known or None)
        client.push()
        client.push()
        assert _requests(server) == [_SINGLE, _POST, _PUT, _POST, _PUT]
        assert (client.host.single_post, client.pauses) == (False, [])

    @pytest.mark.parametrize("fault", [Reply(500), Reply(502), Reply(403), cut], ids=["500", "502", "403", "cut"])
    def test_the_first_failure_counts_as_a_refusal(self, fault: Answer, start: Start) -> None:
        """Of a registry that has taken no single POST it is not known how it refuses one."""
        server = start(fault, _TO_SESSION, Reply(201))
        client = _Client(server)
        client.push()
        assert _requests(server) == [_SINGLE, _POST, _PUT]
        assert client.host.single_post is False
        assert len(client.pauses) == 1

    @pytest.mark.parametrize(
        "fault",
        [Reply(408), Reply(429), Reply(500), Reply(502), Reply(503), Reply(504), cut],
        ids=["408", "429", "500", "502", "503", "504", "cut"],
    )
    def test_a_transient_fault_is_not_remembered(self, fault: Answer, start: Start) -> None:
        """A registry that is known to take single POSTs gets one blob in a session, after a pause."""
        server = start(fault, _TO_SESSION, Reply(201), Reply(201))
        client = _Client(server, single_post=True)
        client.push()
        client.push()
        assert _requests(server) == [_SINGLE, _POST, _PUT, _SINGLE]
        assert client.host.single_post is True
        assert len(client.pauses) == 1

    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("single_post", [None, True])
    def test_a_throttle_is_heeded(self, status: int, start: Start, *, single_post: bool | None) -> None:
        """A registry that asks for time gets it before the next request, and has not refused anything."""
        server = start(Reply(status, (("Retry-After", "7"),)), _TO_SESSION, Reply(201))
        client = _Client(server, single_post=single_post)
        client.push()
        assert _requests(server) == [_SINGLE, _POST, _PUT]
        assert (client.host.single_post, client.pauses) == (single_post, [7])

    def test_a_throttle_longer_than_the_budget(self, start: Start) -> None:
        """A registry that asks for more time than there is gets no further request."""
        server = start(Reply(429, (("Retry-After", "3600"),)))
        with pytest.raises(NetworkError, match=r"\(Retry-After: 3600\), and the time limit ends before it"):
            _Client(server).push()
        assert _requests(server) == [_SINGLE]

    @pytest.mark.parametrize("status", [404, 403, 500])
    def test_a_blob_that_is_not_kept(self, status: int, start: Start) -> None:
        """A registry that does not show what it says to have created gets the blob in a session, and all others."""
        server = start(Reply(201), *([Reply(status)] * (5 if status == 500 else 1)), _TO_SESSION, Reply(201))
        client = _Client(server)
        client.push()
        assert [*_requests(server)[:2], *_requests(server)[-2:]] == [_SINGLE, _HEAD, _POST, _PUT]
        assert client.host.single_post is False

    @pytest.mark.parametrize("status", [400, 405, 415, 422])
    def test_a_session_that_has_the_content_already(self, status: int, start: Start) -> None:
        """Where the session that a single POST began is of no use, the upload is made in one that began without."""
        server = start(_TO_SESSION, Reply(status), _TO_SESSION, Reply(201))
        client = _Client(server)
        client.push()
        assert _requests(server) == [_SINGLE, _PUT, _POST, _PUT]

    @pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
    def test_large_content_is_not_sent_in_vain(self, size: int, start: Start) -> None:
        """More than 64 KiB are sent only to where they are kept."""
        server = start(_TO_SESSION, Reply(201))
        _Client(server).push(bytes(size))
        assert [len(seen.body) for seen in server.seen] == [size if size == 64 * 1024 else 0, size]

    def test_credentials_are_given_once_they_are_asked_for(self, start: Start) -> None:
        """A challenge is met, and the blob sent again with the credentials."""
        server = start(Reply(401, (("WWW-Authenticate", "Basic"),)), Reply(201), Reply(200))
        _Client(server).push()
        assert _requests(server) == [_SINGLE, _SINGLE, _HEAD]
        assert [bool(seen.authorization) for seen in server.seen] == [False, True, True]

    @pytest.mark.parametrize(("single_post", "requests"), [(None, [_SINGLE, _POST]), (True, [_SINGLE])])
    def test_a_denial_is_told(
        self, start: Start, requests: list[tuple[str, str, bytes]], *, single_post: bool | None
    ) -> None:
        """A registry that takes single POSTs is not asked again whether it denies access."""
        server = start(Reply(403))
        client = _Client(server, single_post=single_post)
        with pytest.raises(AccessError, match="denies POST of repository:a/b:pull,push"):
            client.push()
        assert _requests(server) == requests
        assert client.host.single_post is bool(single_post)


class TestSessions:
    """Uploads to a registry that takes no single POST."""

    def test_blob_is_uploaded_by_post_and_put(self, start: Start) -> None:
        """An upload goes where the registry says, with what the registry gave along and the digest."""
        server = start(_TO_SESSION, Reply(201))
        client = _Client(server, single_post=False)
        client.push()
        assert _requests(server) == [_POST, _PUT]
        assert client.pauses == []

    @pytest.mark.parametrize("single_post", [None, False])
    def test_upload_at_another_host_gets_no_credentials(self, start: Start, *, single_post: bool | None) -> None:
        """An upload that goes on elsewhere needs TLS or the user's word, and has none of the registry's secrets."""
        elsewhere = start(Reply(201))
        location = ("Location", f"http://{elsewhere.host}/session")
        answers = (Reply(401, (("WWW-Authenticate", "Basic"),)), Reply(202, (location,)))
        with pytest.raises(NetworkError, match=f"^plain HTTP to {elsewhere.host} is not permitted$"):
            _Client(start(*answers), single_post=single_post).push()
        assert elsewhere.seen == []
        server = start(*answers)
        _Client(server, elsewhere.host, single_post=single_post).push()
        assert [(seen.path, seen.authorization) for seen in elsewhere.seen] == [("/session", None)]
        assert server.seen[-1].authorization

    @pytest.mark.parametrize("single_post", [None, False])
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 404, 416])
    def test_transient_fault_starts_a_new_session(self, status: int, start: Start, *, single_post: bool | None) -> None:
        """A session that failed, or of which the registry does not know, is left for a new one, after a pause."""
        failed: list[Answer] = [_TO_SESSION, Reply(status, (("Retry-After", "3"),))]
        server = start(*failed, *failed, _TO_SESSION, Reply(201))
        client = _Client(server, single_post=single_post)
        client.push()
        assert client.pauses == [3, 3]
        assert [seen.method for seen in server.seen] == ["POST", "PUT"] * 3

    @pytest.mark.parametrize("status", [400, 403, 405, 413])
    def test_refused_upload_is_an_error(self, status: int, start: Start) -> None:
        """A refusal that stands is told, and nothing is sent again."""
        server = start(_TO_SESSION, Reply(status))
        with pytest.raises(StorageError, match=rf"status {status}|denies PUT"):
            _Client(server, single_post=False).push()
        assert len(server.seen) == 2

    @pytest.mark.parametrize("location", [None, "", "ftp://host/", "http://[", "http://me:secret@host/", "/\u00e9"])
    def test_upload_without_valid_location_is_an_error(self, location: str | None, start: Start) -> None:
        """A registry that does not say where, or says what is no address, is refused."""
        server = start(Reply(202).with_header("Location", location))
        with pytest.raises(
            NetworkError, match=r"upload: the response has no Location|malformed URL|is not a URL"
        ) as caught:
            _Client(server, single_post=False).push()
        assert ":secret" not in caught.value.one_line()
        assert len(server.seen) == 1
