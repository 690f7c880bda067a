"""Tokens against real registries: how long they are kept, what they are for, and who never gets to see a secret."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from notarykit.errors import AccessError, NetworkError
from notarykit.keys.local import LocalSigner
from notarykit.net.tls import TLSSettings
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.oci.registry.uploads import upload_blob
from notarykit.signing.artifact import sign_artifact
from tests.servers.registry import faults
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import FaultProxies, TokenServers
from tests.servers.registry.http_server import Reply, Seen
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import NAME
from tests.servers.registry.token_server import TokenServer
from tests.support.ca import make_chain
from tests.support.registries import push_artifacts

KNOWN = Credentials(*CREDENTIALS)
PULL, PUSH = f"repository:{NAME}:pull", f"repository:{NAME}:pull,push"

Open = Callable[..., RegistryRepository]


@pytest.fixture
def open_place(tmp_path: Path) -> Iterator[Open]:
    """Opens the repository of a host for somebody who trusts the token server, and closes it with the test."""
    with contextlib.ExitStack() as stack:

        def opened(host: str, known: Credentials | None = KNOWN, plain: Sequence[str] = ()) -> RegistryRepository:
            tls = TLSSettings(folders=(str(tmp_path),))
            opened = RegistryHost(host, RegistrySettings(frozenset(plain), tls, lambda _: known))
            opened._client._pause = lambda _: None
            return RegistryRepository(stack.enter_context(contextlib.closing(opened)), NAME)

        yield opened


@pytest.fixture(params=["plain", "docker-registry"])
def guarded(
    request: pytest.FixtureRequest, token_server: TokenServers, registry_ca: RegistryCA, tmp_path: Path
) -> tuple[Registry, TokenServer, Digest]:
    """Each kind of registry that takes tokens, who issues them, and the digest of an artifact."""
    is_docker = request.param == "docker-registry"
    tokens = token_server("ES256" if is_docker else "HS256", tls=True)
    realm = f"https://{tokens.host}/token"
    (tmp_path / tokens.host).mkdir()
    (tmp_path / tokens.host / "ca.crt").write_bytes(Path(registry_ca.ca_file).read_bytes())
    if is_docker:
        docker: DockerRegistries = request.getfixturevalue("docker_registry")
        registry = docker(tokens=tokens, realm=realm)
    else:
        plain: GoRegistries = request.getfixturevalue("plain_registry")
        registry = plain(tokens=tokens, realm=realm)
    (digest,) = push_artifacts(registry.address, NAME, ["v1"], authorization=f"Bearer {tokens.token(PUSH)}")
    return registry, tokens, digest


def _scope(seen: Seen) -> list[str]:
    return [scope for value in seen.query.get("scope", []) for scope in value.split()]


def test_exact_scopes(guarded: tuple[Registry, TokenServer, Digest], open_place: Open) -> None:
    """Reading asks for a token to pull, writing for one to pull and push, of this repository alone and once."""
    registry, tokens, digest = guarded
    chain = make_chain()
    place = open_place(registry.host)
    sign_artifact(place, digest, LocalSigner.from_pem(chain.key_pem, chain.chain_pem))
    sign_artifact(place, digest, LocalSigner.from_pem(chain.key_pem, chain.chain_pem))
    assert [_scope(seen) for seen in tokens.seen] == [[PULL], [PUSH]]
    assert {seen.query["service"][0] for seen in tokens.seen} == {tokens.service}


@pytest.mark.parametrize(("expires_in", "kept"), [(300, True), (5, False)])
def test_a_token_is_kept_until_shortly_before_its_end(
    expires_in: int, kept: bool, guarded: tuple[Registry, TokenServer, Digest], open_place: Open
) -> None:
    """One token does for all requests; where its end is near, each has a new one."""
    registry, tokens, digest = guarded
    tokens.expires_in = expires_in
    place = open_place(registry.host)
    for _ in range(3):
        place.resolve(Tag("v1"))
    assert place.resolve(digest).digest == digest
    assert len(tokens.seen) == (1 if kept else 3)


def test_a_token_that_ended_early(
    guarded: tuple[Registry, TokenServer, Digest], fault_proxy: FaultProxies, open_place: Open
) -> None:
    """Where a registry refuses a token before its time, a new one is fetched and the request succeeds."""
    registry, tokens, digest = guarded
    proxy = fault_proxy(registry)
    place = open_place(proxy.host)
    place.resolve(Tag("v1"))
    challenge = f'Bearer realm="https://{tokens.host}/token",service="{tokens.service}",scope="{PULL}"'
    refused = proxy.fault(faults.status(401, WWW_Authenticate=f'{challenge},error="invalid_token"'), times=1)
    assert place.resolve(Tag("v1")).digest == digest
    assert refused.met == 1
    assert [_scope(seen) for seen in tokens.seen] == [[PULL], [PULL]]


def test_a_registry_that_takes_no_token(
    guarded: tuple[Registry, TokenServer, Digest], fault_proxy: FaultProxies, open_place: Open
) -> None:
    """A registry that refuses the new token too is not asked a third time."""
    registry, tokens, _ = guarded
    proxy = fault_proxy(registry)
    proxy.fault(
        faults.status(401, WWW_Authenticate=f'Bearer realm="https://{tokens.host}/token",service="registry.tests"')
    )
    with pytest.raises(AccessError, match=f"^{proxy.host} does not accept the credentials$"):
        open_place(proxy.host).resolve(Tag("v1"))
    assert (len(proxy.seen), len(tokens.seen)) == (2, 1)


@pytest.mark.parametrize("known", [KNOWN, Credentials(identity_token="identity"), None])
def test_a_token_server_without_tls(
    known: Credentials | None, plain_registry: GoRegistries, token_server: TokenServers, open_place: Open
) -> None:
    """A registry may not send anybody's secret to a server without TLS; that server does not hear of it.

    Nor to one on this machine, which the registry names and not the user, unless the user's settings list it.
    """
    tokens = token_server()
    for host in (tokens.address, tokens.host):
        registry = plain_registry(tokens=tokens, realm=f"http://{host}/token")
        with pytest.raises(NetworkError, match=f"^plain HTTP to {host} is not permitted$") as caught:
            open_place(registry.host, known).resolve(Tag("v1"))
        assert "insecureRegistries" in caught.value.advice
        assert tokens.seen == []
    push_artifacts(registry.address, NAME, ["v1"], authorization=f"Bearer {tokens.token(PUSH)}")
    if known == KNOWN:
        assert open_place(registry.host, known, [tokens.host]).resolve(Tag("v1")).size > 0


def test_a_registry_with_tls_leads_nowhere_without(
    memory_registry: Registry, fault_proxy: FaultProxies, token_server: TokenServers, registry_ca: RegistryCA,
    tmp_path: Path, open_place: Open,
) -> None:  # fmt: skip
    """Neither by a realm nor by the place of an upload, on this machine or not, listed or not, does TLS end."""
    tokens = token_server()
    proxy = fault_proxy(memory_registry, tls=True)
    for name in (proxy.host, proxy.address):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca.crt").write_bytes(Path(registry_ca.ca_file).read_bytes())
    proxy.fault(faults.status(401, WWW_Authenticate=f'Bearer realm="http://{tokens.host}/token",service="x"'), times=4)
    for plain in ((), (tokens.host,)):
        for known in (KNOWN, Credentials(identity_token="refresh")):  # by GET, and by POST
            with pytest.raises(NetworkError, match=f"leads to {tokens.host} without TLS, which is refused"):
                open_place(proxy.address, known, plain).resolve(Tag("v1"))
    assert tokens.seen == []
    there = proxy.elsewhere.host
    proxy.fault(faults.status(202, Location=f"http://{there}/session"), faults.at("/blobs/uploads/", "POST"))
    for plain in ((), (there,)):
        place = open_place(proxy.address, KNOWN, plain)
        with pytest.raises(NetworkError, match=f"leads to {there} without TLS, which is refused"):
            upload_blob(place._endpoint, f"sha256:{'0' * 64}", b"x")
    assert proxy.elsewhere.seen == []


def test_who_is_led_to_may_not_ask(
    memory_registry: Registry, fault_proxy: FaultProxies, token_server: TokenServers, open_place: Open
) -> None:
    """Another host, to which a registry leads, gets no credentials by a challenge of its own."""
    proxy, tokens = fault_proxy(memory_registry), token_server()
    there = proxy.elsewhere
    (digest,) = push_artifacts(memory_registry.address, NAME, ["v1"])
    for challenge in ('Basic realm="x"', f'Bearer realm="http://{tokens.host}/token",service="x"'):
        there.keep("/x", Reply(401, (("WWW-Authenticate", challenge),)))
        proxy.fault(faults.redirected_to(f"http://{there.host}/x"), times=1)
        with pytest.raises(AccessError, match=f"^{there.host}, to which {proxy.host} redirects, denies GET of"):
            open_place(proxy.host, KNOWN, [there.host, tokens.host]).resolve(digest)
    assert tokens.seen == []
    assert [seen.authorization for seen in there.seen] == [None, None]


def test_a_token_server_with_tls(
    plain_registry: GoRegistries, token_server: TokenServers, registry_ca: RegistryCA, tmp_path: Path
) -> None:
    """A token server is verified like any other host, against the certificates that are for it."""
    tokens = token_server(tls=True)
    registry = plain_registry(tokens=tokens, realm=f"https://{tokens.host}/token")
    push_artifacts(registry.address, NAME, ["v1"], authorization=f"Bearer {tokens.token(PUSH)}")
    folder = tmp_path / tokens.host
    settings = RegistrySettings(tls=TLSSettings(folders=(str(tmp_path),)), credentials=lambda _: KNOWN)
    for is_trusted in (False, True):
        if is_trusted:
            folder.mkdir()
            (folder / "ca.crt").write_bytes(Path(registry_ca.ca_file).read_bytes())
        with contextlib.closing(RegistryHost(registry.host, settings)) as host:
            place = RegistryRepository(host, NAME)
            if is_trusted:
                assert place.resolve(Tag("v1")).size > 0
                continue
            with pytest.raises(NetworkError, match="its certificate is not trusted"):
                place.resolve(Tag("v1"))
            assert tokens.seen == []


def test_secrets_stay_with_their_host(
    plain_registry: GoRegistries, fault_proxy: FaultProxies, memory_registry: Registry, open_place: Open
) -> None:
    """What a registry keeps elsewhere is fetched from there without the name and the password that opened its door."""
    registry = plain_registry(basic=CREDENTIALS)
    (digest,) = push_artifacts(registry.address, NAME, ["v1"], authorization=CREDENTIALS.basic)
    proxy = fault_proxy(registry)
    proxy.fault(faults.redirected(by_name=True), lambda seen: seen.authorization is not None)
    assert open_place(proxy.host, plain=[proxy.elsewhere.host]).resolve(digest).digest == digest
    assert [seen.authorization for seen in proxy.seen] == [None, CREDENTIALS.basic]
    assert [seen.authorization for seen in proxy.elsewhere.seen] == [None]
