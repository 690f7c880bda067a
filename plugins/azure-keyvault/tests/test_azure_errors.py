"""Error responses of the service and exceptions of the SDK, without a service."""

from typing import Any

import pytest
from azure.core import exceptions

from notarykit.plugin import (
    DescribeKeyRequest,
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit_azure_keyvault.errors import Operation, error_for_exception, error_for_response
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure.fake import FakeClient, FakeResponse
from tests.servers.azure.fake import error_content as content

VAULT = "https://x.vault.azure.net"
HSM = "https://x.managedhsm.azure.net"
GET, SIGN = Operation("/keys/build/", "keys/get"), Operation("/keys/build/", "keys/sign")


def _error(body: dict[str, Any], vault: str = VAULT, operation: Operation = GET, status: int = 403) -> PluginError:
    return error_for_response(FakeResponse(status, body, "request-1"), body, vault, operation)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, content("Unauthorized"), PluginAccessDeniedError),
        (403, content("Forbidden", "ForbiddenByPolicy"), PluginAccessDeniedError),
        (403, content("Forbidden", "ForbiddenByRbac"), PluginAccessDeniedError),
        (403, content("Forbidden", "ForbiddenByFirewall"), PluginAccessDeniedError),
        (403, content("Forbidden", "KeyDisabled"), PluginError),
        (404, content("KeyNotFound"), PluginValidationError),
        (409, content("Conflict", "ObjectIsDeletedButRecoverable"), PluginError),
        (400, content("BadParameter"), PluginValidationError),
        (429, content("Throttled"), PluginThrottledError),
        (408, {}, PluginTimeoutError),
        (504, {}, PluginTimeoutError),
        (500, content("InternalServerError"), PluginError),
        (403, {"error": "text"}, PluginAccessDeniedError),
        (403, {"error": {"innererror": "text", "message": 1}}, PluginAccessDeniedError),
        (302, {}, PluginError),
    ],
)
def test_error_response_has_code_advice_and_request_id(
    status: int, body: dict[str, Any], kind: type[PluginError]
) -> None:
    """Every error response, with any body, has a protocol code, advice and the request id."""
    error = _error(body, status=status)
    assert error.code == kind.code
    assert VAULT in error.message
    assert error.advice
    assert error.metadata["requestId"] == "request-1"


def test_service_text_is_quoted_literally_and_truncated() -> None:
    """Braces in the service's text are literal, and only its first line is quoted, truncated."""
    text = "{object} {} {0.__class__}" + "x" * 1000 + "\r\nCaller: appid=1"
    error = _error(content("Forbidden", message=text))
    assert "{object} {} {0.__class__}" in error.message
    assert "appid" not in error.message
    assert len(error.message) < 500


def test_code_and_request_id_are_printable_and_short() -> None:
    """A server's code and request id are shown like its text: on one line, without control characters, and cut off."""
    body = content("Odd\x1b[2J" + "x" * 1000)
    error = error_for_response(FakeResponse(400, body, "id\r\n" + "y" * 1000), body, VAULT, GET)
    for text in error.metadata.values():
        assert text.isprintable()
        assert len(text) < 100


def test_advice_for_managed_hsm_names_its_local_role() -> None:
    """Managed HSMs have roles of their own."""
    assert _error(content("Forbidden"), HSM).advice == (
        "allow Microsoft.KeyVault/managedHsm/keys/read/action by a local role, or by Managed HSM Crypto User, which "
        "allows more"
    )


def test_advice_names_the_narrowest_grant_first() -> None:
    """The data action comes before the built-in role, which allows more."""
    advice = _error(content("Forbidden"), operation=SIGN).advice
    assert advice.startswith("allow Microsoft.KeyVault/vaults/keys/sign/action by a role, or by Key Vault Crypto")


@pytest.mark.parametrize(
    ("raised", "kind", "text"),
    [
        (exceptions.ServiceRequestTimeoutError("t"), PluginTimeoutError, "did not respond in time"),
        (exceptions.ServiceResponseTimeoutError("t"), PluginTimeoutError, "did not respond in time"),
        (exceptions.ServiceResponseError("t"), PluginError, "closed the connection"),
        (exceptions.ServiceRequestError("('Connection aborted.', ...)"), PluginError, "closed the connection"),
        (exceptions.ServiceRequestError("NameResolutionError(...)"), PluginError, "this machine's DNS"),
        (exceptions.ServiceRequestError("CERTIFICATE_VERIFY_FAILED"), PluginError, "REQUESTS_CA_BUNDLE"),
        (exceptions.ServiceRequestError("refused"), PluginError, "HTTPS_PROXY"),
        (exceptions.ClientAuthenticationError("run 'az login'"), PluginAccessDeniedError, "run 'az login'"),
        (exceptions.ClientAuthenticationError("AADSTS7000222: ended"), PluginAccessDeniedError, "AZURE_CLIENT_SECRET"),
        (ValueError("The challenge resource 'x' does not match"), PluginValidationError, "vault_domain"),
        (RuntimeError("swordfish"), PluginError, "RuntimeError"),
    ],
)
def test_sdk_exception_has_code_and_advice(raised: Exception, kind: type[PluginError], text: str) -> None:
    """Every exception of the SDK has a protocol code and advice, and unknown texts are not quoted."""
    plugin = AzureKeyVaultPlugin(lambda *_: FakeClient(raised))
    with pytest.raises(PluginError) as caught:
        plugin.describe_key(DescribeKeyRequest(f"{VAULT}/certificates/build"))
    assert caught.value.code == kind.code
    assert text in caught.value.one_line()
    assert caught.value.__cause__ is None
    assert "swordfish" not in caught.value.one_line()


def test_failed_login_names_each_attempted_credential() -> None:
    """The SDK's report of attempted credentials becomes one line with the reason of each."""
    text = (
        "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n"
        "\tEnvironmentCredential: not configured. Visit https://aka.ms/x to read on.\n\tAzureCliCredential: no az\n"
        "To mitigate this issue, please refer to the troubleshooting guidelines here at https://aka.ms/y."
    )
    error = error_for_exception(exceptions.ClientAuthenticationError(text), VAULT)
    assert error.message == "Azure login failed: EnvironmentCredential: not configured; AzureCliCredential: no az"
