"""That each server of the tests does what the tests of the client take for granted."""

import gzip
import hashlib
import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest

from tests.servers.registry import fault_proxy as faults
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import FaultProxies, ForwardProxies, TokenServers
from tests.servers.registry.fault_proxy import OCI_INDEX, OCI_MANIFEST, FaultProxy, at, has_query
from tests.servers.registry.http_server import RecordingServer
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Credentials, Registry
from tests.servers.registry.token_server import TokenServer

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


class TestMemory:
    """The registry that does all that OCI 1.1 says about referrers."""

    def test_subject_and_filter(self, memory_registry: Registry) -> None:
        """It confirms subjects, lists what refers to them and applies the filter."""
        pushed = push(memory_registry, "some/name")
        assert pushed.answer.headers["OCI-Subject"] == digest_of(pushed.image)
        target = f"/v2/some/name/referrers/{digest_of(pushed.image)}"
        found = ask(memory_registry, "GET", f"{target}?artifactType=application/signature")
        assert [entry["digest"] for entry in found.json["manifests"]] == [digest_of(pushed.referrer)]
        assert found.headers["OCI-Filters-Applied"] == "artifactType"
        assert found.headers["Content-Type"] == OCI_INDEX
        assert found.json["manifests"][0]["artifactType"] == "application/signature"
        none = ask(memory_registry, "GET", f"{target}?artifactType=application/other")
        assert (none.status, none.json["manifests"]) == (200, None)
        tagged = ask(memory_registry, "HEAD", "/v2/some/name/manifests/v1")
        assert tagged.headers["Docker-Content-Digest"] == digest_of(pushed.image)


