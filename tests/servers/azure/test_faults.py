"""What goes wrong on the way: it succeeds after another attempt, or ends in the right code with what to do."""

import socket
import threading
from collections.abc import Callable

import pytest
from azure.core.exceptions import ServiceRequestError

from notarykit.plugin import (
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.plugin.deadline import deadline
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from notarykit_azure_keyvault.pool import Answer
from tests.servers.azure.conftest import Azure, refused, verify_x509_signature
from tests.servers.azure.keyvault import Fault, cut, page
from tests.servers.azure.keyvault import refused as refusal
from tests.support.ca import make_chain

CHAIN = make_chain()
SECONDS_AT_MOST = 60.0
LOGIN = "/oauth2/v2.0/token"
PLACES = ["/certificates/", "/secrets/", "/sign"]
THROTTLED = refusal(429, "Throttled", Retry_After="7")
UNAVAILABLE = refusal(503, "ServiceUnavailable")
BROKEN = refusal(500, "InternalServerError")


@pytest.fixture(autouse=True)
def certificate(azure: Azure) -> None:
    """The vault has a certificate."""
    azure.server.add_certificate("build", CHAIN)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ([THROTTLED], [7]),
        ([THROTTLED, THROTTLED, THROTTLED], [7, 7, 7]),
        ([UNAVAILABLE, BROKEN], None),
        ([cut], None),
        ([cut, THROTTLED, cut], None),
    ],
    ids=["throttled", "throttled thrice", "failing", "cut", "all"],
)
def test_another_attempt_succeeds(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    pauses: list[float],
    place: str,
    faults: list[Fault],
    waits: list[float] | None,
) -> None:
    """The SDK tries each request again, as late as the service asks for."""
    azure.server.fault(place, *faults)
    verify_x509_signature(plugin, azure.key(), CHAIN)
    assert waits is None or pauses == waits


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (THROTTLED, PluginThrottledError, "asks for fewer requests"),
        (UNAVAILABLE, PluginError, "failed with 503 ServiceUnavailable"),
        (BROKEN, PluginError, "failed with 500 InternalServerError"),
        (refusal(504, "GatewayTimeout"), PluginTimeoutError, "did not answer in time"),
        (refusal(408, "RequestTimeout"), PluginTimeoutError, "did not answer in time"),
        (cut, PluginError, "broke off the connection"),
        (page, PluginError, "what answers is not Azure Key Vault"),
        (refusal(400, "BadParameter", message="wrong\r\nmore"), PluginValidationError, "400 BadParameter: wrong"),
    ],
    ids=["throttled", "unavailable", "broken", "gateway", "slow", "cut", "page", "bad"],
)
def test_no_attempt_succeeds(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    pauses: list[float],
    place: str,
    fault: Fault,
    kind: type[PluginError],
    message: str,
) -> None:
    """What does not end is told in the protocol's code, and the next call succeeds when it has."""
    azure.server.fault(place, *[fault] * 50)
    error = refused(plugin, azure.key(), kind, command="generate-signature")
    assert message in error.message
    assert error.advice
    assert len(pauses) < 10
    azure.server.faults.clear()
    verify_x509_signature(plugin, azure.key(), CHAIN)


@pytest.mark.parametrize("place", PLACES)
def test_a_pause_beyond_the_end(azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], place: str) -> None:
    """A service that asks for a later time than the call has is not waited for."""
    azure.server.fault(place, *[refusal(429, "Throttled", Retry_After="600")] * 2)
    error = refused(plugin, azure.key(), PluginThrottledError, command="generate-signature")
    assert pauses == []
    assert error.metadata["requestId"] == "request-1"


@pytest.mark.parametrize("place", [*PLACES, LOGIN])
def test_the_end_of_the_call(azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], place: str) -> None:
    """A service that does not answer is given up at the end of the call."""

    def silent(connection: object) -> None:
        released.wait(SECONDS_AT_MOST)

    released = threading.Event()
    azure.server.fault(place, *[silent] * 20)
    try:
        with deadline(1.0):
            error = refused(plugin, azure.key(), PluginTimeoutError, command="generate-signature")
    finally:
        released.set()
    assert error.message == f"{azure.url} or the login to it did not answer in time"


