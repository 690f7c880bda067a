"""Errors of the SDK and of the service, as the protocol's."""

import inspect
from typing import Any

import botocore.exceptions  # type: ignore[import-untyped]
import pytest
from botocore.exceptions import ClientError

from notarykit.errors import (
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit_aws_kms.errors import new_redactor, to_plugin_error
from notarykit_aws_kms.key_id import KeyReference
from notarykit_aws_kms.settings import Account

_REFERENCE = KeyReference("alias/build", Account("us-west-2", None, "https://kms.example"))
_SECRET = "swordfish"

CODES = {
    "NotFoundException": PluginValidationError,
    "InvalidArnException": PluginValidationError,
    "InvalidKeyUsageException": PluginValidationError,
    "UnsupportedOperationException": PluginValidationError,
    "AccessDeniedException": PluginAccessDeniedError,
    "InvalidGrantTokenException": PluginAccessDeniedError,
    "UnrecognizedClientException": PluginAccessDeniedError,
    "InvalidClientTokenId": PluginAccessDeniedError,
    "SignatureDoesNotMatch": PluginAccessDeniedError,
    "InvalidSignatureException": PluginAccessDeniedError,
    "ExpiredTokenException": PluginAccessDeniedError,
    "ExpiredToken": PluginAccessDeniedError,
    "RequestTimeTooSkewed": PluginAccessDeniedError,
    "ThrottlingException": PluginThrottledError,
    "LimitExceededException": PluginThrottledError,
    "RequestLimitExceeded": PluginThrottledError,
    "429": PluginThrottledError,
    "DependencyTimeoutException": PluginTimeoutError,
    "DisabledException": PluginError,
    "KMSInvalidStateException": PluginError,
    "KeyUnavailableException": PluginError,
    "KMSInternalException": PluginError,
    "502": PluginError,
    "": PluginError,
}
_QUOTED = {"NotFoundException", "InvalidArnException", "InvalidKeyUsageException", "AccessDeniedException",
           "DisabledException", "KMSInvalidStateException"}  # fmt: skip


def _error(raised: Exception, *secrets: str) -> PluginError:
    """Returns the protocol's error for what the SDK raises after a request with these secrets."""
    redactor = new_redactor()
    redactor.remember(*secrets)
    return to_plugin_error(raised, _REFERENCE, redactor)


def _answer(code: str, text: str = _SECRET) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"RequestId": "42", "HTTPStatusCode": 400}}


@pytest.mark.parametrize("code", CODES)
def test_code_of_the_service_has_its_class_and_advice(code: str) -> None:
    """Each code has its class, advice and the request's id; texts are quoted for those alone that hold no secret."""
    error = _error(ClientError(_answer(code), "Sign"))
    assert type(error) is CODES[code]
    assert error.advice
    assert error.metadata == {"requestId": "42"} | ({"serviceError": code} if code else {})
    assert (_SECRET in error.message) == (code in _QUOTED)


@pytest.mark.parametrize("code", ["AccessDeniedException", "Unknown"])
def test_secrets_are_redacted(code: str) -> None:
    """Neither what was sent, nor what looks like a token, nor control characters nor a text without end are shown."""
    token, jwt = "IQoJb3JpZ2luX2Vj" * 10, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"
    text = f"User: arn:aws:sts::111122223333:assumed-role/Build/x sent {_SECRET}, {token}, {jwt} \x1b[31m{'x y ' * 999}"
    answer = _answer(f"{code}{'' if code in CODES else _SECRET + 'X1 ' * 999}", text)
    answer["ResponseMetadata"]["RequestId"] = f"{_SECRET}\x1b{'4 ' * 999}"
    error = _error(ClientError(answer, "Sign"), _SECRET)
    shown = error.one_line() + str(error.metadata)
    assert not [each for each in (_SECRET, token, jwt) if each in shown]
    assert error.message.isprintable()
    assert len(shown) < 1000
    assert code not in CODES or "assumed-role/Build/x sent" in shown


def test_response_without_members_is_an_error() -> None:
    """An error without any of its usual members is still one."""
    error = _error(ClientError({"Error": {}}, "Sign"))
    assert type(error) is PluginError
    assert error.metadata == {}


