"""The fault proxy and the forward proxy of the tests behave as the tests of the client assume."""

import gzip
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.servers.registry import faults
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import FaultProxies, ForwardProxies
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.faults import OCI_MANIFEST, at, has_query
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.raw_client import EMPTY, Answer, Pushed, ask, digest_of, manifest, push, trusting
from tests.servers.registry.running import CREDENTIALS, Registry


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