def test_a_login_that_fails_at_first(azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float]) -> None:
    """The SDK tries a login again as well."""
    azure.server.fault(LOGIN, UNAVAILABLE, cut)
    verify_x509_signature(plugin, azure.key(), CHAIN)


# The login


@pytest.mark.parametrize("times", [1, 2])
def test_an_expired_token(azure: Azure, plugin: AzureKeyVaultPlugin, times: int) -> None:
    """A token that the vault does not take any more, though this machine's clock calls it valid, is replaced."""
    for _ in range(times + 1):
        verify_x509_signature(plugin, azure.key(), CHAIN)
        azure.server.login.tokens.clear()
    assert len(azure.server.login.given) == times + 1


def test_no_token_is_taken(azure: Azure, plugin: AzureKeyVaultPlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login that the vault does not take at all is refused with what to check, and not tried for ever."""
    monkeypatch.setattr(azure.server.login, "tokens", set[str]())
    monkeypatch.setattr(azure.server.login, "token", lambda: "a-token-of-another-tenant")
    error = refused(plugin, azure.key(), PluginAccessDeniedError)
    assert error.message == f"{azure.url} does not accept the login"
    assert "tenant" in error.advice
    assert len(azure.server.login.scopes) == 2


# The network


def test_an_address_that_nobody_knows(plugin: AzureKeyVaultPlugin) -> None:
    """A vault's name that is not known is told apart from a network that is closed."""

    class Unknown:
        def send_request(self, *_: object, **__: object) -> Answer:
            raise ServiceRequestError("HTTPSConnection(...): Failed to resolve 'x.vault.azure.net' ([Errno -2])")

    error = refused(AzureKeyVaultPlugin(lambda *_: Unknown()), "https://x.vault.azure.net/keys/build", PluginError)
    assert error.message == "https://x.vault.azure.net or the login to it cannot be reached"
    assert "check the vault's name" in error.advice


def test_a_closed_network(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that is not there is told of as the network."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed.getsockname()[1]}")
        error = refused(plugin, azure.key(), PluginError)
    assert error.message == f"{azure.url} or the login to it cannot be reached"
    assert "HTTPS_PROXY" in error.advice


def test_a_network_with_a_ca_that_is_not_trusted(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CA that is not trusted is refused, with how to name it."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    error = refused(plugin, azure.key(), PluginError)
    assert error.message == f"{azure.url} or the login to it cannot be reached"
    assert "REQUESTS_CA_BUNDLE" in error.advice
    assert azure.server.login.scopes == []


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer.pop("kid"),
        lambda answer: answer.update(cer="%"),
        lambda answer: answer.update(kid="https://other.vault.azure.net/keys/build/1"),
        lambda answer: answer.update(attributes=[]),
    ],
    ids=["no kid", "bad cer", "other vault", "no attributes"],
)
def test_answers_of_another_form(
    azure: Azure, plugin: AzureKeyVaultPlugin, change: Callable[[dict[str, object]], object]
) -> None:
    """An answer without what it must have is refused, and nothing is signed."""
    azure.server.change = change
    error = refused(plugin, azure.certificate(), PluginError, command="generate-signature")
    assert "Azure Key Vault answers" in error.message or "another vault" in error.message
    assert azure.server.asked() == ["GetCertificate"]


def test_another_key_signs(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A signature of another version than the one that was to sign is not taken."""
    verify_x509_signature(plugin, azure.key(), CHAIN)
    azure.server.change = lambda answer: answer.update(kid=f"{azure.url}/keys/build/{'f' * 32}")
    error = refused(plugin, azure.key(), PluginError, command="generate-signature")
    assert "was to sign" in error.message
