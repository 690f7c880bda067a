"""Certificates that no honest authority issues: a stand-in for Vault makes them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import PluginError
from notarykit_identity.identities import Identity
from tests.servers.identity.issuer import SUBJECT, Issuer
from tests.servers.identity.scene import Scene
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen
from tests.support.ca import Changes, TestChain, make_chain

_MINUTE = timedelta(minutes=1)
_KEY_ID = "vault:pki/build"


class StandIn(RecordingServer):
    """Stand-in for Vault, which issues what it is told to.

    Attributes:
        changes: Changes of the certificate, each made when one is issued.
        key: Key that is certified in place of the requested one.
        issued: Chain that was issued last.
        answers: Prepared answers by path.
    """

    def __init__(self, certificate: KeyPair, issuer: Issuer) -> None:
        """Issues good certificates for the issuer's workload."""
        super().__init__(certificate)
        self._uri = Identity(issuer.url, SUBJECT).uri
        self.changes: dict[str, Callable[[], Any]] = {}
        self.key: Any = None
        self.issued: TestChain | None = None
        self.answers: dict[str, Reply] = {}

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Answers a login or a request for a certificate."""
        if seen.path in self.answers:
            return connection.reply(self.answers[seen.path])
        if seen.path.endswith("/login"):
            return connection.reply(_reply({"auth": {"client_token": "hvs.stand-in"}}))
        request = x509.load_pem_x509_csr(json.loads(seen.body)["csr"].encode())
        now = datetime.now(UTC).replace(microsecond=0)
        name = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(self._uri)]), True
        usual: dict[str, Any] = {
            "key": self.key or _Public(request.public_key()),
            "put": (name,),
            "not_before": now - _MINUTE,
            "not_after": now + _MINUTE,
        }
        changes = {name: make() for name, make in self.changes.items()}
        self.issued = chain = make_chain("EC-256", 3, leaf=Changes(**(usual | changes)))
        pems = [pem.decode() for pem in chain.pems]
        return connection.reply(_reply({"data": {"certificate": pems[0], "ca_chain": pems[1:]}}))


class _Public:
    """Public half of a key, in place of a private key."""

    def __init__(self, public_key: Any) -> None:
        self._public_key = public_key

    def public_key(self) -> Any:
        return self._public_key


def _reply(members: Any) -> Reply:
    return Reply(200, (("Content-Type", "application/json"),), json.dumps(members).encode())


@pytest.fixture
def stand_in(registry_ca: RegistryCA, issuer: Issuer) -> Iterator[StandIn]:
    """The server."""
    with StandIn(registry_ca.server(), issuer) as server:
        yield server


@pytest.fixture
def config(scene: Scene, stand_in: StandIn) -> dict[str, str]:
    """Configuration that leads to it."""
    return scene.config | {"address": stand_in.url}


def _refused(scene: Scene, config: dict[str, str], reason: str) -> PluginError:
    with pytest.raises(PluginError, match=reason) as caught:
        scene.sign(_KEY_ID, config)
    assert "hvs." not in caught.value.one_line()
    return caught.value


def test_good_certificate_is_used(scene: Scene, config: dict[str, str], stand_in: StandIn) -> None:
    """The stand-in is as good as Vault where nothing is changed."""
    assert stand_in.issued is None
    chain = scene.sign(_KEY_ID, config).chain
    assert stand_in.issued is not None
    assert chain.ders == stand_in.issued.ders
    login, sign = (seen for seen in stand_in.seen)
    assert (login.path, sign.path) == ("/v1/auth/jwt/login", "/v1/pki/sign/build")
    assert (login.headers["X-Vault-Token"], sign.headers["X-Vault-Token"]) == (None, "hvs.stand-in")
    assert scene.token_file.read_bytes() not in sign.body


def _at(seconds: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def _uri(*texts: str) -> tuple[x509.ExtensionType, bool]:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(text) for text in texts]), True


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"not_after": lambda: _at(-1)}, "not valid now"),
        ({"not_before": lambda: _at(30)}, "[23][0-9] seconds from now"),
        ({"put": lambda: (_uri("https://issuer.example#other"),)}, "is for another identity: issuer=https://issuer"),
        (
            {"put": lambda: (_uri(f"https://issuer.example#{SUBJECT}"),)},
            "is for another identity: issuer=https://issuer",
        ),
        ({"put": lambda: (_uri("https://a#b", "https://c#d"),)}, "names no identity: it has 2"),
        ({"put": lambda: ()}, "names no identity: it has no subject alternative name"),
        ({"key": lambda: make_chain().leaf_key}, "none of the certificates is of the signing key"),
        ({"signed_by": lambda: make_chain().leaf_key}, "cannot be used"),
    ],
)
def test_wrong_certificate_is_refused(
    scene: Scene, config: dict[str, str], stand_in: StandIn, changes: dict[str, Callable[[], Any]], reason: str
) -> None:
    """Another time, identity, key or signature is found before anything is signed."""
    stand_in.changes = changes
    error = _refused(scene, config, reason)
    assert error.advice


def test_clock_that_is_a_little_ahead_is_waited_for(
    scene: Scene, config: dict[str, str], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that begins within seconds is awaited: authorities without a margin for clocks issue such ones."""
    pauses: list[float] = []
    monkeypatch.setattr("notarykit_identity.certificate.time.sleep", pauses.append)
    stand_in.changes = {"not_before": lambda: _at(4)}
    _refused(scene, config, "not valid now")  # the sleep was none
    (pause,) = pauses
    assert 0 < pause <= 4


@pytest.mark.parametrize(
    ("path", "reply", "reason"),
    [
        ("/v1/auth/jwt/login", Reply(200, (), b"{}"), "answered the login without a token"),
        ("/v1/auth/jwt/login", _reply({"auth": {"client_token": "a\nb"}}), "answered the login without a token"),
        ("/v1/auth/jwt/login", _reply({"auth": None}), "answered the login without a token"),
        ("/v1/auth/jwt/login", Reply(404, (), b"<html>"), "has nothing at auth/jwt/login"),
        ("/v1/auth/jwt/login", Reply(307, (("Location", "https://localhost:1/"),)), "redirects confidential content"),
        ("/v1/pki/sign/build", Reply(200, (), b"[]"), "returned no certificate"),
        ("/v1/pki/sign/build", _reply({"data": {"certificate": "x"}}), "returned no certificate"),
        ("/v1/pki/sign/build", _reply({"data": {"certificate": "x", "ca_chain": "y"}}), "cannot be used"),
        ("/v1/pki/sign/build", Reply(503, (), b'{"errors": ["Vault is sealed"]}'), "is sealed or unavailable"),
        ("/v1/pki/sign/build", Reply(429, (), b'{"errors": ["quota"]}'), "throttled"),
        ("/v1/pki/sign/build", Reply(418, (), b'{"errors": ["hvs.CAESIP4Wunb8GAjTYvjwVexJPXGii8"]}'), "418: …"),
        ("/v1/pki/sign/build", Reply(400, (), b'{"errors": [["a"], 7]}'), "refused to issue"),
    ],
)
def test_answers_that_are_none(
    scene: Scene,
    config: dict[str, str],
    stand_in: StandIn,
    path: str,
    reply: Reply,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the server answers becomes an error of the protocol."""
    monkeypatch.setattr("notarykit.net.client.HttpClient.wait_to_retry", lambda *_: None)
    stand_in.answers[path] = reply
    assert _refused(scene, config, reason).one_line().isprintable()
