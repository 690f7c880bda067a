"""Client of the API server: what it sends, and what becomes of answers that are none."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from notarykit.errors import ConfigurationError
from notarykit_admission.cluster.api_server import LARGEST_OBJECT, APIServer, APIServerError
from notarykit_admission.cluster.config import ClusterConfig
from tests.servers.registry.certificates import RegistryCA
from tests.support.ports import free_port
from tests.unit.admission.cluster.api_servers import Double, asking

_PATH = "/api/v1/namespaces/shop/secrets/registry"
_GOOD = (200, b"{}")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """CA of the API server."""
    return RegistryCA(str(tmp_path_factory.mktemp("ca")))


def _asking(
    ca: RegistryCA,
    test: Callable[[APIServer, Double], Awaitable[None]],
    *answers: tuple[int, bytes] | None,
    token: Callable[[], str] = lambda: "token-1",
    seconds: float = 60.0,
) -> None:
    cas = Path(ca.ca_file).read_text()
    asking(
        lambda: Double(*answers),
        ca,
        lambda port: ClusterConfig(f"https://127.0.0.1:{port}", lambda: cas, token),
        test,
        seconds,
    )


def test_object(ca: RegistryCA) -> None:
    """An object is asked for with the token, and comes as it is; connections are kept."""

    async def test(server: APIServer, double: Double) -> None:
        assert await server.get(_PATH) == b'{"kind": "Secret"}'
        await server.get(_PATH)
        asked = double.asked[0]
        assert asked.line == f"GET {_PATH} HTTP/1.1"
        assert asked.fields["authorization"] == "Bearer token-1"
        assert asked.fields["accept"] == "application/json"
        assert asked.fields["accept-encoding"] == "identity"
        assert double.connections == 1

    _asking(ca, test, (200, b'{"kind": "Secret"}'))


def test_missing_object(ca: RegistryCA) -> None:
    """An object that does not exist is none."""

    async def test(server: APIServer, _: Double) -> None:
        assert await server.get(_PATH) is None

    _asking(ca, test, (404, b"{}"))


def test_token_that_was_exchanged(ca: RegistryCA) -> None:
    """The token is read again once when it is not accepted."""
    tokens = iter(["old", "new", "newest"])

    async def test(server: APIServer, double: Double) -> None:
        assert await server.get(_PATH) == b"{}"
        assert await server.get(_PATH) == b"{}"
        assert [asked.fields["authorization"] for asked in double.asked] == ["Bearer old", "Bearer new", "Bearer new"]

    _asking(ca, test, (401, b""), _GOOD, token=lambda: next(tokens))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "the API server does not accept this program's credentials"),
        (403, "the API server does not allow it"),
        (301, "the API server answers with status 301"),
        (307, "the API server answers with status 307"),
        (429, "the API server answers with status 429"),
        (500, "the API server answers with status 500"),
    ],
)
def test_refusal(ca: RegistryCA, status: int, message: str) -> None:
    """A refusal says what to do, and is not followed to another place."""

    async def test(server: APIServer, double: Double) -> None:
        with pytest.raises(APIServerError) as caught:
            await server.get(_PATH)
        assert str(caught.value) == message
        assert {asked.line for asked in double.asked} == {f"GET {_PATH} HTTP/1.1"}

    _asking(ca, test, (status, b'{"message": "secrets is forbidden"}'))


def test_large_object(ca: RegistryCA) -> None:
    """An object without an end is not read to it."""

    async def test(server: APIServer, _: Double) -> None:
        with pytest.raises(APIServerError, match=f"more than {LARGEST_OBJECT} bytes"):
            await server.get(_PATH)

    _asking(ca, test, (200, b" " * (LARGEST_OBJECT + 1)))


def test_silent_server(ca: RegistryCA) -> None:
    """A server that does not answer is waited for as long as one request may take."""

    async def test(server: APIServer, _: Double) -> None:
        with pytest.raises(APIServerError, match=r"^the API server does not answer within 0.05 seconds$"):
            await server.get(_PATH)

    _asking(ca, test, None, seconds=0.05)


def test_server_that_is_down(ca: RegistryCA) -> None:
    """A server that cannot be reached is an error that says so, and not with what was sent."""

    async def test(_: APIServer, double: Double) -> None:
        down = APIServer(ClusterConfig(f"https://127.0.0.1:{free_port()}", lambda: "", lambda: "hunter2"))
        with pytest.raises(APIServerError, match=r"^the API server cannot be reached: Connect call failed") as caught:
            await down.get(_PATH)
        assert "hunter2" not in repr(caught.value)
        assert caught.value.__cause__ is None
        await down.close()

    _asking(ca, test, _GOOD)


def test_server_of_another_ca(ca: RegistryCA, tmp_path: Path) -> None:
    """A server whose certificate is of another CA gets no token."""
    other = Path(RegistryCA(str(tmp_path)).ca_file).read_text()

    async def test(_: APIServer, double: Double) -> None:
        doubting = APIServer(ClusterConfig(f"https://127.0.0.1:{double.port}", lambda: other, lambda: "hunter2"))
        with pytest.raises(APIServerError, match=r"^the API server cannot be reached: self-signed certificate"):
            await doubting.get(_PATH)
        assert double.asked == []
        await doubting.close()

    _asking(ca, test, _GOOD)


def test_files_are_looked_at_again(ca: RegistryCA, tmp_path: Path) -> None:
    """Token and CAs are read again after a minute; other CAs count from then on."""
    good, other = (Path(each.ca_file).read_text() for each in (ca, RegistryCA(str(tmp_path))))
    cas, token, now = good, "one", 100.0

    async def test(_: APIServer, double: Double) -> None:
        nonlocal cas, token, now
        cluster = ClusterConfig(f"https://127.0.0.1:{double.port}", lambda: cas, lambda: token)
        server = APIServer(cluster, monotonic=lambda: now)
        await server.get(_PATH)
        cas, token = other, "two"
        now += 59
        await server.get(_PATH)
        now += 1
        with pytest.raises(APIServerError, match="self-signed certificate"):
            await server.get(_PATH)
        cas = good
        now += 60
        await server.get(_PATH)
        sent = [asked.fields["authorization"] for asked in double.asked]
        assert sent == ["Bearer one", "Bearer one", "Bearer two"]
        await server.close()

    _asking(ca, test, _GOOD)


@pytest.mark.parametrize("cas", ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_malformed_cas(ca: RegistryCA, cas: str) -> None:
    """CAs that are none are an error to begin with, and later one of every request, until they are good."""
    with pytest.raises(ConfigurationError, match="the API server's CAs are malformed"):
        APIServer(ClusterConfig("https://127.0.0.1:1", lambda: cas, lambda: ""))
    present, now = Path(ca.ca_file).read_text(), 100.0
    good = present

    async def test(_: APIServer, double: Double) -> None:
        nonlocal present, now
        cluster = ClusterConfig(f"https://127.0.0.1:{double.port}", lambda: present, lambda: "")
        server = APIServer(cluster, monotonic=lambda: now)
        present = cas
        now += 60
        for _attempt in range(3):
            with pytest.raises(APIServerError, match="the API server's CAs are malformed"):
                await server.get(_PATH)
        present = good
        assert await server.get(_PATH) == b"{}"
        await server.close()

    _asking(ca, test, (200, b"{}"))
