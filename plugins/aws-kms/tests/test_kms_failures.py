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
from notarykit_aws_kms.addresses import Account, Address
from notarykit_aws_kms.failures import translated

_ADDRESS = Address("alias/build", Account("us-west-2", None, "https://kms.example"))
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


def _answer(code: str, text: str = _SECRET) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"RequestId": "42", "HTTPStatusCode": 400}}


@pytest.mark.parametrize("code", CODES)
def test_what_the_service_says(code: str) -> None:
    """Each code has its class, advice and the request's id; texts are quoted for those alone that hold no secret."""
    error = translated(ClientError(_answer(code), "Sign"), _ADDRESS)
    assert type(error) is CODES[code]
    assert error.advice
    assert error.metadata == {"requestId": "42"} | ({"serviceError": code} if code else {})
    assert (_SECRET in error.message) == (code in _QUOTED)


@pytest.mark.parametrize("code", ["AccessDeniedException", "Unknown"])
def test_what_is_not_shown(code: str) -> None:
    """Neither what was sent, nor what looks like a token, nor control characters nor a text without end are shown."""
    token, jwt = "IQoJb3JpZ2luX2Vj" * 10, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"
    text = f"User: arn:aws:sts::111122223333:assumed-role/Build/x sent {_SECRET}, {token}, {jwt} \x1b[31m{'x y ' * 999}"
    answer = _answer(f"{code}{'' if code in CODES else _SECRET + 'X1 ' * 999}", text)
    answer["ResponseMetadata"]["RequestId"] = f"{_SECRET}\x1b{'4 ' * 999}"
    error = translated(ClientError(answer, "Sign"), _ADDRESS, (_SECRET,))
    shown = error.one_line() + str(error.metadata)
    assert not [each for each in (_SECRET, token, jwt) if each in shown]
    assert error.message.isprintable()
    assert len(shown) < 1000
    assert code not in CODES or "assumed-role/Build/x sent" in shown


def test_answers_that_say_nothing() -> None:
    """An error without any of its usual members is still one."""
    error = translated(ClientError({"Error": {}}, "Sign"), _ADDRESS)
    assert type(error) is PluginError
    assert error.metadata == {}


@pytest.mark.parametrize("operation", ["AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials"])
def test_what_those_say_who_log_in(operation: str) -> None:
    """A service that gives no credentials denies access, as a role or otherwise."""
    role = translated(ClientError(_answer("AccessDenied", "not authorized"), operation), _ADDRESS)
    assert isinstance(role, PluginAccessDeniedError)
    assert "not authorized" in role.message
    assert "role" in role.advice
    other = translated(ClientError(_answer("InvalidIdentityToken"), operation), _ADDRESS)
    assert isinstance(other, PluginAccessDeniedError)
    assert "log in again" in other.advice
    assert _SECRET not in other.one_line()
    assert isinstance(translated(ClientError(_answer("Throttling"), operation), _ADDRESS), PluginThrottledError)


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
def test_what_the_sdk_raises(name: str) -> None:
    """Each exception has its class and advice, and nothing that it quotes is shown."""
    error = translated(_raised(getattr(botocore.exceptions, name)), _ADDRESS)
    assert type(error) is EXCEPTIONS[name]
    assert error.advice
    assert _SECRET not in error.one_line() + repr(error) + str(vars(error))


def test_all_that_the_sdk_can_raise() -> None:
    """No exception of the SDK, not even one that is new, shows what it quotes."""
    for kind in vars(botocore.exceptions).values():
        if isinstance(kind, type) and issubclass(kind, botocore.exceptions.BotoCoreError):
            assert _SECRET not in translated(_raised(kind), _ADDRESS).one_line()


_OF_OTHER_SERVICES = ("S3", "Stub", "Waiter", "Pagina", "Pageable", "Outpost", "Discovery", "Chunked", "DNSName")
_BROKEN_SDK = {
    "BotoCoreError", "DataNotFoundError", "UnknownServiceError", "ApiVersionNotFoundError", "UnknownServiceStyle",
    "UnseekableStreamError", "InvalidExpressionError", "UnknownClientMethodError", "MD5UnavailableError",
    "CapacityNotAvailableError", "MissingParametersError", "ParamValidationError", "ValidationError", "UnknownKeyError",
    "RangeError", "UnknownParameterError", "AliasConflictParameterError", "UnsupportedServiceProtocolsError",
}  # fmt: skip


def test_no_name_of_an_exception_in_place_of_a_reason() -> None:
    """What a user's settings, login or network can cause is told in words; what is left is a broken SDK's or ours."""
    kinds = [kind for kind in vars(botocore.exceptions).values() if isinstance(kind, type)]
    for kind in [each for each in kinds if issubclass(each, botocore.exceptions.BotoCoreError)]:
        is_told = kind.__name__ not in translated(_raised(kind), _ADDRESS).one_line()
        assert is_told or kind.__name__ in _BROKEN_SDK or any(each in kind.__name__ for each in _OF_OTHER_SERVICES)


def test_accidents() -> None:
    """What is not the SDK's own is named by its class alone."""
    error = translated(RuntimeError(_SECRET), _ADDRESS)
    assert (type(error), error.message) == (PluginError, "the AWS SDK failed with RuntimeError")


def test_a_code_for_a_second_factor_without_a_terminal() -> None:
    """A role that asks for a second factor where nobody can be asked is a matter of access."""
    assert isinstance(translated(EOFError(), _ADDRESS), PluginAccessDeniedError)