class TestPlain:
    """The registry with all ways of authentication."""

    def test_referrers_without_filter(self, plain_registry: GoRegistries) -> None:
        """It lists what refers to a subject, whatever the filter, and does not confirm subjects."""
        registry = plain_registry()
        pushed = push(registry, "some/name")
        assert pushed.answer.headers["OCI-Subject"] is None
        found = ask(registry, "GET", f"/v2/some/name/referrers/{digest_of(pushed.image)}?artifactType=other")
        assert [entry["digest"] for entry in found.json["manifests"]] == [digest_of(pushed.referrer)]
        assert found.headers["OCI-Filters-Applied"] is None

    def test_no_referrers(self, plain_registry: GoRegistries) -> None:
        """Without the API, asking for referrers is not found."""
        registry = plain_registry(referrers=False)
        pushed = push(registry, "some/name")
        assert ask(registry, "GET", f"/v2/some/name/referrers/{digest_of(pushed.image)}").status == 404

    def test_basic(self, plain_registry: GoRegistries) -> None:
        """Only the right name and password are let in."""
        registry = plain_registry(basic=CREDENTIALS)
        for headers in (NO_HEADERS, basic(Credentials("tester", "wrong")), bearer("x")):
            refused = ask(registry, "GET", "/v2/", headers=headers)
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"].startswith('Basic realm="registry"')
        assert ask(registry, "GET", "/v2/", headers=basic(CREDENTIALS)).status == 200
        push(registry, "some/name", basic(CREDENTIALS))

    def test_bearer_challenges(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """A challenge names what the request needs, and says what is wrong with a token."""
        tokens = token_server()
        registry = plain_registry(tokens=tokens)
        start = f'Bearer realm="{tokens.realm}",service="registry.tests"'
        upload = "/v2/a/manifests/blobs/uploads/"
        pull, push_pull = tokens.token("repository:a:pull"), tokens.token("repository:a:pull,push")
        cases = [
            ("GET", "/v2/", NO_HEADERS, ""),
            ("GET", "/v2/_catalog", NO_HEADERS, ',scope="registry:catalog:*"'),
            ("HEAD", "/v2/a/b/manifests/v1", NO_HEADERS, ',scope="repository:a/b:pull"'),
            ("GET", "/v2/a/b/referrers/sha256:0", NO_HEADERS, ',scope="repository:a/b:pull"'),
            ("POST", upload, NO_HEADERS, ',scope="repository:a/manifests:pull,push"'),
            (
                "POST",
                f"{upload}?mount=sha256:0&from=b/c",
                NO_HEADERS,
                ',scope="repository:a/manifests:pull,push repository:b/c:pull"',
            ),
            (
                "DELETE",
                "/v2/a/manifests/v1",
                bearer(push_pull),
                ',scope="repository:a:delete",error="insufficient_scope"',
            ),
            ("PUT", "/v2/a/manifests/v1", bearer(pull), ',scope="repository:a:pull,push",error="insufficient_scope"'),
            ("GET", "/v2/b/manifests/v1", bearer(pull), ',scope="repository:b:pull",error="insufficient_scope"'),
            ("GET", "/v2/", bearer(f"{pull}x"), ',error="invalid_token"'),
            ("GET", "/v2/", bearer(tokens.token(lifetime=0)), ',error="invalid_token"'),
            ("GET", "/v2/", bearer(tokens.token(service="other")), ',error="invalid_token"'),
        ]
        for method, target, headers, rest in cases:
            refused = ask(registry, method, target, headers=headers)
            assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, start + rest)
        push(registry, "a", bearer(push_pull))
        assert ask(registry, "GET", "/v2/a/manifests/v1", headers=bearer(pull)).status == 200

    def test_tls(self, plain_registry: GoRegistries, registry_ca: RegistryCA) -> None:
        """Its certificate is good for those who trust the authority, and for nobody else."""
        registry = plain_registry(tls=True)
        assert registry.url.startswith("https://127.0.0.1:")
        push(registry, "some/name", context=trusting(registry, registry_ca))
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(registry, "GET", "/v2/", context=ssl.create_default_context())

    @pytest.mark.parametrize("wrong", ["expired", "name"])
    def test_bad_certificates(self, plain_registry: GoRegistries, registry_ca: RegistryCA, wrong: str) -> None:
        """A particular certificate may be wrong in one way."""
        expired = wrong == "expired"
        pair = registry_ca.server(expired=True) if expired else registry_ca.server(["registry.example"])
        registry = plain_registry(tls=pair)
        with pytest.raises(ssl.SSLCertVerificationError, match="expired" if expired else "mismatch"):
            ask(registry, "GET", "/v2/", context=trusting(registry, registry_ca))

    def test_client_certificate(self, plain_registry: GoRegistries, registry_ca: RegistryCA) -> None:
        """Without the client's certificate there is no answer."""
        registry = plain_registry(tls=True, client_certificates=True)
        assert ask(registry, "GET", "/v2/", context=trusting(registry, registry_ca)).status == 200
        without = trusting(registry._replace(client=None), registry_ca)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(registry, "GET", "/v2/", context=without)


