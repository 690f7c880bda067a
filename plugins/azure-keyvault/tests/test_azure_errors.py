"""Errors of the service and of the SDK, and how clients are shared, without a service."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from azure.core import exceptions
from azure.core.rest import HttpRequest

from notarykit.plugin import (
    DescribeKeyRequest,
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit_azure_keyvault.errors import Asked, refusal, translated
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from notarykit_azure_keyvault.pool import Answer, Client, Clients

VAULT = "https://x.vault.azure.net"
HSM = "https://x.managedhsm.azure.net"


class Told:
    """An answer that is told to a test's client."""

    def __init__(self, status: int, content: Any) -> None:
        self.status_code, self._content = status, content
        self.headers: Mapping[str, str] = {}

    def json(self) -> Any:
        """The content; text stands for what is no JSON."""
        if isinstance(self._content, str):
            raise json.JSONDecodeError(self._content, "", 0)
        return self._content


class Fake:
    """A client that gives answers in turn, or raises them."""

    def __init__(self, *answers: Told | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def send_request(self, request: HttpRequest, **_: Any) -> Answer:
        """The next answer."""
        self.asked.append(f"{request.method} {request.url}")
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _refused(*answers: Told | Exception) -> PluginError:
    plugin = AzureKeyVaultPlugin(lambda *_: Fake(*answers))
    with pytest.raises(PluginError) as caught:
        plugin.describe_key(DescribeKeyRequest(f"{VAULT}/certificates/build"))
    return caught.value


def _error(code: str, inner: str | None = None, message: str = "text") -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    return {"error": {**error, "innererror": {"code": inner}} if inner else error}


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (401, _error("Unauthorized"), PluginAccessDeniedError),
        (403, _error("Forbidden", "ForbiddenByPolicy"), PluginAccessDeniedError),
        (403, _error("Forbidden", "ForbiddenByRbac"), PluginAccessDeniedError),
        (403, _error("Forbidden", "ForbiddenByFirewall"), PluginAccessDeniedError),
        (403, _error("Forbidden", "KeyDisabled"), PluginError),
        (404, _error("KeyNotFound"), PluginValidationError),
        (409, _error("Conflict", "ObjectIsDeletedButRecoverable"), PluginError),
        (400, _error("BadParameter"), PluginValidationError),
        (429, _error("Throttled"), PluginThrottledError),
        (408, {}, PluginTimeoutError),
        (504, {}, PluginTimeoutError),
        (500, _error("InternalServerError"), PluginError),
        (403, {"error": "text"}, PluginAccessDeniedError),
        (403, {"error": {"innererror": "text", "message": 1}}, PluginAccessDeniedError),
        (302, {}, PluginError),
    ],
)
def test_codes(status: int, content: dict[str, Any], kind: type[PluginError]) -> None:
    """Each refusal has its code of the protocol, what to do and the request's id, whatever its body is."""
    error = refusal(status, content, "request-1", VAULT, Asked("/keys/build/", "keys/get"))
    assert error.code == kind.code or status == 302
    assert VAULT in error.message
    assert error.advice
    assert error.metadata["requestId"] == "request-1"


def test_a_text_of_the_service_is_a_part_of_a_message() -> None:
    """Braces in what the service says are text, and only its first line is shown, cut short."""
    text = "{place} {} {0.__class__}" + "x" * 1000 + "\r\nCaller: appid=1"
    error = refusal(403, _error("Forbidden", message=text), "", VAULT, Asked("/keys/build/", "keys/get"))
    assert "{place} {} {0.__class__}" in error.message
    assert "appid" not in error.message
    assert len(error.message) < 500


def test_the_role_of_a_managed_hsm() -> None:
    """A managed HSM has roles of its own."""
    error = refusal(403, _error("Forbidden"), "", HSM, Asked("/keys/build/", "keys/get"))
    assert error.advice == (
        "allow Microsoft.KeyVault/managedHsm/keys/read/action by a local role, or by Managed HSM Crypto User, which "
        "allows more"
    )


def test_the_narrowest_role_comes_first() -> None:
    """What a role must allow is named before Azure's own role, which allows more."""
    error = refusal(403, _error("Forbidden"), "", VAULT, Asked("/keys/build/", "keys/sign"))
    assert error.advice.startswith("allow Microsoft.KeyVault/vaults/keys/sign/action by a role, or by Key Vault Crypto")


