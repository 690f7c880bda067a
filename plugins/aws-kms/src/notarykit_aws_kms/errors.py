"""Errors of the SDK and the service as the protocol's, with advice.

Nothing of an error is shown unless it is known to contain no secret: of responses the text of a few codes, of
exceptions nothing. "The request signature we calculated does not match" quotes the request, and with it the session
token.
"""

from __future__ import annotations

import os

from notarykit.errors import (
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.plugin import ErrorKind, Redactor
from notarykit_aws_kms.reasons import CONFIGURATION, CONNECTION, LOG_IN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from notarykit_aws_kms.key_id import KeyReference

SERVICE_ERROR = "serviceError"
"""Member of an error's metadata with the service's code."""

HAS_NO_PUBLIC_KEY = "UnsupportedOperationException"
"""Code of the service for the public key of a symmetric key."""

_LOG_IN = "log in again ('aws sso login', 'aws login', or new keys in the environment or the profile)"
_PERMIT = "allow kms:GetPublicKey and kms:Sign on the key, by IAM or its key policy; for another account's key, by both"
_LATER = "try again later"
_CLOCK = "set the clock of this machine: AWS accepts a difference of five minutes"
_KEYS = "check that the access key, the secret key and the session token belong together and to this partition of AWS"

_DENIED = ErrorKind(PluginAccessDeniedError, "access to key {key} denied by AWS KMS: {text}", _PERMIT)
_THROTTLED = ErrorKind(PluginThrottledError, "request throttled by AWS KMS: {code}", _LATER)
_EXPIRED = ErrorKind(PluginAccessDeniedError, "AWS credentials have expired", _LOG_IN)
_UNKNOWN = ErrorKind(PluginAccessDeniedError, "AWS credentials are not valid: {code}", _KEYS)
_MISSIGNED = ErrorKind(PluginAccessDeniedError, "request signature rejected by AWS: {code}", _KEYS)
_SKEWED = ErrorKind(PluginAccessDeniedError, "clock of this machine differs from that of AWS: {code}", _CLOCK)
_UNUSABLE = ErrorKind(PluginError, "key {key} cannot be used: {text}", "enable the key, or sign with another one")
_FAILED = ErrorKind(PluginError, "AWS KMS failed: {code}", _LATER)
_MALFORMED = ErrorKind(PluginValidationError, "request rejected by AWS KMS: {text}", "check the key id")

_BY_CODE: Mapping[str, ErrorKind] = {
    "NotFoundException": ErrorKind(
        PluginValidationError,
        "key {key} not found: {text}",
        "check the id, the region and the credentials, whose account has the key if its id is no ARN",
    ),
    "InvalidArnException": _MALFORMED,
    "ValidationException": _MALFORMED,
    "AccessDeniedException": _DENIED,
    "AccessDenied": _DENIED,
    "OptInRequired": _DENIED,
    "DisabledException": _UNUSABLE,
    "KMSInvalidStateException": _UNUSABLE,
    "InvalidKeyUsageException": ErrorKind(
        PluginValidationError, "key {key} does not sign: {text}", "use a key whose usage is SIGN_VERIFY"
    ),
    HAS_NO_PUBLIC_KEY: ErrorKind(
        PluginValidationError,
        "key {key} has no public key: it is symmetric or an HMAC key",
        "use an asymmetric key whose usage is SIGN_VERIFY",
    ),
    "InvalidGrantTokenException": ErrorKind(
        PluginAccessDeniedError, "grant token is not valid", "remove grant_tokens, which new grants alone need"
    ),
    **dict.fromkeys(
        (
            "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "SlowDown",
            "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded", "LimitExceededException", "429",
        ),
        _THROTTLED,
    ),
    "KeyUnavailableException": ErrorKind(PluginError, "key {key} is not available at present", _LATER),
    "DependencyTimeoutException": ErrorKind(PluginTimeoutError, "AWS KMS timed out internally", _LATER),
    "RequestTimeout": ErrorKind(PluginTimeoutError, "AWS KMS timed out while it waited for the request", _LATER),
    "UnrecognizedClientException": _UNKNOWN,
    "InvalidClientTokenId": _UNKNOWN,
    "InvalidAccessKeyId": _UNKNOWN,
    "ExpiredTokenException": _EXPIRED,
    "ExpiredToken": _EXPIRED,
    "InvalidSignatureException": _MISSIGNED,
    "SignatureDoesNotMatch": _MISSIGNED,
    "IncompleteSignature": _MISSIGNED,
    "MissingAuthenticationToken": _MISSIGNED,
    "RequestTimeTooSkewed": _SKEWED,
    "RequestExpired": _SKEWED,
}  # fmt: skip

_ROLE = ErrorKind(
    PluginAccessDeniedError,
    "login to AWS denied: {text}",
    "allow sts:AssumeRole in the role's trust policy and for the user, and check the role in the profile",
)
_LOG_IN_REFUSED = ErrorKind(PluginAccessDeniedError, "login to AWS failed: {code}", _LOG_IN)
_LOG_IN_FAILED = _LOG_IN_REFUSED._replace(message="login to AWS failed: {reason}")
_NO_CREDENTIALS = ErrorKind(
    PluginAccessDeniedError,
    "no AWS credentials found",
    "log in ('aws sso login' or 'aws configure'), name a profile with profile=NAME, or set $AWS_PROFILE",
)
_CONFIGURATION = ErrorKind(
    PluginValidationError,
    "AWS configuration cannot be used: {reason}",
    "check ~/.aws/config, ~/.aws/credentials and $AWS_…; 'aws configure list' shows the resulting settings",
)
_UNREACHABLE = ErrorKind(
    PluginError,
    "{service} cannot be reached: {reason}",
    "check the region, the network and the proxy in $HTTPS_PROXY, if any",
)
_TIMED_OUT = ErrorKind(PluginTimeoutError, "{service} did not answer in time", _UNREACHABLE.advice)

_BY_NAME: Mapping[str, ErrorKind] = {
    "NoCredentialsError": _NO_CREDENTIALS,
    "NoAuthTokenError": _NO_CREDENTIALS,
    **dict.fromkeys(LOG_IN, _LOG_IN_FAILED),
    **dict.fromkeys(CONFIGURATION, _CONFIGURATION),
    **dict.fromkeys(CONNECTION, _UNREACHABLE),
    "NoRegionError": ErrorKind(
        PluginValidationError,
        "region of key {key} is unknown",
        "give its ARN, set region=REGION in the plugin configuration, or $AWS_REGION",
    ),
    "ProfileNotFound": ErrorKind(
        PluginValidationError,
        "profile {profile!r} not found in the AWS configuration",
        "check profile=NAME or $AWS_PROFILE; 'aws configure list-profiles' lists them",
    ),
    "ConnectTimeoutError": _TIMED_OUT,
    "ReadTimeoutError": _TIMED_OUT,
    "ProxyConnectionError": ErrorKind(
        PluginError,
        "proxy to {service} cannot be reached or refuses",
        "check $HTTPS_PROXY and $NO_PROXY",
    ),
    "SSLError": ErrorKind(
        PluginError,
        "certificate of {service} is not trusted, or it does not speak TLS",
        "name the file with your network's CA certificates in $AWS_CA_BUNDLE",
    ),
    "MissingDependencyException": ErrorKind(
        PluginError,
        "AWS SDK lacks a package that this way to log in needs",
        "pip install 'boto3[crt]'",
    ),
    "Exception": ErrorKind(
        PluginError,
        "AWS SDK failed with {reason}",
        "check that 'aws sts get-caller-identity' works here; if it does, report this",
    ),
}  # fmt: skip

_REASONS = {**LOG_IN, **CONFIGURATION, **CONNECTION}

_LONGEST_CODE = 64
_LONG_BASE64 = r"[A-Za-z0-9+/=_-]{100,}"  # as session tokens are; names in ARNs have no such parts
_CAPACITY = 16
_OPERATIONS = ("GetPublicKey", "Sign", "DescribeKey")


def new_redactor() -> Redactor:
    """Returns the redactor of a user's responses, which knows the form of session tokens."""
    return Redactor(_LONG_BASE64, capacity=_CAPACITY)


def late(reference: KeyReference) -> PluginError:
    """Returns the error for a request, or a login before it, that has not ended with the call."""
    return PluginTimeoutError(
        f"{_service(reference)} or the login to it did not answer in time", advice="try again, or allow more time"
    )


def to_plugin_error(error: Exception, reference: KeyReference, redactor: Redactor) -> PluginError:
    """Returns the protocol's error for one of the SDK; the service's code and request id are in its metadata."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _refusal(response, str(getattr(error, "operation_name", "")), reference, redactor)
    names = [base.__name__ for base in type(_cause(error)).__mro__]
    name = next((name for name in names if name in _BY_NAME), "Exception")
    profile = reference.account.profile or os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE")
    reason = _REASONS.get(name, names[0])
    return _BY_NAME[name].to_error(key=reference.key_id, reason=reason, service=_service(reference), profile=profile)


def _cause(error: Exception) -> Exception:
    """Returns why a request could not even be written, such as a line end in a header, or else the error itself."""
    cause = getattr(error, "kwargs", {}).get("error")
    if isinstance(cause, ValueError | FileNotFoundError) and type(error).__name__ == "HTTPClientError":
        return cause
    return error


def _service(reference: KeyReference) -> str:
    region, _, endpoint = reference.account
    return f"AWS KMS at {endpoint}" if endpoint else f"AWS KMS in {region}" if region else "AWS KMS"


def _refusal(response: Mapping[str, Any], operation: str, reference: KeyReference, redactor: Redactor) -> PluginError:
    """Returns the error for a response of AWS KMS, or of a service that gives credentials."""
    error, about = response["Error"], response.get("ResponseMetadata", {})
    code, message = str(error.get("Code", "")), str(error.get("Message", ""))
    kind = _kind_of(code, message.strip(), operation)
    code, request_id = (redactor.show(text, _LONGEST_CODE) for text in (code, str(about.get("RequestId", ""))))
    return kind.to_error(
        {SERVICE_ERROR: code, "requestId": request_id},
        key=reference.key_id,
        code=code,
        text=redactor.show(message) or code,
    )


def _kind_of(code: str, message: str, operation: str) -> ErrorKind:
    kind = _BY_CODE.get(code, _FAILED)
    if kind is _MISSIGNED and message.startswith(("Signature expired", "Signature not yet current")):
        return _SKEWED
    if operation in _OPERATIONS or kind not in (_FAILED, _DENIED):
        return kind
    return _ROLE if kind is _DENIED else _LOG_IN_REFUSED