@pytest.mark.parametrize("operation", ["AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials"])
def test_refusal_of_a_login_service_is_access_denied(operation: str) -> None:
    """A service that gives no credentials denies access, as a role or otherwise."""
    role = _error(ClientError(_answer("AccessDenied", "not authorized"), operation))
    assert isinstance(role, PluginAccessDeniedError)
    assert "not authorized" in role.message
    assert "role" in role.advice
    other = _error(ClientError(_answer("InvalidIdentityToken"), operation))
    assert isinstance(other, PluginAccessDeniedError)
    assert "log in again" in other.advice
    assert _SECRET not in other.one_line()
    assert isinstance(_error(ClientError(_answer("Throttling"), operation)), PluginThrottledError)


EXCEPTIONS = {
    "NoCredentialsError": PluginAccessDeniedError,
    "PartialCredentialsError": PluginAccessDeniedError,
    "CredentialRetrievalError": PluginAccessDeniedError,
    "UnauthorizedSSOTokenError": PluginAccessDeniedError,
    "SSOTokenLoadError": PluginAccessDeniedError,
    "TokenRetrievalError": PluginAccessDeniedError,
    "LoginRefreshRequired": PluginAccessDeniedError,
    "NoRegionError": PluginValidationError,
    "ProfileNotFound": PluginValidationError,
    "ConfigParseError": PluginValidationError,
    "InvalidConfigError": PluginValidationError,
    "ConnectTimeoutError": PluginTimeoutError,
    "ReadTimeoutError": PluginTimeoutError,
    "EndpointConnectionError": PluginError,
    "ConnectionClosedError": PluginError,
    "ProxyConnectionError": PluginError,
    "SSLError": PluginError,
    "MissingDependencyException": PluginError,
    "ParamValidationError": PluginError,
}


def _raised(kind: Any) -> Exception:
    """An exception of the SDK that quotes a secret wherever it quotes anything."""
    names = [part.partition("}")[0] for part in str(kind.fmt).split("{")[1:]]
    needed = [name for name in inspect.signature(kind.__init__).parameters if name not in {"self", "kwargs"}]
    error: Exception = kind(**dict.fromkeys({*names, *needed} - {"args"}, _SECRET))
    return error


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exception_of_the_sdk_has_its_class_and_advice(name: str) -> None:
    """Each exception has its class and advice, and nothing that it quotes is shown."""
    error = _error(_raised(getattr(botocore.exceptions, name)))
    assert type(error) is EXCEPTIONS[name]
    assert error.advice
    assert _SECRET not in error.one_line() + repr(error) + str(vars(error))


def test_no_exception_of_the_sdk_shows_a_secret() -> None:
    """No exception of the SDK, not even one that is new, shows what it quotes."""
    for kind in vars(botocore.exceptions).values():
        if isinstance(kind, type) and issubclass(kind, botocore.exceptions.BotoCoreError):
            assert _SECRET not in _error(_raised(kind)).one_line()


_OF_OTHER_SERVICES = ("S3", "Stub", "Waiter", "Pagina", "Pageable", "Outpost", "Discovery", "Chunked", "DNSName")
_BROKEN_SDK = {
    "BotoCoreError", "DataNotFoundError", "UnknownServiceError", "ApiVersionNotFoundError", "UnknownServiceStyle",
    "UnseekableStreamError", "InvalidExpressionError", "UnknownClientMethodError", "MD5UnavailableError",
    "CapacityNotAvailableError", "MissingParametersError", "ParamValidationError", "ValidationError", "UnknownKeyError",
    "RangeError", "UnknownParameterError", "AliasConflictParameterError", "UnsupportedServiceProtocolsError",
}  # fmt: skip


def test_exception_has_a_reason_in_words() -> None:
    """What a user's settings, login or network can cause is told in words; what is left is a broken SDK's or ours."""
    kinds = [kind for kind in vars(botocore.exceptions).values() if isinstance(kind, type)]
    for kind in [each for each in kinds if issubclass(each, botocore.exceptions.BotoCoreError)]:
        is_told = kind.__name__ not in _error(_raised(kind)).one_line()
        assert is_told or kind.__name__ in _BROKEN_SDK or any(each in kind.__name__ for each in _OF_OTHER_SERVICES)


def test_other_exception_is_named_by_its_class() -> None:
    """What is not the SDK's own is named by its class alone."""
    error = _error(RuntimeError(_SECRET))
    assert (type(error), error.message) == (PluginError, "AWS SDK failed with RuntimeError")


def test_second_factor_without_a_terminal_is_access_denied() -> None:
    """A role that asks for a second factor where nobody can be asked is a matter of access."""
    assert isinstance(_error(EOFError()), PluginAccessDeniedError)