@pytest.mark.parametrize(
    ("raised", "kind", "text"),
    [
        (exceptions.ServiceRequestTimeoutError("t"), PluginTimeoutError, "did not answer in time"),
        (exceptions.ServiceResponseTimeoutError("t"), PluginTimeoutError, "did not answer in time"),
        (exceptions.ServiceResponseError("t"), PluginError, "broke off"),
        (exceptions.ServiceRequestError("('Connection aborted.', ...)"), PluginError, "broke off"),
        (exceptions.ServiceRequestError("NameResolutionError(...)"), PluginError, "this machine's DNS"),
        (exceptions.ServiceRequestError("CERTIFICATE_VERIFY_FAILED"), PluginError, "REQUESTS_CA_BUNDLE"),
        (exceptions.ServiceRequestError("refused"), PluginError, "HTTPS_PROXY"),
        (exceptions.ClientAuthenticationError("run 'az login'"), PluginAccessDeniedError, "run 'az login'"),
        (exceptions.ClientAuthenticationError("AADSTS7000222: ended"), PluginAccessDeniedError, "AZURE_CLIENT_SECRET"),
        (ValueError("The challenge resource 'x' does not match"), PluginValidationError, "vault_domain"),
        (RuntimeError("swordfish"), PluginError, "RuntimeError"),
    ],
)
def test_exceptions(raised: Exception, kind: type[PluginError], text: str) -> None:
    """What the SDK raises has a code of the protocol and says what to do."""
    error = _refused(raised)
    assert error.code == kind.code
    assert text in error.one_line()
    assert error.__cause__ is None
    assert "swordfish" not in error.one_line()


def test_each_way_that_was_tried_is_a_sentence() -> None:
    """A list of credentials that failed becomes one line with the reason of each."""
    text = (
        "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n"
        "\tEnvironmentCredential: not configured. Visit https://aka.ms/x to read on.\n\tAzureCliCredential: no az\n"
        "To mitigate this issue, please refer to the troubleshooting guidelines here at https://aka.ms/y."
    )
    error = translated(exceptions.ClientAuthenticationError(text), VAULT)
    assert error.message == "cannot log in to Azure: EnvironmentCredential: not configured; AzureCliCredential: no az"


@pytest.mark.parametrize("content", ["<html>", [], 1, None])
def test_what_is_not_key_vault(content: Any) -> None:
    """An answer that is no JSON object is not Key Vault's."""
    assert "what answers is not Azure Key Vault" in _refused(Told(200, content)).message


@pytest.mark.parametrize("content", [{}, {"cer": "AA=="}, {"cer": "AA==", "id": 1}, {"cer": 1, "id": "x", "kid": "y"}])
def test_answers_without_what_they_must_have(content: dict[str, Any]) -> None:
    """An answer that lacks a member, or has one of another kind, is refused."""
    _refused(Told(200, content), Told(404, {}))


def test_a_list_that_goes_on_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A list is not followed to another host, which would get the token."""
    from notarykit_azure_keyvault.client import Vault

    page = {"value": [{"kid": "1"}], "nextLink": "https://x.vault.azure.net.attacker.example/keys?2"}
    fake = Fake(Told(200, page))
    found = Vault(VAULT, "", Clients(lambda *_: fake)).pages("/keys/build/versions", "keys/list")
    assert next(found) == {"kid": "1"}
    with pytest.raises(PluginError, match="goes on elsewhere"):
        next(found)
    assert fake.asked == ["GET /keys/build/versions"]


@pytest.mark.parametrize("page", [{"value": ["1"]}, {"value": [], "nextLink": 1}, {"value": [], "nextLink": ["x"]}])
def test_lists_that_are_none(page: dict[str, Any]) -> None:
    """A list with what is no object in it, or that goes on at what is no address, is refused."""
    from notarykit_azure_keyvault.client import Vault

    found = Vault(VAULT, "", Clients(lambda *_: Fake(Told(200, page)))).pages("/keys/build/versions", "keys/list")
    with pytest.raises(PluginError, match="the list /keys/build/versions"):
        list(found)


# Clients


def test_clients_are_used_again() -> None:
    """A client is for one user at a time, each vault and way to log in has its own, and free ones are used again."""
    made: list[tuple[str, str]] = []

    def connect(vault: str, credential_type: str) -> Client:
        made.append((vault, credential_type))
        return Fake()

    clients = Clients(connect)
    with clients.one("a", "") as first, clients.one("a", "") as second:
        assert first is not second
    with clients.one("a", "") as again, clients.one("b", ""), clients.one("a", "azurecli"):
        assert again is first
    assert made == [("a", ""), ("a", ""), ("b", ""), ("a", "azurecli")]


def test_clients_are_forgotten() -> None:
    """After a refusal of the login, free clients and those in use are dropped, and those of other logins stay."""
    clients = Clients(lambda *_: Fake())
    with clients.one("a", "") as free, clients.one("a", "azurecli") as other:
        pass
    with clients.one("a", "") as used:
        assert used is free
        clients.forget("")
    with clients.one("a", "") as new, clients.one("a", "azurecli") as stays:
        assert new is not used
        assert stays is other