class TestDocker:
    """Debian's docker-registry."""

    def test_open(self, docker_registry: DockerRegistries) -> None:
        """Everybody may do everything, but there is no referrers API."""
        registry = docker_registry()
        pushed = push(registry, "some/name")
        assert pushed.answer.headers["OCI-Subject"] is None
        target = f"/v2/some/name/manifests/{digest_of(pushed.referrer)}"
        got = ask(registry, "GET", target, headers={"Accept": OCI_MANIFEST})
        assert got.body == pushed.referrer
        assert ask(registry, "GET", f"/v2/some/name/referrers/{digest_of(pushed.image)}").status == 404
        assert ask(registry, "DELETE", target).status == 202
        assert ask(registry, "GET", target, headers={"Accept": OCI_MANIFEST}).status == 404

    def test_htpasswd(self, docker_registry: DockerRegistries) -> None:
        """Only the usual name and password are let in."""
        registry = docker_registry(htpasswd=True)
        assert registry.credentials == CREDENTIALS
        refused = ask(registry, "GET", "/v2/", headers=basic(Credentials("tester", "wrong")))
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="registry"')
        push(registry, "some/name", basic(CREDENTIALS))

    @pytest.mark.parametrize("key_hint", ["x5c", "kid"])
    def test_tokens(self, docker_registry: DockerRegistries, token_server: TokenServers, key_hint: Any) -> None:
        """Tokens of the token server are let in, for what they grant only."""
        tokens = token_server("ES256", key_hint=key_hint)
        registry = docker_registry(tokens=tokens)
        refused = ask(registry, "GET", "/v2/some/name/manifests/v1")
        start = f'Bearer realm="{tokens.realm}",service="registry.tests"'
        assert refused.headers["WWW-Authenticate"] == f'{start},scope="repository:some/name:pull"'
        granted = tokens.token("repository:some/name:pull,push")
        pushed = push(registry, "some/name", bearer(granted))
        target = f"/v2/some/name/manifests/{digest_of(pushed.referrer)}"
        refused = ask(registry, "DELETE", target, headers=bearer(granted))
        expected = f'{start},scope="repository:some/name:delete",error="insufficient_scope"'
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, expected)
        granted = tokens.token("repository:some/name:delete")
        assert ask(registry, "DELETE", target, headers=bearer(granted)).status == 202
        expired = ask(registry, "GET", "/v2/", headers=bearer(tokens.token(lifetime=-100)))
        assert (expired.status, expired.headers["WWW-Authenticate"]) == (401, f'{start},error="invalid_token"')

    def test_tls(self, docker_registry: DockerRegistries, registry_ca: RegistryCA) -> None:
        """It speaks TLS, and can want a certificate of the client."""
        registry = docker_registry(tls=True, client_certificates=True)
        push(registry, "some/name", context=trusting(registry, registry_ca))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(registry, "GET", "/v2/", context=trusting(registry._replace(client=None), registry_ca))


