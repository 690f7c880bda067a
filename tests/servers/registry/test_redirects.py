"""Redirects of a registry, and the credentials that other hosts do not get."""

import hashlib
from collections.abc import Iterator

import pytest

from notarykit.errors import AccessError, ContentError, NetworkError, NotarykitError
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.host import RegistrySettings
from tests.servers.registry import faults
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import Exchange, Fault
from tests.servers.registry.http_server import Reply
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import PLACES, Scene
from tests.support.homes import Home

MOST_REDIRECTS = 5
NO_SIGNATURE = b"no envelope"
CHALLENGE = faults.status(401, WWW_Authenticate='Basic realm="tests"')


@pytest.fixture
def known() -> RegistrySettings:
    """Return settings with which the client has something that nobody else may hear."""
    credentials = Credentials(CREDENTIALS.name, CREDENTIALS.password)
    return RegistrySettings(credentials=lambda _: credentials)


@pytest.fixture
def scene(fault_proxy: FaultProxies, memory_registry: Registry, home: Home, known: RegistrySettings) -> Iterator[Scene]:
    """Return a signed artifact behind a server that can do wrong."""
    scene = Scene(memory_registry, fault_proxy(memory_registry), home, known)
    yield scene
    scene.host.close()


class TestRedirects:
    """Addresses that the registry leads to."""

    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    def test_an_envelope_at_another_host(self, code: int, scene: Scene) -> None:
        """The other host is asked, and does not hear who is asking; the registry goes on to hear it."""
        scene.proxy.fault(CHALLENGE, lambda seen: seen.authorization is None)
        scene.proxy.fault(faults.redirected(code, by_name=True), scene.at("envelope"))
        assert scene.verify().failures == ()
        other = scene.proxy.elsewhere
        with scene.proxy.lock, other.lock:
            assert [seen.authorization for seen in other.seen] == [None]
            told = [seen.authorization for seen in scene.proxy.seen]
        assert told == [None, *[CREDENTIALS.basic] * len(PLACES)]

    def test_another_host_without_tls(self, scene: Scene) -> None:
        """A host that is not allowed to be without TLS is not asked at all."""
        scene.proxy.fault(faults.redirected(), scene.at("envelope"))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        error = scene.reason(caught.value)
        assert error.message == f"plain HTTP to {scene.proxy.elsewhere.address} is not permitted"
        assert "--insecure-registry" in error.advice
        assert scene.proxy.elsewhere.seen == []

    def test_content_at_another_host(self, scene: Scene) -> None:
        """What another host has in its place is held against the digest too."""
        other = scene.proxy.elsewhere
        other.keep("/another", Reply(200, (), NO_SIGNATURE))
        scene.proxy.fault(faults.redirected_to(f"http://{other.host}/another"), scene.at("envelope"))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        assert isinstance(scene.reason(caught.value), ContentError)
        assert len(other.seen) == 1

    @pytest.mark.parametrize("place", PLACES)
    def test_redirects_without_end(self, place: str, scene: Scene) -> None:
        """Some redirects are followed and then no more, and they are not followed once again."""
        rule = scene.proxy.fault(faults.redirected_to("{target}"), scene.at(place))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        error = scene.reason(caught.value)
        assert isinstance(error, NetworkError)
        assert f"more than {MOST_REDIRECTS} redirects" in error.message
        assert (rule.met, scene.pauses) == (MOST_REDIRECTS + 1, [])

    @pytest.mark.parametrize("code", [307, 308])
    @pytest.mark.parametrize(("method", "path"), [("POST", "/uploads/"), ("PUT", "/uploads/"), ("PUT", "/manifests/")])
    def test_a_push_that_is_led_on(self, method: str, path: str, code: int, scene: Scene) -> None:
        """Whatever is pushed goes on to where the registry leads, as it is, with who is asking."""
        scene.proxy.fault(CHALLENGE, lambda seen: seen.authorization is None)
        rule = scene.proxy.fault(_led_on(code), lambda seen: faults.at(path, method)(seen) and "led" not in seen.query)
        if method == "PUT":
            scene.proxy.fault(faults.sessions_only(), faults.is_single_post)
        assert scene.sign() in scene.listed()
        assert rule.met > 0

    @pytest.mark.parametrize("code", [307, 308])
    def test_a_push_to_another_host(self, code: int, scene: Scene) -> None:
        """Another host gets what is pushed, and does not hear who is asking."""
        scene.proxy.fault(CHALLENGE, lambda seen: seen.authorization is None)
        scene.proxy.fault(faults.redirected(code, by_name=True), faults.at("/manifests/", "PUT"))
        signature = scene.sign()
        (seen,) = scene.proxy.elsewhere.seen
        assert (seen.method, seen.authorization) == ("PUT", None)
        assert f"sha256:{hashlib.sha256(seen.body).hexdigest()}" == signature

    @pytest.mark.parametrize("code", [301, 302, 303])
    def test_a_redirect_that_loses_what_is_pushed(self, code: int, scene: Scene) -> None:
        """A redirect that may turn a push into a question is not followed, and the message says where it leads."""
        scene.proxy.fault(faults.redirected(code, by_name=True), faults.at("/manifests/", "PUT"))
        with pytest.raises(
            NetworkError, match=f"status {code} redirects to http://{scene.proxy.elsewhere.host}/elsewhere"
        ):
            scene.sign()
        assert scene.proxy.elsewhere.seen == []

    @pytest.mark.parametrize("is_known", [True, False])
    @pytest.mark.parametrize("header", ['Basic realm="x"', 'Bearer realm="http://localhost:{port}/token"'])
    def test_another_host_that_asks_who_is_asking(self, header: str, scene: Scene, *, is_known: bool) -> None:
        """What another host wants to know is not told, neither to it nor to whom it names."""
        other = scene.proxy.elsewhere
        challenge = header.replace("{port}", str(other.port))
        other.keep("/another", Reply(401, (("WWW-Authenticate", challenge),)))
        scene.proxy.fault(CHALLENGE, lambda seen: is_known and seen.authorization is None)
        scene.proxy.fault(faults.redirected_to(f"http://{other.host}/another"), scene.at("envelope"))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        error = scene.reason(caught.value)
        assert isinstance(error, AccessError)
        assert error.message.startswith(f"{other.host}, to which {scene.host.host} redirects, denies GET of ")
        assert [(seen.target, seen.authorization) for seen in other.seen] == [("/another", None)]


def _led_on(code: int) -> Fault:
    """Send the client to the same place under another address."""

    def fault(exchange: Exchange) -> None:
        target = exchange.seen.target
        exchange.reply(Reply(code, (("Location", f"{target}{'&' if '?' in target else '?'}led=on"),)))

    return fault
