"""Faults of the service, the login and the network: retried, or reported with protocol code and advice."""

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
from notarykit.plugin.time_limit import deadline
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure.conftest import Azure
from tests.servers.azure.fake import FakeClient
from tests.servers.azure.responses import Fault, error_response, login_page, reset
from tests.servers.azure.signing import describe, describe_and_sign, has_code, sign_and_check
from tests.support.ca import make_chain

CHAIN = make_chain()
SECONDS_AT_MOST = 60.0
LOGIN = "/oauth2/v2.0/token"
PLACES = ["/certificates/", "/secrets/", "/sign"]
THROTTLED = error_response(429, "Throttled", Retry_After="7")
UNAVAILABLE = error_response(503, "ServiceUnavailable")
BROKEN = error_response(500, "InternalServerError")


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
        ([reset], None),
        ([reset, THROTTLED, reset], None),
    ],
    ids=["throttled", "throttled thrice", "failing", "cut", "all"],
)
def test_transient_fault_is_retried(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    pauses: list[float],
    place: str,
    faults: list[Fault],
    waits: list[float] | None,
) -> None:
    """The SDK retries each request, after the pause that the service requests."""
    azure.server.fault(place, *faults)
    sign_and_check(plugin, azure.key(), CHAIN)
    assert waits is None or pauses == waits


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (THROTTLED, (PluginThrottledError, "throttled the request")),
        (UNAVAILABLE, (PluginError, "failed with 503 ServiceUnavailable")),
        (BROKEN, (PluginError, "failed with 500 InternalServerError")),
        (error_response(504, "GatewayTimeout"), (PluginTimeoutError, "did not respond in time")),
        (error_response(408, "RequestTimeout"), (PluginTimeoutError, "did not respond in time")),
        (reset, (PluginError, "closed the connection")),
        (login_page, (PluginError, "the response is not from Azure Key Vault")),
        (
            error_response(400, "BadParameter", message="wrong\r\nmore"),
            (PluginValidationError, "400 BadParameter: wrong"),
        ),
    ],
    ids=["throttled", "unavailable", "broken", "gateway", "slow", "cut", "page", "bad"],
)
def test_lasting_fault_has_the_protocol_code(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    pauses: list[float],
    place: str,
    fault: Fault,
    expected: tuple[type[PluginError], str],
) -> None:
    """A fault that lasts ends in its protocol code, and the next call succeeds once it is over."""
    kind, message = expected
    azure.server.fault(place, *[fault] * 50)
    with pytest.raises(PluginError, check=has_code(kind)) as caught:
        describe_and_sign(plugin, azure.key(), "EC-256")
    assert message in caught.value.message
    assert caught.value.advice
    assert len(pauses) < 10
    azure.server.faults.clear()
    sign_and_check(plugin, azure.key(), CHAIN)


@pytest.mark.parametrize("place", PLACES)
def test_retry_after_beyond_the_call_is_not_waited_for(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], place: str
) -> None:
    """A Retry-After beyond the end of the call is not waited for."""
    azure.server.fault(place, *[error_response(429, "Throttled", Retry_After="600")] * 2)
    with pytest.raises(PluginThrottledError) as caught:
        describe_and_sign(plugin, azure.key(), "EC-256")
    assert pauses == []
    assert caught.value.metadata["requestId"] == "request-1"


@pytest.mark.parametrize("place", [*PLACES, LOGIN])
def test_silent_service_times_out_with_the_call(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], place: str
) -> None:
    """A service that does not respond is given up at the end of the call."""

    def silent(connection: object) -> None:
        released.wait(SECONDS_AT_MOST)

    released = threading.Event()
    azure.server.fault(place, *[silent] * 20)
    try:
        with deadline(1.0), pytest.raises(PluginTimeoutError) as caught:
            describe_and_sign(plugin, azure.key(), "EC-256")
    finally:
        released.set()
    assert caught.value.message == f"{azure.url} or its login service did not respond in time"


def test_transient_login_fault_is_retried(azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float]) -> None:
    """The SDK retries logins as well."""
    azure.server.fault(LOGIN, UNAVAILABLE, reset)
    sign_and_check(plugin, azure.key(), CHAIN)


# Login


@pytest.mark.parametrize("times", [1, 2])
def test_revoked_token_is_replaced(azure: Azure, plugin: AzureKeyVaultPlugin, times: int) -> None:
    """A token that the vault rejects before it expires is replaced."""
    for _ in range(times + 1):
        sign_and_check(plugin, azure.key(), CHAIN)
        azure.server.login.tokens.clear()
    assert len(azure.server.login.issued) == times + 1


def test_login_that_is_always_rejected_is_tried_twice(
    azure: Azure, plugin: AzureKeyVaultPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that the vault always rejects is refused with advice after the second attempt."""
    monkeypatch.setattr(azure.server.login, "tokens", set[str]())
    monkeypatch.setattr(azure.server.login, "token", lambda: "a-token-of-another-tenant")
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(plugin, azure.key())
    assert caught.value.message == f"{azure.url} rejected the access token"
    assert "tenant" in caught.value.advice
    assert len(azure.server.login.scopes) == 2


# Network


def test_unknown_host_is_distinguished_from_the_network() -> None:
    """An unknown vault name gets advice of its own."""
    failure = ServiceRequestError("HTTPSConnection(...): Failed to resolve 'x.vault.azure.net' ([Errno -2])")
    plugin = AzureKeyVaultPlugin(lambda *_: FakeClient(failure))
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, "https://x.vault.azure.net/keys/build")
    assert caught.value.message == "https://x.vault.azure.net or its login service is unreachable"
    assert "check the vault's name" in caught.value.advice


def test_refused_proxy_connection_names_the_network(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that refuses connections is reported with advice on the network."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
            describe(plugin, azure.key())
    assert caught.value.message == f"{azure.url} or its login service is unreachable"
    assert "HTTPS_PROXY" in caught.value.advice


def test_untrusted_ca_is_refused_with_advice(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An untrusted CA is refused, with the variable that names it."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.key())
    assert caught.value.message == f"{azure.url} or its login service is unreachable"
    assert "REQUESTS_CA_BUNDLE" in caught.value.advice
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
def test_malformed_response_is_refused_before_signing(
    azure: Azure, plugin: AzureKeyVaultPlugin, change: Callable[[dict[str, object]], object]
) -> None:
    """A response without required members is refused, and no signature is requested."""
    azure.server.change = change
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe_and_sign(plugin, azure.certificate(), "EC-256")
    assert "malformed" in caught.value.message or "another vault" in caught.value.message
    assert azure.server.operations() == ["GetCertificate"]


def test_signature_of_another_version_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A signature of another version than the requested one is refused."""
    sign_and_check(plugin, azure.key(), CHAIN)
    azure.server.change = lambda answer: answer.update(kid=f"{azure.url}/keys/build/{'f' * 32}")
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe_and_sign(plugin, azure.key(), "EC-256")
    assert "signed in place of" in caught.value.message