class TestTokenServer:
    """The two ways to a token."""

    SCOPE = "repository:some/name:pull,push"

    def get(self, tokens: TokenServer, headers: Mapping[str, str] = NO_HEADERS, **more: str) -> Answer:
        """Ask by GET."""
        query = urlencode({"service": tokens.service, "scope": self.SCOPE} | more)
        return ask(tokens, "GET", f"/token?{query}", headers=headers)

    def post(self, tokens: TokenServer, **fields: str) -> Answer:
        """Ask by POST."""
        form = {"service": tokens.service, "scope": self.SCOPE, "client_id": "tests"} | fields
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return ask(tokens, "POST", "/token", urlencode(form).encode(), kind)

    def test_get(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """The name and password get what is asked for."""
        tokens = token_server()
        answer = self.get(tokens, basic(CREDENTIALS))
        assert (answer.status, answer.json["expires_in"]) == (200, 300)
        assert answer.json["token"] == answer.json["access_token"]
        push(plain_registry(tokens=tokens), "some/name", bearer(answer.json["token"]))
        assert self.get(tokens).status == 401
        assert self.get(tokens, basic(Credentials("tester", "wrong"))).status == 401
        assert self.get(tokens, basic(CREDENTIALS), service="other").status == 400
        assert [seen.path for seen in tokens.seen] == ["/token"] * 4
        assert tokens.seen[0].query == {"service": ["registry.tests"], "scope": [self.SCOPE]}
        assert tokens.seen[0].authorization == CREDENTIALS.basic

    def test_anonymous(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """Everybody may get a token that is worth less than what is asked for."""
        tokens = token_server(anonymous=["pull"], members="access_token", expires_in=None)
        registry = plain_registry(tokens=tokens)
        push(registry, "some/name", bearer(tokens.token(self.SCOPE)))
        answer = self.get(tokens).json
        assert list(answer) == ["access_token"]
        headers = bearer(answer["access_token"])
        assert ask(registry, "GET", "/v2/some/name/manifests/v1", headers=headers).status == 200
        assert ask(registry, "PUT", "/v2/some/name/manifests/v2", b"{}", headers).status == 401

    def test_oauth2(self, docker_registry: DockerRegistries, token_server: TokenServers) -> None:
        """An identity token or a password gets a token by POST, over TLS too."""
        tokens = token_server("ES256")
        offline = self.get(tokens, basic(CREDENTIALS), offline_token="true").json
        assert offline["refresh_token"] == tokens.identity_token
        by_token = self.post(tokens, grant_type="refresh_token", refresh_token=tokens.identity_token)
        push(docker_registry(tokens=tokens), "some/name", bearer(by_token.json["access_token"]))
        password = {"grant_type": "password", "username": CREDENTIALS.name, "password": CREDENTIALS.password}
        assert "refresh_token" not in self.post(tokens, **password).json
        assert self.post(tokens, **password, access_type="offline").json["refresh_token"] == tokens.identity_token
        assert tokens.seen[1].form["refresh_token"] == [tokens.identity_token]
        wrong = self.post(tokens, grant_type="refresh_token", refresh_token="wrong")
        assert (wrong.status, wrong.json["error"]) == (401, "invalid_grant")
        assert self.post(tokens, grant_type="refresh_token", client_id="").status == 400
        assert self.post(tokens, grant_type="other").status == 400
        assert self.post(token_server(oauth2=False), **password).status == 405

    def test_less_than_asked_for(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """A known user may be allowed less than what is asked for."""
        tokens = token_server(allowed=["pull"])
        token = self.get(tokens, basic(CREDENTIALS)).json["token"]
        refused = ask(plain_registry(tokens=tokens), "PUT", "/v2/some/name/manifests/v1", b"{}", bearer(token))
        assert refused.headers["WWW-Authenticate"].endswith('pull,push",error="insufficient_scope"')

    def test_lifetime(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """A token can live shorter than the answer promises."""
        tokens = token_server(lifetime=-1)
        answer = self.get(tokens, basic(CREDENTIALS))
        refused = ask(plain_registry(tokens=tokens), "GET", "/v2/", headers=bearer(answer.json["token"]))
        assert (refused.status, answer.json["expires_in"]) == (401, 300)

    def test_tls(self, token_server: TokenServers, registry_ca: RegistryCA) -> None:
        """The realm can be an address with TLS."""
        tokens = token_server(tls=True, anonymous=["pull"])
        assert tokens.realm == f"https://{tokens.address}/token"
        query = urlencode({"service": tokens.service, "scope": self.SCOPE})
        assert ask(tokens, "GET", f"/token?{query}", context=trusting(tokens, registry_ca)).status == 200


class Front(NamedTuple):
    """A server that does wrong, in front of a registry that has something."""

    proxy: FaultProxy
    pushed: Pushed

    def get(self, target: str = "/v2/some/name/manifests/v1", method: str = "GET") -> Answer:
        """Ask the server in front."""
        return ask(self.proxy, method, target)


@pytest.fixture
def front(memory_registry: Registry, fault_proxy: FaultProxies) -> Front:
    """Return a server in front of a registry that has an image and what refers to it."""
    return Front(fault_proxy(memory_registry), push(memory_registry, "some/name"))


class TestFaultProxy:
    """Each fault, and nothing wrong without one."""

    def test_transparent(self, front: Front) -> None:
        """Without a rule, all is as in the registry, and everything is recorded."""
        pushed = push(front.proxy, "other")
        assert pushed.answer.headers["OCI-Subject"] == digest_of(pushed.image)
        assert front.get("/v2/other/manifests/v1").body == pushed.image
        head = front.get("/v2/other/manifests/v1", "HEAD")
        assert (head.body, head.headers["Content-Length"]) == (b"", str(len(pushed.image)))
        assert [seen.method for seen in front.proxy.seen] == ["POST", "PUT", "PUT", "PUT", "GET", "HEAD"]
        assert front.proxy.seen[1].body == EMPTY

    def test_transparent_for_docker(self, docker_registry: DockerRegistries, fault_proxy: FaultProxies) -> None:
        """The addresses in answers lead to the server in front, by the scheme that it speaks."""
        proxy = fault_proxy(docker_registry())
        push(proxy, "some/name")
        started = ask(proxy, "POST", "/v2/some/name/blobs/uploads/", b"")
        assert started.headers["Location"].startswith(f"{proxy.url}/v2/some/name/blobs/uploads/")

    def test_keeps_connections(self, front: Front) -> None:
        """One connection serves several requests, and is open when the server stops."""
        connection = http.client.HTTPConnection(front.proxy.address, timeout=10)
        with closing(connection):
            for _ in range(2):
                connection.request("GET", "/v2/")
                assert connection.getresponse().read() == b""
            first = connection.sock
            connection.request("GET", "/v2/")
            assert connection.getresponse().status == 200
            assert connection.sock is first

    def test_statuses(self, front: Front) -> None:
        """A status comes as often as it is asked for, to the requests of a condition, and the next rule after it."""
        rule = front.proxy.fault(faults.too_many_requests("1"), at("/manifests/", "GET"), times=2)
        front.proxy.fault(faults.unavailable(), at("/manifests/", "GET"), times=1)
        assert front.get("/v2/").status == 200
        answers = [front.get() for _ in range(4)]
        assert [answer.status for answer in answers] == [429, 429, 503, 200]
        assert [answer.headers["Retry-After"] for answer in answers] == ["1", "1", None, None]
        assert rule.met == 2
        front.proxy.fault(faults.status(403, b"no", X_Reason="because"), has_query(a="b"))
        answer = front.get("/v2/?a=b")
        assert (answer.status, answer.body, answer.headers["X-Reason"]) == (403, b"no", "because")
        front.proxy.clear()
        assert (front.get("/v2/?a=b").status, len(front.proxy.seen)) == (200, 1)

    @pytest.mark.parametrize("reset", [False, True])
    def test_cut_without_answer(self, front: Front, reset: bool) -> None:
        """The connection ends in order or by a reset, before or after the registry has acted."""
        front.proxy.fault(faults.cut_before_headers(reset=reset), times=1)
        expected = ConnectionResetError if reset else http.client.RemoteDisconnected
        with pytest.raises(expected) as caught:
            front.get()
        assert isinstance(caught.value, http.client.RemoteDisconnected) is not reset
        front.proxy.fault(faults.cut_after_acting(reset=reset), times=1)
        with pytest.raises(expected):
            front.get(method="DELETE")
        assert front.get().status == 404

    def test_cut_in_headers(self, front: Front) -> None:
        """The answer ends in the middle of a header."""
        front.proxy.fault(faults.cut_in_headers())
        with closing(socket.create_connection(("127.0.0.1", front.proxy.port))) as connection:
            connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"".join(iter(lambda: connection.recv(100), b"")).endswith(b"appli")

    @pytest.mark.parametrize("after", [0, 10])
    def test_cut_in_body(self, front: Front, after: int) -> None:
        """The body is shorter than the headers promise."""
        front.proxy.fault(faults.cut_in_body(after))
        with pytest.raises(http.client.IncompleteRead) as caught:
            front.get()
        assert caught.value.partial == front.pushed.image[:after]

    def test_wrong_bodies(self, front: Front) -> None:
        """The body is changed, shorter or longer, with a length that fits it."""
        for fault in (faults.corrupted(), faults.shortened(2), faults.lengthened(3)):
            front.proxy.fault(fault, times=1)
        image = front.pushed.image
        answers = [front.get() for _ in range(3)]
        assert [len(answer.body) - len(image) for answer in answers] == [0, -2, 3]
        assert [int(answer.headers["Content-Length"]) - len(image) for answer in answers] == [0, -2, 3]
        assert all(answer.body != image for answer in answers)
        front.proxy.fault(faults.claimed_length(len(image) + 9))
        with pytest.raises(http.client.IncompleteRead):
            front.get()

    def test_endless_body(self, front: Front) -> None:
        """The body has no length and goes on until the client goes away."""
        front.proxy.fault(faults.endless())
        connection = http.client.HTTPConnection(front.proxy.address, timeout=10)
        with closing(connection):
            connection.request("GET", "/v2/some/name/manifests/v1")
            with connection.getresponse() as response:
                assert response.length is None
                assert len(response.read(1 << 22)) == 1 << 22

    def test_compression(self, front: Front) -> None:
        """The body comes compressed though nobody asked for it, and may be huge."""
        front.proxy.fault(faults.gzipped(), times=1)
        answer = front.get()
        assert (answer.headers["Content-Encoding"], gzip.decompress(answer.body)) == ("gzip", front.pushed.image)
        front.proxy.fault(faults.gzip_bomb(1 << 26))
        answer = front.get()
        assert len(answer.body) < 1 << 17
        assert len(gzip.decompress(answer.body)) == 1 << 26

    def test_wrong_headers(self, front: Front) -> None:
        """Headers have other values or are missing, in answers to HEAD too."""
        front.proxy.fault(faults.content_type("text/html"), times=1)
        front.proxy.fault(faults.content_type(None), times=1)
        front.proxy.fault(faults.without_digest())
        assert [front.get().headers["Content-Type"] for _ in range(3)] == ["text/html", None, OCI_MANIFEST]
        head = front.get(method="HEAD")
        assert head.headers["Docker-Content-Digest"] is None
        assert head.headers["Content-Length"] == str(len(front.pushed.image))

    def pages(self, front: Front, target: str) -> Iterator[Answer]:
        """Follow the links."""
        link: str | None = target
        while link is not None:
            answer = front.get(link.removeprefix(f"http://{front.proxy.address}"))
            yield answer
            found = re.fullmatch('<(.+)>; rel="next"', answer.headers["Link"] or "")
            link = found[1] if found else None

    @pytest.mark.parametrize("absolute", [False, True])
    def test_pages(self, front: Front, absolute: bool) -> None:
        """The registry's list comes in pages that are complete together."""
        image = front.pushed.image
        others = [manifest(f"application/{number}", image) for number in range(4)]
        for other in others:
            target = f"/v2/some/name/manifests/{digest_of(other)}"
            assert ask(front.proxy, "PUT", target, other, {"Content-Type": OCI_MANIFEST}).status == 201
        front.proxy.fault(faults.pages(2, absolute=absolute), at("/referrers/"))
        answers = list(self.pages(front, f"/v2/some/name/referrers/{digest_of(image)}"))
        assert [len(answer.json["manifests"]) for answer in answers] == [2, 2, 1]
        assert answers[0].headers["Link"].startswith("<http://") is absolute
        found = {entry["digest"] for answer in answers for entry in answer.json["manifests"]}
        assert found == {digest_of(data) for data in (front.pushed.referrer, *others)}

    def test_bad_pages(self, front: Front) -> None:
        """Pages lead back to the first, or on and on."""
        target = f"/v2/some/name/referrers/{digest_of(front.pushed.image)}"
        front.proxy.fault(faults.looping_pages(2), at("/referrers/"), times=5)
        front.proxy.fault(faults.endless_pages(), at("/referrers/"))
        pages = self.pages(front, target)
        looping = [next(pages) for _ in range(5)]
        assert len({answer.body for answer in looping}) == 1
        assert [answer.headers["Link"][-15:-13] for answer in looping] == ["=1", "=0", "=1", "=0", "=1"]
        assert len({next(pages).json["manifests"][0]["digest"] for _ in range(5)}) == 5

    def test_redirects(self, front: Front) -> None:
        """The other host has what was asked for, gives it to everybody and records what it was sent."""
        front.proxy.fault(faults.redirected(), times=1)
        front.proxy.fault(faults.redirected(302, by_name=True), times=1)
        front.proxy.fault(faults.redirected_to("ftp://somewhere{target}", 301), times=1)
        elsewhere = front.proxy.elsewhere
        for code, place in ((307, elsewhere.address), (302, elsewhere.host)):
            answer = front.get()
            location = urlsplit(answer.headers["Location"])
            assert (answer.status, location.netloc) == (code, place)
            assert ask(elsewhere, "GET", location.path, headers={"X-Test": "1"}).body == front.pushed.image
        assert elsewhere.seen[0].headers["X-Test"] == "1"
        assert elsewhere.seen[0].authorization is None
        assert front.get().headers["Location"] == "ftp://somewhere/v2/some/name/manifests/v1"
        assert ask(elsewhere, "GET", "/nothing").status == 404

    @pytest.mark.parametrize("fault", [faults.held, faults.slow])
    def test_slow(self, front: Front, fault: Any) -> None:
        """The answer waits until it is let go on."""
        gate = front.proxy.gate()
        front.proxy.fault(fault(gate))
        answers: list[Answer] = []
        asking = threading.Thread(target=lambda: answers.append(front.get()))
        asking.start()
        assert gate.reached.wait(10)
        assert answers == []
        gate.opened.set()
        asking.join(10)
        assert answers[0].body == front.pushed.image

    def test_stops_though_slow(self, front: Front) -> None:
        """A client that gave up on a slow answer does not keep the server from stopping."""
        gate = front.proxy.gate()
        front.proxy.fault(faults.slow(gate))
        connection = http.client.HTTPConnection(front.proxy.address, timeout=10)
        with closing(connection):
            connection.request("GET", "/v2/some/name/manifests/v1")
            assert gate.reached.wait(10)

    def test_tls_and_no_upstream(self, fault_proxy: FaultProxies, registry_ca: RegistryCA) -> None:
        """The server can speak TLS, and stand alone."""
        proxy = fault_proxy(tls=True)
        assert ask(proxy, "GET", "/v2/", context=trusting(proxy, registry_ca)).status == 404
        proxy.fault(faults.endless_pages())
        answer = ask(proxy, "GET", "/v2/a/referrers/b", context=trusting(proxy, registry_ca))
        assert answer.json["manifests"][0]["digest"] == f"sha256:{0:064}"
        proxy.clear()
        proxy.fault(faults.cut_before_headers())
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(proxy, "GET", "/v2/", context=trusting(proxy, registry_ca))


class TestForwardProxy:
    """The proxy of the settings."""

    def test_plain(self, memory_registry: Registry, forward_proxy: ForwardProxies) -> None:
        """A whole address leads to a host, or to its local stand-in."""
        proxy = forward_proxy({"registry.example:80": memory_registry.address})
        for host in (memory_registry.address, "registry.example"):
            assert ask(proxy, "GET", f"http://{host}/v2/").status == 200
        assert [seen.target for seen in proxy.seen] == [
            f"http://{memory_registry.address}/v2/",
            "http://registry.example/v2/",
        ]
        assert ask(proxy, "GET", "/v2/").status == 400

    def test_tunnel(self, plain_registry: GoRegistries, forward_proxy: ForwardProxies, registry_ca: RegistryCA) -> None:
        """CONNECT leads to a server with TLS, whose certificate is for the host that was asked for."""
        registry = plain_registry(tls=registry_ca.server(["registry.example"]))
        proxy = forward_proxy({"registry.example:443": registry.address})
        context = trusting(registry, registry_ca)
        connection = http.client.HTTPSConnection(proxy.address, timeout=10, context=context)
        with closing(connection):
            connection.set_tunnel("registry.example", 443)
            connection.request("GET", "/v2/")
            assert connection.getresponse().status == 200
        assert [(seen.method, seen.target) for seen in proxy.seen] == [("CONNECT", "registry.example:443")]

    def test_refusals(self, forward_proxy: ForwardProxies, memory_registry: Registry) -> None:
        """The proxy may want a name and a password, may not work, or may not reach the host."""
        proxy, target = forward_proxy(credentials=CREDENTIALS), f"http://{memory_registry.address}/v2/"
        assert ask(proxy, "GET", target).status == 407
        assert ask(proxy, "GET", target, headers={"Proxy-Authorization": CREDENTIALS.basic}).status == 200
        assert ask(forward_proxy(refuse=503), "GET", target).status == 503
        closed = forward_proxy({"registry.example:80": "127.0.0.1:1", "registry.example:443": "127.0.0.1:1"})
        assert ask(closed, "GET", "http://registry.example/").status == 502
        assert ask(closed, "CONNECT", "registry.example:443").status == 502
